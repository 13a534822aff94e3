"""The walk to the authority, from the lab's root on, through real name servers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Absent, Alias, Endpoint, Values
from certbot_dns_preflight.facts.obstacle import AliasLoop, NoEgress, NoSuchDomain
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.zone import Listing, Zone
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.root_hints import read
from certbot_dns_preflight.resolve.txt import TxtSurvey
from certbot_dns_preflight.resolve.walker import Walker, ZoneCut
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.settings import Settings
from tests.clock import run as clocked
from tests.lab import misbehaving
from tests.lab.laboratory import zone_text
from tests.lab.servers import Hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Progress
    from certbot_dns_preflight.facts.survey import Survey
    from tests.clock import Clock
    from tests.lab import Lab

pytestmark = [pytest.mark.thorough, pytest.mark.versioned]

N = dns.name.from_text


class Counting:
    """An observer that counts every question that goes out."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.exchange = Exchange(query_timeout=1, observer=self.note)

    async def note(self, event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            self.asked[event.endpoint.address, event.rdtype.name] += 1

    def of(self, address: str, *rdtypes: str) -> int:
        return sum(
            count
            for (asked, rdtype), count in self.asked.items()
            if asked == address and (not rdtypes or rdtype in rdtypes)
        )


def walk(
    lab: Lab, *domains: str, resolver: str | None = None, exchange: Exchange | None = None
) -> list[Survey]:
    async def go() -> list[Survey]:
        asking = exchange or Exchange(query_timeout=1)
        walker = Walker(
            asking,
            roots=read(lab.root_hints),
            resolvers=(Endpoint(resolver),) if resolver else (),
        )
        txt_surveys = [
            TxtSurvey(make_challenge(domain, [b"v"]), asking, walker, families=frozenset({4, 6}))
            for domain in domains
        ]
        return list(await asyncio.gather(*(s.round(complete=True) for s in txt_surveys)))

    return asyncio.run(go())


def final_zone(survey: Survey) -> Zone:
    return survey.hops[-1].zone


def listings(zone: Zone) -> dict[str, set[Listing]]:
    return {server.name.to_text(): set(server.listed_by) for server in zone.nameservers}


BOTH = {Listing.DELEGATION, Listing.APEX}


def test_every_server_of_delegation_and_apex_is_found_with_all_its_addresses(lab: Lab) -> None:
    (survey,) = walk(lab, "example.test")
    zone = final_zone(survey)
    assert zone.apex == N("example.test.")
    assert zone.parent == N("test.")
    assert listings(zone) == {server.host: BOTH for server in lab.nameservers}
    for server, found in zip(lab.nameservers, zone.nameservers, strict=True):
        assert {e.address for e in found.endpoints} == set(server.addresses)
    assert len(survey.observations) == 8


@pytest.mark.parametrize("through", ["root", "resolver"])
def test_a_wildcards_challenge_and_a_deep_name_lie_in_the_same_zone(lab: Lab, through: str) -> None:
    resolver = lab.unbound.address4 if through == "resolver" else None
    for survey in walk(lab, "*.example.test", "a.b.c.d.example.test", resolver=resolver):
        assert final_zone(survey).apex == N("example.test.")
        assert survey.obstacle is None


def test_a_hundred_names_under_one_zone_ask_the_root_and_the_tld_once(lab: Lab) -> None:
    counting = Counting()
    surveys = walk(lab, *(f"n{i}.example.test" for i in range(100)), exchange=counting.exchange)
    assert all(final_zone(survey).apex == N("example.test.") for survey in surveys)
    root = sum(counting.of(address, "SOA") for address in lab.root.addresses)
    # Once for test., by the challenge names and by the name servers' own names.
    assert root <= 2
    tld = [counting.of(address) for address in lab.tld.addresses]
    # SOA for example.test and for dns.test at one address, NS of example.test at both.
    assert sum(tld) <= 4


def test_the_walk_never_asks_for_txt(lab: Lab) -> None:
    counting = Counting()

    async def go() -> None:
        walker = Walker(counting.exchange, roots=read(lab.root_hints))
        found = await walker.find(N("_acme-challenge.example.test."))
        assert isinstance(found, ZoneCut)
        await walker.zone(found)

    asyncio.run(go())
    assert {rdtype for _, rdtype in counting.asked} == {"SOA", "CAA", "NS", "A", "AAAA"}


def test_servers_named_by_one_side_only_are_required_too(lab: Lab) -> None:
    in_delegation, in_apex = lab.daemon("nsd"), lab.daemon("knot")
    lab.zone(
        "halves.test.",
        [in_delegation, in_apex],
        delegation=[in_delegation],
        apex=[in_apex],
    )
    (survey,) = walk(lab, "halves.test")
    assert listings(final_zone(survey)) == {
        in_delegation.host: {Listing.DELEGATION},
        in_apex.host: {Listing.APEX},
    }
    assert {seen.rcode for seen in survey.observations} == {"NXDOMAIN"}


@pytest.mark.parametrize("kind", ["bind", "nsd", "knot", "pdns"])
def test_parent_and_child_on_one_server_show_no_referral_and_are_told_apart(
    lab: Lab, kind: str
) -> None:
    server = lab.daemon(kind)
    parent = f"@ NS {server.host}\nsub NS {server.host}\n_acme-challenge.cut.sub NS nowhere\n"
    lab.zone("nest.test.", {server: zone_text("nest.test.", [], parent)})
    child = zone_text("sub.nest.test.", [server], '_acme-challenge TXT "v"')
    server.put(_hosted("sub.nest.test.", child))
    (survey, deeper, above) = walk(lab, "sub.nest.test", "a.b.sub.nest.test", "nest.test")
    assert final_zone(survey).apex == N("sub.nest.test.")
    assert final_zone(survey).parent == N("nest.test.")
    assert {type(seen.reading) for seen in survey.observations} == {Values}
    assert final_zone(deeper).apex == N("sub.nest.test.")
    assert final_zone(above).apex == N("nest.test.")


def test_a_zone_cut_at_the_challenge_name_is_followed(lab: Lab) -> None:
    parent, child = lab.daemon("bind"), lab.daemon("nsd")
    lab.zone("cut.test.", [parent], records=f"_acme-challenge NS {child.host}")
    apex = "_acme-challenge.cut.test."
    child.put(_hosted(apex, zone_text(apex, [child], '@ TXT "v"')))
    (survey,) = walk(lab, "cut.test")
    assert final_zone(survey).apex == N(apex)
    assert [seen.reading for seen in survey.observations] == [Values((b"v",))] * 2


def test_an_empty_non_terminal_hides_nothing_below_it(lab: Lab) -> None:
    server = lab.daemon("knot")
    lab.zone("ent.test.", [server], records='_acme-challenge.a.b.c TXT "v"')
    (survey,) = walk(lab, "a.b.c.ent.test")
    assert [seen.reading for seen in survey.observations] == [Values((b"v",))] * 2


def test_aliases_are_followed_across_zones_and_through_dname(lab: Lab) -> None:
    server = lab.daemon("bind")
    records = "_acme-challenge.www CNAME one.hops2.test.\nold DNAME new.hops2.test."
    lab.zone("hops1.test.", [server], records=records)
    lab.zone(
        "hops2.test.",
        [server],
        records='one CNAME two\ntwo TXT "v"\n_acme-challenge.new TXT "v"',
    )
    (by_cname, by_dname) = walk(lab, "www.hops1.test", "old.hops1.test")
    assert [hop.owner.to_text() for hop in by_cname.hops] == [
        "_acme-challenge.www.hops1.test.",
        "one.hops2.test.",
        "two.hops2.test.",
    ]
    assert [hop.zone.apex.to_text() for hop in by_cname.hops] == [
        "hops1.test.",
        "hops2.test.",
        "hops2.test.",
    ]
    assert [hop.owner.to_text() for hop in by_dname.hops][1:] == ["_acme-challenge.new.hops2.test."]
    for survey in (by_cname, by_dname):
        assert {seen.reading for seen in survey.hops[-1].observations} == {Values((b"v",))}


def test_an_alias_at_the_domain_itself_does_not_mislead_the_walk(lab: Lab) -> None:
    server = lab.daemon("pdns")
    lab.zone("front.test.", [server], records="www CNAME elsewhere.example.test.")
    for resolver in (None, lab.unbound.address4):
        (survey,) = walk(lab, "www.front.test", resolver=resolver)
        assert final_zone(survey).apex == N("front.test.")


def test_a_loop_of_aliases_ends(lab: Lab) -> None:
    server = lab.daemon("nsd")
    lab.zone(
        "loop.test.",
        [server],
        records="_acme-challenge CNAME a\na CNAME b\nb CNAME a",
    )
    (survey,) = walk(lab, "loop.test")
    assert isinstance(survey.obstacle, AliasLoop)
    assert survey.obstacle.chain == (N("a.loop.test."), N("b.loop.test."), N("a.loop.test."))


def test_a_chain_of_too_many_aliases_ends(lab: Lab) -> None:
    server = lab.daemon("bind")
    records = "_acme-challenge CNAME h0\n" + "\n".join(f"h{i} CNAME h{i + 1}" for i in range(30))
    lab.zone("long.test.", [server], records=records)
    (survey,) = walk(lab, "long.test")
    assert isinstance(survey.obstacle, AliasLoop)
    assert len(survey.hops) == 17
    assert all(isinstance(seen.reading, Alias) for seen in survey.observations)


def test_a_name_that_is_not_delegated_does_not_exist(lab: Lab) -> None:
    for resolver in (None, lab.unbound.address4):
        (survey,) = walk(lab, "www.nowhere.test", resolver=resolver)
        assert survey.obstacle == NoSuchDomain(N("nowhere.test."), N("test."))
        assert survey.hops == ()


def test_name_servers_that_need_each_other_without_glue_end_the_walk(lab: Lab) -> None:
    # chick.test. is served by ns.egg.test., egg.test. by ns.chick.test.: nobody can start.
    lab.delegate("chick.test.", ["ns.egg.test."])
    lab.delegate("egg.test.", ["ns.chick.test."])
    try:
        surveys = walk(lab, "chick.test", "egg.test", "www.chick.test")
    finally:
        lab.undelegate("chick.test.")
        lab.undelegate("egg.test.")
    for survey in surveys:
        (server,) = final_zone(survey).nameservers
        assert server.endpoints == ()
        assert server.failure
        assert survey.observations == ()


def test_glueless_name_servers_are_resolved_by_walks_of_their_own(lab: Lab) -> None:
    server = lab.daemon("nsd")
    lab.zone("far.test.", [server], delegation=["ns.near.test."], apex=["ns.near.test."])
    records = f"ns A {server.address4}\nns AAAA {server.address6}"
    lab.zone("near.test.", [server], records=records)
    (survey,) = walk(lab, "far.test")
    (found,) = final_zone(survey).nameservers
    assert {e.address for e in found.own} == set(server.addresses)
    assert found.glue == ()


def test_glue_and_the_servers_own_addresses_are_both_asked(lab: Lab) -> None:
    server, spare = lab.daemon("knot"), lab.daemon("knot")
    text = zone_text("bail.test.", ["ns.bail.test."], f"ns A {server.address4}")
    spare.put(_hosted("bail.test.", text))
    lab.zone(
        "bail.test.",
        {server: text},
        delegation=["ns.bail.test."],
        glue=[f"ns.bail.test. A {spare.address4}"],
    )
    (survey,) = walk(lab, "bail.test")
    (found,) = final_zone(survey).nameservers
    assert [e.address for e in found.own] == [server.address4]
    assert [e.address for e in found.glue] == [spare.address4]
    assert {seen.endpoint.address for seen in survey.observations} == {
        server.address4,
        spare.address4,
    }


@pytest.mark.parametrize(
    ("records", "failure"),
    [
        ("ns CNAME ns1.dns.test.", "alias"),
        ("ns TXT nothing", "neither A nor AAAA"),
        ("other TXT nothing", "does not exist"),
    ],
)
def test_a_name_server_without_address_says_why(lab: Lab, records: str, failure: str) -> None:
    server = lab.daemon("bind")
    lab.zone("hosts.test.", [server], records=records)
    lab.zone("lost.test.", [server], delegation=[server, "ns.hosts.test."])
    (survey,) = walk(lab, "lost.test")
    (found,) = [s for s in final_zone(survey).nameservers if s.name == N("ns.hosts.test.")]
    assert found.endpoints == ()
    assert failure in str(found.failure)


def test_a_zone_whose_servers_all_refuse_is_surveyed_all_the_same(lab: Lab) -> None:
    lame = lab.daemon("nsd")
    lab.delegate("lame.test.", [lame])
    try:
        (survey,) = walk(lab, "lame.test")
    finally:
        lab.undelegate("lame.test.")
    assert final_zone(survey).apex == N("lame.test.")
    assert {seen.rcode for seen in survey.observations} == {"REFUSED"}


def test_a_root_that_does_not_answer_means_no_egress(lab: Lab) -> None:
    async def go() -> object:
        hints = {N("a.root."): (Endpoint("127.53.9.9"), Endpoint("fd00:53::9:9"))}
        return await Walker(Exchange(query_timeout=2), roots=hints).find(N("example.test."))

    assert isinstance(asyncio.run(go()), NoEgress)
    assert lab.root.running


def test_a_resolver_is_never_asked_for_the_challenge_name(lab: Lab) -> None:
    names: list[dns.name.Name] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked) and event.endpoint.address == lab.unbound.address4:
            names.append(event.name)

    watched = Exchange(query_timeout=1, observer=note)
    (survey,) = walk(lab, "www.alias.test", resolver=lab.unbound.address4, exchange=watched)
    assert len(survey.hops) == 2
    assert names
    assert N("_acme-challenge.www.alias.test.") not in names
    assert N("www-alias.target.test.") not in names


