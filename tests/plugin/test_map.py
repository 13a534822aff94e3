"""One certificate over zones of several authenticators, issued and renewed through certbot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.renewal_files import edit, params

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

pytestmark = pytest.mark.slow

NAMES = "www.example.test,hooked.test,www.alias.test"


@pytest.fixture
def options(lab: Lab, tracing_hook: Callable[[str], Path]) -> tuple[str, ...]:
    """dns-rfc2136 for all but one zone, which hooks write."""
    lab.zone("hooked.test.", [lab.bind, lab.nsd], dynamic=True)
    return (
        "--dns-preflight-authenticator=dns-rfc2136",
        "--dns-preflight-authenticator=hooked.test=manual",
        f"--dns-rfc2136-credentials={lab.credentials}",
        f"--manual-auth-hook={tracing_hook('hook')}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )


def test_both_are_restored_at_every_renewal_also_from_a_map_edited_by_hand(
    certbot: Certbot,
    lab: Lab,
    issue: Callable[..., Ran],
    options: tuple[str, ...],
    trace: Callable[[], list[str]],
) -> None:
    issue(NAMES, *options)
    assert trace() == ["hook"]
    (name,) = (path.stem for path in (certbot.config_dir / "renewal").glob("*.conf"))
    first = params(certbot.renewal_file(name))
    assert first["dns_preflight_authenticator"] == '"dns-rfc2136,hooked.test=manual"'
    for _ in range(2):
        certbot.renew().succeeded()
        assert trace() == ["hook"]
    assert params(certbot.renewal_file(name)) == first
    # Edited by hand, and not quoted.
    edit(
        certbot.renewal_file(name),
        "dns_preflight_authenticator",
        "hooked.test = manual, dns-rfc2136",
    )
    certbot.renew().succeeded()
    assert trace() == ["hook"]
    assert not lab.primary.texts("_acme-challenge.hooked.test.")
    assert not lab.primary.texts("_acme-challenge.www.example.test.")


def test_one_that_fails_leaves_nothing_of_the_other_behind(
    certbot: Certbot, lab: Lab, options: tuple[str, ...], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.ini"
    wrong.write_text(lab.credentials.read_text().replace("secret = ", "secret = AAAA"))
    wrong.chmod(0o600)
    since = len(lab.ca.log)
    ran = certbot.order(
        "hooked.test,www.example.test",
        "--dns-preflight-authenticator=manual,example.test=dns-rfc2136",
        *(option for option in options if option.startswith("--manual")),
        f"--dns-rfc2136-credentials={wrong}",
    )
    assert ran.status == 1
    assert lab.ca.challenges_answered(since) == 0
    assert not lab.primary.texts("_acme-challenge.hooked.test.")


def test_a_name_that_nobody_is_for_stops_the_order(certbot: Certbot, lab: Lab) -> None:
    ran = certbot.order(
        "www.example.test",
        "--dns-preflight-authenticator=other.test=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
    )
    assert ran.status == 1
    assert "no authenticator for _acme-challenge.www.example.test." in ran.output
