from __future__ import annotations

import dataclasses

import dns.rdatatype

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.facts.query_fault import CaseFault
from tests.builders.survey import NS1, NS2, OWNER, ZONE, at, hop, name, nxdomain, survey, texts
from tests.checks.asserting import only_error

FAULT = CaseFault(
    name(ZONE),
    ServerAddress(name("ns2.example.net."), Endpoint(NS2)),
    name(OWNER),
    dns.rdatatype.TXT,
    name(OWNER),
    "NXDOMAIN",
    "1 TXT record",
)


def test_an_answer_that_depends_on_letters_is_one_error() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, nxdomain(), fault=FAULT)))
    found = only_error(dataclasses.replace(facts, query_faults=(FAULT,)), "case-sensitive")
    assert found.summary == (
        "ns2.example.net at 192.0.2.2 answers differently if the query mixes upper and lower case."
    )
    assert f"{OWNER[:-1]} TXT in mixed case: NXDOMAIN; in lower case: 1 TXT record" in (found.cause)
    assert found.nameserver == name("ns2.example.net.")
    assert found.evidence["questions"] == [
        {
            "nameserver": "ns2.example.net.",
            "address": NS2,
            "port": 53,
            "owner": OWNER,
            "type": "TXT",
            "mixed": "NXDOMAIN",
            "exact": "1 TXT record",
        }
    ]


def test_where_all_servers_do_it_no_record_is_said_to_be_missing() -> None:
    first = dataclasses.replace(FAULT, place=ServerAddress(name("ns1.example.net."), Endpoint(NS1)))
    facts = survey(hop(at(NS1, nxdomain(), fault=first), at(NS2, nxdomain(), fault=FAULT)))
    found = only_error(dataclasses.replace(facts, query_faults=(first, FAULT)), "case-sensitive")
    assert found.nameserver is None
    assert found.summary.startswith("ns1.example.net and ns2.example.net answer differently")


def test_a_registrys_servers_are_not_the_users_to_mend() -> None:
    fault = dataclasses.replace(FAULT, zone=name("test."))
    facts = survey(hop(at(NS1, texts())))
    found = only_error(dataclasses.replace(facts, query_faults=(fault,)), "case-sensitive")
    assert found.remedy == (
        "The registry's servers fail; nothing to fix on your side. Try again later."
    )


def test_keys_are_told_apart_from_what_the_ca_asks_for() -> None:
    keys = dataclasses.replace(FAULT, owner=name(ZONE), rdtype=dns.rdatatype.DNSKEY)
    facts = survey(hop(at(NS1, texts()), at(NS2, nxdomain(), fault=FAULT)))
    judged = diagnose(dataclasses.replace(facts, query_faults=(FAULT, keys)))
    found = [f.evidence for f in judged if f.code == "case-sensitive"]
    assert [(one.get("kind"), len(one["questions"])) for one in found] == [(None, 1), ("keys", 1)]  # type: ignore[arg-type]