def _hosted(origin: str, text: str) -> Hosted:
    return Hosted(origin=origin, text=text)


class Forgetful(misbehaving.Authoritative):
    """Says nothing to questions for AAAA while it is `silent`."""

    silent = True

    def reply(self, question: misbehaving.Question) -> bytes | None:
        lost = self.silent and question.kind == dns.rdatatype.AAAA
        return None if lost else super().reply(question)


@contextlib.contextmanager
def half_looked_up(lab: Lab) -> Iterator[tuple[Forgetful, str]]:
    """The name server of half.test. has two addresses: IPv4 with the record, IPv6 without."""
    (at, _), (with_it, without_it) = lab.addresses(), lab.addresses()
    hosts = zone_text(
        "hosts.test.", ["ns.hosts.test."], f"ns A {at}\nx A {with_it}\nx AAAA {without_it}"
    )
    with (
        Forgetful([at], {"hosts.test.": hosts}) as forgetful,
        misbehaving.Authoritative(
            [with_it],
            {"half.test.": zone_text("half.test.", ["x.hosts.test."], "_acme-challenge TXT v")},
        ),
        misbehaving.Authoritative(
            [without_it], {"half.test.": zone_text("half.test.", ["x.hosts.test."])}
        ),
    ):
        lab.delegate("hosts.test.", ["ns.hosts.test."], glue=[f"ns.hosts.test. A {at}"])
        lab.delegate("half.test.", ["x.hosts.test."])
        try:
            yield forgetful, without_it
        finally:
            lab.undelegate("hosts.test.")
            lab.undelegate("half.test.")


