"""What stops an order before a record is made: nothing is written, nothing asked of the CA."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.misbehaving import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

ZONE = "example.test."


@pytest.fixture
def recorded(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """A hook that notes its calls beside doing what the lab's does."""
    yield tmp_path / "calls"
    lab.wait_synchronous()


@pytest.fixture
def order(certbot: Certbot, recorded: Path, tmp_path: Path) -> Callable[..., Ran]:
    hook = tmp_path / "hook"
    hook.write_text(
        f'#!/bin/sh\necho "$CERTBOT_DOMAIN" >>{recorded}\nexec {certbot.lab.auth_hook}\n'
    )
    hook.chmod(0o700)

    def run(*arguments: str) -> Ran:
        return certbot(
            "certonly",
            *certbot.preflight_options,
            f"--manual-auth-hook={hook}",
            f"--manual-cleanup-hook={certbot.lab.cleanup_hook}",
            f"--dns-preflight-report={certbot.report}",
            "--dns-preflight-timeout=60",
            *arguments,
        )

    return run


def publish(lab: Lab, *records: str) -> None:
    lab.update(lab.primary, ZONE, add=list(records))
    lab.wait_synchronous()


def error_codes(certbot: Certbot) -> set[str]:
    report = json.loads(certbot.report.read_text())
    return {
        finding["code"]
        for challenge in report["challenges"]
        for finding in challenge["findings"]
        if finding["severity"] == "error"
    }


def test_caa_for_another_ca_costs_neither_record_nor_attempt(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path
) -> None:
    publish(lab, 'caa.example.test. CAA 0 issue "other-ca.example"')
    since = len(lab.ca.log)
    ran = order(
        "--domains=www.example.test,caa.example.test",
        "--dns-preflight-caa-identity=letsencrypt.org",
    )
    assert ran.status == 1
    assert "CAA at caa.example.test allows only other-ca.example" in ran.stderr
    assert (
        "If letsencrypt.org should issue for this domain, keep the existing records and add this "
        'record: caa.example.test. CAA 0 issue "letsencrypt.org"'
    ) in " ".join(ran.stderr.split())
    assert "No record was created" in ran.stderr
    assert error_codes(certbot) == {"caa-forbids"}
    assert not recorded.exists()
    assert lab.ca.challenges_answered(since) == 0
    # The report has all names of the order.
    report = json.loads(certbot.report.read_text())
    assert report["outcome"] == "not-ready"
    told = {one["domain"]: one for one in report["challenges"]}
    assert {name: one["outcome"] for name, one in told.items()} == {
        "www.example.test": "inconclusive",
        "caa.example.test": "not-ready",
    }
    assert all(len(one["expected"]) == 1 for one in told.values())


def test_the_closest_caa_set_counts_and_allows(lab: Lab, order: Callable[..., Ran]) -> None:
    publish(
        lab,
        'example.test. CAA 0 issue ";"',
        'www.example.test. CAA 0 issue "letsencrypt.org"',
    )
    ran = order("--domains=www.example.test", "--dns-preflight-caa-identity=letsencrypt.org")
    assert ran.status == 0, ran.output


def test_a_wildcard_is_judged_by_issuewild(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path
) -> None:
    publish(
        lab,
        'example.test. CAA 0 issue "letsencrypt.org"',
        'example.test. CAA 0 issuewild ";"',
    )
    identity = "--dns-preflight-caa-identity=letsencrypt.org"
    assert order("--domains=*.example.test", identity).status == 1
    assert error_codes(certbot) == {"caa-forbids"}
    assert not recorded.exists()
    assert order("--domains=example.test", identity).status == 0


def test_the_accounts_url_is_certbots(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], lineage: Callable[..., None]
) -> None:
    identity = "--dns-preflight-caa-identity=letsencrypt.org"
    lineage("example.test", *certbot.rfc2136_options)  # its account comes with it
    (account,) = certbot.config_dir.glob("accounts/**/regr.json")
    url = json.loads(account.read_text())["uri"]
    publish(lab, f'mine.example.test. CAA 0 issue "letsencrypt.org; accounturi={url}"')
    assert order("--domains=mine.example.test", identity).status == 0
    publish(lab, f'theirs.example.test. CAA 0 issue "letsencrypt.org; accounturi={url}9"')
    assert order("--domains=theirs.example.test", identity).status == 1
    assert error_codes(certbot) == {"caa-forbids"}


def test_a_ca_that_does_not_tell_its_name_is_given_the_benefit_of_the_doubt(
    lab: Lab, order: Callable[..., Ran]
) -> None:
    publish(lab, 'caa.example.test. CAA 0 issue "other-ca.example"')
    ran = order("--domains=caa.example.test")  # Pebble's directory has no caaIdentities
    assert ran.status == 0
    assert "this CA's name in CAA is unknown" in " ".join(ran.output.split())


def test_a_domain_that_does_not_exist_is_told_at_once(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path
) -> None:
    since = len(lab.ca.log)
    ran = order("--domains=typo-example.test")
    assert ran.status == 1
    assert "typo-example.test does not exist" in ran.stderr
    assert error_codes(certbot) == {"no-such-domain"}
    assert not recorded.exists()
    assert lab.ca.challenges_answered(since) == 0


