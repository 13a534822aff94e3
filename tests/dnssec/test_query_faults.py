"""Keys, DS and proofs that cannot be had, though the record is there: never ready.

The servers are real and in order; what some addresses send back to some questions is changed on
the way, before anything reads it.
"""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Response,
)
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Verdict
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.timings import QueryTimings
from certbot_dns_preflight.resolve.trips import Trip
from certbot_dns_preflight.run import precheck, session, waiting
from certbot_dns_preflight.settings import Settings, UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.resolve.queries import Query
    from tests.dnssec.world import World

    Spoil = Callable[[Endpoint, Query, Trip], Trip]

pytestmark = [pytest.mark.slow, pytest.mark.versioned]  # the signed world takes long to start

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
DNSKEY, DS = dns.rdatatype.DNSKEY, dns.rdatatype.DS
SIGNED = "ecdsa256.test"


class Spoiled(Sockets):
    """Sends as usual, and changes what comes back."""

    def __init__(self, spoil: Spoil) -> None:
        super().__init__()
        self._spoil = spoil

    async def over_udp(
        self,
        endpoint: Endpoint,
        query: Query,
        *,
        patience: float,
        resend_after: float,
        any_case: bool = False,
    ) -> Trip:
        trip = await super().over_udp(
            endpoint, query, patience=patience, resend_after=resend_after, any_case=any_case
        )
        return self._spoil(endpoint, query, trip)


@pytest.fixture
def settings(signed_world: World) -> Settings:
    return Settings(
        root_hints=signed_world.root_hints, trust_anchor=signed_world.trust_anchor, timeout=60
    )


@pytest.fixture
def judge(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ChallengeOutcome]:
    def run(spoil: Spoil, domain: str = SIGNED, **options: object) -> ChallengeOutcome:
        spoiling = functools.partial(Exchange, sockets=Spoiled(spoil))
        monkeypatch.setattr(session, "Exchange", spoiling)
        changed = Settings(**{**settings_of(settings), **options})  # type: ignore[arg-type]
        extras = waiting.Extras(request=ANYBODY)
        challenge = make_challenge(domain, [b"value"])
        return waiting.run([challenge], changed, wait=False, extras=extras).challenges[0]

    return run


def settings_of(settings: Settings) -> dict[str, object]:
    return {
        "root_hints": settings.root_hints,
        "trust_anchor": settings.trust_anchor,
        "timeout": settings.timeout,
    }


def errors(judged: ChallengeOutcome) -> list[tuple[str, object]]:
    return [
        (finding.code, finding.evidence.get("kind"))
        for finding in judged.findings
        if finding.severity.value == "error"
    ]


def failing(trip: Trip, rcode: dns.rcode.Rcode) -> Trip:
    """Give the answer as an error would be, with EDNS as it came."""
    assert isinstance(trip.reply, Response)
    message = trip.reply.message
    message.answer, message.authority, message.additional = [], [], []
    message.flags &= ~dns.flags.AA
    message.set_rcode(rcode)
    return trip


def silence(_: Trip) -> Trip:
    return Trip(NoResponse(NoResponseReason.TIMED_OUT, "no answer within 3 s", 3.0))


def cut_short(_: Trip) -> Trip:
    return Trip(NoResponse(NoResponseReason.TRUNCATED, "connection refused", 0.0))


WAYS: list[Callable[[Trip], Trip]] = [
    *(
        functools.partial(failing, rcode=rcode)
        for rcode in (dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.FORMERR, dns.rcode.NOTIMP)
    ),
    silence,
    cut_short,
]


def spoiling(
    rdtype: dns.rdatatype.RdataType, way: Callable[[Trip], Trip], *addresses: str
) -> Spoil:
    """Spoil the zone's answers to one type, at these addresses or at all."""

    def spoil(endpoint: Endpoint, query: Query, trip: Trip) -> Trip:
        meant = query.rdtype == rdtype and query.name.to_text() == f"{SIGNED}."
        return (
            way(trip) if meant and endpoint.address in (addresses or {endpoint.address}) else trip
        )

    return spoil


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_no_server_gives_are_an_error(
    judge: Callable[..., ChallengeOutcome], way: Callable[[Trip], Trip]
) -> None:
    judged = judge(spoiling(DNSKEY, way))
    assert judged.verdict is Verdict.NOT_READY
    assert errors(judged) == [("dnssec-query-fails", "keys")]


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_one_address_does_not_give_are_an_error(
    judge: Callable[..., ChallengeOutcome], signed_world: World, way: Callable[[Trip], Trip]
) -> None:
    server = signed_world.leaf["nsd"]
    judged = judge(spoiling(DNSKEY, way, server.address4))
    assert errors(judged) == [("dnssec-query-fails", "keys")]
    (finding,) = (f for f in judged.findings if f.code == "dnssec-query-fails")
    assert finding.nameserver is not None
    assert finding.nameserver.to_text() == server.host
    assert finding.address == server.address4