def wait_for_half(
    lab: Lab, watch: Callable[[Clock, Progress], None] = lambda _clock, _progress: None
) -> ChallengeOutcome:
    how = Settings(root_hints=lab.root_hints, timeout=60, query_timeout=1, interval=0.3)
    looked_for = make_challenge("half.test", [b"v"])

    async def go(clock: Clock) -> Outcome:
        return await waiting.preflight(
            [looked_for], how, wait=True, watch=functools.partial(watch, clock)
        )

    return clocked(go).challenges[0]


def test_addresses_that_nobody_answered_for_are_told(lab: Lab) -> None:
    with half_looked_up(lab) as (_, without_it):
        judged = wait_for_half(lab)
    assert judged.verdict is Verdict.READY
    (found,) = judged.findings
    assert found.code == "address-unreachable"
    assert "x.hosts.test may have more addresses" in found.summary
    assert "AAAA" in found.cause
    assert without_it not in {seen.endpoint.address for seen in judged.survey.observations}


def test_addresses_that_nobody_answered_for_are_looked_for_again(lab: Lab) -> None:
    with half_looked_up(lab) as (forgetful, without_it):

        def watch(clock: Clock, progress: Progress) -> None:
            forgetful.silent = False  # while the first round's answers come in
            seen = [one for hop in progress.surveys[0].hops for one in hop.observations]
            if any(isinstance(one.reading, Absent) for one in seen):
                clock.run_out(progress)

        judged = wait_for_half(lab, watch)
    assert judged.verdict is Verdict.NOT_READY
    assert {f.code for f in judged.findings} == {"servers-disagree"}
    shown = {seen.endpoint.address: seen.reading for seen in judged.survey.observations}
    assert isinstance(shown[without_it], Absent)


