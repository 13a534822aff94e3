"""CAA: whether the closest set lets this CA issue, and whether the CA could read it at all.

Pure: a climb (what servers said to CAA questions) goes in, findings come out. The RFCs' rules
are in `caa`, the closest set in `relevant_caa`; here are severities and words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.caa.policy import (
    Allowed,
    Ambiguity,
    Forbidden,
    Rejection,
    Unjudged,
    decide,
)
from certbot_dns_preflight.caa.relevant_set import RelevantSet, Unanswered, relevant
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.escaping import presentation, show_name
from certbot_dns_preflight.facts.caa import Failed
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.caa.policy import IssuanceRequest, Objection
    from certbot_dns_preflight.facts.caa import CaaAnswer, Climb, Property
    from certbot_dns_preflight.facts.finding import Finding, Json

# Boulder compares the issuer's letters exactly, reads flag 1 as the critical bit, takes no hyphen
# in a parameter's tag, and knows no tags but issue, issuewild, iodef and issuemail.
_BOULDER = frozenset({"letsencrypt.org"})


def judge(
    climb: Climb,
    request: IssuanceRequest,
    *,
    wildcard: Collection[bool] = (False,),
    already_reported: Collection[dns.name.Name] = (),
) -> Iterator[Finding]:
    """Find out whether CAA lets the CA issue for a domain.

    `wildcard` holds True if the certificate has ``*.`` before the domain, False if it has the
    domain itself. `already_reported` are zones whose servers' trouble another finding tells: there
    a failure that is not CAA's own is left out.
    """
    told: set[tuple[object, ...]] = set()
    for found in relevant(climb):
        if isinstance(found, Unanswered):
            fine = any(
                isinstance(a.content, Failed) and a.content.otherwise_fine for a in found.answers
            )
            if fine or not _is_told(found.answers[0], already_reported):
                yield _unanswerable(climb, found)
            continue
        for wild in sorted(wildcard):
            decision = decide(found.properties, request, wildcard=wild)
            key = (found.name, found.properties, decision)
            if isinstance(decision, Allowed) or key in told:
                continue
            told.add(key)
            if isinstance(decision, Forbidden):
                yield _forbidden(climb, found, decision, request, wildcard=wild)
            else:
                yield _unjudged(climb, found, decision, request, wildcard=wild)


def _is_told(answer: CaaAnswer, zones: Collection[dns.name.Name]) -> bool:
    """Whether the trouble is that of zones told of already; where nobody was asked, at the name."""
    if answer.nameserver is not None:
        return answer.zone in zones
    return any(answer.owner.is_subdomain(zone) for zone in zones)


# -- findings ------------------------------------------------------------------------------------


def _forbidden(
    climb: Climb,
    found: RelevantSet,
    decision: Forbidden,
    request: IssuanceRequest,
    *,
    wildcard: bool,
) -> Finding:
    decisive = _most_telling(decision.objections, request)
    return finding(
        "caa-forbids",
        summary=_summary(found, decision, decisive, request, wildcard=wildcard),
        cause=_cause(found, [objection.about for objection in decision.objections]),
        remedy=_remedy(found, decision, decisive, request),
        nameserver=_only_server(found),
        evidence=_evidence(climb, found, decisive.why.value, request, wildcard=wildcard),
    )


def _unjudged(
    climb: Climb,
    found: RelevantSet,
    decision: Unjudged,
    request: IssuanceRequest,
    *,
    wildcard: bool,
) -> Finding:
    at, record = _at(found), _record(found.owner, decision.about)
    severity = Severity.WARNING
    match decision.doubt:
        case Ambiguity.IDENTITY_UNKNOWN:
            summary = f"CAA at {at} restricts who may issue; this CA's name in CAA is unknown"
            remedy = "Name it with caa-identity (the directory's caaIdentities were not there)."
        case Ambiguity.ACCOUNT_UNKNOWN:
            summary = f"CAA at {at} binds issuance to one ACME account; which one asks is unknown"
            remedy = "See that the accounturi is the URL of the account that will ask."
        case Ambiguity.LETTER_CASE:
            summary = f"CAA at {at} names {_ca(request)} in other letters (upper, lower case)"
            remedy = f"Write it as {_line(found.owner, decision.tag, request)}"
            severity = _as_boulder(request)
        case Ambiguity.OLD_ACCOUNT:
            summary = f"CAA at {at} names this ACME account by its URL of ACMEv1"
            account = phrases.bounded(request.account or "")
            remedy = (
                f"Better put accounturi={account} there; the old form may not be taken for long"
            )
        case Ambiguity.HYPHEN:
            summary = f"CAA at {at} has a hyphen in a parameter's tag, which some CAs do not take"
            remedy = f"Leave that parameter out, or add {_line(found.owner, decision.tag, request)}"
            severity = _as_boulder(request)
        case Ambiguity.LITTLE_KNOWN:
            summary = f"CAA at {at} has a critical property that some CAs do not know"
            remedy = f"Set the flags of this record to 0: {record}"
            severity = _as_boulder(request)
        case Ambiguity.FLAG_ONE:
            summary = f"CAA at {at} has flag 1 on an unknown tag, which some CAs take for critical"
            remedy = f"Set the flags of this record to 0: {record}"
            severity = _as_boulder(request)
        case _ as never:
            assert_never(never)
    return finding(
        "caa-forbids",
        severity=severity,
        summary=summary,
        cause=_cause(found, [decision.about]),
        remedy=remedy,
        nameserver=_only_server(found),
        evidence=_evidence(climb, found, decision.doubt.value, request, wildcard=wildcard),
    )


def _unanswerable(climb: Climb, found: Unanswered) -> Finding:
    first = found.answers[0]
    failures = [a.content.detail for a in found.answers if isinstance(a.content, Failed)]
    servers = [a.nameserver for a in found.answers if a.nameserver is not None]
    fine = any(isinstance(a.content, Failed) and a.content.otherwise_fine for a in found.answers)
    where = phrases.owner(found.name)
    if first.owner != found.name:
        where += f" (an alias for {phrases.owner(first.owner)})"
    zone, number = phrases.owner(first.zone), len(set(servers))
    who = phrases.bounded(failures[0])
    if servers:
        fail = phrases.verb(number, "fails", "fail")
        who = f"{phrases.everyone(number)} of {zone} {fail} to answer"
    cause = f"{phrases.listed(phrases.bounded(text) for text in failures)}"
    if servers:
        cause += f" from {phrases.listed(phrases.host(name) for name in servers)}"
    if fine:
        cause += "; the same servers answer other questions"
    return finding(
        "caa-unanswerable",
        summary=f"CAA at {where} cannot be read: {who}",
        cause=f"{cause}. A CA that cannot read CAA must not issue.",
        remedy="Let these servers answer CAA questions, with the records or with an empty answer; "
        "old software and firewalls that know no CAA are the usual reason."
        if fine
        else f"Mend the name servers of {zone}",
        nameserver=servers[0] if len(set(servers)) == 1 else None,
        evidence={
            "domain": show_name(climb.domain),
            "name": show_name(found.name),
            "owner": show_name(first.owner),
            "zone": show_name(first.zone),
            "answers_other_questions": fine,
            "answers": [
                {**_place(a), "failure": a.content.detail}
                for a in found.answers
                if isinstance(a.content, Failed)
            ],
        },
    )


# -- words ---------------------------------------------------------------------------------------


def _most_telling(objections: Sequence[Objection], request: IssuanceRequest) -> Objection:
    """Choose the record that was meant for this CA, if there is one."""
    identities = [identity.lower().encode() for identity in request.identities]

    def rank(objection: Objection) -> int:
        meant = any(identity in objection.about.value.lower() for identity in identities)
        if objection.why is Rejection.UNKNOWN_CRITICAL or (meant and objection.why in _OWN):
            return 0
        return 2 if objection.why is Rejection.NO_ISSUER else 1

    return min(objections, key=rank)


_OWN = frozenset(
    {
        Rejection.OTHER_ACCOUNT,
        Rejection.OTHER_METHOD,
        Rejection.DUPLICATE_PARAMETER,
        Rejection.MALFORMED,
    }
)


def _summary(  # noqa: PLR0911 - one sentence a reason
    found: RelevantSet,
    decision: Forbidden,
    decisive: Objection,
    request: IssuanceRequest,
    *,
    wildcard: bool,
) -> str:
    at, ca = _at(found), _ca(request)
    for_wildcards = " for wildcards" if wildcard and decision.tag == "issuewild" else ""
    match decisive.why:
        case Rejection.OTHER_ISSUER:
            issuers = [o.detail for o in decision.objections if o.why is Rejection.OTHER_ISSUER]
            named = phrases.listed(phrases.bounded(issuer, 64) for issuer in issuers)
            return f"CAA at {at} allows only {named}{for_wildcards}, not {ca}"
        case Rejection.NO_ISSUER:
            return f"CAA at {at} allows no CA at all{for_wildcards}"
        case Rejection.OTHER_ACCOUNT:
            return f"CAA at {at} allows {ca} only for another ACME account{for_wildcards}"
        case Rejection.OTHER_METHOD:
            return f"CAA at {at} does not let {ca} validate by {request.method}{for_wildcards}"
        case Rejection.DUPLICATE_PARAMETER:
            return f"CAA at {at} has {decisive.detail} twice in one record, which allows nobody"
        case Rejection.MALFORMED:
            return f"CAA at {at} has a malformed record, which allows nobody ({decisive.detail})"
        case Rejection.UNKNOWN_CRITICAL:
            tag = phrases.bounded(presentation(decisive.about.tag), 32)
            return f'CAA at {at} has a critical property that CAs do not know, "{tag}"'
        case _ as never:
            assert_never(never)


def _remedy(
    found: RelevantSet, decision: Forbidden, decisive: Objection, request: IssuanceRequest
) -> str:
    line = _line(found.owner, decision.tag, request)
    record = _record(found.owner, decisive.about)
    match decisive.why:
        case Rejection.OTHER_ACCOUNT:
            account = phrases.bounded(request.account or "")
            return f"Put accounturi={account} there, which is the account that asks"
        case Rejection.OTHER_METHOD:
            methods = ",".join(filter(None, (decisive.detail, request.method)))
            return f"Put validationmethods={phrases.bounded(methods)} there"
        case Rejection.DUPLICATE_PARAMETER:
            return f"Leave one out, or make it two records: {record}"
        case Rejection.UNKNOWN_CRITICAL:
            return f"Correct the tag, set the flags to 0, or remove the record: {record}"
        case Rejection.MALFORMED if decisive.detail:
            return f"Replace it by {line}"
        case _:
            return f"Add {line}"


def _cause(found: RelevantSet, about: Sequence[Property]) -> str:
    lines = phrases.listed(_record(found.owner, item) for item in about)
    alias = "" if found.owner == found.name else f", to which {found.name} is an alias"
    return f"{lines} ({_who(found)}){alias}"


def _who(found: RelevantSet) -> str:
    serving = list(dict.fromkeys(a.nameserver for a in found.served_by if a.nameserver))
    asked = {a.nameserver for a in found.asked if a.nameserver}
    if not serving:
        return "as the resolver says"
    if len(found.served_by) == len(found.asked):
        return phrases.everyone(len(asked))
    return f"only {phrases.listed(phrases.host(name) for name in serving)}; servers disagree"


def _at(found: RelevantSet) -> str:
    at = phrases.owner(found.name)
    if len(found.served_by) < len(found.asked):
        servers = (a.nameserver for a in found.served_by if a.nameserver)
        at += f" on {phrases.listed(phrases.host(name) for name in servers)}"
    return at


def _only_server(found: RelevantSet) -> dns.name.Name | None:
    names = {a.nameserver for a in found.served_by}
    partial = len(found.served_by) < len(found.asked)
    return next(iter(names)) if partial and len(names) == 1 else None


def _ca(request: IssuanceRequest) -> str:
    return phrases.listed(phrases.bounded(name, 64) for name in request.identities) or "this CA"


def _line(owner: dns.name.Name, tag: str, request: IssuanceRequest) -> str:
    identity = phrases.bounded(request.identities[0], 64) if request.identities else "YOUR-CA"
    return f'{phrases.owner(owner)} CAA 0 {tag} "{identity}"'


def _record(owner: dns.name.Name, item: Property) -> str:
    tag = presentation(item.tag)
    value = phrases.bounded(presentation(item.value))
    return f'{phrases.owner(owner)} CAA {item.flags} {tag} "{value}"'


def _as_boulder(request: IssuanceRequest) -> Severity:
    return Severity.ERROR if _BOULDER.issuperset(request.identities) else Severity.WARNING


def _evidence(
    climb: Climb, found: RelevantSet, kind: str, request: IssuanceRequest, *, wildcard: bool
) -> dict[str, Json]:
    return {
        "kind": kind,
        "domain": show_name(climb.domain),
        "wildcard": wildcard,
        "name": show_name(found.name),
        "owner": show_name(found.owner),
        "records": [
            f'{item.flags} {presentation(item.tag)} "{presentation(item.value)}"'
            for item in found.properties
        ],
        "identities": list(request.identities),
        "account": request.account,
        "method": request.method,
        "served_by": [_place(a) for a in found.served_by],
        "servers_agree": len(found.served_by) == len(found.asked),
    }


def _place(answer: CaaAnswer) -> dict[str, Json]:
    return {
        "nameserver": show_name(answer.nameserver) if answer.nameserver else None,
        "address": answer.endpoint.address if answer.endpoint else None,
        "port": answer.endpoint.port if answer.endpoint else None,
    }
