"""Codes that are left out of the verdict, and what cannot become ready by that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from dns.rdatatype import CNAME, TXT, RdataType

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import text
from certbot_dns_preflight.run import waiting
from tests.hostile.simulated import Hostile, Zone
from tests.simulated import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome

    Look = Callable[..., Outcome]

OWNER = "_acme-challenge.a0.test."


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Look at a zone of two servers with four addresses each, with some codes skipped."""

    def make(
        skip: str, *records: tuple[str, RdataType, str], domain: str = "a0.test", silent: str = ""
    ) -> Outcome:
        world = Hostile(
            0,
            zones=(Zone("a0.test.", 2, 4, records),),
            silent=lambda asked: asked.address == silent,
        )
        settings = replace(world.plug_in(monkeypatch, tmp_path), skip=(skip,))
        wanted = [make_challenge(domain, [b"value"])]
        return clock.run(lambda: waiting.preflight(wanted, settings, wait=False))

    return make


def first_line(outcome: Outcome) -> str:
    return text.render(outcome, width=200).splitlines()[0]


@pytest.mark.parametrize(
    ("code", "records"),
    [
        ("record-not-published", ()),
        ("wrong-value", ((OWNER, TXT, '"other"'),)),
    ],
)
def test_servers_that_answered_are_not_said_to_be_silent(
    look: Look, code: str, records: tuple[tuple[str, RdataType, str], ...]
) -> None:
    outcome = look(code, *records)
    assert outcome.verdict is Verdict.READY
    assert first_line(outcome).endswith(" (2 name servers, 8 addresses, 0 with the record).")


def test_an_address_that_is_silent_is_counted_apart_from_what_the_others_have(look: Look) -> None:
    outcome = look("record-not-published", silent="10.0.3.1")
    assert outcome.verdict is Verdict.READY
    assert first_line(outcome).endswith(
        " (2 name servers, 7 of 8 addresses answered, 0 with the record)."
    )


@pytest.mark.parametrize(
    ("code", "domain", "records"),
    [
        ("no-such-domain", "gone.test", ()),
        ("alias-dangling", "a0.test", ((OWNER, CNAME, "x.gone.test."),)),
        ("alias-dangling", "a0.test", ((OWNER, CNAME, "."),)),
        ("alias-loop", "a0.test", ((OWNER, CNAME, OWNER),)),
    ],
)
def test_nothing_is_ready_where_no_record_can_be_and_the_report_says_so(
    look: Look, code: str, domain: str, records: tuple[tuple[str, RdataType, str], ...]
) -> None:
    outcome = look(code, *records, domain=domain)
    (judged,) = outcome.challenges
    assert [f.code for f in judged.findings if f.severity is Severity.ERROR] == [code]
    assert outcome.verdict is Verdict.NOT_READY
    assert (
        f"Skipping {code} makes nothing ready: no answer for the record itself was seen."
        in text.render(outcome, width=200)
    )


def test_an_error_that_is_not_skipped_needs_no_such_note(look: Look) -> None:
    (judged,) = look("wrong-value").challenges
    assert judged.verdict is Verdict.NOT_READY
    assert judged.unjudged == ()
