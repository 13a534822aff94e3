"""The sentences of caa-forbids: whom a set allows, and which record would let this CA issue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.caa.policy import Ambiguity, Rejection
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import presentation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

    from certbot_dns_preflight.caa.policy import Forbidden, IssuanceRequest, Objection, Unjudged
    from certbot_dns_preflight.caa.relevant_set import RelevantSet
    from certbot_dns_preflight.facts.caa import Climb, Property


@dataclass(frozen=True, slots=True)
class Case:
    """A set that decides, for whom, and whether for a wildcard."""

    climb: Climb
    found: RelevantSet
    request: IssuanceRequest
    wildcard: bool


def summary(  # noqa: PLR0911 - one sentence a reason
    case: Case, decision: Forbidden, decisive: Objection
) -> str:
    """Say whom the set allows, and that this CA is not among them."""
    at, ca, request = _at(case.found), _ca(case.request), case.request
    for_wildcards = " for wildcards" if case.wildcard and decision.tag == "issuewild" else ""
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


def remedy(case: Case, decision: Forbidden, decisive: Objection) -> str:
    """Say which record to add or to change."""
    found, request = case.found, case.request
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


def ambiguous(case: Case, decision: Unjudged) -> tuple[str, str]:
    """Word summary and remedy where CAs read a set differently, or who asks is not known."""
    found, request = case.found, case.request
    at, record = _at(found), _record(found.owner, decision.about)
    match decision.doubt:
        case Ambiguity.IDENTITY_UNKNOWN:
            text = f"CAA at {at} restricts who may issue; this CA's name in CAA is unknown"
            advice = "Name it with caa-identity (the directory's caaIdentities were not there)."
        case Ambiguity.ACCOUNT_UNKNOWN:
            text = f"CAA at {at} binds issuance to one ACME account; which one asks is unknown"
            advice = "See that the accounturi is the URL of the account that will ask."
        case Ambiguity.LETTER_CASE:
            text = f"CAA at {at} names {_ca(request)} in other letters (upper, lower case)"
            advice = f"Write it as {_line(found.owner, decision.tag, request)}"
        case Ambiguity.OLD_ACCOUNT:
            text = f"CAA at {at} names this ACME account by its URL of ACMEv1"
            account = phrases.bounded(request.account or "")
            advice = (
                f"Better put accounturi={account} there; the old form may not be taken for long"
            )
        case Ambiguity.HYPHEN:
            text = f"CAA at {at} has a hyphen in a parameter's tag, which some CAs do not take"
            advice = f"Leave that parameter out, or add {_line(found.owner, decision.tag, request)}"
        case Ambiguity.LITTLE_KNOWN:
            text = f"CAA at {at} has a critical property that some CAs do not know"
            advice = f"Set the flags of this record to 0: {record}"
        case Ambiguity.FLAG_ONE:
            text = f"CAA at {at} has flag 1 on an unknown tag, which some CAs take for critical"
            advice = f"Set the flags of this record to 0: {record}"
        case _ as never:
            assert_never(never)
    return text, advice


def cause(case: Case, about: Sequence[Property]) -> str:
    """Show the records that decide, and who serves them."""
    found = case.found
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


def _ca(request: IssuanceRequest) -> str:
    return phrases.listed(phrases.bounded(name, 64) for name in request.identities) or "this CA"


def _line(owner: dns.name.Name, tag: str, request: IssuanceRequest) -> str:
    identity = phrases.bounded(request.identities[0], 64) if request.identities else "YOUR-CA"
    return f'{phrases.owner(owner)} CAA 0 {tag} "{identity}"'


def _record(owner: dns.name.Name, item: Property) -> str:
    tag = presentation(item.tag)
    value = phrases.bounded(presentation(item.value))
    return f'{phrases.owner(owner)} CAA {item.flags} {tag} "{value}"'
