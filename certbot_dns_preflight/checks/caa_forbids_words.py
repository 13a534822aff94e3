"""The sentences of caa-forbids: whom a set allows, and which record would let this CA issue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.caa.policy import Ambiguity, Rejection
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import presentation
from certbot_dns_preflight.facts.registry import is_registry

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
            named = phrases.listed_of(
                [*dict.fromkeys(issuers)], lambda issuer: phrases.bounded(issuer, 64)
            )
            return f"CAA at {at} allows only {named}{for_wildcards}, not {ca}"
        case Rejection.NO_ISSUER:
            return f"CAA at {at} allows no CA at all{for_wildcards}"
        case Rejection.OTHER_ACCOUNT:
            return f"CAA at {at} allows {ca} only for another ACME account{for_wildcards}"
        case Rejection.OTHER_METHOD:
            return (
                f"CAA at {at} does not allow {ca} to validate with {request.method}{for_wildcards}"
            )
        case Rejection.DUPLICATE_PARAMETER:
            return f"CAA at {at} has {decisive.detail} twice in one record, so no CA may issue"
        case Rejection.MALFORMED:
            return f"CAA at {at} has a malformed record, so no CA may issue ({decisive.detail})"
        case Rejection.UNKNOWN_CRITICAL:
            tag = phrases.quoted(presentation(decisive.about.tag), 32)
            return f"CAA at {at} has a critical property that CAs do not know: {tag}"
        case _ as never:
            assert_never(never)


def remedy(  # noqa: PLR0911 - likewise
    case: Case, decision: Forbidden, decisive: Objection
) -> str:
    """Say which record to add or to change."""
    found, request = case.found, case.request
    line = _line(_place(case), decision.tag, request)
    record = _record(found.owner, decisive.about)
    if is_registry(found.owner):
        return _of_ones_own(line)
    match decisive.why:
        case Rejection.OTHER_ACCOUNT:
            account = phrases.bounded(request.account or "")
            return f"Set accounturi={account} (the account that requests the certificate)"
        case Rejection.OTHER_METHOD:
            methods = ",".join(filter(None, (decisive.detail, request.method)))
            return f"Set validationmethods={phrases.bounded(methods)}"
        case Rejection.DUPLICATE_PARAMETER:
            return f"Remove one of them, or split the record in two: {record}"
        case Rejection.UNKNOWN_CRITICAL:
            return f"Correct the tag, set the flags to 0, or remove the record: {record}"
        case Rejection.MALFORMED if decisive.detail:
            return f"Replace it with {line}"
        case _:
            return _let_it_issue(case, decision, line)


def _let_it_issue(case: Case, decision: Forbidden, line: str) -> str:
    """Leave it to the domain's owner, who may have excluded this CA on purpose."""
    others = [o.detail for o in decision.objections if o.why is Rejection.OTHER_ISSUER]
    keep = "keep the existing records and add" if others else "add"
    advice = f"If {_ca(case.request)} should issue for this domain, {keep} {line}"
    if not others:
        return advice
    named = " or ".join(dict.fromkeys(phrases.bounded(o, 64) for o in others[:2]))
    return f"{advice}. Alternatively, get the certificate from {named}"


def records(case: Case, decision: Forbidden, decisive: Objection) -> tuple[str, ...]:
    """Give the record to add, where a new one is the remedy."""
    line = _line(_place(case), decision.tag, case.request)
    return (line,) if line in remedy(case, decision, decisive) else ()


def _of_ones_own(line: str) -> str:
    return f"Add a CAA of your own: {line} (the closest counts, and a registry's is not yours)"


def _place(case: Case) -> dns.name.Name:
    """Give the name where a record helps: where a registry's set decides, the domain below it."""
    owner = case.found.owner
    if not is_registry(owner) or len(case.climb.domain) <= len(case.found.name):
        return owner
    return case.climb.domain.split(len(case.found.name) + 1)[1]


