"""The climb against real daemons, and its verdict beside what a resolver would tell a CA."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.caa.policy import Allowed, IssuanceRequest, decide
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.caa import Climb, Failed, Properties, Property
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.query_fault import CaseFault, DnssecFault, QueryFaultKind
from certbot_dns_preflight.resolve.caa import CaaSearch
from certbot_dns_preflight.resolve.caa_servers import CaaServers
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.root_hints import read
from certbot_dns_preflight.resolve.walker import Walker
from tests.checks.asserting import of_caa
from tests.lab import misbehaving
from tests.lab.laboratory import zone_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab

pytestmark = [pytest.mark.thorough, pytest.mark.versioned]

OURS = "letsencrypt.org"
APPLICANT = IssuanceRequest((OURS,), "https://ca.example/acct/1")
ALLOWS = '@ CAA 0 issue "letsencrypt.org"\n'
FORBIDS = '@ CAA 0 issue "other-ca.example"\n'


def caa_search(
    exchange: Exchange, walker: Walker, resolvers: tuple[Endpoint, ...] = ()
) -> CaaSearch:
    return CaaSearch(exchange, CaaServers(exchange, walker, resolvers=resolvers, families=(4, 6)))


def climb(lab: Lab, domain: str, *, resolver: bool = False) -> tuple[Climb, Exchange]:
    async def search() -> tuple[Climb, Exchange]:
        exchange = Exchange(query_timeout=2)
        resolvers = (Endpoint(lab.unbound.address4),) if resolver else ()
        walker = Walker(exchange, roots=read(lab.root_hints), resolvers=resolvers)
        found = await caa_search(exchange, walker, resolvers).climb(dns.name.from_text(domain))
        return found, exchange

    return asyncio.run(search())


def findings(lab: Lab, domain: str, *, wildcard: bool = False) -> list[Finding]:
    found, _ = climb(lab, domain)
    return list(of_caa(found, APPLICANT, wildcard=(wildcard,)))


def as_a_ca_sees_it(lab: Lab, domain: str, *, wildcard: bool = False) -> str:
    """Climb through the resolver, as Boulder does, with the RFC's verdict at the end."""
    lab.unbound.flush()
    name = dns.name.from_text(domain)
    while name != dns.name.root:
        answer = resolved(lab, name)
        if answer is None:
            return "caa-unanswerable"
        for rrset in answer.answer:
            if rrset.rdtype == dns.rdatatype.CAA:
                served = [Property(r.flags, r.tag, r.value) for r in rrset]
                decision = decide(served, APPLICANT, wildcard=wildcard)
                return "fine" if isinstance(decision, Allowed) else "caa-forbids"
        name = name.parent()
    return "fine"


def resolved(lab: Lab, name: dns.name.Name) -> dns.message.Message | None:
    """Ask the resolver, again where it fails, as a CA does: it may have picked a bad server."""
    for _ in range(3):
        try:
            answer = lab.unbound.query(name.to_text(), "CAA", seconds=4)
        except dns.exception.Timeout:
            continue
        if answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return answer
        lab.unbound.flush()
    return None


class NoCaa(misbehaving.Authoritative):
    """Old software: SERVFAIL for a type that it does not know."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.CAA:
            response.set_rcode(dns.rcode.SERVFAIL)
            response.answer.clear()
            response.authority.clear()
        return response


class DropsCaa(misbehaving.Authoritative):
    """A firewall that lets no type 257 pass."""

    def reply(self, question: misbehaving.Question) -> bytes | None:
        return None if question.kind == dns.rdatatype.CAA else super().reply(question)


class CaaWithoutAuthority(misbehaving.Authoritative):
    """Answers CAA without AA, and says nothing of its zone beside."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.CAA:
            response.flags &= ~dns.flags.AA
            response.authority.clear()
        return response


class CaaFromAResolver(CaaWithoutAuthority):
    """Answers CAA as a resolver that stands in between does: no AA, but RA."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.CAA:
            response.flags |= dns.flags.RA
        return response


class RefersForCaa(CaaWithoutAuthority):
    """Refers CAA questions to the zone above, as software does that does not know the zone."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.CAA:
            response.answer.clear()
            response.authority.append(
                dns.rrset.from_text("test.", 60, "IN", "NS", "odd-refersforcaa.dns.test.")
            )
        return response


def nothing(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind, lab.nsd], records="www A 127.53.9.9\n")


def apex_allows(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.knot, lab.pdns], records=ALLOWS + "www A 127.53.9.9\n")


def apex_forbids(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind, lab.nsd], records=FORBIDS + "www A 127.53.9.9\n")


