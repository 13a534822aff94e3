"""Resolvers asked in place of the name servers: real ones, and nobody else."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.dnssec import Trust
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoEgress
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.report import text
from certbot_dns_preflight.resolve import ways_out
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.run import (
    permanence,
    precheck,
    record_location,
    resolver_aliases,
    session,
    waiting,
)
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import AliasPolicy, Ask, Family, Settings
from tests.lab import zone_text
from tests.lab.laboratory import ALIAS_OWNER, ALIAS_TARGET
from tests.observe import HANG

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Progress
    from tests.lab import Lab
    from tests.lab.front import Front

OWNER = "_acme-challenge.example.test."
ANYBODY = IssuanceRequest(("letsencrypt.org",))
AT_ONCE = Timings(before_resolvers=0.0)


@pytest.fixture
def front(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Front:
    made = lab.front()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca_file))
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Keep what is asked of whom."""
    questions: list[Asked] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            questions.append(event)

    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=note))
    return questions


def settings(*named: str, **more: object) -> Settings:
    return Settings(
        resolver=resolvers(",".join(named)),
        ask=Ask.RESOLVERS,
        query_timeout=HANG / 10,
        **more,  # type: ignore[arg-type]
    )


def look(wanted: Challenge, how: Settings) -> Outcome:
    extras = waiting.Extras(request=ANYBODY, timings=AT_ONCE)
    return asyncio.run(waiting.preflight([wanted], how, wait=False, extras=extras))


def codes(judged: ChallengeOutcome) -> list[str]:
    return [finding.code for finding in judged.findings]


