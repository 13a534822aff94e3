"""Outcomes that people meet, each with a name: what the pages and the schema are tested on."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import dns.rdatatype

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.checks import diagnose, with_environment
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.answers import Endpoint, NoResponseReason
from certbot_dns_preflight.facts.caa import Climb, Look
from certbot_dns_preflight.facts.dnssec import (
    Assessment,
    Fault,
    Kind,
    ServerAddress,
    Status,
    ZoneState,
)
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import AliasLoop, NoEgress, NoSuchDomain, Tried
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Vantage, Verdict
from certbot_dns_preflight.facts.survey import Hop
from certbot_dns_preflight.facts.zone import NO_SUCH_NAME, NameServer, Zone
from tests.builders.survey import (
    BOTH,
    NODATA,
    NXDOMAIN,
    REFUSED,
    THERE,
    TIMED_OUT,
    VALUE,
    alias,
    by_resolvers,
    hop,
    judged,
    name,
    run,
    seen,
    texts,
)
from tests.checks.asserting import LETS_ENCRYPT
from tests.checks.climbs import ZONE, props
from tests.checks.climbs import answers as caa_answers

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.facts.survey import Observation

OTHER = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
RECORD = f'_acme-challenge.example.com. TXT "{VALUE.decode()}"'
UNANSWERED = (
    "The CA was not asked to validate, so this does not count as a failed validation. certbot is "
    "now removing any records it created, so a TXT query can find them only while a run is "
    "waiting. Run certbot again once this is fixed."
)


def told(challenge: ChallengeOutcome) -> ChallengeOutcome:
    """Let the checks say what they find: the pages show their words, and no others."""
    found = diagnose(challenge.survey)
    failed = any(finding.severity is Severity.ERROR for finding in found)
    survey = challenge.survey
    if failed:
        survey = dataclasses.replace(survey, ready_after=None)
    return ChallengeOutcome(survey, Verdict.NOT_READY if failed else Verdict.READY, found)


def three_servers(
    reading: answers.Reading, *, serial: int | None = None, zone: str = "example.com."
) -> list[Observation]:
    return [
        seen(f"ns{i}.example.net.", address, reading, serial=serial, zone=zone)
        for i in (1, 2, 3)
        for address in (f"192.0.2.{i}", f"2001:db8::{i}")
    ]


def ready() -> Outcome:
    everywhere = [
        seen("ns1.example.net.", "192.0.2.1", after=2.1),
        seen("ns1.example.net.", "2001:db8::1", after=2.1),
    ]
    return run(
        judged(*everywhere, ready_after=2.4),
        judged(*everywhere, domain="www.example.com", ready_after=10.7),
        judged(
            seen("ns.example.org.", "198.51.100.1", zone="example.org.", after=1),
            domain="example.org",
            ready_after=10.7,
        ),
        elapsed=10.8,
    )


def ready_without_ipv6() -> Outcome:
    return run(
        judged(
            seen("ns1.example.net.", "192.0.2.1", after=0.2),
            seen("ns1.example.net.", "2001:db8::1", answers.NotAsked("no route for IPv6")),
            ready_after=0.41,
        ),
        vantage=Vantage((), ("ipv4",), ("ipv6",)),
        timeout=None,
    )


def ready_beside_dead_ipv6() -> Outcome:
    return run(
        told(
            judged(
                seen("ns1.example.net.", "192.0.2.1", after=0.2),
                seen("ns1.example.net.", "2001:db8::1", TIMED_OUT),
                ready_after=6.41,
            )
        )
    )


def behind() -> Outcome:
    return run(
        told(
            judged(
                seen("ns1.example.net.", "192.0.2.1", serial=2026112302, after=2.1),
                seen("ns1.example.net.", "2001:db8::1", serial=2026112302, after=2.1),
                seen("ns2.example.net.", "192.0.2.2", serial=2026112302, after=3.4),
                seen("ns3.example.net.", "198.51.100.3", NXDOMAIN, serial=2026112301),
                seen("ns3.example.net.", "2001:db8:3::3", NXDOMAIN, serial=2026112301),
            )
        )
    )


def _wrong(*values: bytes) -> Outcome:
    return run(told(judged(*three_servers(texts(*values)))), timeout=None)


def one_character_off() -> Outcome:
    return _wrong(VALUE.replace(b"0p", b"Op"))


def quoted() -> Outcome:
    return _wrong(b'"' + VALUE + b'"')


def truncated() -> Outcome:
    return _wrong(VALUE[:-3])


def line_end_within() -> Outcome:
    return _wrong(VALUE[:20] + b"\r\n" + VALUE[20:])


def long_value() -> Outcome:
    return _wrong(VALUE + b"\x00\xff\\" * 100)


def escapes_before_the_difference() -> Outcome:
    """Show a text that somebody watches: an accent too many, and in another encoding."""
    words = "M\u00fcllers B\u00e4ckerei, Stra\u00dfe 1, Caf".encode()
    expected, served = words + b"e", words + b"\xe9"
    shown = seen("ns1.example.net.", "192.0.2.1", texts(served))
    return run(told(judged(shown, expected=(expected,))))


def sixty_values() -> Outcome:
    values = [b"value %02d \x1b[31m\x00\xff" % i for i in range(59)]
    return _wrong(*values, b"")


def value_missing() -> Outcome:
    missing = judged(*three_servers(texts(VALUE)), expected=(VALUE, OTHER))
    both = make_challenge("example.com", (VALUE, OTHER), names=("example.com", "*.example.com"))
    survey = dataclasses.replace(missing.survey, challenge=both)
    return run(told(dataclasses.replace(missing, survey=survey)))


def nothing_published() -> Outcome:
    return run(told(judged(*three_servers(NXDOMAIN, serial=7))))


def dead_server() -> Outcome:
    return run(
        told(
            judged(
                seen("ns1.example.net.", "192.0.2.1", serial=2026112302, after=0.01),
                seen("ns2.example.net.", "192.0.2.2", TIMED_OUT),
                seen("ns2.example.net.", "2001:db8::2", TIMED_OUT),
                seen("ns3.example.net.", "192.0.2.3", REFUSED),
                seen(
                    "ns4.example.net.", "192.0.2.4", NODATA, serial=2026112301, matched_before=True
                ),
            )
        )
    )


def thirteen_servers() -> Outcome:
    def reading(letter: str) -> answers.Reading:
        return {"m": NXDOMAIN, "k": texts(OTHER), "l": texts(OTHER)}.get(letter, THERE)

    return run(
        told(
            judged(
                *(
                    seen(
                        f"{letter}.dns.example.net.",
                        address,
                        reading(letter),
                        serial=5 if letter == "m" else 6,
                        after=float(i) if reading(letter) is THERE else None,
                    )
                    for i, letter in enumerate("abcdefghijklm", 1)
                    for address in (f"192.0.2.{i}", f"2001:db8::{i}")
                ),
            )
        )
    )


def hundred_names() -> Outcome:
    """Show one hoster: of a zone that it serves, most records are missing; another it refuses."""

    def one(number: int) -> ChallengeOutcome:
        served = three_servers(NXDOMAIN, serial=7)
        value = f"{number:02d}".encode() + VALUE[2:]
        return told(judged(*served, domain=f"host{number}.example.com", expected=(value,)))

    refusing = three_servers(REFUSED, zone="example.org.")
    refused = told(judged(*refusing, domain="example.org", expected=(OTHER,)))
    fine = [judged(*three_servers(THERE), domain=f"ok{i}.example.com") for i in range(9)]
    return run(*(one(i) for i in range(90)), *fine, refused)


def hundred_zones() -> Outcome:
    def one(number: int) -> ChallengeOutcome:
        domain = f"host{number}.example"
        return told(
            judged(
                seen("ns1.hoster.example.", "192.0.2.1", zone=f"{domain}.", after=0.4),
                seen("ns2.hoster.example.", "192.0.2.2", REFUSED, zone=f"{domain}."),
                domain=domain,
            )
        )

    return run(*(one(number) for number in range(94)))


def unstable() -> Outcome:
    back_and_forth = seen("ns1.example.net.", "192.0.2.1", after=2.1)
    return run(
        told(
            judged(
                dataclasses.replace(back_and_forth, flips=21),
                seen("ns2.example.net.", "192.0.2.2", after=0.2),
            )
        )
    )


def bogus() -> Outcome:
    """Show a server that signs its own copy: what signs its keys has stopped, the rest goes on."""
    now = 1_800_000_000
    good, bad = (
        ServerAddress(name(f"ns{i}.example.net."), Endpoint(f"192.0.2.{i}")) for i in (1, 2)
    )
    apex = name("example.com.")
    three_days_ago = now - 3 * 86400
    fault = Fault(
        Kind.EXPIRED, apex, apex, dns.rdatatype.DNSKEY, "expired", three_days_ago, (7,), (bad,)
    )
    at = ((good, Status.SECURE), (bad, Status.BOGUS))
    assessment = Assessment((ZoneState(apex, Status.BOGUS, "", at, (fault,)),), now)
    survey = judged(
        seen("ns1.example.net.", "192.0.2.1", serial=2027011501, after=0.2),
        seen("ns2.example.net.", "192.0.2.2", serial=2027011501, after=2.1),
        ready_after=None,
    ).survey
    found = with_environment(
        (), survey, DomainEnvironment(signatures=assessment), request=LETS_ENCRYPT
    )
    return run(ChallengeOutcome(survey, Verdict.NOT_READY, found))


def long_chain() -> Outcome:
    owners = ["_acme-challenge.example.com.", *(f"a{i}.example.com." for i in range(17))]
    hops = [
        hop(seen("ns1.example.net.", "192.0.2.1", alias(target)), owner=owner)
        for owner, target in itertools.pairwise(owners)
    ]
    obstacle = AliasLoop(tuple(map(name, owners[1:])))
    return run(told(judged(hops=tuple(hops), obstacle=obstacle)))


def without_address_alike() -> Outcome:
    def one(number: int) -> ChallengeOutcome:
        domain = f"host{number}.example.com"
        survey = judged(*three_servers(THERE), domain=domain).survey
        found = with_environment(
            (), survey, DomainEnvironment(addressless=True), request=LETS_ENCRYPT
        )
        return ChallengeOutcome(survey, Verdict.READY, found)

    return run(*(one(number) for number in range(12)))


def ten_different_failures() -> Outcome:
    """Show ten domains, each at a hoster of its own, each with something else the matter."""

    def one(number: int, *readings: answers.Reading) -> ChallengeOutcome:
        domain = f"shop{number}.example"
        rows = [
            seen(
                f"ns{i}.{domain}.",
                f"192.0.2.{10 * number + i}",
                reading,
                zone=f"{domain}.",
                serial=9 if isinstance(reading, answers.Answer) else None,
            )
            for i, reading in enumerate(readings, 1)
        ]
        return told(judged(*rows, domain=domain))

    gone = NoSuchDomain(name("unregistered.example."), name("example."))
    return run(
        one(1, REFUSED, THERE),
        one(2, TIMED_OUT, THERE),
        one(3, answers.Failing("SERVFAIL"), THERE),
        one(4, answers.NotAuthoritative(recursive=True), THERE),
        one(5, answers.Unreachable(NoResponseReason.TRUNCATED, "TCP: timed out"), THERE),
        one(6, answers.Malformed(f"{answers.MISMATCHED}: the IDs differ"), THERE),
        one(7, NXDOMAIN, NXDOMAIN),
        one(8, texts(OTHER), texts(OTHER)),
        one(9, texts(VALUE.lower()), texts(VALUE.lower())),
        told(judged(hops=(), domain="unregistered.example", obstacle=gone)),
    )


def aliased() -> Outcome:
    first = [
        seen("ns1.example.net.", "192.0.2.1", alias("acme.example.org.")),
        seen("ns2.example.net.", "192.0.2.2", alias("acme.example.org.")),
        seen("ns2.example.net.", "2001:db8::2", alias("acme.example.org.")),
    ]
    then = [
        seen("ns.example.org.", "198.51.100.1", NODATA, zone="example.org.", serial=3),
        seen("ns.example.org.", "2001:db8:1::1", NODATA, zone="example.org.", serial=3),
    ]
    hops = (
        hop(*first, owner="_acme-challenge.example.com."),
        hop(*then, owner="acme.example.org."),
    )
    return run(told(judged(hops=hops)))


def loop() -> Outcome:
    first = [seen("ns1.example.net.", "192.0.2.1", alias("a.example.com."))]
    chain = (name("a.example.com."), name("_acme-challenge.example.com."))
    back = seen("ns1.example.net.", "192.0.2.1", alias("_acme-challenge.example.com."))
    hops = (
        hop(*first, owner="_acme-challenge.example.com."),
        hop(back, owner="a.example.com."),
    )
    return run(told(judged(hops=hops, obstacle=AliasLoop(chain))))


def no_such_domain() -> Outcome:
    obstacle = NoSuchDomain(name("nosuch.example."), name("example."))
    return run(told(judged(hops=(), domain="nosuch.example", obstacle=obstacle)))


def without_addresses() -> Outcome:
    lost = NameServer(name("ns1.gone.example."), BOTH, failure=NO_SUCH_NAME)
    zone = Zone(name("example.com."), name("com."), (lost,))
    return run(told(judged(hops=(Hop(name("_acme-challenge.example.com."), zone, ()),))))


def inconclusive() -> Outcome:
    resolvers = (Endpoint("192.0.2.53"), Endpoint("192.0.2.54", 5353))
    reasons = tuple((endpoint, "no answer within 3 s") for endpoint in resolvers)
    silent = NoEgress(resolvers, reasons=reasons, asked=Tried.RESOLVERS)
    challenge = told(judged(hops=(), obstacle=silent))
    return run(
        dataclasses.replace(challenge, verdict=Verdict.INCONCLUSIVE),
        vantage=Vantage(resolvers, ("ipv4",), ()),
        timeout=None,
    )


def before_any_record() -> Outcome:
    survey = judged(hops=(), expected=(), ready_after=None).survey
    look = Look(ZONE, caa_answers(ZONE, props("0 issue other-ca.example")))
    environment = DomainEnvironment(climb=Climb(ZONE, (look,)))
    found = with_environment((), survey, environment, request=LETS_ENCRYPT)
    return run(ChallengeOutcome(survey, Verdict.NOT_READY, found), timeout=None)


def in_order_without_a_value() -> Outcome:
    return run(judged(*three_servers(NXDOMAIN), expected=()), timeout=None)


def hostile_names() -> Outcome:
    """Show a domain whose owner wants to write on the terminals of others."""
    long = "." + "x" * 50 + "." + "y" * 50 + ".example."
    red, bell = r"\027[31m[red]\010" + long, r"\007bell" + long
    return run(
        told(
            judged(
                seen("ns1.example.net.", "192.0.2.1", texts(b"\x1b[2J\n\xe2\x80\xaeREADY", VALUE)),
                seen(red, "192.0.2.2", answers.Failing("SERVFAIL")),
                seen(red, "2001:db8::2", answers.Failing("SERVFAIL")),
                seen(
                    bell,
                    "192.0.2.3",
                    answers.Malformed(
                        f"{answers.MISMATCHED}: it is for \x1b]0;t\x07\u202e A, "
                        "not for _acme-challenge.example.com TXT"
                    ),
                ),
            )
        )
    )


RESOLVERS = (
    Endpoint("dns.example", 443, "https://dns.example/dns-query"),
    Endpoint("192.0.2.53", 853, "tls://192.0.2.53"),
)


def _by_resolvers(*readings: answers.Reading) -> Outcome:
    survey = by_resolvers(*readings, kept=240.0, endpoints=RESOLVERS)
    found = diagnose(survey)
    verdict = Verdict.NOT_READY if found else Verdict.READY
    if not found:
        survey = dataclasses.replace(survey, ready_after=4.2)
    vantage = Vantage(RESOLVERS, ("ipv4", "ipv6"), asks_resolvers=True)
    # Asked at once, before the record was there: a minute later, the miss has 240 s to go.
    return run(ChallengeOutcome(survey, verdict, found), vantage=vantage, elapsed=60, timeout=60)


def ready_by_resolvers() -> Outcome:
    return _by_resolvers(THERE, THERE)


def cached_miss() -> Outcome:
    return _by_resolvers(NXDOMAIN, THERE)


ALL = {
    scenario.__name__: scenario
    for scenario in (
        ready,
        ready_without_ipv6,
        ready_beside_dead_ipv6,
        behind,
        one_character_off,
        quoted,
        truncated,
        line_end_within,
        long_value,
        escapes_before_the_difference,
        sixty_values,
        value_missing,
        nothing_published,
        dead_server,
        thirteen_servers,
        hundred_names,
        hundred_zones,
        unstable,
        bogus,
        long_chain,
        without_address_alike,
        ten_different_failures,
        aliased,
        loop,
        no_such_domain,
        without_addresses,
        inconclusive,
        before_any_record,
        in_order_without_a_value,
        hostile_names,
        ready_by_resolvers,
        cached_miss,
    )
}
