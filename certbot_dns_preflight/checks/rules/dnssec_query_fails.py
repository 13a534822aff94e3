"""What a validating resolver asks fails at a server where the plain question does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import faults, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.query_fault import DnssecFault, QueryFaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DNSSEC_QUERY_FAILS,
    severity=Severity.ERROR,
    meaning="A server fails for the queries that a validating resolver sends.",
    reference="RFC 4035 section 3.1",
    explanation=(
        "The CA's resolvers set the DO bit in every query, even for unsigned zones, and query the "
        "keys and the DS of signed zones. This server answers plain queries, but for these it "
        "returns an error, nothing, or a truncated answer; or it does not return the keys or DS."
    ),
    refusal=(
        "The CA's resolver never sends the plain query. It picks a name server at random, and "
        "reports SERVFAIL if no other one helps."
    ),
    confirm=(
        "dig +norec +dnssec @ADDRESS OWNER TXT",
        "dig +norec +nodnssec @ADDRESS OWNER TXT",
        "dig +norec +dnssec @ADDRESS ZONE DNSKEY",
    ),
    remedies=(
        Remedy(
            "old or custom server software does not support DO",
            "Update it, or move the zone to another server.",
        ),
        Remedy(
            "a firewall drops queries with DO, or answers with signatures",
            "Allow DNS over UDP and TCP, at any size.",
        ),
        Remedy(
            "answers with signatures do not fit into UDP, and TCP is closed",
            "Open TCP port 53 in the firewall of the server, or of this host.",
        ),
        Remedy(
            "a secondary has the zone without its keys or signatures",
            "Turn on DNSSEC there and transfer the zone again.",
        ),
    ),
    note="With `--unreachable warn`, a warning, while another delegated name server answers.",
)

_REMEDIES = {
    QueryFaultKind.RCODE: "Update the server software, or move the zone to a server that supports "
    "DNSSEC queries. It does not have to sign anything.",
    QueryFaultKind.NO_ANSWER: "Update the server, or the firewall in front of it (it may drop "
    "queries with DO).",
    QueryFaultKind.TRUNCATED: "Query it over TCP from another network first: a firewall may be "
    "blocking only this host. If that works, allow TCP connections from this host to port 53 of "
    "the server. If that fails too, open TCP port 53 on the server: with signatures, the answer "
    "does not fit into UDP.",
    QueryFaultKind.KEYS: "Make sure that this server has the signed zone with its keys, and that "
    "DNSKEY queries reach it.",
    QueryFaultKind.DS: "Make sure that the name servers of the parent zone answer DS queries, or "
    "ask their operator.",
}


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report each zone once a kind, with all addresses and questions where it shows."""
    found = [fault for fault in survey.query_faults if isinstance(fault, DnssecFault)]
    for zone, kind in dict.fromkeys((fault.zone, fault.kind) for fault in found):
        yield _finding(
            [fault for fault in found if (fault.zone, fault.kind) == (zone, kind)], context
        )


def _finding(some: Sequence[DnssecFault], context: Context) -> Finding:
    first = some[0]
    who = faults.who(some)
    asked = phrases.listed(dict.fromkeys(faults.question(fault) for fault in some))
    details = phrases.listed(dict.fromkeys(phrases.bounded(fault.detail) for fault in some))
    does = phrases.verb(len(faults.hosts(some)), "does", "do")
    if first.kind in (QueryFaultKind.KEYS, QueryFaultKind.DS):
        what = "keys" if first.kind is QueryFaultKind.KEYS else "DS"
        of = phrases.owner(first.owner)
        summary = f"{who} {does} not return the {what} of {of}, which is signed"
        if first.kind is QueryFaultKind.DS:
            summary = f"{who} {does} not answer queries for the {what} of {of}, below a signed zone"
        cause = f"{asked}: {details}. A validating resolver cannot continue without it."
    else:
        one = len(faults.hosts(some)) == 1
        queries = "queries that request signatures (DO)"
        how = {
            QueryFaultKind.RCODE: f"{'answers' if one else 'answer'} {queries} with an error",
            QueryFaultKind.NO_ANSWER: f"{does} not answer {queries}",
            QueryFaultKind.TRUNCATED: f"{'truncates' if one else 'truncate'} answers to "
            f"{queries}, and TCP to {'it' if one else 'them'} fails",
        }[first.kind]
        summary = f"{who} {how}"
        if first.kind is QueryFaultKind.TRUNCATED:
            details = "truncated over UDP, and no answer over TCP"
        cause = (
            f"{asked} with DO: {details}; without DO there is an answer. The CA's resolvers set DO "
            "in every query."
        )
    return RULE.finding(
        severity=faults.severity(some, context),
        summary=summary,
        cause=cause,
        remedy=phrases.REGISTRY_REMEDY if faults.is_registrys(first) else _REMEDIES[first.kind],
        nameserver=faults.only_host(some),
        address=faults.only_address(some),
        evidence={
            "kind": first.kind.value,
            "zone": show_name(first.zone),
            "questions": [
                {
                    **faults.place(fault),
                    "owner": show_name(fault.owner),
                    "type": fault.rdtype.name,
                    "failure": fault.detail,
                }
                for fault in some
            ],
        },
    )