def test_the_hosts_resolver_that_works_is_named_for_every_name(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails for one domain, and the other resolver of the host takes all the time there is."""
    nobody, _ = lab.addresses()
    hints = tmp_path / "hints"
    hints.write_text(f". 3600 IN NS nobody.test.\nnobody.test. 3600 IN A {nobody}\n")
    works = Endpoint(lab.unbound.address4)
    own = [Endpoint(lab.addresses()[0]), works]
    monkeypatch.setattr(ways_out, "own_resolvers", lambda: own)
    lab.delegate("lame.test.", [lab.bind])
    result = asyncio.run(
        waiting.preflight(
            [make_challenge("example.test"), make_challenge("lame.test")],
            Settings(root_hints=hints, query_timeout=0.3, family=Family.IPV4),
            wait=False,
        )
    )
    obstacles = [judged.survey.obstacle for judged in result.challenges]
    assert [isinstance(each, NoEgress) and each.ways_out for each in obstacles] == [
        (works,),
        (works,),
    ]


@pytest.mark.parametrize("how", ["address", "tls", "url"])
def test_the_resolver_alone_is_asked_for_everything(
    lab: Lab, front: Front, asked: list[Asked], how: str
) -> None:
    lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT value"])
    lab.wait_synchronous()
    named = getattr(front, how)
    result = look(make_challenge("example.test", [b"value"]), settings(named))
    (judged,) = result.challenges
    assert (judged.verdict, codes(judged)) == (Verdict.READY, [])
    assert {event.endpoint.service or event.endpoint.address for event in asked} == {named}
    assert {"TXT", "CAA", "SOA", "A"} <= {event.rdtype.name for event in asked}
    assert judged.survey.rounds == Settings().confirmations == 2
    first, second = text.render(result, width=200).splitlines()[:2]
    assert first.endswith("(1 resolver).")
    assert second == (
        f"This is what the resolver {named} sees; the individual name servers were not queried."
    )


def test_nothing_is_asked_about_the_challenges_name_before_the_record_is_made(
    front: Front, asked: list[Asked]
) -> None:
    wanted = make_challenge("example.test", [b"value"])
    how = settings(front.address)
    facts = asyncio.run(precheck.check([wanted], how))
    assert facts.judged(how, ANYBODY).verdict is Verdict.READY
    places = asyncio.run(record_location.find([wanted], how))
    assert places[wanted.owner].zone is not None
    look(make_challenge("example.test"), how)
    assert asked
    assert not [event for event in asked if event.name.is_subdomain(wanted.owner)]


def test_an_alias_is_followed_beforehand_only_where_that_is_asked_for(
    front: Front, asked: list[Asked]
) -> None:
    wanted = make_challenge("www.alias.test", [b"value"])
    how = settings(front.address, alias=AliasPolicy.FOLLOW)
    place = asyncio.run(record_location.find([wanted], how))[wanted.owner]
    assert (place.owner.to_text(), place.record.to_text()) == (ALIAS_OWNER, ALIAS_TARGET)
    assert place.zone is not None
    assert place.zone.to_text() == "target.test."
    asked.clear()
    place = asyncio.run(record_location.find([wanted], settings(front.address)))[wanted.owner]
    assert place.record == wanted.owner
    assert not [event for event in asked if event.name == wanted.owner]


def test_once_the_records_are_made_an_alias_shows_and_its_target_is_not_asked_for(
    lab: Lab, front: Front, asked: list[Asked]
) -> None:
    lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT value"])
    lab.wait_synchronous()
    names = [make_challenge(domain).owner for domain in ("www.alias.test", "example.test")]
    places = [record_location.RecordLocation(owner, owner, None) for owner in names]
    moved = asyncio.run(resolver_aliases.find(places, settings(front.address), after=0.0))
    (place,) = moved.values()
    assert (place.owner.to_text(), place.record.to_text()) == (ALIAS_OWNER, ALIAS_TARGET)
    assert place.zone is not None
    assert place.zone.to_text() == "target.test."
    # Nothing is there yet, and the resolver would keep that.
    assert not [event for event in asked if event.name == place.record]
    (judged,) = look(make_challenge("example.test", [b"value"]), settings(front.address)).challenges
    assert judged.verdict is Verdict.READY


def test_a_record_at_the_end_of_an_alias_is_found(lab: Lab, front: Front) -> None:
    lab.update(lab.primary, "target.test.", add=[f"{ALIAS_TARGET} TXT value"])
    lab.wait_synchronous("target.test.")
    (judged,) = look(
        make_challenge("www.alias.test", [b"value"]), settings(front.address)
    ).challenges
    assert judged.verdict is Verdict.READY
    assert [name.to_text() for name in judged.survey.alias_chain] == [ALIAS_TARGET]


def test_a_miss_that_the_resolver_keeps_is_waited_out_and_shown(lab: Lab, front: Front) -> None:
    zone = zone_text("short.test.", [lab.bind], "@ A 127.53.9.9\n", ttl=2)
    lab.zone("short.test.", {lab.bind: zone}, dynamic=True)
    told: list[tuple[Status, bool]] = []

    def publish(progress: Progress) -> None:
        (survey,) = progress.surveys
        told.extend((one.status, bool(one.kept_for)) for one in survey.observations)
        if told == [(Status.ABSENT, True)]:
            owner = "_acme-challenge.short.test."
            lab.update(lab.bind, "short.test.", add=[f"{owner} TXT value"])

    result = asyncio.run(
        waiting.preflight(
            [make_challenge("short.test", [b"value"])],
            settings(front.address, timeout=HANG),
            wait=True,
            watch=publish,
            extras=waiting.Extras(timings=AT_ONCE),
        )
    )
    assert told[0] == (Status.ABSENT, True)
    (judged,) = result.challenges
    assert judged.verdict is Verdict.READY
    assert judged.survey.ready_after is not None
    assert judged.survey.ready_after > 1  # TTLs are whole seconds


def test_every_resolver_must_show_it(lab: Lab, front: Front) -> None:
    lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT value"])
    lab.wait_synchronous()
    wanted = make_challenge("example.test", [b"value"])
    nobody = lab.addresses()[0]
    (judged,) = look(wanted, settings(front.address, nobody)).challenges
    assert (judged.verdict, codes(judged)) == (Verdict.NOT_READY, ["nameserver-unreachable"])
    (judged,) = look(wanted, settings(front.address, lab.unbound.address4)).challenges
    assert judged.verdict is Verdict.READY
    assert [seen.nameserver.to_text() for seen in judged.survey.observations] == [
        f"{front.address}.",
        f"{lab.unbound.address4}.",
    ]


def test_a_zone_that_the_resolver_finds_bogus_stops_the_order_by_its_word(lab: Lab) -> None:
    front = lab.front(anchors=[f"example.test. DS 12345 13 2 {'00' * 32}"])
    how = settings(front.address)
    facts = asyncio.run(precheck.check([make_challenge("example.test", [b"value"])], how))
    outcome = facts.judged(how, ANYBODY)
    (judged,) = outcome.challenges
    assert codes(judged) == ["dnssec-bogus"]
    assert f"as {front.address} says" in judged.findings[0].summary
    assert judged.dnssec.trust is Trust.BOGUS
    assert permanence.has_permanent_errors(outcome, skip=frozenset()) == (judged,)


def test_the_ad_bit_of_a_resolver_that_validates_is_told_as_its_word(lab: Lab) -> None:
    text_of = zone_text("signed.test.", ["knot9.dns.test."], "@ A 127.53.9.9\n")
    value = "_acme-challenge TXT value\n"
    knot = lab.daemon(
        "knot", {"signed.test.": text_of + value}, host="knot9.dns.test.", signed=True
    )
    lab.delegate("signed.test.", [knot])
    front = lab.front(anchors=lab.delegation_signers(knot, "signed.test."))
    (judged,) = look(make_challenge("signed.test", [b"value"]), settings(front.address)).challenges
    assert judged.verdict is Verdict.READY
    assert judged.dnssec.trust is Trust.SECURE
    assert judged.dnssec.reason == f"by the word of {front.address} (AD bit), not validated here"
    assert judged.unjudged == ()


def test_caa_is_read_through_the_resolver(lab: Lab, front: Front) -> None:
    lab.zone("caa.test.", [lab.bind], records='@ A 127.53.9.9\n@ CAA 0 issue "other-ca.example"\n')
    how = settings(front.address)
    facts = asyncio.run(precheck.check([make_challenge("www.caa.test", [b"value"])], how))
    outcome = facts.judged(how, ANYBODY)
    (judged,) = outcome.challenges
    assert [f.code for f in judged.findings if f.severity is Severity.ERROR] == ["caa-forbids"]
    assert "The resolver returns this record: caa.test. CAA " in judged.findings[0].cause
    assert permanence.has_permanent_errors(outcome, skip=frozenset()) == (judged,)


def test_a_domain_that_is_gone_stops_the_order_by_the_resolvers_word(front: Front) -> None:
    how = settings(front.address)
    facts = asyncio.run(precheck.check([make_challenge("gone-example.test", [b"value"])], how))
    outcome = facts.judged(how, ANYBODY)
    (judged,) = outcome.challenges
    assert codes(judged) == ["no-such-domain"]
    assert permanence.has_permanent_errors(outcome, skip=frozenset()) == (judged,)
