"""What is fuzzed: one function of bytes for each place where hostile bytes are read or shown."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import TYPE_CHECKING

import dns.dnssec
import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.caa import grammar
from certbot_dns_preflight.caa.policy import IssuanceRequest, decide
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.checks import diagnose, txt_difference, with_environment
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.dnssec import denial
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    Reply,
    Response,
)
from certbot_dns_preflight.facts.caa import CaaAnswer, Climb, Look, Properties, Property
from certbot_dns_preflight.facts.dnssec import Asked, Facts, ServerAddress, ServerReply, ZoneFacts
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.outcome import (
    ChallengeOutcome,
    Outcome,
    Progress,
    Vantage,
)
from certbot_dns_preflight.facts.survey import Survey
from certbot_dns_preflight.facts.trace import Leg, Step, Trail
from certbot_dns_preflight.report import ca_refusal, frame, json_report, text, trace, trace_json
from certbot_dns_preflight.report.metrics import exposition, families
from certbot_dns_preflight.resolve import referrals
from certbot_dns_preflight.resolve.reading import read_caa, read_txt
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders import survey as build
from tests.builders.survey import SECOND, VALUE
from tests.fuzz import received
from tests.fuzz.seeds import ANCHORS, NOW, SIGNED_ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ZONE = dns.name.from_text("example.test.")
OWNER = dns.name.from_text("_acme-challenge.example.test.")
TXT = (OWNER, dns.rdatatype.TXT)
HOST = dns.name.from_text("ns1.example.net.")
STARTED = dt.datetime(2026, 11, 23, 19, 4, 50, tzinfo=dt.UTC)


def message(data: bytes) -> None:
    """A reply to what is asked of the zone's servers, from its bytes to what it says.

    The first byte, which is no part of an answer, says what was asked.
    """
    if data[:1] < b"\x80":
        reply = received.reply(data, OWNER, dns.rdatatype.TXT)
        for zone in (ZONE, ZONE.parent()):
            read_txt(reply, OWNER, zone)
    else:
        read_caa(received.reply(data, OWNER, dns.rdatatype.CAA), OWNER)


def referral(data: bytes) -> None:
    """A reply on the walk from the root; the first byte says to what, as above."""
    rdtype = dns.rdatatype.A if data[:1] < b"\x80" else dns.rdatatype.AAAA
    reply = received.reply(data, OWNER, rdtype)
    if not isinstance(reply, Response):
        return
    found = reply.message
    for apex in (dns.name.root, ZONE.parent(), ZONE):
        ns = referrals.find_referral(found, apex, OWNER)
        referrals.is_usable(found, apex, OWNER)
        if ns is not None:
            servers: dict[dns.name.Name, tuple[Endpoint, ...]] = {}
            referrals.merge(servers, referrals.with_glue(ns, found, apex))
            assert set(servers) == set(referrals.targets(ns))
            assert referrals.one_below(apex, ns.name).is_subdomain(apex)
    referrals.read_addresses(OWNER, [[found], [found]])
    referrals.read_addresses(OWNER, [[], [found]])


def caa(data: bytes) -> None:
    """CAA records, from a reply's bytes, or as the flags, tags and values themselves."""
    reply = received.reply(data, ZONE, dns.rdatatype.CAA)
    content = read_caa(reply, ZONE)
    found = list(content.properties) if isinstance(content, Properties) else []
    lines = [line.split(b" ", 2) for line in data.split(b"\n")]
    found += [
        Property(*line[0][:1], line[1], line[2]) for line in lines if len(line) == 3 and line[0]
    ]
    requests = (
        IssuanceRequest(("ca.example.net",), "https://ca.example.net/acct/1"),
        IssuanceRequest(("ca.example.net", "other.example")),
        IssuanceRequest(()),
    )
    for each in found:
        grammar.parse(each.value)
    for request in requests:
        for wildcard in (False, True):
            decide(found, request, wildcard=wildcard)
    answer = CaaAnswer(ZONE, ZONE, HOST, Endpoint("192.0.2.1"), Properties(tuple(found)))
    _assert_told(DomainEnvironment(climb=Climb(ZONE, (Look(ZONE, (answer,)),))))


