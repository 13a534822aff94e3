"""The misbehaving name servers: that the plain one is right, and each other wrong in its way."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from tests.lab import misbehaving

ZONE = "odd.test."
OWNER = "_acme-challenge.odd.test."
TEXT = """\
$TTL 60
@ SOA ns.dns.test. h.dns.test. 1 1 1 1 1
@ NS ns.dns.test.
_acme-challenge TXT "0123456789"
alias CNAME _acme-challenge
a.ent TXT x
cut NS ns.cut
ns.cut A 192.0.2.1
"""
PLACE = ("127.53.3.1", "fd00:53::3:1")
pytestmark = pytest.mark.usefixtures("in_namespace")


def ask(
    name: str = OWNER,
    kind: str = "TXT",
    *,
    tcp: bool = False,
    edns: bool = True,
    seconds: float = 20.0,
) -> dns.message.Message:
    query = dns.message.make_query(name, kind, flags=0, use_edns=0 if edns else -1)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, PLACE[0], timeout=seconds)


def texts(message: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]


@pytest.mark.parametrize("tcp", [False, True])
def test_the_plain_server_is_right(*, tcp: bool) -> None:
    with misbehaving.Authoritative(PLACE, {ZONE: TEXT}):
        assert texts(ask(tcp=tcp)) == ['"0123456789"']
        assert ask(tcp=tcp).flags & dns.flags.AA
        assert ask("no.odd.test.").rcode() == dns.rcode.NXDOMAIN
        assert ask("no.odd.test.").authority[0].rdtype == dns.rdatatype.SOA
        assert ask("ent.odd.test.").rcode() == dns.rcode.NOERROR
        assert texts(ask("alias.odd.test.")) == [OWNER, '"0123456789"']
        assert ask("elsewhere.test.").rcode() == dns.rcode.REFUSED
        referral = ask("deep.cut.odd.test.")
        assert not referral.flags & dns.flags.AA
        assert [rrset.rdtype for rrset in referral.authority] == [dns.rdatatype.NS]
        assert [rrset.name.to_text() for rrset in referral.additional] == ["ns.cut.odd.test."]


@pytest.mark.parametrize(
    ("server", "error"),
    [
        (misbehaving.WrongId, dns.query.BadResponse),
        (misbehaving.WrongQuestion, dns.query.BadResponse),
        (misbehaving.Garbage, dns.exception.DNSException),
        (misbehaving.EmptyDatagram, dns.message.ShortHeader),
        (misbehaving.CutShort, dns.exception.DNSException),
        (misbehaving.EchoesQuery, dns.query.BadResponse),
        (misbehaving.Silent, dns.exception.Timeout),
        (misbehaving.DropsEdns, dns.exception.Timeout),
        (misbehaving.FirstQueryLost, dns.exception.Timeout),
        (misbehaving.SilentOnUdp, dns.exception.Timeout),
    ],
)
def test_no_answer_can_be_read(
    server: type[misbehaving.Authoritative], error: type[Exception]
) -> None:
    seconds = 0.3 if error is dns.exception.Timeout else 20.0
    with server(PLACE, {ZONE: TEXT}), pytest.raises(error):
        ask(seconds=seconds)


@pytest.mark.parametrize(
    ("server", "rcode"),
    [
        (misbehaving.Refusing, dns.rcode.REFUSED),
        (misbehaving.ServFail, dns.rcode.SERVFAIL),
        (misbehaving.NotImp, dns.rcode.NOTIMP),
        (misbehaving.FormErr, dns.rcode.FORMERR),
        (misbehaving.NoEdns, dns.rcode.FORMERR),
        (misbehaving.NxdomainForEverything, dns.rcode.NXDOMAIN),
    ],
)
def test_the_answer_is_an_error(
    server: type[misbehaving.Authoritative], rcode: dns.rcode.Rcode
) -> None:
    with server(PLACE, {ZONE: TEXT}):
        assert ask().rcode() == rcode


@pytest.mark.parametrize("server", [misbehaving.NoEdns, misbehaving.DropsEdns])
def test_without_edns_it_is_right(server: type[misbehaving.Authoritative]) -> None:
    with server(PLACE, {ZONE: TEXT}):
        assert texts(ask(edns=False)) == ['"0123456789"']


def test_truncation_with_and_without_tcp() -> None:
    with misbehaving.Truncates(PLACE, {ZONE: TEXT}):
        assert ask().flags & dns.flags.TC
        assert texts(ask(tcp=True)) == ['"0123456789"']
    with misbehaving.TruncatesWithoutTcp(PLACE, {ZONE: TEXT}):
        assert ask().flags & dns.flags.TC
        with pytest.raises(ConnectionRefusedError):
            ask(tcp=True)
    with misbehaving.SlowTcp(PLACE, {ZONE: TEXT}):
        assert ask().flags & dns.flags.TC
        with pytest.raises(dns.exception.Timeout):
            ask(tcp=True, seconds=0.3)


def test_answers_that_change() -> None:
    with misbehaving.FlipFlop(PLACE, {ZONE: TEXT}):
        assert [len(texts(ask())) for _ in range(4)] == [1, 0, 1, 0]
    with misbehaving.Vanishing(PLACE, {ZONE: TEXT}):
        assert [len(texts(ask())) for _ in range(4)] == [1, 1, 0, 0]
    with misbehaving.RateLimiting(PLACE, {ZONE: TEXT}):
        assert ask().flags & dns.flags.TC
        with pytest.raises(dns.exception.Timeout):
            ask(seconds=0.3)


def test_flags_names_and_sections_that_are_wrong() -> None:
    with misbehaving.RecursiveLooking(PLACE, {ZONE: TEXT}):
        flags = ask().flags
        assert flags & dns.flags.RA
        assert not flags & dns.flags.AA
    with misbehaving.UpwardReferral(PLACE, {ZONE: TEXT}):
        assert ask().authority[0].name == dns.name.root
    with misbehaving.CaseChanging(PLACE, {ZONE: TEXT}):
        assert ask(OWNER.upper()).question[0].name.to_text() == OWNER
    with misbehaving.NegativeWithoutSoa(PLACE, {ZONE: TEXT}):
        assert ask("no.odd.test.").authority == []
    with misbehaving.CnameBesideTxt(PLACE, {ZONE: TEXT}):
        assert {rrset.rdtype.name for rrset in ask().answer} == {"TXT", "CNAME"}
    with misbehaving.MultiStringTxt(PLACE, {ZONE: TEXT}):
        assert texts(ask()) == ['"0123456" "789"']
    with misbehaving.WrongOwner(PLACE, {ZONE: TEXT}):
        assert ask().answer[0].name.to_text() == "other.invalid."
