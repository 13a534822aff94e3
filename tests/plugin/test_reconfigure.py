"""`certbot reconfigure` moves a lineage to dns-preflight, changes it there, and moves it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.renewal_files import edit, params, wrapped_params

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab
    from tests.plugin.lineages import Lineages

pytestmark = pytest.mark.slow

NAME = "example.test"


def reconfigure(certbot: Certbot, *options: str | Path) -> Ran:
    return certbot("reconfigure", f"--cert-name={NAME}", *options)


def test_a_dns_rfc2136_lineage_moves_to_dns_preflight_and_renews_twice(
    certbot: Certbot, rfc2136_lineage: str, lab: Lab
) -> None:
    file = certbot.renewal_file(rfc2136_lineage)
    # As certbot saves a preference for http-01, which leaves dns-01 among the challenges.
    edit(file, "pref_challs", "http-01, dns-01")
    reconfigure(
        certbot, *certbot.preflight_options, "--dns-preflight-authenticator=dns-rfc2136"
    ).succeeded()
    saved = wrapped_params(file)
    assert saved["authenticator"] == "dns-preflight"
    assert saved["dns_rfc2136_credentials"] == str(lab.credentials)
    assert saved["dns_rfc2136_propagation_seconds"] == "2"
    for _ in range(2):
        ran = certbot.renew().succeeded()
        assert "Ready: example.test after " in ran.output
    assert wrapped_params(file) == saved
    assert params(file)["pref_challs"] == "http-01, dns-01"


def test_a_manual_lineage_moves_to_dns_preflight_and_renews(
    certbot: Certbot, lab: Lab, lineages: Lineages
) -> None:
    # Its hook ends before the secondaries have the record: this is what people move for.
    patient = lab.path / "patient-hook"
    patient.write_text(f"#!/bin/sh\n{lab.auth_hook} && sleep 2\n")
    patient.chmod(0o755)
    lineages.give(
        certbot,
        f"--domains={NAME}",
        "--manual",
        "--preferred-challenges=dns",
        f"--manual-auth-hook={patient}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )
    reconfigure(certbot, *certbot.preflight_options).succeeded()
    ran = certbot.renew().succeeded()
    assert "Ready: example.test after " in ran.output
    assert wrapped_params(certbot.renewal_file(NAME))["manual_auth_hook"] == str(patient)


def test_an_option_is_changed_and_the_others_stay(
    certbot: Certbot, lineage: Callable[..., None]
) -> None:
    lineage(NAME, *certbot.rfc2136_options)
    before = wrapped_params(certbot.renewal_file(NAME))
    reconfigure(certbot, "--dns-preflight-timeout=90").succeeded()
    after = wrapped_params(certbot.renewal_file(NAME))
    assert after == {**before, "dns_preflight_timeout": "90"}
    certbot.renew().succeeded()


def test_the_wrapped_authenticator_is_exchanged(
    certbot: Certbot,
    lab: Lab,
    lineage: Callable[..., None],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    lineage(NAME, *certbot.rfc2136_options)
    reconfigure(
        certbot,
        "--dns-preflight-authenticator=manual",
        f"--manual-auth-hook={tracing_hook('new')}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    ).succeeded()
    certbot.renew().succeeded()
    assert trace() == ["new", "new"]
    assert "dns_rfc2136_credentials" not in params(certbot.renewal_file(NAME))


def test_it_moves_back_with_the_credentials_given_and_is_refused_unchanged_without_them(
    certbot: Certbot, lab: Lab, lineage: Callable[..., None]
) -> None:
    # Certbot restores the options of the authenticator in the file, which is us, and does not ask
    # us: the wrapped one's must be given again.
    lineage(NAME, *certbot.rfc2136_options)
    before = certbot.renewal_file(NAME).read_bytes()
    ran = reconfigure(certbot, "--authenticator=dns-rfc2136")
    assert ran.status == 1
    assert "RFC 2136 credentials INI file" in ran.output
    assert certbot.renewal_file(NAME).read_bytes() == before
    reconfigure(
        certbot,
        "--authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
        "--dns-rfc2136-propagation-seconds=2",
    ).succeeded()
    for _ in range(2):
        ran = certbot.renew().succeeded()
        assert "ready" not in ran.output
    assert not any(name.startswith("dns_preflight") for name in params(certbot.renewal_file(NAME)))
