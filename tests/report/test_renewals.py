"""Lineages that fail alike share a line: a page for a hundred certificates stays one page."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Verdict
from certbot_dns_preflight.renewals.lineages import (
    Check,
    Lineage,
    Obstacle,
    Problem,
    Renewal,
    Trouble,
    worst_first,
)
from certbot_dns_preflight.report import renewals
from tests.builders.survey import STARTED, THERE, error, judged, run, seen
from tests.report import scenarios

REFUSED = "ns2.hoster.example refuses queries for 94 zones (REFUSED) (nameserver-refuses)."


def renewal(name: str, *challenges: ChallengeOutcome, days: int = 20) -> Renewal:
    lineage = Lineage(
        name=name,
        file=Path(f"/etc/letsencrypt/renewal/{name}.conf"),
        authenticator="dns-rfc2136",
        names=(name,),
        challenges=tuple(c.survey.challenge for c in challenges),
        not_after=STARTED + dt.timedelta(days=days),
    )
    return Renewal(lineage, run(*challenges, timeout=None))


def check(*some: Renewal) -> Check:
    directory = Path("/etc/letsencrypt")
    return Check(started=STARTED, elapsed=1.0, directory=directory, renewals=worst_first(some))


def hundred() -> Check:
    """94 zones that one server refuses, each with a certificate of its own, and 6 that are fine."""
    refused = scenarios.hundred_zones().challenges
    fine = [
        judged(seen("ns1.example.net.", "192.0.2.1", THERE), domain=f"ok{i}.example")
        for i in range(6)
    ]
    return check(
        *(renewal(c.survey.challenge.domain, c, days=20 + i) for i, c in enumerate(refused)),
        *(renewal(c.survey.challenge.domain, c) for c in fine),
    )


def test_a_hundred_certificates_with_one_cause_are_one_line() -> None:
    page = renewals.render(hundred(), width=100).split("\n")
    assert page[0] == "Not ready: 94 of 100 DNS-01 renewals will fail."
    assert page[2] == (
        "  FAIL host0.example and 93 more    20 days  "
        "ns2.hoster.example refuses queries for 94 zones (REF..."
    )
    assert len(page) == 2 + 1 + 6 + 2


def test_a_mail_tells_the_cause_once_and_names_them_all() -> None:
    page = renewals.render(hundred(), whole=True)
    words = " ".join(page.split())
    assert words.count("configure the zones on ns2.hoster.example") == 1
    assert REFUSED in words
    assert all(f"host{number}.example" in words for number in range(94))


def test_in_detail_every_certificate_is_named_and_the_report_is_there_once() -> None:
    page = renewals.render(hundred(), detailed=True)
    assert page.count("  FAIL host") == 94
    words = " ".join(page.split())
    assert words.count("configure the zones on ns2.hoster.example") == 1
    assert all(
        f"file      /etc/letsencrypt/renewal/host{i}.example.conf" in page for i in range(94)
    )


def test_other_servers_or_another_cause_are_lines_of_their_own() -> None:
    behind, dead = scenarios.behind().challenges, scenarios.dead_server().challenges
    page = renewals.render(
        check(
            renewal("a.example", *behind),
            renewal("b.example", *dead),
            renewal("c.example", *behind),
        ),
        width=100,
    )
    assert [line[7:27].rstrip() for line in page.split("\n")[2:4]] == [
        "a.example and 1 more",
        "b.example",
    ]


def test_of_several_causes_the_first_is_told_and_the_others_are_counted() -> None:
    (behind,), (dead,) = scenarios.behind().challenges, scenarios.dead_server().challenges
    page = renewals.render(check(renewal("a.example", behind, dead)), width=200)
    assert "ns3.example.net does not have the record yet; the other 2" in page
    assert "; 1 other problem." in page


def test_the_same_problem_of_several_certificates_is_told_once() -> None:
    def broken(name: str) -> Renewal:
        file = Path(f"/etc/letsencrypt/renewal/{name}.conf")
        reason = f"{file}: the credentials file /gone.ini is gone"
        problem = Problem(Trouble.BROKEN, reason, Obstacle.CREDENTIALS, "Put it back.")
        return Renewal(Lineage(name=name, file=file, problem=problem), None)

    page = renewals.render(check(broken("a"), broken("b"), broken("c")), whole=True)
    assert page.count("/gone.ini") == page.count("Put it back.") == 1
    assert "names  a, b, c" in " ".join(page.split()).replace("names ", "names  ")


def test_warnings_of_several_names_are_counted() -> None:
    def warned(domain: str) -> Renewal:
        finding = error(
            "delegation-mismatch",
            f"the NS records of {domain} differ.",
            severity=Severity.WARNING,
        )
        server = seen("ns1.example.net.", "192.0.2.1", THERE)
        made = judged(server, domain=domain, findings=(finding,))
        return renewal(domain, replace(made, verdict=Verdict.READY))

    page = renewals.render(check(*(warned(f"{one}.example") for one in "abc")), whole=True)
    assert "the NS records of a.example differ; 2 more like it (delegation-mismatch)." in " ".join(
        page.split()
    )
    assert page.count("warn ") == 1
