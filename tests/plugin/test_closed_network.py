"""certbot on a host that reaches nothing but a resolver by HTTPS and the CA, and its renewal."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import TYPE_CHECKING

from tests.conftest import Ran, beside_python
from tests.lab.acme import Pebble
from tests.lab.closed import OUTSIDE, ClosedHost
from tests.observe import HANG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Certbot
    from tests.lab import Lab


def through(host: ClosedHost, hook: Path, directory: Path) -> Path:
    """Make a hook that works outside, as a provider's API does."""
    made = directory / hook.name
    command = shlex.join(host.command_outside(str(hook)))
    made.write_text(f"#!/bin/sh\nexec {command}\n")
    made.chmod(0o755)
    return made


def test_a_certificate_and_its_renewal_by_resolvers_alone(
    lab: Lab, certbot: Certbot, tmp_path: Path
) -> None:
    host = lab.closed_host()
    front = lab.front(OUTSIDE)
    (tmp_path / "pebble").mkdir()
    pebble = Pebble(OUTSIDE, directory=tmp_path / "pebble", resolver=lab.unbound.address4)
    pebble.start()
    try:
        pebble.wait_ready()

        def run(*arguments: str) -> Ran:
            front.unbound.flush()  # the value of another run has left its cache
            options = [one for one in certbot.common_options if not one.startswith("--server")]
            done = subprocess.run(
                host.command(
                    *(beside_python("certbot"), *arguments, *options),
                    f"--server={pebble.directory_url}",
                ),
                capture_output=True,
                text=True,
                check=False,
                timeout=HANG,
                env={
                    **os.environ,
                    "REQUESTS_CA_BUNDLE": str(pebble.ca_file),
                    "SSL_CERT_FILE": str(front.ca_file),
                },
            )
            return Ran(done.returncode, done.stdout, done.stderr)

        ran = run(
            *("certonly", "--domains=example.test", "--authenticator=dns-preflight"),
            f"--manual-auth-hook={through(host, lab.auth_hook, tmp_path)}",
            f"--manual-cleanup-hook={through(host, lab.cleanup_hook, tmp_path)}",
            *("--dns-preflight-ask=resolvers", f"--dns-preflight-resolver={front.url}"),
            *("--dns-preflight-interval=0.5", f"--dns-preflight-report={certbot.report}"),
        )
        assert ran.status == 0, ran.output
        assert f"waiting until {front.url} shows example.test" in ran.output
        assert "(1 resolver)." in ran.output
        assert f"This is what the resolver {front.url} sees" in " ".join(ran.output.split())
        kept = certbot.renewal_file("example.test").read_text()
        assert "dns_preflight_ask = resolvers\n" in kept
        assert f"dns_preflight_resolver = {front.url}\n" in kept
        certbot.report.unlink()

        ran = run("renew", "--force-renewal")
        assert ran.status == 0, ran.output
        report = json.loads(certbot.report.read_text())
        assert report["outcome"] == "ready"
        assert report["vantage"]["resolvers"] == [front.url]
        assert [server["address"] for server in report["challenges"][0]["servers"]] == [OUTSIDE]
    finally:
        pebble.kill()
