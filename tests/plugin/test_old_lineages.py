"""Lineages from before aliases were followed and authenticators had zones renew as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.renewal_files import params

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow

# As certbot saved them, each after a `certonly` with the last version before that; in braces what
# is this lab's own.
RFC2136 = """\
[renewalparams]
account = {account}
config_dir = {certbot.config_dir}
work_dir = {certbot.directory}/work
logs_dir = {certbot.directory}/logs
server = {lab.ca.directory_url}
authenticator = dns-preflight
dns_preflight_authenticator = dns-rfc2136
dns_preflight_timeout = 240
dns_preflight_interval = 0.5
dns_preflight_query_timeout = 2
dns_preflight_resolver = "{lab.unbound.address4},{lab.unbound.address6}"
dns_preflight_root_hints = {lab.root_hints}
dns_preflight_report = {certbot.report}
dns_rfc2136_credentials = {lab.credentials}
dns_preflight_lineage = 5bee43478b94433b992f387eab33ba6b
key_type = ecdsa
"""
HOOKS = """\
[renewalparams]
account = {account}
config_dir = {certbot.config_dir}
work_dir = {certbot.directory}/work
logs_dir = {certbot.directory}/logs
server = {lab.ca.directory_url}
authenticator = dns-preflight
dns_preflight_authenticator = manual
dns_preflight_interval = 0.5
dns_preflight_query_timeout = 2
dns_preflight_root_hints = {lab.root_hints}
manual_auth_hook = {lab.auth_hook}
manual_cleanup_hook = {lab.cleanup_hook}
dns_preflight_lineage = cc6bca2fd7354a11816079a75bf3cf4d
key_type = ecdsa
"""


@pytest.fixture
def as_it_lay(certbot: Certbot, lab: Lab) -> Callable[[str, str], Path]:
    """Put a text in place of a lineage's parameters."""

    def put(name: str, text: str) -> Path:
        file = certbot.renewal_file(name)
        account = params(file)["account"]
        paths, _, _ = file.read_text().partition("[renewalparams]")
        file.write_text(paths + text.format(account=account, certbot=certbot, lab=lab))
        return file

    return put


def test_they_renew_any_number_of_times_and_their_files_stay_as_they_are(
    certbot: Certbot,
    lab: Lab,
    lineage: Callable[..., None],
    as_it_lay: Callable[[str, str], Path],
) -> None:
    lineage("example.test,*.example.test", *certbot.rfc2136_options)
    lineage("b.example.test", *certbot.hook_options)
    files = [as_it_lay("example.test", RFC2136), as_it_lay("b.example.test", HOOKS)]
    before = [params(file) for file in files]
    assert len(before[0]) == len(RFC2136.splitlines()) - 1
    for _ in range(2):
        since = len(lab.ca.log)
        ran = certbot.renew().succeeded()
        assert lab.ca.challenges_answered(since) == 3
        assert "Ready: example.test after " in ran.output
        assert "Ready: b.example.test after " in ran.output
        assert [params(file) for file in files] == before
        assert certbot.report.exists()
        certbot.report.unlink()