@pytest.mark.parametrize("stale", [0, 1])
def test_a_parents_server_that_does_not_know_the_delegation_yet_decides_nothing(
    lab: Lab, tmp_path: Path, stale: int
) -> None:
    root, first, second, child = (lab.addresses()[0] for _ in range(4))
    tld = f"@ NS t0\n@ NS t1\nt0 A {first}\nt1 A {second}\n"
    texts = [tld + f"new NS ns.new\nns.new A {child}"] * 2
    texts[stale] = tld
    heads = [f"$TTL 60\n@ SOA t0 h {serial} 1 1 1 1\n" for serial in (2, 2)]
    with (
        misbehaving.Authoritative(
            [root],
            {
                ".": f"$TTL 60\n@ SOA r. h. 1 1 1 1 1\n@ NS r.\nr. A {root}\n"
                f"lag. NS t0.lag.\nlag. NS t1.lag.\nt0.lag. A {first}\nt1.lag. A {second}"
            },
        ),
        misbehaving.Authoritative([first], {"lag.": heads[0] + texts[0]}),
        misbehaving.Authoritative([second], {"lag.": heads[1] + texts[1]}),
        misbehaving.Authoritative(
            [child], {"new.lag.": zone_text("new.lag.", ["ns.new.lag."], f"ns A {child}")}
        ),
    ):
        hints = tmp_path / "hints"
        hints.write_text(f". 60 IN NS r.\nr. 60 IN A {root}\n")
        asking = Exchange(query_timeout=1)

        async def go() -> object:
            return await Walker(asking, roots=read(hints)).find(N("www.new.lag."))

        found = asyncio.run(go())
    assert isinstance(found, ZoneCut)
    assert found.apex == N("new.lag.")
