"""The recipes for certbot in README and docs do what they say: issued, moved there and back."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tests.plugin.documented import LINES

if TYPE_CHECKING:
    from tests.conftest import Certbot, Ran


def run(certbot: Certbot, line: str) -> Ran:
    """Run a documented command line on the lab's names, with its credentials and hooks."""
    lab = certbot.lab
    known = {
        "/etc/letsencrypt/rfc2136.ini": str(lab.credentials),
        "/usr/local/bin/add-txt": str(lab.auth_hook),
        "/usr/local/bin/remove-txt": str(lab.cleanup_hook),
    }
    words = [
        known.get(word, word.replace("example.com", "example.test"))
        for word in shlex.split(line)[1:]
    ]
    if "dns-preflight" in words:
        words += certbot.preflight_options[1:]
    return certbot(*words)


def only(*parts: str) -> str:
    (line,) = [line for line in LINES if all(part in line for part in parts)]
    return line


def test_each_of_them_is_run_below() -> None:
    assert len(LINES) == 4


def test_a_providers_plugin_and_moving_back_and_here(certbot: Certbot) -> None:
    issue = only("certonly", "dns-rfc2136")
    back = only("reconfigure", "--authenticator dns-rfc2136")
    here = only("reconfigure", "--authenticator dns-preflight")
    renewal = certbot.config_dir / "renewal" / "example.test.conf"
    for line, authenticator in (
        (issue, "dns-preflight"),
        (back, "dns-rfc2136"),
        (here, "dns-preflight"),
    ):
        ran = run(certbot, line)
        assert ran.status == 0, f"{line}\n{ran.output}"
        assert f"authenticator = {authenticator}\n" in renewal.read_text()


def test_hooks_of_ones_own(certbot: Certbot) -> None:
    ran = run(certbot, only("--manual-auth-hook"))
    assert ran.status == 0, ran.output
    assert (certbot.config_dir / "live" / "example.test" / "cert.pem").exists()
