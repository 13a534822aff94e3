"""Outcomes that people meet, each with a name: what the pages and the schema are tested on."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import diagnose, evidence
from certbot_dns_preflight.checks.txt_difference import compare
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.answers import Endpoint, NoResponseReason
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import AliasLoop, NoEgress, NoSuchDomain
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Vantage, Verdict
from certbot_dns_preflight.facts.survey import Hop
from certbot_dns_preflight.facts.zone import NameServer, Zone
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
    error,
    hop,
    judged,
    name,
    run,
    seen,
    texts,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.facts.survey import Observation

OTHER = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
UNANSWERED = (
    "The CA was not asked to validate, so this does not count as a failed validation. The records "
    "are being removed."
)
RECORD = f'_acme-challenge.example.com. TXT "{VALUE.decode()}"'
WRONG = {"code": "wrong-value", "remedy": "Replace it with the expected value."}


def three_servers(reading: answers.Reading, *, serial: int | None = None) -> list[Observation]:
    return [
        seen(f"ns{i}.example.net.", address, reading, serial=serial)
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
        judged(
            seen("ns1.example.net.", "192.0.2.1", after=0.2),
            seen("ns1.example.net.", "2001:db8::1", TIMED_OUT),
            ready_after=6.41,
            findings=(
                error(
                    "address-unreachable",
                    "ns1.example.net at 2001:db8::1 does not answer; other addresses of the same "
                    "name "
                    "server do.",
                    severity=Severity.WARNING,
                ),
            ),
        )
    )


def behind() -> Outcome:
    return run(
        judged(
            seen("ns1.example.net.", "192.0.2.1", serial=2026112302, after=2.1),
            seen("ns1.example.net.", "2001:db8::1", serial=2026112302, after=2.1),
            seen("ns2.example.net.", "192.0.2.2", serial=2026112302, after=3.4),
            seen("ns3.example.net.", "198.51.100.3", NXDOMAIN, serial=2026112301),
            seen("ns3.example.net.", "2001:db8:3::3", NXDOMAIN, serial=2026112301),
            findings=(
                error(
                    "secondary-behind",
                    "ns3.example.net does not have the record yet; the other 2 name servers do.",
                    cause="ns3.example.net serves zone serial 2026112301 and answers NXDOMAIN; the "
                    "others serve 2026112302. It has not transferred the change.",
                    remedy="Check on ns3.example.net that NOTIFY from the primary arrives and that "
                    "zone transfers are allowed. If it only polls, wait for the zone's refresh "
                    "interval or raise --timeout.",
                ),
            ),
        )
    )


def _compared(expected: bytes, *served: bytes) -> list[Json]:
    """Make the pairs that the finding about these values has in its evidence."""
    return [evidence.comparison(one) for one in compare([expected], served).telling]


def _wrong(*values: bytes, summary: str, **more: object) -> Outcome:
    given = {
        "cause": "The published value differs from the expected one, starting at character 1.",
        **WRONG,
        "comparisons": _compared(VALUE, *values),
        **more,
    }
    code = given.pop("code")
    found = error(code, summary, **given)  # type: ignore[arg-type]
    return run(judged(*three_servers(texts(*values)), findings=(found,)), timeout=None)


def one_character_off() -> Outcome:
    return _wrong(
        VALUE.replace(b"0p", b"Op"),
        summary="all 3 name servers serve a value that differs from the expected one in 1 "
        "character.",
        code="mangled-value",
        records=(RECORD,),
        cause="The value was mistyped or miscopied, first at character 22 of 43.",
        remedy="Replace it. Copy the value instead of typing it.",
        kind="typo",
    )


def quoted() -> Outcome:
    return _wrong(b'"' + VALUE + b'"', summary="quotes are part of the value.", kind="quoted")


def truncated() -> Outcome:
    return _wrong(VALUE[:-3], summary="the value ends early.", kind="truncated")


def line_end_within() -> Outcome:
    return _wrong(
        VALUE[:20] + b"\r\n" + VALUE[20:], summary="the value is broken.", kind="whitespace"
    )


def long_value() -> Outcome:
    return _wrong(VALUE + b"\x00\xff\\" * 100, summary="the value goes on.")


def escapes_before_the_difference() -> Outcome:
    expected, served = b"\xfe\xff\\" * 5 + b"abc", b"\xfe\xff\\" * 5 + b"ab\xe9"
    return run(
        judged(
            seen("ns1.example.net.", "192.0.2.1", texts(served)),
            expected=(expected,),
            findings=(
                error("wrong-value", "the value differs.", comparisons=_compared(expected, served)),
            ),
        )
    )


def sixty_values() -> Outcome:
    values = [b"value %02d \x1b[31m\x00\xff" % i for i in range(59)]
    return _wrong(*values, b"", summary="60 values are there, none of them the expected one.")


def value_missing() -> Outcome:
    return run(
        judged(
            *three_servers(texts(VALUE)),
            expected=(VALUE, OTHER),
            findings=(
                error(
                    "value-missing",
                    "1 of 2 expected values is published.",
                    cause="The name must hold 2 values at the same time. A later record probably "
                    "replaced an earlier one.",
                    remedy="Add the missing value and keep the others.",
                ),
            ),
        )
    )


def nothing_published() -> Outcome:
    return run(
        judged(
            *three_servers(NXDOMAIN, serial=7),
            findings=(
                error(
                    "record-not-published",
                    "all 3 name servers answer NXDOMAIN for _acme-challenge.example.com.",
                    cause="All of them serve serial 7, so none of them is behind. The record was "
                    "not "
                    "created, or not on these name servers.",
                    remedy="Check the program that creates the record for errors.",
                    records=(RECORD,),
                ),
            ),
        )
    )


def dead_server() -> Outcome:
    return run(
        judged(
            seen("ns1.example.net.", "192.0.2.1", after=0.01),
            seen("ns2.example.net.", "192.0.2.2", TIMED_OUT),
            seen("ns2.example.net.", "2001:db8::2", TIMED_OUT),
            seen("ns3.example.net.", "192.0.2.3", REFUSED),
            seen("ns4.example.net.", "192.0.2.4", NODATA, matched_before=True),
            findings=(
                error(
                    "nameserver-unreachable",
                    "ns2.example.net does not answer.",
                    cause="Tried: 192.0.2.2 (timed out) and 2001:db8::2 (timed out).",
                    remedy="Check that it is running and that port 53 (UDP and TCP) is open.",
                ),
                error(
                    "nameserver-refuses",
                    "ns3.example.net refuses queries for example.com (REFUSED).",
                    remedy="Configure the zone on ns3.example.net.",
                ),
                error(
                    "record-vanished",
                    "ns4.example.net had the record earlier in this run, "
                    "but now answers that there is no "
                    "TXT record.",
                ),
            ),
        )
    )


def thirteen_servers() -> Outcome:
    def reading(letter: str) -> answers.Reading:
        return {"m": NXDOMAIN, "k": texts(OTHER), "l": texts(OTHER)}.get(letter, THERE)

    return run(
        judged(
            *(
                seen(
                    f"{letter}.gtld-servers.net.",
                    address,
                    reading(letter),
                    serial=5 if letter == "m" else 6,
                    after=1.0 + i if reading(letter) is THERE else None,
                )
                for i, letter in enumerate("abcdefghijklm")
                for address in (f"192.0.2.{i}", f"2001:db8::{i}")
            ),
            findings=(error("servers-disagree", "3 of 13 name servers answer otherwise."),),
        )
    )


def hundred_names() -> Outcome:
    def one(number: int) -> ChallengeOutcome:
        found = error(
            "record-not-published",
            f"all 3 name servers answer NXDOMAIN for _acme-challenge.host{number}.example.com.",
            cause="All of them serve serial 7, so none of them is behind. The record was not "
            "created, or not on these name servers.",
            remedy="Check the program that creates the record for errors.",
        )
        return judged(
            *three_servers(NXDOMAIN, serial=7),
            domain=f"host{number}.example.com",
            findings=(found,),
        )

    refused = judged(
        *three_servers(REFUSED),
        domain="example.org",
        findings=(
            error(
                "nameserver-refuses", "all 3 name servers refuse queries for example.com (REFUSED)."
            ),
        ),
    )
    fine = [judged(*three_servers(THERE), domain=f"ok{i}.example.com") for i in range(9)]
    return run(*(one(i) for i in range(90)), *fine, refused)


def hundred_zones() -> Outcome:
    def one(number: int) -> ChallengeOutcome:
        domain = f"host{number}.example"
        found = error(
            "nameserver-refuses",
            f"ns2.hoster.example refuses queries for {domain} (REFUSED).",
            cause="192.0.2.2 answers REFUSED: the zone is not configured there (lame delegation), "
            "or an access list excludes this host.",
            remedy="Configure the zone on ns2.hoster.example, or remove it from the NS records of "
            "the zone and at the registrar.",
        )
        return judged(
            seen("ns1.hoster.example.", "192.0.2.1", zone=f"{domain}.", after=0.4),
            seen("ns2.hoster.example.", "192.0.2.2", REFUSED, zone=f"{domain}."),
            domain=domain,
            findings=(found,),
        )

    return run(*(one(number) for number in range(94)))


def unstable() -> Outcome:
    back_and_forth = seen("ns1.example.net.", "192.0.2.1", after=2.1)
    return run(
        judged(
            dataclasses.replace(back_and_forth, flips=21),
            seen("ns2.example.net.", "192.0.2.2", after=0.2),
            findings=(
                error(
                    "answer-unstable",
                    "ns1.example.net gives inconsistent answers: 21 changes during this run.",
                    cause="The address alternates between having the record and not having it.",
                    remedy="Find the server that is behind, or wait (--settle adds a pause).",
                ),
            ),
        )
    )


def bogus() -> Outcome:
    place: dict[str, Json] = {
        "nameserver": "ns2.example.net.",
        "address": "192.0.2.2",
        "port": 53,
    }
    return run(
        judged(
            seen("ns1.example.net.", "192.0.2.1", after=2.1),
            seen("ns2.example.net.", "192.0.2.2", after=0.2),
            findings=(
                error(
                    "dnssec-bogus",
                    "the signatures of example.com expired 3 days ago on ns2.example.net.",
                    kind="signature-expired",
                    zone="example.com.",
                    faults=[{"owner": "_acme-challenge.example.com.", "addresses": [place]}],
                ),
            ),
        )
    )


def long_chain() -> Outcome:
    owners = ["_acme-challenge.example.com.", *(f"a{i}.example.com." for i in range(17))]
    hops = [
        hop(seen("ns1.example.net.", "192.0.2.1", alias(target)), owner=owner)
        for owner, target in itertools.pairwise(owners)
    ]
    return run(
        judged(
            hops=tuple(hops),
            obstacle=AliasLoop(tuple(map(name, owners[1:]))),
            findings=(
                error(
                    "alias-loop",
                    "the CNAME chain from _acme-challenge.example.com is too long (17; limit 16).",
                ),
            ),
        )
    )


def without_address_alike() -> Outcome:
    def one(number: int) -> ChallengeOutcome:
        domain = f"host{number}.example.com"
        found = error(
            "domain-without-address",
            f"{domain} has no A or AAAA record.",
            severity=Severity.INFO,
        )
        return judged(*three_servers(THERE), domain=domain, findings=(found,))

    return run(*(one(number) for number in range(12)))


def ten_different_failures() -> Outcome:
    return run(
        *(
            judged(
                seen("ns1.example.net.", f"192.0.2.{i}", REFUSED),
                domain=f"host{i}.example.com",
                findings=(
                    error(
                        "nameserver-refuses",
                        f"name server {i} refuses queries for example.com (REFUSED).",
                    ),
                ),
            )
            for i in range(10)
        )
    )


def aliased() -> Outcome:
    first = [
        seen("ns1.example.net.", "192.0.2.1", alias("acme.example.org.")),
        seen("ns2.example.net.", "192.0.2.2", alias("acme.example.org.")),
        seen("ns2.example.net.", "2001:db8::2", alias("acme.example.org.")),
    ]
    then = [
        seen("ns.example.org.", "198.51.100.1", NODATA, zone="example.org.", serial=3),
        seen("ns.example.org.", "2001:db8:1::1", NXDOMAIN, zone="example.org.", serial=4),
    ]
    return run(
        judged(
            hops=(
                hop(*first, owner="_acme-challenge.example.com."),
                hop(*then, owner="acme.example.org."),
            ),
            findings=(
                error(
                    "alias-target-lacks-record",
                    "_acme-challenge.example.com is an alias of acme.example.org, which has no TXT "
                    "record.",
                    remedy="Create the record at acme.example.org in the zone example.org.",
                ),
            ),
        )
    )


def loop() -> Outcome:
    first = [seen("ns1.example.net.", "192.0.2.1", alias("a.example.com."))]
    chain = (name("a.example.com."), name("_acme-challenge.example.com."))
    return run(
        judged(
            hops=(hop(*first, owner="_acme-challenge.example.com."),),
            obstacle=AliasLoop(chain),
            findings=(
                error(
                    "alias-loop",
                    "_acme-challenge.example.com points into a CNAME loop (limit 16 aliases).",
                ),
            ),
        )
    )


def no_such_domain() -> Outcome:
    return run(
        judged(
            hops=(),
            domain="nosuch.example",
            obstacle=NoSuchDomain(name("nosuch.example."), name("example.")),
            findings=(
                error(
                    "no-such-domain",
                    "nosuch.example does not exist: the name servers of example answer NXDOMAIN.",
                    name="nosuch.example.",
                    zone="example.",
                ),
            ),
        )
    )


def without_addresses() -> Outcome:
    lost = NameServer(name("ns1.gone.example."), BOTH, failure="the name does not exist")
    zone = Zone(name("example.com."), name("com."), (lost,))
    return run(
        judged(
            hops=(Hop(name("_acme-challenge.example.com."), zone, ()),),
            findings=(
                error(
                    "nameserver-without-address",
                    "no name server of example.com has an address: ns1.gone.example.",
                ),
            ),
        )
    )


def inconclusive() -> Outcome:
    return run(
        judged(
            hops=(),
            obstacle=NoEgress((Endpoint("198.41.0.4"), Endpoint("2001:503:ba3e::2:30"))),
            verdict=Verdict.INCONCLUSIVE,
            findings=(
                error(
                    "no-dns-egress",
                    "this host cannot reach DNS: no server answers on port 53.",
                    remedy="Allow outgoing port 53 (UDP and TCP) from this host, or name a "
                    "resolver that "
                    "it may use (--resolver).",
                ),
            ),
        ),
        vantage=Vantage((Endpoint("192.0.2.53"), Endpoint("192.0.2.54", 5353)), ("ipv4",), ()),
        timeout=None,
    )


def before_any_record() -> Outcome:
    return run(
        judged(
            hops=(),
            expected=(),
            findings=(
                error(
                    "caa-forbids",
                    "CAA at example.com allows only other-ca.example, not letsencrypt.org.",
                    remedy='Add example.com. CAA 0 issue "letsencrypt.org".',
                    records=('example.com. CAA 0 issue "letsencrypt.org"',),
                ),
            ),
        ),
        timeout=None,
    )


def in_order_without_a_value() -> Outcome:
    return run(judged(*three_servers(NXDOMAIN), expected=()), timeout=None)


def hostile_names() -> Outcome:
    server = r"\027[31m[red]\010." + "x" * 50 + "." + "y" * 50 + ".example."
    readings = (
        answers.Failing("SERVFAIL"),
        answers.NotAuthoritative(recursive=True),
        answers.NotAuthoritative(recursive=False, upward=name(".")),
        answers.Malformed("the answer is about something else"),
        answers.Unreachable(NoResponseReason.TRUNCATED, "no TCP"),
        answers.Alias(name("else.example."), conflict=True, texts=(b"\x07",)),
        texts(VALUE, OTHER),
    )
    return run(
        judged(
            *(seen(server, f"192.0.2.{i}", r, port=5300 + i) for i, r in enumerate(readings)),
            findings=(error("nameserver-failing", "the zone\n\x1b[2Jis \u202egone.", kind="x"),),
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
    return run(ChallengeOutcome(survey, verdict, found), vantage=vantage)


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