def test_names_that_cannot_pass_are_left_out_of_a_subset(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path
) -> None:
    publish(lab, 'caa.example.test. CAA 0 issue "other-ca.example"')
    ran = order(
        "--domains=caa.example.test,fine.example.test",
        "--allow-subset-of-names",
        "--dns-preflight-caa-identity=letsencrypt.org",
    )
    assert ran.status == 0, ran.output
    assert recorded.read_text().split() == ["fine.example.test"]
    assert (
        certbot.certificate("fine.example.test").exists()
        or certbot.certificate("caa.example.test").exists()
    )


def test_skipped_codes_do_not_stop_an_order_and_are_still_told(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran]
) -> None:
    publish(lab, 'caa.example.test. CAA 0 issue "other-ca.example"')
    ran = order(
        "--domains=caa.example.test",
        "--dns-preflight-caa-identity=letsencrypt.org",
        "--dns-preflight-skip=caa-forbids",
    )
    assert ran.status == 0, ran.output
    assert error_codes(certbot) == {"caa-forbids"}


def test_on_failure_continue_goes_on_with_a_warning(
    lab: Lab, order: Callable[..., Ran], recorded: Path
) -> None:
    publish(lab, 'caa.example.test. CAA 0 issue "other-ca.example"')
    ran = order(
        "--domains=caa.example.test",
        "--dns-preflight-caa-identity=letsencrypt.org",
        "--dns-preflight-on-failure=continue",
    )
    assert ran.status == 0, ran.output
    told = " ".join(ran.stderr.split())
    assert "CAA at caa.example.test allows only other-ca.example, not letsencrypt.org." in told
    assert "Continuing with the CA anyway (--dns-preflight-on-failure continue)." in told
    assert recorded.exists()


def test_trouble_that_may_pass_is_told_and_waited_for(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path
) -> None:
    lab.knot.kill()
    ran = order("--domains=wait.example.test", "--dns-preflight-timeout=6")
    assert ran.status == 1
    assert recorded.exists()  # it went on to the wait, and failed there
    assert error_codes(certbot) == {"nameserver-unreachable"}
    assert ran.stderr.index("(nameserver-unreachable)") < ran.stderr.index("Not ready:")


def test_where_nothing_can_be_asked_no_record_is_made(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path, tmp_path: Path
) -> None:
    nobody, _ = lab.addresses()
    hints = tmp_path / "hints"
    hints.write_text(f". 3600 IN NS nobody.test.\nnobody.test. 3600 IN A {nobody}\n")
    mute = (f"--dns-preflight-root-hints={hints}", "--dns-preflight-query-timeout=0.5")
    since = len(lab.ca.log)
    with Silent((nobody,), {}):
        ran = order("--domains=mute.example.test", *mute)
        assert ran.status == 1
        assert "\nCannot tell: " in f"\n{ran.stderr}"
        assert "No record was created and the CA was not asked" in " ".join(ran.stderr.split())
        assert error_codes(certbot) == {"no-dns-egress"}
        assert json.loads(certbot.report.read_text())["outcome"] == "inconclusive"
        assert not recorded.exists()
        assert lab.ca.challenges_answered(since) == 0
        ran = order(
            *("--domains=mute.example.test", *mute),
            *("--dns-preflight-on-failure=continue", "--dns-preflight-timeout=2"),
        )
        assert ran.status == 0, ran.output
        assert recorded.exists()


def test_what_no_record_can_help_costs_neither_record_nor_attempt(
    lab: Lab, certbot: Certbot, order: Callable[..., Ran], recorded: Path
) -> None:
    """One order of everything that is beyond waiting but for CAA, and one name that is fine."""
    lame = lab.daemon("nsd")
    lab.delegate("refused.test.", [lame])
    lab._undo.append(lambda: lab.undelegate("refused.test."))
    publish(
        lab,
        "_acme-challenge.loop.example.test. CNAME _acme-challenge.loop.example.test.",
        "_acme-challenge.lost.example.test. CNAME lost.nosuchtld.",
        "_acme-challenge.expired.example.test. CNAME acme.gone-example.test.",
    )
    since = len(lab.ca.log)
    hopeless = {
        "loop.example.test": "alias-loop",
        "lost.example.test": "alias-dangling",
        "expired.example.test": "alias-dangling",
        "refused.test": "nameserver-refuses",
        "gone-example.test": "no-such-domain",
    }
    ran = order(f"--domains={','.join(hopeless)},fine.example.test")
    assert ran.status == 1
    assert "No record was created and the CA was not asked" in " ".join(ran.stderr.split())
    assert not recorded.exists()
    assert lab.ca.challenges_answered(since) == 0
    report = json.loads(certbot.report.read_text())
    told = {
        one["domain"]: [f["code"] for f in one["findings"] if f["severity"] == "error"]
        for one in report["challenges"]
    }
    assert told == {"fine.example.test": [], **{name: [code] for name, code in hopeless.items()}}