def test_with_unreachable_warn_one_server_without_keys_is_a_warning(
    judge: Callable[..., ChallengeOutcome], signed_world: World
) -> None:
    server = signed_world.leaf["nsd"]
    spoil = spoiling(DNSKEY, WAYS[0], *server.addresses)
    judged = judge(spoil, unreachable=UnreachablePolicy.WARN)
    assert judged.verdict is Verdict.READY
    warnings = [f.code for f in judged.findings if f.severity.value == "warning"]
    assert warnings == ["dnssec-query-fails"]


def test_an_unsigned_zone_needs_no_keys(judge: Callable[..., ChallengeOutcome]) -> None:
    def spoil(_: Endpoint, query: Query, trip: Trip) -> Trip:
        meant = query.rdtype == DNSKEY and query.name.to_text() == "signed-without-ds.test."
        return failing(trip, dns.rcode.SERVFAIL) if meant else trip

    assert judge(spoil, "signed-without-ds.test").verdict is Verdict.READY


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_come_for_small_letters_only_are_told_so(
    judge: Callable[..., ChallengeOutcome], signed_world: World, way: Callable[[Trip], Trip]
) -> None:
    """Unbound asks for them in small letters after some of these failures, BIND at once."""
    always = spoiling(DNSKEY, way, signed_world.leaf["nsd"].address4)

    def spoil(endpoint: Endpoint, query: Query, trip: Trip) -> Trip:
        return trip if query.sent.islower() else always(endpoint, query, trip)

    judged = judge(spoil)
    assert judged.verdict is Verdict.NOT_READY
    assert errors(judged) == [("case-sensitive", "keys")]
    (found,) = (f.evidence["questions"] for f in judged.findings if f.code == "case-sensitive")
    assert [(q["type"], q["exact"]) for q in found] == [("DNSKEY", "2 DNSKEY records")]  # type: ignore[union-attr,index,call-overload]


def without_ds(trip: Trip) -> Trip:
    """Take out of a referral what it tells of the DS."""
    if isinstance(trip.reply, Response) and not trip.reply.message.answer:
        message = trip.reply.message
        message.authority = [r for r in message.authority if r.rdtype == dns.rdatatype.NS]
    return trip


@pytest.mark.parametrize("way", WAYS)
def test_a_ds_that_no_server_of_the_zone_above_gives_is_an_error(
    judge: Callable[..., ChallengeOutcome], signed_world: World, way: Callable[[Trip], Trip]
) -> None:
    def spoil(endpoint: Endpoint, query: Query, trip: Trip) -> Trip:
        if endpoint.address not in signed_world.top.addresses:
            return trip
        if query.rdtype == DS and query.name.to_text() == f"{SIGNED}.":
            return way(trip)
        return without_ds(trip) if query.rdtype != DNSKEY else trip

    judged = judge(spoil)
    assert judged.verdict is Verdict.NOT_READY
    assert ("dnssec-query-fails", "ds") in errors(judged)


@pytest.mark.parametrize("way", WAYS)
def test_a_ds_that_came_with_the_referral_is_not_asked_for(
    judge: Callable[..., ChallengeOutcome], way: Callable[[Trip], Trip]
) -> None:
    assert judge(spoiling(DS, way)).verdict is Verdict.READY


