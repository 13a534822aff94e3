"""The closest CAA set excludes this CA, account or method, or some CAs read it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.caa.policy import Allowed, Ambiguity, Forbidden, Rejection, decide
from certbot_dns_preflight.caa.relevant_set import Unanswered, relevant
from certbot_dns_preflight.checks import caa_forbids_words as words
from certbot_dns_preflight.checks import evidence
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import presentation, show_name
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.caa.policy import IssuanceRequest, Objection, Unjudged
    from certbot_dns_preflight.caa.relevant_set import RelevantSet
    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Survey


# Boulder compares the issuer's letters exactly, reads flag 1 as the critical bit, takes no hyphen
# in a parameter's tag, and knows no tags but issue, issuewild, iodef, issuemail and issuevmc.
_BOULDER = frozenset({"letsencrypt.org"})
_OWN = frozenset(
    {
        Rejection.OTHER_ACCOUNT,
        Rejection.OTHER_METHOD,
        Rejection.DUPLICATE_PARAMETER,
        Rejection.MALFORMED,
    }
)

RULE = Rule(
    code=Code.CAA_FORBIDS,
    severity=Severity.ERROR,
    meaning="The closest CAA record set excludes this CA, this account or this method.",
    reference="RFC 8659 section 4",
    explanation=(
        "CAA is looked up at the name and each ancestor; the first set found decides. Its `issue` "
        "(for wildcards `issuewild`) properties must name the CA, and `accounturi` and "
        "`validationmethods`, if given, must fit (RFC 8657). An unknown critical property forbids "
        "issuance. Where CAs differ, it is a warning; what Let's Encrypt does is known, so there "
        "it is exact."
    ),
    refusal="The CA must not issue. It checks CAA after the challenge has passed.",
    confirm=(
        "dig +norec @ADDRESS NAME CAA",
        "dig +trace NAME CAA",
        "dig DOMAIN CAA",
    ),
    remedies=(
        Remedy(
            "the CA is not listed",
            'Add `DOMAIN. CAA 0 issue "letsencrypt.org"` (your CA\'s issuer domain name).',
        ),
        Remedy(
            "a wildcard is asked for and issuewild excludes it",
            "Add an `issuewild` record, or remove the one that forbids.",
        ),
        Remedy(
            "accounturi names another account",
            "Use this account's URL. It changes when you register a new account.",
        ),
        Remedy(
            "accounturi is the account's URL of ACMEv1",
            "Let's Encrypt accepts it (a warning). Replace it with the current URL.",
        ),
        Remedy(
            "validationmethods lacks dns-01",
            "Add dns-01 to it.",
        ),
        Remedy(
            "a critical property that the CA does not know, or flag 1 or a hyphen that it misreads",
            "Set the flags to 0, or remove the parameter.",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report each set that decides and does not plainly allow; what it means for both names once.

    The certificate may have the domain, its wildcard, or both.
    """
    climb, request = context.environment.climb, context.request
    if climb is None or request is None:
        return
    reported: set[tuple[object, ...]] = set()
    for found in relevant(climb):
        if isinstance(found, Unanswered):
            continue
        for wild in survey.challenge.wildcard:
            decision = decide(found.properties, request, wildcard=wild)
            key = (found.name, found.properties, decision)
            if isinstance(decision, Allowed) or key in reported:
                continue
            reported.add(key)
            case = words.Case(climb, found, request, wildcard=wild)
            if isinstance(decision, Forbidden):
                yield _forbidden(case, decision)
            else:
                yield _unjudged(case, decision)


def _forbidden(case: words.Case, decision: Forbidden) -> Finding:
    decisive = _most_telling(decision.objections, case.request)
    return RULE.finding(
        summary=words.summary(case, decision, decisive),
        cause=words.cause(case, [objection.about for objection in decision.objections]),
        remedy=words.remedy(case, decision, decisive),
        records=words.records(case, decision, decisive),
        nameserver=_only_server(case.found),
        evidence=_evidence(case, decisive.why.value),
    )


def _unjudged(case: words.Case, decision: Unjudged) -> Finding:
    summary, remedy = words.ambiguous(case, decision)
    return RULE.finding(
        severity=_severity(decision.doubt, case.request),
        summary=summary,
        cause=words.cause(case, [decision.about]),
        remedy=remedy,
        nameserver=_only_server(case.found),
        evidence=_evidence(case, decision.doubt.value),
    )


def _severity(doubt: Ambiguity, request: IssuanceRequest) -> Severity:
    """Tell whether what some CAs refuse is refused by this one."""
    match doubt:
        case Ambiguity.IDENTITY_UNKNOWN | Ambiguity.ACCOUNT_UNKNOWN | Ambiguity.OLD_ACCOUNT:
            return Severity.WARNING
        case Ambiguity.LETTER_CASE | Ambiguity.HYPHEN | Ambiguity.LITTLE_KNOWN | Ambiguity.FLAG_ONE:
            known = _BOULDER.issuperset(request.identities)
            return Severity.ERROR if known else Severity.WARNING
        case _ as never:
            assert_never(never)


def _most_telling(objections: Sequence[Objection], request: IssuanceRequest) -> Objection:
    """Choose the record that was meant for this CA, if there is one."""
    identities = [identity.lower().encode() for identity in request.identities]

    def rank(objection: Objection) -> int:
        meant = any(identity in objection.about.value.lower() for identity in identities)
        if objection.why is Rejection.UNKNOWN_CRITICAL or (meant and objection.why in _OWN):
            return 0
        return 2 if objection.why is Rejection.NO_ISSUER else 1

    return min(objections, key=rank)


def _only_server(found: RelevantSet) -> dns.name.Name | None:
    names = {a.nameserver for a in found.served_by}
    partial = len(found.served_by) < len(found.asked)
    return next(iter(names)) if partial and len(names) == 1 else None


def _evidence(case: words.Case, kind: str) -> dict[str, Json]:
    found, request = case.found, case.request
    return {
        "kind": kind,
        "domain": show_name(case.climb.domain),
        "wildcard": case.wildcard,
        "name": show_name(found.name),
        "owner": show_name(found.owner),
        "records": [
            f'{item.flags} {presentation(item.tag)} "{presentation(item.value)}"'
            for item in found.properties
        ],
        "identities": list(request.identities),
        "account": request.account,
        "method": request.method,
        "served_by": [evidence.caa_place(a) for a in found.served_by],
        "servers_agree": len(found.served_by) == len(found.asked),
    }
