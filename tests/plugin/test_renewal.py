"""`certbot renew` with no flags repeats what was set up, whatever happened in between."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.plugin.renewal_files import edit, params, wrapped_params

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

pytestmark = pytest.mark.slow

NAME = "example.test"


def serial_of(certbot: Certbot, name: str = NAME) -> bytes:
    return certbot.certificate(name).read_bytes()


def test_three_renewals_in_a_row_repeat_dns_rfc2136(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    issue("example.test,*.example.test", *certbot.rfc2136_options)
    first = params(certbot.renewal_file(NAME))
    seen = {serial_of(certbot)}
    for _ in range(3):
        since = len(lab.ca.log)
        ran = certbot("renew", "--force-renewal")
        assert ran.status == 0, ran.output
        assert lab.ca.challenges_answered(since) == 2
        seen.add(serial_of(certbot))
    assert len(seen) == 4
    assert params(certbot.renewal_file(NAME)) == first
    assert first["dns_rfc2136_credentials"] == str(lab.credentials)


def test_three_renewals_in_a_row_repeat_hooks(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.hook_options)
    first = params(certbot.renewal_file(NAME))
    for _ in range(3):
        ran = certbot("renew", "--force-renewal")
        assert ran.status == 0, ran.output
    assert params(certbot.renewal_file(NAME)) == first
    assert first["manual_cleanup_hook"] == str(lab.cleanup_hook)
    assert not lab.primary.texts("_acme-challenge.example.test.")


def test_a_wrapped_option_edited_by_hand_is_what_the_next_renewals_use(
    certbot: Certbot,
    issue: Callable[..., Ran],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
    lab: Lab,
) -> None:
    issue(
        NAME,
        "--dns-preflight-authenticator=manual",
        f"--manual-auth-hook={tracing_hook('first')}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )
    assert certbot("renew", "--force-renewal").status == 0
    assert trace() == ["first", "first"]

    second = str(tracing_hook("second"))
    edit(certbot.renewal_file(NAME), "manual_auth_hook", second)

    assert certbot("renew", "--force-renewal").status == 0
    assert certbot("renew", "--force-renewal").status == 0
    assert trace() == ["second", "second"]
    assert params(certbot.renewal_file(NAME))["manual_auth_hook"] == second


def test_a_credentials_line_edited_by_hand_is_used(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran], tmp_path: Path
) -> None:
    issued_with = tmp_path / "old.ini"
    shutil.copy2(lab.credentials, issued_with)
    issue(
        NAME,
        "--dns-preflight-authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={issued_with}",
    )
    issued_with.unlink()
    edit(certbot.renewal_file(NAME), "dns_rfc2136_credentials", str(lab.credentials))

    ran = certbot("renew", "--force-renewal")

    assert ran.status == 0, ran.output


def test_an_option_of_ours_edited_by_hand_is_used_and_kept(
    certbot: Certbot, issue: Callable[..., Ran], tmp_path: Path
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    edit(certbot.renewal_file(NAME), "dns_preflight_report", str(tmp_path / "edited.json"))
    assert certbot("renew", "--force-renewal").status == 0
    assert (tmp_path / "edited.json").exists()
    assert params(certbot.renewal_file(NAME))["dns_preflight_report"].endswith("edited.json")


def test_a_bad_value_edited_into_the_file_is_told_in_one_line_with_the_file(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    edit(certbot.renewal_file(NAME), "dns_preflight_timeout", "soon")
    since = len(lab.ca.log)

    ran = certbot("renew", "--force-renewal")

    assert ran.status == 1
    assert str(certbot.renewal_file(NAME)) in ran.output
    assert "--dns-preflight-timeout: 'soon' is not accepted" in ran.output
    assert lab.ca.challenges_answered(since) == 0


def test_a_dry_run_repeats_it_too_and_leaves_the_renewal_file_alone(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    before = certbot.renewal_file(NAME).read_bytes()

    ran = certbot("renew", "--dry-run")

    assert ran.status == 0, ran.output
    assert "all simulated renewals succeeded" in ran.output
    assert certbot.renewal_file(NAME).read_bytes() == before


def test_two_lineages_that_wrap_different_authenticators_renew_in_one_run(
    certbot: Certbot,
    lab: Lab,
    issue: Callable[..., Ran],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    issue("a.example.test", *certbot.rfc2136_options)
    issue(
        "b.example.test",
        f"--manual-auth-hook={tracing_hook('b')}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )
    issue(
        "c.example.test",
        f"--manual-auth-hook={tracing_hook('c')}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
    )
    assert trace() == ["b", "c"]
    names = ("a.example.test", "b.example.test", "c.example.test")
    before = {name: params(certbot.renewal_file(name)) for name in names}

    for _ in range(2):
        ran = certbot("renew", "--force-renewal")
        assert ran.status == 0, ran.output
        assert trace() == ["b", "c"]

    assert {name: params(certbot.renewal_file(name)) for name in names} == before


def test_the_wrapped_pause_is_not_slept_and_its_setting_stays_what_it_was(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.rfc2136_options, "--dns-rfc2136-propagation-seconds=100")
    assert params(certbot.renewal_file(NAME))["dns_rfc2136_propagation_seconds"] == "100"
    ran = certbot("renew", "--force-renewal", seconds=60)
    assert ran.status == 0, ran.output
    assert params(certbot.renewal_file(NAME))["dns_rfc2136_propagation_seconds"] == "100"


def test_a_pause_that_was_never_set_does_not_get_into_the_file(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    issue(NAME, *certbot.rfc2136_options)
    certbot("renew", "--force-renewal")
    assert "dns_rfc2136_propagation_seconds" not in params(certbot.renewal_file(NAME))


def test_what_the_command_line_says_beats_the_renewal_file(
    certbot: Certbot,
    lab: Lab,
    issue: Callable[..., Ran],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    issue(NAME, *certbot.hook_options)
    hook = tracing_hook("given")
    assert certbot("renew", "--force-renewal", f"--manual-auth-hook={hook}").status == 0
    assert trace() == ["given"]
    saved = wrapped_params(certbot.renewal_file(NAME))
    assert saved["manual_auth_hook"] == str(hook)
    assert saved["manual_cleanup_hook"] == str(lab.cleanup_hook)


def test_a_file_written_by_hand_without_an_identifier_renews_and_gets_one(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    issue("a.example.test", *certbot.rfc2136_options)
    issue("b.example.test", *certbot.hook_options)
    for name in ("a.example.test", "b.example.test"):
        edit(certbot.renewal_file(name), "dns_preflight_lineage", None)

    ran = certbot("renew", "--force-renewal")

    assert ran.status == 0, ran.output
    identifiers = {
        params(certbot.renewal_file(name))["dns_preflight_lineage"]
        for name in ("a.example.test", "b.example.test")
    }
    assert len(identifiers) == 2


def test_a_copied_file_for_another_certificate_renews_with_its_own_options(
    certbot: Certbot,
    lab: Lab,
    issue: Callable[..., Ran],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    for name in ("a", "b"):
        issue(
            f"{name}.example.test",
            f"--manual-auth-hook={tracing_hook(name)}",
            f"--manual-cleanup-hook={lab.cleanup_hook}",
        )
    trace()
    # As after copying a's lines into b's file, apart from the hook.
    a, b = (certbot.renewal_file(f"{name}.example.test") for name in ("a", "b"))
    edit(b, "dns_preflight_lineage", params(a)["dns_preflight_lineage"])

    ran = certbot("renew", "--force-renewal")

    assert ran.status == 0, ran.output
    assert trace() == ["a", "b"]
    assert params(a)["dns_preflight_lineage"] != params(b)["dns_preflight_lineage"]


def test_copies_of_one_lineage_that_differ_are_refused_by_name_and_work_with_cert_name(
    certbot: Certbot,
    issue: Callable[..., Ran],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    issue(NAME, *certbot.hook_options)
    original = certbot.renewal_file(NAME)
    copy = original.with_name("copy.conf")
    shutil.copy(original, copy)
    edit(copy, "manual_auth_hook", str(tracing_hook("copied")))

    ran = certbot("renew", "--force-renewal")

    assert ran.status == 1
    for words in (str(original), str(copy), "--cert-name", "dns_preflight_lineage"):
        assert words in ran.output.replace("\n", " ")
    assert certbot("renew", "--force-renewal", f"--cert-name={NAME}").status == 0
    assert trace() == []


def test_a_lineage_of_another_authenticator_can_be_renewed_through_us_once(
    certbot: Certbot, lab: Lab
) -> None:
    ran = certbot(
        "certonly",
        f"--domains={NAME}",
        "--authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
        "--dns-rfc2136-propagation-seconds=2",
    )
    assert ran.status == 0, ran.output
    ran = certbot(
        "renew",
        "--force-renewal",
        *certbot.preflight_options,
        "--dns-preflight-authenticator=dns-rfc2136",
    )
    assert ran.status == 0, ran.output
    assert "Ready: example.test after " in ran.output
    ran = certbot("renew", "--force-renewal")
    assert ran.status == 0, ran.output
    assert params(certbot.renewal_file(NAME))["authenticator"] == "dns-preflight"


def test_the_tests_ca_wants_every_name_validated_again(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    """Otherwise one renewal in a hundred asks for no challenge, and shows nothing."""
    issue(NAME, *certbot.hook_options)
    since = len(lab.ca.log)
    assert certbot("plugins").status == 0
    assert lab.ca.log[since:].count("POST /authZ/") == 1  # and it is deactivated, or that raises