def name_does_not_exist(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind, lab.nsd], records=FORBIDS)


def the_name_itself_allows(lab: Lab) -> None:
    lab.zone(
        "caa.test.", [lab.nsd, lab.pdns], records=FORBIDS + 'www CAA 0 issue "letsencrypt.org"\n'
    )


def the_name_itself_forbids(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.knot], records=ALLOWS + 'www CAA 0 issue ";"\n')


def iodef_at_the_name_hides_the_apex(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=FORBIDS + 'www CAA 0 iodef "mailto:a@example.com"\n')


def alias_whose_target_forbids(lab: Lab) -> None:
    lab.zone("other.test.", [lab.pdns], records='web CAA 0 issue "other-ca.example"\n')
    lab.zone("caa.test.", [lab.bind, lab.nsd], records=ALLOWS + "www CNAME web.other.test.\n")


def alias_whose_targets_parent_forbids(lab: Lab) -> None:
    lab.zone("other.test.", [lab.pdns], records=FORBIDS + "web A 127.53.9.9\n")
    lab.zone("caa.test.", [lab.bind, lab.nsd], records=ALLOWS + "www CNAME web.other.test.\n")


def dname_to_a_set_that_forbids(lab: Lab) -> None:
    lab.zone("other.test.", [lab.nsd], records='www CAA 0 issue "other-ca.example"\n')
    lab.zone("caa.test.", [lab.bind], records="@ DNAME other.test.\n")


def delegated_child_forbids(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=ALLOWS + f"www NS {lab.nsd.host}\n")
    lab.zone("www.caa.test.", [lab.nsd], records=FORBIDS, delegation=[])


def parent_of_a_delegated_child_forbids(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=FORBIDS + f"www NS {lab.nsd.host}\n")
    lab.zone("www.caa.test.", [lab.nsd], delegation=[])


def unknown_critical(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=ALLOWS + '@ CAA 128 future "x"\n')


def two_values_in_many_records(lab: Lab) -> None:
    many = "".join(f'@ CAA 0 issue "ca{i}.example; a={"x" * 60}"\n' for i in range(40))
    lab.zone("caa.test.", [lab.bind, lab.nsd, lab.knot, lab.pdns], records=many + ALLOWS)


def no_server_knows_caa(lab: Lab) -> None:
    _misbehaving(lab, NoCaa)


def caa_is_dropped(lab: Lab) -> None:
    _misbehaving(lab, DropsCaa)


def caa_is_answered_without_authority(lab: Lab) -> None:
    _misbehaving(lab, CaaWithoutAuthority)


def caa_is_forbidden_without_authority(lab: Lab) -> None:
    _misbehaving(lab, CaaWithoutAuthority, FORBIDS)


def caa_is_answered_by_a_resolver(lab: Lab) -> None:
    _misbehaving(lab, CaaFromAResolver)


def caa_is_referred_upwards(lab: Lab) -> None:
    _misbehaving(lab, RefersForCaa)


def alias_into_a_dead_zone(lab: Lab) -> None:
    lab.delegate("dead.test.", ["nowhere.dns.test."])
    lab._undo.append(lambda: lab.undelegate("dead.test."))
    lab.zone("caa.test.", [lab.bind], records=ALLOWS + "www CNAME web.dead.test.\n")


def alias_to_itself(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=ALLOWS + "www CNAME www\n")


def alias_into_a_circle(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=ALLOWS + "www CNAME a\na CNAME b\nb CNAME a\n")


def alias_into_a_circle_of_two_zones(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind], records=ALLOWS + "www CNAME web.aim.test.\n")
    lab.zone("aim.test.", [lab.bind], records="web CNAME www.caa.test.\n")


def one_server_of_two_refuses(lab: Lab) -> None:
    both = [lab.bind, lab.nsd]
    lab.zone("caa.test.", [lab.bind], apex=both, delegation=both, records=ALLOWS)


def _misbehaving(lab: Lab, kind: type[misbehaving.Authoritative], records: str = "") -> None:
    addresses = lab.addresses()
    host = f"odd-{kind.__name__.lower()}.dns.test."
    lab.name_addresses(host, addresses)
    text = zone_text("caa.test.", [host], f"{records}www A 127.53.9.9\n")
    server = kind(addresses, {"caa.test.": text})
    server.start()
    lab._undo.append(server.stop)
    lab.delegate("caa.test.", [host])
    lab._undo.append(lambda: lab.undelegate("caa.test."))


