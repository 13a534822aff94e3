from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import dns.rdatatype
import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import is_ready, judge
from certbot_dns_preflight.facts.answers import Endpoint, Failing, NoResponseReason, Reading
from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.query_fault import DnssecFault, QueryFaultKind
from certbot_dns_preflight.facts.zone import Listing, NameServer
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
    NS2_V6,
    OWNER,
    ZONE,
    at,
    hop,
    name,
    silent,
    survey,
    texts,
)
from tests.checks.asserting import codes, only_error

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Observation, Survey

CODE = "dnssec-query-fails"


def fault(
    kind: QueryFaultKind,
    detail: str,
    address: str = NS2,
    rdtype: dns.rdatatype.RdataType = dns.rdatatype.TXT,
    *,
    owner: str = OWNER,
) -> DnssecFault:
    place = ServerAddress(name("ns2.example.net."), Endpoint(address))
    return DnssecFault(name(ZONE), place, name(owner), rdtype, name(owner), kind, detail)


def failing(reading: Reading, found: DnssecFault, *more: Observation) -> Survey:
    address = found.place.endpoint.address
    facts = survey(hop(at(NS1, texts()), at(address, reading, fault=found), *more))
    return dataclasses.replace(facts, query_faults=(found,))


@pytest.mark.parametrize(
    ("kind", "reading", "detail", "summary"),
    [
        (
            QueryFaultKind.RCODE,
            Failing("SERVFAIL"),
            "SERVFAIL",
            (
                "ns2.example.net at 192.0.2.2 answers queries that request signatures (DO) with "
                "an error."
            ),
        ),
        (
            QueryFaultKind.NO_ANSWER,
            silent(),
            "no answer within 3 s",
            ("ns2.example.net at 192.0.2.2 does not answer queries that request signatures (DO)."),
        ),
        (
            QueryFaultKind.TRUNCATED,
            silent(NoResponseReason.TRUNCATED),
            "connection refused",
            (
                "ns2.example.net at 192.0.2.2 truncates answers to queries that request "
                "signatures (DO), and TCP to it fails."
            ),
        ),
    ],
)
def test_a_server_that_fails_so_is_one_error_with_its_kind(
    kind: QueryFaultKind, reading: Reading, detail: str, summary: str
) -> None:
    found = only_error(failing(reading, fault(kind, detail)), CODE)
    assert found.summary == summary
    assert found.nameserver == name("ns2.example.net.")
    assert found.address == NS2
    assert found.evidence["kind"] == kind.value
    assert found.evidence["questions"] == [
        {
            "nameserver": "ns2.example.net.",
            "address": NS2,
            "port": 53,
            "owner": OWNER,
            "type": "TXT",
            "failure": detail,
        }
    ]


def test_it_is_never_ready_where_another_address_of_the_server_answers() -> None:
    found = fault(QueryFaultKind.NO_ANSWER, "no answer within 3 s", NS2_V6)
    facts = failing(silent(), found, at(NS2, texts()))
    assert not is_ready(facts)
    only_error(facts, CODE)


@pytest.mark.parametrize(
    ("kind", "rdtype", "summary"),
    [
        (
            QueryFaultKind.KEYS,
            dns.rdatatype.DNSKEY,
            (
                "ns2.example.net at 192.0.2.2 does not return the keys of example.test, which is "
                "signed."
            ),
        ),
        (
            QueryFaultKind.DS,
            dns.rdatatype.DS,
            (
                "ns2.example.net at 192.0.2.2 does not answer queries for the DS of "
                "example.test, below a "
                "signed zone."
            ),
        ),
    ],
)
def test_keys_and_ds_that_cannot_be_had_are_an_error_though_the_record_is_there(
    kind: QueryFaultKind, rdtype: dns.rdatatype.RdataType, summary: str
) -> None:
    found = fault(kind, "NOTIMP", rdtype=rdtype, owner=ZONE)
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())))
    told = only_error(dataclasses.replace(facts, query_faults=(found,)), CODE)
    assert told.summary == summary
    assert "NOTIMP" in told.cause


def test_several_addresses_and_questions_are_told_at_once() -> None:
    both = (
        fault(QueryFaultKind.RCODE, "SERVFAIL"),
        fault(QueryFaultKind.RCODE, "SERVFAIL", NS2_V6, dns.rdatatype.CAA, owner=ZONE),
    )
    facts = survey(hop(at(NS1, texts()), at(NS2, Failing("SERVFAIL"), fault=both[0])))
    told = only_error(dataclasses.replace(facts, query_faults=both), CODE)
    assert told.address is None
    assert f"{OWNER[:-1]} TXT and example.test CAA" in told.cause
    assert len(told.evidence["questions"]) == 2  # type: ignore[arg-type]


def test_with_unreachable_warn_it_is_a_warning_while_another_answers() -> None:
    found = fault(QueryFaultKind.RCODE, "SERVFAIL")
    facts = failing(Failing("SERVFAIL"), found)
    told = diagnose(facts, unreachable=UnreachablePolicy.WARN)
    assert codes(told, Severity.WARNING) == [CODE]
    assert judge(facts, told, unreachable=UnreachablePolicy.WARN) is Verdict.READY
    alone = survey(hop(at(NS2, Failing("SERVFAIL"), fault=found)))
    told = diagnose(
        dataclasses.replace(alone, query_faults=(found,)), unreachable=UnreachablePolicy.WARN
    )
    assert codes(told, Severity.ERROR) == [CODE]


def test_with_unreachable_warn_one_that_only_the_zone_lists_excuses_nobody() -> None:
    found = fault(QueryFaultKind.RCODE, "NOTIMP", rdtype=dns.rdatatype.DNSKEY, owner=ZONE)
    assert found.place.nameserver == name("ns2.example.net.")
    listed = (
        NameServer(name("ns1.example.net."), frozenset({Listing.APEX}), own=(Endpoint(NS1),)),
        NameServer(name("ns2.example.net."), BOTH, own=(Endpoint(NS2),)),
    )
    facts = survey(hop(at(NS1, texts()), at(NS2, texts()), nameservers=listed))
    told = diagnose(
        dataclasses.replace(facts, query_faults=(found,)), unreachable=UnreachablePolicy.WARN
    )
    assert codes(told, Severity.ERROR) == [CODE]