def dnssec(data: bytes) -> None:
    """A chain from the root: what is asked of the root and of a signed zone, each one message."""
    asked = (
        (dns.name.root, dns.rdatatype.DNSKEY),
        (SIGNED_ZONE, dns.rdatatype.DS),
        (SIGNED_ZONE, dns.rdatatype.DNSKEY),
        (OWNER_SIGNED, dns.rdatatype.TXT),
        (SIGNED_ZONE, dns.rdatatype.CAA),
    )
    replies = [
        ServerReply(ServerAddress(ZONE, Endpoint("192.0.2.1")), received.reply(piece, *question))
        for piece, question in zip(_pieces(data, most=len(asked)), asked, strict=False)
    ]
    root_keys, ds, keys, *rest = (*replies, *[None] * 3)[: max(3, len(replies))]
    facts = Facts(
        (
            ZoneFacts(dns.name.root, None, (), _only(root_keys)),
            ZoneFacts(
                SIGNED_ZONE,
                dns.name.root,
                _only(ds),
                _only(keys),
                tuple(
                    Asked(owner, rdtype, _only(reply))
                    for (owner, rdtype), reply in zip(asked[3:], rest, strict=False)
                ),
            ),
        )
    )
    assessment = validate(facts, ANCHORS, now=NOW)
    _assert_told(DomainEnvironment(signatures=assessment))
    for reply in replies:
        if isinstance(reply.reply, Response):
            rrsets = [
                rrset
                for rrset in reply.reply.message.authority
                if rrset.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
            ]
            for name, nxdomain in itertools.product((SIGNED_ZONE, OWNER_SIGNED), (False, True)):
                denial.absent(rrsets, name, dns.rdatatype.TXT, zone=SIGNED_ZONE, nxdomain=nxdomain)
            denial.no_closer(rrsets, OWNER_SIGNED, WILDCARD, zone=SIGNED_ZONE)


def difference(data: bytes) -> None:
    """Served values beside expected ones; the first byte says how often each is repeated."""
    times = 1 + data[0] * 4 if data else 1
    values = [piece * times for piece in _pieces(data[1:], most=12)]
    values = [value[:65535] for value in values]
    found = txt_difference.compare((VALUE, SECOND), values)
    assert set(found.unexpected) == set(values) - {VALUE, SECOND}
    assert (found.nearest is None) == (not found.missing or not found.unexpected)
    if values:
        # What is expected comes from a CA, or from whoever calls the command.
        expected = [value[:255] for value in values[:2]]
        txt_difference.compare(expected, [VALUE, *values[2:]])


def renderers(data: bytes) -> None:
    """What servers said of the record, judged and shown in every way that there is."""
    shown = _survey([received.reply(piece, *TXT) for piece in _pieces(data, most=6)])
    for policy in UnreachablePolicy:
        findings = diagnose(shown, unreachable=policy)
        verdict = judge(shown, findings, skip=frozenset(), unreachable=policy)
    judged = ChallengeOutcome(shown, verdict, findings)
    outcome = Outcome(STARTED, 12.5, Vantage((), ("ipv4",)), (judged,), timeout=300.0)
    for unicode in (False, True):
        _assert_harmless(text.render(outcome, width=72, unicode=unicode))
        trail = Trail(STARTED, 1.0, outcome.vantage, shown, (Leg(OWNER, (Step(ZONE),)),), ())
        _assert_harmless(trace.render(trail, unicode=unicode))
    document = json_report.render(outcome)
    assert json.loads(document)["outcome"] == str(verdict)
    _assert_harmless(document)
    json.dumps(trace_json.as_json(trail))
    for line in frame.frame(Progress((shown,), 5.0, 300.0, 1.0), since=1.0, height=24):
        _assert_harmless("".join(part for part, _ in line))
    servers = {str(each.nameserver): 1.0 for each in shown.observations}
    series = {
        (families.FIRST_MATCH, (shown.challenge.domain, name)): t for name, t in servers.items()
    }
    assert exposition.read(exposition.write(families.FAMILIES, series), families.FAMILIES) == series
    refusal = ca_refusal.Refusal("example.test", "urn:dns", data.decode("latin-1"))
    ca_refusal.hint([refusal], before=outcome, now=None)


OWNER_SIGNED = dns.name.from_text("_acme-challenge", SIGNED_ZONE)
WILDCARD = dns.name.from_text("*", SIGNED_ZONE)
TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (message, referral, caa, dnssec, difference, renderers)
}


def _pieces(data: bytes, *, most: int) -> Iterator[bytes]:
    """Split into pieces, each with its length before it in two bytes."""
    for _ in range(most):
        if not data:
            return
        length = int.from_bytes(data[:2])
        yield data[2 : 2 + length]
        data = data[2 + length :]


def _only(reply: ServerReply | None) -> tuple[ServerReply, ...]:
    return () if reply is None else (reply,)


def _survey(replies: list[Reply]) -> Survey:
    return build.survey(
        build.hop(
            *(
                build.at(f"192.0.2.{number}", read_txt(reply, OWNER, ZONE))
                for number, reply in enumerate(replies)
            )
        ),
        expected=(VALUE, SECOND),
    )


def _assert_told(environment: DomainEnvironment) -> None:
    """See that all findings about it can be shown."""
    survey = Survey(make_challenge("example.test", (VALUE,)))
    request = IssuanceRequest(("ca.example.net",))
    for finding in with_environment((), survey, environment, request=request):
        for shown in (finding.summary, finding.cause, finding.remedy):
            assert shown.isprintable(), shown
        json.dumps(dict(finding.evidence))


def _assert_harmless(shown: str) -> None:
    for line in shown.split("\n"):
        assert line.isprintable(), line