SCENARIOS: dict[Callable[[Lab], None], str] = {
    nothing: "fine",
    apex_allows: "fine",
    apex_forbids: "caa-forbids",
    name_does_not_exist: "caa-forbids",
    the_name_itself_allows: "fine",
    the_name_itself_forbids: "caa-forbids",
    iodef_at_the_name_hides_the_apex: "fine",
    alias_whose_target_forbids: "caa-forbids",
    alias_whose_targets_parent_forbids: "fine",
    dname_to_a_set_that_forbids: "caa-forbids",
    delegated_child_forbids: "caa-forbids",
    parent_of_a_delegated_child_forbids: "caa-forbids",
    unknown_critical: "caa-forbids",
    two_values_in_many_records: "fine",
    no_server_knows_caa: "caa-unanswerable",
    caa_is_dropped: "caa-unanswerable",
    caa_is_answered_without_authority: "fine",
    caa_is_forbidden_without_authority: "caa-forbids",
    caa_is_answered_by_a_resolver: "fine",
    caa_is_referred_upwards: "caa-unanswerable",
    alias_into_a_dead_zone: "caa-unanswerable",
    alias_to_itself: "caa-unanswerable",
    alias_into_a_circle: "caa-unanswerable",
    alias_into_a_circle_of_two_zones: "caa-unanswerable",
    one_server_of_two_refuses: "fine",
}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
def test_the_verdict_is_the_one_a_ca_comes_to(
    lab: Lab, scenario: Callable[[Lab], None], record_property: Callable[[str, object], None]
) -> None:
    scenario(lab)
    found = findings(lab, "www.caa.test.")
    codes = [str(finding.code) for finding in found]
    ours = codes[0] if codes else "fine"
    theirs = as_a_ca_sees_it(lab, "www.caa.test.")
    print(f"{scenario.__name__:45} ours {ours:17} through Unbound {theirs}")  # noqa: T201
    record_property("verdicts", (ours, theirs))
    assert (ours, theirs) == (SCENARIOS[scenario], SCENARIOS[scenario]), lab.unbound.log[-4000:]
    assert len(codes) <= 1
    assert all(finding.severity is Severity.ERROR for finding in found)


def test_wildcards_count_issuewild_alone(lab: Lab) -> None:
    lab.zone(
        "caa.test.", [lab.bind], records='@ CAA 0 issue ";"\n@ CAA 0 issuewild "letsencrypt.org"\n'
    )
    assert findings(lab, "caa.test.", wildcard=True) == []
    assert [f.code for f in findings(lab, "caa.test.")] == ["caa-forbids"]
    assert as_a_ca_sees_it(lab, "caa.test.", wildcard=True) == "fine"
    assert as_a_ca_sees_it(lab, "caa.test.") == "caa-forbids"


def test_a_server_whose_set_forbids_is_named(lab: Lab) -> None:
    forbidding = zone_text("caa.test.", [lab.bind, lab.nsd], FORBIDS)
    lab.zone("caa.test.", {lab.bind: None, lab.nsd: forbidding}, records=ALLOWS)
    (found,) = findings(lab, "caa.test.")
    assert found.code == "caa-forbids"
    assert found.nameserver == dns.name.from_text(lab.nsd.host)
    assert found.summary == (
        f"CAA at caa.test on {lab.nsd.host[:-1]} allows only other-ca.example, not letsencrypt.org."
    )


def test_a_server_without_the_set_leaves_the_climb_to_the_parent(lab: Lab) -> None:
    with_set = zone_text("sub.caa.test.", [lab.bind, lab.nsd], ALLOWS)
    glue = f"sub NS {lab.bind.host}\nsub NS {lab.nsd.host}\n"
    lab.zone("caa.test.", [lab.knot], records=FORBIDS + glue)
    lab.zone("sub.caa.test.", {lab.bind: with_set, lab.nsd: None}, delegation=[])
    (found,) = findings(lab, "sub.caa.test.")
    assert "CAA at caa.test allows only other-ca.example" in found.summary


def test_neither_the_challenge_name_nor_a_txt_is_asked_for(lab: Lab) -> None:
    addresses = lab.addresses()
    lab.name_addresses("listens.dns.test.", addresses)
    text = zone_text("caa.test.", ["listens.dns.test."], ALLOWS)
    lab.delegate("caa.test.", ["listens.dns.test."])
    try:
        with misbehaving.Authoritative(addresses, {"caa.test.": text}) as server:
            assert findings(lab, "www.caa.test.") == []
    finally:
        lab.undelegate("caa.test.")
    assert server.asked
    assert not [q for q in server.asked if b"_acme-challenge" in q.name.labels]
    assert not [q for q in server.asked if q.kind == dns.rdatatype.TXT]