def test_a_proof_that_comes_for_small_letters_only_is_told_so(
    judge: Callable[..., ChallengeOutcome],
) -> None:
    """A server that looks its NSEC records up byte by byte: here it finds none for capitals."""

    def spoil(_: Endpoint, query: Query, trip: Trip) -> Trip:
        small = query.sent.islower()
        if query.rdtype == dns.rdatatype.CAA and not small and isinstance(trip.reply, Response):
            message = trip.reply.message
            message.authority = [r for r in message.authority if r.rdtype == dns.rdatatype.SOA]
        return trip

    judged = judge(spoil)
    assert ("case-sensitive", None) in errors(judged)
    found = [f.evidence for f in judged.findings if f.code == "case-sensitive"]
    assert [evidence["zone"] for evidence in found] == ["test.", f"{SIGNED}."]
    for evidence in found:
        for question in evidence["questions"]:  # type: ignore[union-attr]
            assert question["mixed"] == "no data"  # type: ignore[index, call-overload]
            assert question["exact"] == "no data, with a proof"  # type: ignore[index, call-overload]


def test_a_registrys_server_without_edns_is_passed_over_for_what_must_be_signed(
    judge: Callable[..., ChallengeOutcome], signed_world: World
) -> None:
    def spoil(endpoint: Endpoint, _: Query, trip: Trip) -> Trip:
        if endpoint.address == signed_world.top.address4 and isinstance(trip.reply, Response):
            message = trip.reply.message
            message.use_edns(-1)
            for section in (message.answer, message.authority):
                section[:] = [r for r in section if r.rdtype in (DNSKEY, dns.rdatatype.NS)]
        return trip

    assert judge(spoil).verdict is Verdict.READY


def without_signatures(rrset: dns.rrset.RRset) -> dns.rrset.RRset | None:
    return None if rrset.rdtype == dns.rdatatype.RRSIG else rrset


def with_broken_signatures(rrset: dns.rrset.RRset) -> dns.rrset.RRset:
    if rrset.rdtype != dns.rdatatype.RRSIG:
        return rrset
    broken = [rdata.replace(signature=bytes(len(rdata.signature))) for rdata in rrset]
    return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, broken)


@pytest.mark.parametrize("change", [without_signatures, with_broken_signatures])
@pytest.mark.parametrize("rdtypes", [{DNSKEY}, {DS}, {DNSKEY, DS, dns.rdatatype.SOA}])
def test_a_registrys_server_whose_signatures_do_not_hold_is_passed_over(
    judge: Callable[..., ChallengeOutcome],
    signed_world: World,
    change: Callable[[dns.rrset.RRset], dns.rrset.RRset | None],
    rdtypes: set[dns.rdatatype.RdataType],
) -> None:
    """Whichever of its servers is asked first: a resolver asks another one, too."""

    def spoil(endpoint: Endpoint, query: Query, trip: Trip) -> Trip:
        bad = endpoint.address == signed_world.top.address4 and query.rdtype in rdtypes
        if bad and isinstance(trip.reply, Response):
            message = trip.reply.message
            for section in (message.answer, message.authority):
                section[:] = [kept for r in section if (kept := change(r)) is not None]
        return trip

    assert judge(spoil).verdict is Verdict.READY


# -- how much is asked ---------------------------------------------------------------------------


def test_a_healthy_order_asks_no_more_than_before_and_nothing_twice_for_signatures(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str]] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            asked.append((event.endpoint.address, event.name.to_text(), event.rdtype.name))

    unhurried = QueryTimings(stagger=600)  # on a busy machine, too, one that answers will do
    watched = functools.partial(Exchange, observer=note, timings=unhurried)
    monkeypatch.setattr(session, "Exchange", watched)
    challenges = [make_challenge(SIGNED, [b"value"])]
    cache = DelegationCache()
    facts = asyncio.run(precheck.check(challenges, settings, cache=cache))
    before = Counter(rdtype for _, _, rdtype in asked)
    asked.clear()
    extras = waiting.Extras(request=ANYBODY, environment=facts.environment, cache=cache)
    assert waiting.run(challenges, settings, wait=True, extras=extras).verdict is Verdict.READY
    after = Counter(rdtype for _, _, rdtype in asked)
    assert before.total() <= 36
    # Who must agree is looked at once more before the last round, signatures are not.
    assert after.total() <= 21
    two_rounds, zone_above = 2 * 4, 1
    assert after["TXT"] == two_rounds
    assert before["DS"] == zone_above  # root and test. are on one server
    assert not {"DS", "DNSKEY", "CAA"} & after.keys()
    assert not [question for question, count in Counter(asked).items() if count > 2]
