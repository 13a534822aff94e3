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
    meaning="A server fails where it is asked as a validating resolver asks.",
    reference="RFC 4035 section 3.1",
    explanation=(
        "Resolvers of CAs set the DO bit on every question, in unsigned zones too, and ask for the "
        "keys and the DS of signed ones. This server gives an error, no answer or one that is cut "
        "short to such a question, and answers the plain one; or it gives no keys or no DS."
    ),
    refusal=(
        "The CA's resolver never asks the plain question. It gets SERVFAIL as soon as it has no "
        "other server to turn to, and it turns to each of them by chance."
    ),
    confirm=(
        "dig +norec +dnssec @ADDRESS OWNER TXT",
        "dig +norec +nodnssec @ADDRESS OWNER TXT",
        "dig +norec +dnssec @ADDRESS ZONE DNSKEY",
    ),
    remedies=(
        Remedy(
            "old or home-made server software does not know DO",
            "Update it, or move the zone to another server.",
        ),
        Remedy(
            "a firewall drops questions with DO, or answers with signatures",
            "Let DNS pass as it is, over UDP and TCP, at any size.",
        ),
        Remedy(
            "answers with signatures do not fit a datagram, and TCP is closed",
            "Open TCP port 53.",
        ),
        Remedy(
            "a secondary has the zone without its keys or signatures",
            "Turn DNSSEC on there and transfer the zone anew.",
        ),
    ),
    note="With unreachable=warn: a warning, while another name server of the zone answers.",
)

_REMEDIES = {
    QueryFaultKind.RCODE: "Update the server software, or move the zone to a server that knows "
    "DNSSEC; it need not sign anything, only answer.",
    QueryFaultKind.NO_ANSWER: "Update the server, or the firewall before it, which may drop "
    "questions with DO.",
    QueryFaultKind.TRUNCATED: "Open TCP port 53 to this address: with its signatures the answer "
    "does not fit a datagram.",
    QueryFaultKind.KEYS: "See that this server has the signed zone with its keys, and that DNSKEY "
    "questions reach it.",
    QueryFaultKind.DS: "See that the servers of the zone above answer DS questions; or ask its "
    "operator to.",
}


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell of each zone once a kind, with all addresses and questions where it shows."""
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
        summary = f"{who} {does} not give the {what} of {of}, which is signed"
        if first.kind is QueryFaultKind.DS:
            summary = f"{who} {does} not answer for the {what} of {of}, below a signed zone"
        cause = f"to {asked} came: {details}. A validating resolver cannot go on without it."
    else:
        how = {
            QueryFaultKind.RCODE: "with an error",
            QueryFaultKind.NO_ANSWER: "not at all",
            QueryFaultKind.TRUNCATED: "in part",
        }[first.kind]
        answers = phrases.verb(len(faults.hosts(some)), "answers", "answer")
        summary = f"{who} {answers} {how} where signatures are asked for (DO)"
        cause = (
            f"to {asked} with DO came: {details}; to the same question without DO, an answer. "
            "Resolvers of CAs set DO on every question."
        )
    return RULE.finding(
        severity=faults.severity(some, context),
        summary=summary,
        cause=cause,
        remedy=faults.REGISTRY_REMEDY if faults.is_registrys(first) else _REMEDIES[first.kind],
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