def test_domains_of_one_order_share_their_ancestors(lab: Lab) -> None:
    addresses = lab.addresses()
    lab.name_addresses("counts.dns.test.", addresses)
    text = zone_text("caa.test.", ["counts.dns.test."], "* A 127.53.9.9\n")
    lab.delegate("caa.test.", ["counts.dns.test."])

    async def search() -> None:
        exchange = Exchange(query_timeout=2)
        walker = Walker(exchange, roots=read(lab.root_hints))
        search = caa_search(exchange, walker)
        names = (dns.name.from_text(f"n{i}.caa.test.") for i in range(20))
        await asyncio.gather(*map(search.climb, names))

    try:
        with misbehaving.Authoritative(addresses, {"caa.test.": text}) as server:
            asyncio.run(search())
    finally:
        lab.undelegate("caa.test.")
    # What is sent again to a busy server is the same question.
    asked = {(q.address, q.wire) for q in server.asked if q.kind == dns.rdatatype.CAA}
    # At one address, and there once more in small letters.
    assert len(asked) == (1 + 1) * (20 + 1)


def test_through_a_resolver_the_climb_sees_the_same(lab: Lab) -> None:
    lab.zone("caa.test.", [lab.bind, lab.nsd], records=FORBIDS + "www A 127.53.9.9\n")
    direct, _ = climb(lab, "www.caa.test.")
    resolved, _ = climb(lab, "www.caa.test.", resolver=True)

    def sets(found: Climb) -> list[list[object]]:
        return [
            [a.content for a in look.answers if isinstance(a.content, Properties)]
            for look in found.looks
        ]

    assert sets(resolved) == sets(direct)
    assert [look.name for look in resolved.looks] == [look.name for look in direct.looks]


def test_without_any_answer_from_anywhere_nothing_is_claimed() -> None:
    async def search() -> Climb:
        exchange = Exchange(query_timeout=2)
        roots = {dns.name.from_text("a.root."): (Endpoint("127.53.255.1"),)}
        walker = Walker(exchange, roots=roots)
        return await caa_search(exchange, walker).climb(dns.name.from_text("www.caa.test."))

    assert list(of_caa(asyncio.run(search()), APPLICANT)) == []


# -- as a CA's resolver asks ---------------------------------------------------------------------


class CaaFailsWithDo(misbehaving.FailsWithDo):
    """Fails only for CAA, and only with DO."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        if question.kind == dns.rdatatype.CAA:
            return super().respond(question)
        return misbehaving.Authoritative.respond(self, question)


class CaaForSmallLetters(misbehaving.NodataForCapitals):
    """Has its CAA for questions in small letters only."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        if question.kind == dns.rdatatype.CAA:
            return super().respond(question)
        return misbehaving.Authoritative.respond(self, question)


def test_caa_that_is_answered_only_without_do_is_no_answer(lab: Lab) -> None:
    _misbehaving(lab, CaaFailsWithDo)
    found, exchange = climb(lab, "caa.test.")
    assert {answer.content for answer in found.looks[0].answers} == {
        Failed("SERVFAIL", otherwise_fine=True)
    }
    faults = list(exchange.faults.values())
    assert len(faults) == 2  # one an address
    for fault in faults:
        assert isinstance(fault, DnssecFault)
        assert (fault.rdtype, fault.kind) == (dns.rdatatype.CAA, QueryFaultKind.RCODE)
        assert fault.zone == fault.concerns == dns.name.from_text("caa.test.")


def test_caa_that_one_server_has_for_small_letters_only_is_told(lab: Lab) -> None:
    addresses = lab.addresses()
    host = "letters.dns.test."
    lab.name_addresses(host, addresses)
    both = [lab.bind, host]
    with CaaForSmallLetters(addresses, {"caa.test.": zone_text("caa.test.", both, ALLOWS)}):
        lab.zone("caa.test.", [lab.bind], apex=both, delegation=both, records=ALLOWS)
        _, exchange = climb(lab, "www.caa.test.")
    faults = list(exchange.faults.values())
    assert {fault.place.endpoint.address for fault in faults} == set(addresses)
    for fault in faults:
        assert isinstance(fault, CaseFault)
        assert (fault.mixed, fault.exact) == ("no data", "1 CAA record")


def test_servers_whose_caa_differs_whatever_the_letters_mind_none(lab: Lab) -> None:
    without = zone_text("caa.test.", [lab.bind, lab.nsd], "")
    lab.zone("caa.test.", {lab.bind: None, lab.nsd: without}, records=ALLOWS)
    _, exchange = climb(lab, "caa.test.")
    assert not exchange.faults
