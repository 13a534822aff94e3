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


@pytest.fixture
def hooked(
    certbot: Certbot, lineage: Callable[..., None], tracing_hook: Callable[[str], Path]
) -> Callable[[str], Path]:
    """Have a lineage of hooks; its file is edited so that the first label of its name is traced."""

    def give(name: str) -> Path:
        lineage(name, *certbot.hook_options)
        file = certbot.renewal_file(name)
        edit(file, "manual_auth_hook", str(tracing_hook(name.partition(".")[0])))
        return file

    return give


def test_lineages_of_different_authenticators_renew_together_three_times_in_a_row(
    certbot: Certbot,
    lab: Lab,
    lineage: Callable[..., None],
    hooked: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    lineage("example.test,*.example.test", *certbot.rfc2136_options)
    files = [certbot.renewal_file(NAME), hooked("b.example.test"), hooked("c.example.test")]
    before = [params(file) for file in files]
    assert before[0]["dns_rfc2136_credentials"] == str(lab.credentials)
    assert before[1]["manual_cleanup_hook"] == str(lab.cleanup_hook)
    # A pause that was never set does not get into the file.
    assert "dns_rfc2136_propagation_seconds" not in before[0]
    seen = {certbot.certificate(file.stem).read_bytes() for file in files}
    for _ in range(3):
        since = len(lab.ca.log)
        certbot.renew().succeeded()
        assert lab.ca.challenges_answered(since) == 4
        assert trace() == ["b", "c"]
        assert [params(file) for file in files] == before
        seen |= {certbot.certificate(file.stem).read_bytes() for file in files}
    assert len(seen) == 4 * len(files)
    for owner in ("example.test.", "b.example.test.", "c.example.test."):
        assert not lab.primary.texts(f"_acme-challenge.{owner}")


def test_lines_edited_by_hand_are_what_the_next_renewals_use_and_are_kept(
    certbot: Certbot,
    lab: Lab,
    lineage: Callable[..., None],
    hooked: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    """Of the wrapped authenticators: a hook, the credentials; and one of ours."""
    lineage(NAME, *certbot.rfc2136_options)
    file, other = certbot.renewal_file(NAME), hooked("b.example.test")
    hook = params(other)["manual_auth_hook"]
    moved = certbot.directory / "moved.ini"
    shutil.copy2(lab.credentials, moved)
    report = certbot.directory / "edited.json"
    edit(file, "dns_rfc2136_credentials", str(moved))
    edit(file, "dns_preflight_report", str(report))
    for _ in range(2):
        certbot.renew().succeeded()
        assert report.exists()
        report.unlink()
    assert trace() == ["b", "b"]
    assert params(other)["manual_auth_hook"] == hook
    assert params(file)["dns_preflight_report"] == str(report)
    assert params(file)["dns_rfc2136_credentials"] == str(moved)


def test_a_bad_value_edited_into_the_file_is_told_in_one_line_with_the_file(
    certbot: Certbot, lab: Lab, lineage: Callable[..., None]
) -> None:
    lineage(NAME, *certbot.rfc2136_options)
    edit(certbot.renewal_file(NAME), "dns_preflight_timeout", "soon")
    since = len(lab.ca.log)

    ran = certbot.renew()

    assert ran.status == 1
    assert str(certbot.renewal_file(NAME)) in ran.output
    assert "--dns-preflight-timeout: 'soon' is not accepted" in ran.output
    assert lab.ca.challenges_answered(since) == 0


def test_a_dry_run_repeats_it_too_and_leaves_the_renewal_file_alone(
    certbot: Certbot, lineage: Callable[..., None]
) -> None:
    lineage(NAME, *certbot.rfc2136_options)
    before = certbot.renewal_file(NAME).read_bytes()
    ran = certbot("renew", "--dry-run").succeeded()
    assert "all simulated renewals succeeded" in ran.output
    assert certbot.renewal_file(NAME).read_bytes() == before


def test_the_wrapped_pause_is_not_slept_and_its_setting_stays_what_it_was(
    certbot: Certbot, issue: Callable[..., Ran]
) -> None:
    # Whoever slept would run into the time-out of the run.
    issue(NAME, *certbot.rfc2136_options, "--dns-rfc2136-propagation-seconds=3600")
    assert params(certbot.renewal_file(NAME))["dns_rfc2136_propagation_seconds"] == "3600"
    ran = certbot.renew().succeeded()
    assert "dns-preflight waits up to 7200 s: twice the 3600 s that the authenticator" in ran.output
    assert f"waiting until all name servers show {NAME}, 7200 s at most" in ran.output
    assert params(certbot.renewal_file(NAME))["dns_rfc2136_propagation_seconds"] == "3600"


def test_what_the_command_line_says_beats_the_renewal_file(
    certbot: Certbot,
    lab: Lab,
    lineage: Callable[..., None],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    lineage(NAME, *certbot.hook_options)
    hook = tracing_hook("given")
    certbot.renew(f"--manual-auth-hook={hook}").succeeded()
    assert trace() == ["given"]
    saved = wrapped_params(certbot.renewal_file(NAME))
    assert saved["manual_auth_hook"] == str(hook)
    assert saved["manual_cleanup_hook"] == str(lab.cleanup_hook)


def test_files_written_by_hand_without_an_identifier_renew_and_get_one(
    certbot: Certbot, lineage: Callable[..., None], hooked: Callable[[str], Path]
) -> None:
    lineage(NAME, *certbot.rfc2136_options)
    files = [certbot.renewal_file(NAME), hooked("b.example.test")]
    for file in files:
        edit(file, "dns_preflight_lineage", None)
    certbot.renew().succeeded()
    assert len({params(file)["dns_preflight_lineage"] for file in files}) == 2


def test_a_copied_file_for_another_certificate_renews_with_its_own_options(
    certbot: Certbot, hooked: Callable[[str], Path], trace: Callable[[], list[str]]
) -> None:
    b, c = hooked("b.example.test"), hooked("c.example.test")
    # As after copying b's lines into c's file, apart from the hook.
    edit(c, "dns_preflight_lineage", params(b)["dns_preflight_lineage"])
    certbot.renew().succeeded()
    assert trace() == ["b", "c"]
    assert params(b)["dns_preflight_lineage"] != params(c)["dns_preflight_lineage"]


def test_copies_of_one_lineage_that_differ_are_refused_by_name_and_work_with_cert_name(
    certbot: Certbot,
    lineage: Callable[..., None],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
) -> None:
    lineage(NAME, *certbot.hook_options)
    original = certbot.renewal_file(NAME)
    copy = original.with_name("copy.conf")
    shutil.copy(original, copy)
    edit(copy, "manual_auth_hook", str(tracing_hook("copied")))

    ran = certbot.renew()

    assert ran.status == 1
    for words in (str(original), str(copy), "--cert-name", "dns_preflight_lineage"):
        assert words in ran.output.replace("\n", " ")
    certbot.renew(f"--cert-name={NAME}").succeeded()
    assert trace() == []


def test_a_lineage_of_another_authenticator_can_be_renewed_through_us_once(
    certbot: Certbot, rfc2136_lineage: str
) -> None:
    ran = certbot.renew(
        *certbot.preflight_options, "--dns-preflight-authenticator=dns-rfc2136"
    ).succeeded()
    assert "Ready: example.test after " in ran.output
    certbot.renew().succeeded()
    assert params(certbot.renewal_file(rfc2136_lineage))["authenticator"] == "dns-preflight"


def test_the_tests_ca_wants_every_name_validated_again(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    """Otherwise one renewal in a hundred asks for no challenge, and shows nothing."""
    issue(NAME, *certbot.hook_options)
    since = len(lab.ca.log)
    certbot("plugins").succeeded()
    assert lab.ca.log[since:].count("POST /authZ/") == 1  # and it is deactivated, or that raises
