"""`certbot reconfigure` moves a lineage to dns-preflight, changes it there, and moves it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.renewal_files import params, wrapped_params

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

pytestmark = pytest.mark.slow

NAME = "example.test"


@pytest.fixture
def rfc2136_lineage(certbot: Certbot, lab: Lab) -> None:
    ran = certbot(
        "certonly",
        f"--domains={NAME}",
        "--authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
        "--dns-rfc2136-propagation-seconds=2",
    )
    assert ran.status == 0, ran.output


def test_a_dns_rfc2136_lineage_moves_to_dns_preflight_and_renews_twice(
    certbot: Certbot, rfc2136_lineage: None, lab: Lab
) -> None:
    del rfc2136_lineage
    ran = certbot(
        "reconfigure",
        f"--cert-name={NAME}",
        *certbot.preflight_options,
        "--dns-preflight-authenticator=dns-rfc2136",
    )
    assert ran.status == 0, ran.output
    saved = wrapped_params(certbot.renewal_file(NAME))
    assert saved["authenticator"] == "dns-preflight"
    assert saved["dns_rfc2136_credentials"] == str(lab.credentials)
    assert saved["dns_rfc2136_propagation_seconds"] == "2"
    for _ in range(2):
        ran = certbot("renew", "--force-renewal")
        assert ran.status == 0, ran.output
        assert "Ready: example.test after " in ran.output
    assert wrapped_params(certbot.renewal_file(NAME)) == saved


def test_a_manual_lineage_moves_to_dns_preflight_and_renews(certbot: Certbot, lab: Lab) -> None:
    # Its hook ends before the secondaries have the record: this is what people move for.
    patient = lab.path / "patient-hook"
    patient.write_text(f"#!/bin/sh\n{lab.auth_hook} && sleep 2\n")
    patient.chmod(0o755)
    ran = certbot(
        "certonly",
        f"--domains={NAME}",
        "--manual",
        "--preferred-challenges=dns",
        f"--manual-auth-hook={patient}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )
    assert ran.status == 0, ran.output
    ran = certbot("reconfigure", f"--cert-name={NAME}", *certbot.preflight_options)
    assert ran.status == 0, ran.output
    ran = certbot("renew", "--force-renewal")
    assert ran.status == 0, ran.output
    assert "Ready: example.test after " in ran.output
    assert wrapped_params(certbot.renewal_file(NAME))["manual_auth_hook"] == str(patient)


def test_an_option_is_changed_and_the_others_stay(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    before = wrapped_params(certbot.renewal_file(NAME))

    ran = certbot("reconfigure", f"--cert-name={NAME}", "--dns-preflight-timeout=90")

    assert ran.status == 0, ran.output
    after = wrapped_params(certbot.renewal_file(NAME))
    assert after == {**before, "dns_preflight_timeout": "90"}
    assert certbot("renew", "--force-renewal").status == 0


def test_the_wrapped_authenticator_is_exchanged(
    certbot: Certbot,
    lab: Lab,
    issue: Callable[..., Ran],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    ran = certbot(
        "reconfigure",
        f"--cert-name={NAME}",
        "--dns-preflight-authenticator=manual",
        f"--manual-auth-hook={tracing_hook('new')}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )
    assert ran.status == 0, ran.output
    assert certbot("renew", "--force-renewal").status == 0
    assert trace() == ["new", "new"]
    assert "dns_rfc2136_credentials" not in params(certbot.renewal_file(NAME))


def test_it_moves_back_with_the_credentials_given(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    ran = certbot(
        "reconfigure",
        f"--cert-name={NAME}",
        "--authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
        "--dns-rfc2136-propagation-seconds=2",
    )
    assert ran.status == 0, ran.output
    for _ in range(2):
        ran = certbot("renew", "--force-renewal")
        assert ran.status == 0, ran.output
        assert "ready" not in ran.output
    assert not any(name.startswith("dns_preflight") for name in params(certbot.renewal_file(NAME)))


def test_moving_back_without_credentials_is_refused_by_certbot_and_changes_nothing(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    # Certbot restores the options of the authenticator in the file, which is us, and does not ask
    # us: the wrapped one's must be given again.
    issue(NAME, *certbot.rfc2136_options)
    before = certbot.renewal_file(NAME).read_bytes()
    ran = certbot("reconfigure", f"--cert-name={NAME}", "--authenticator=dns-rfc2136")
    assert ran.status == 1
    assert "RFC 2136 credentials INI file" in ran.output
    assert certbot.renewal_file(NAME).read_bytes() == before


def test_a_lineage_that_would_rather_have_http_01_moves_and_renews(
    certbot: Certbot, lab: Lab
) -> None:
    """What certbot saved as a preference among several challenges leaves dns-01 among them."""
    issued = certbot(
        "certonly",
        f"--domains={NAME}",
        "--preferred-challenges=http,dns",
        "--authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
        "--dns-rfc2136-propagation-seconds=2",
    )
    assert issued.status == 0, issued.output
    assert params(certbot.renewal_file(NAME))["pref_challs"] == "http-01, dns-01"
    options = [*certbot.preflight_options, *certbot.rfc2136_options]
    moved = certbot("reconfigure", f"--cert-name={NAME}", *options)
    assert moved.status == 0, moved.output
    renewed = certbot("renew", "--force-renewal")
    assert renewed.status == 0, renewed.output
    assert "Ready: example.test after " in renewed.output