def ambiguous(case: Case, decision: Unjudged) -> tuple[str, str]:
    """Word summary and remedy where CAs read a set differently, or who asks is not known."""
    found, request = case.found, case.request
    at, record = _at(found), _record(found.owner, decision.about)
    match decision.doubt:
        case Ambiguity.IDENTITY_UNKNOWN:
            text = f"CAA at {at} restricts who may issue, and this CA's name in CAA is unknown"
            advice = (
                f"Set {phrases.option('caa-identity')} to the CA's name (the ACME directory "
                "lists no "
                "caaIdentities)."
            )
        case Ambiguity.ACCOUNT_UNKNOWN:
            text = f"CAA at {at} allows one ACME account only, and the account in use is unknown"
            advice = "Make sure that accounturi is the URL of the account that you use."
        case Ambiguity.LETTER_CASE:
            text = f"CAA at {at} spells {_ca(request)} with different upper and lower case"
            advice = f"Write it as {_line(found.owner, decision.tag, request)}"
        case Ambiguity.OLD_ACCOUNT:
            text = f"CAA at {at} names this ACME account by its URL of ACMEv1"
            account = phrases.bounded(request.account or "")
            advice = f"Set accounturi={account} instead; CAs may stop accepting the old form"
        case Ambiguity.HYPHEN:
            text = f"CAA at {at} has a hyphen in a parameter's tag, which some CAs reject"
            advice = f"Remove that parameter, or add {_line(found.owner, decision.tag, request)}"
        case Ambiguity.LITTLE_KNOWN:
            text = f"CAA at {at} has a critical property that some CAs do not know"
            advice = f"Set the flags of this record to 0: {record}"
        case Ambiguity.FLAG_ONE:
            text = f"CAA at {at} has flag 1 on an unknown tag, which some CAs treat as critical"
            advice = f"Set the flags of this record to 0: {record}"
        case _ as never:
            assert_never(never)
    if is_registry(found.owner) and decision.doubt is not Ambiguity.IDENTITY_UNKNOWN:
        advice = _of_ones_own(_line(_place(case), decision.tag, request))
    return text, advice


def cause(case: Case, about: Sequence[Property]) -> str:
    """Show the records that decide, and who serves them."""
    found = case.found
    lines = phrases.listed_of(about, lambda item: _record(found.owner, item))
    alias = "" if found.owner == found.name else f"; {phrases.owner(found.name)} points there"
    these = phrases.verb(len(about), "this record", "these records")
    return f"{_who(found)} {these}: {lines}{alias}"


def _who(found: RelevantSet) -> str:
    """Begin to say what is served: by which name servers, or as a resolver tells."""
    serving = list(dict.fromkeys(a.nameserver for a in found.served_by if a.nameserver))
    if not serving:
        return "The resolver returns"
    only = "" if len(found.served_by) == len(found.asked) else "Only "
    serve = phrases.verb(len(serving), "serves", "serve")
    return f"{only}{phrases.listed(map(phrases.host, serving))} {serve}"


def _at(found: RelevantSet) -> str:
    at = phrases.owner(found.name)
    if len(found.served_by) < len(found.asked):
        servers = [phrases.host(a.nameserver) for a in found.served_by if a.nameserver]
        asked = [phrases.resolver(a.endpoint) for a in found.served_by if a.endpoint]
        at += f" on {phrases.listed(servers or asked)}"
    return at


def _ca(request: IssuanceRequest) -> str:
    return phrases.listed(phrases.bounded(name, 64) for name in request.identities) or "this CA"


def _line(owner: dns.name.Name, tag: str, request: IssuanceRequest) -> str:
    identity = phrases.bounded(request.identities[0], 64) if request.identities else "YOUR-CA"
    return phrases.record(owner, f'CAA 0 {tag} "{identity}"')


def _record(owner: dns.name.Name, item: Property) -> str:
    tag = presentation(item.tag)
    value = phrases.quoted(presentation(item.value))
    return phrases.record(owner, f"CAA {item.flags} {tag} {value}")
