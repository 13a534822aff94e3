"""What came back cannot be read, or answers another query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.resolver_answers import ANOTHER_RESOLVER
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Malformed
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey

RULE = Rule(
    code=Code.MALFORMED_ANSWER,
    severity=Severity.ERROR,
    meaning="The server sends malformed replies, or replies that do not match the query.",
    reference="RFC 1035 section 4.1",
    explanation=(
        "The message cannot be parsed, its ID or question does not match the query, or its answer "
        "section is for another name or type. With `--ask resolvers`: a resolver named does that."
    ),
    refusal="Resolvers drop such replies and time out.",
    confirm=(
        "dig +norec +qr @ADDRESS OWNER TXT",
        "dig +norec +tcp @ADDRESS OWNER TXT",
    ),
    remedies=(
        Remedy(
            'a middlebox or DNS "protection" rewrites answers',
            "Bypass it for port 53.",
        ),
        Remedy(
            "something other than a name server listens there",
            "Correct the address records.",
        ),
        ANOTHER_RESOLVER,
    ),
    note=EXCUSABLE,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it, at each severity."""
    for trouble in context.troubles_with(RULE.code):
        yield _finding(trouble, survey)


def _finding(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey, by_address=True)
    server = phrases.verb(it.servers, "the server", "the servers")
    return RULE.finding(
        severity=trouble.severity,
        summary=f"{it.who} {it.does('sends', 'send')} {_replies(trouble.at)}",
        cause=_cause(trouble.at, it.addresses),
        remedy=f"Query {it.addresses} with dig from another network. If that works, a firewall or "
        f"middlebox between this host and {server} is probably corrupting the replies. If not, "
        f"fix {it.hosts}, or {it.take_out}.",
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )


def _cause(at: Sequence[Observation], addresses: str) -> str:
    """Say what is wrong with the replies."""
    why = [o.reading.detail for o in at if isinstance(o.reading, Malformed) and o.reading.detail]
    if len(why) < len(at):
        answers = phrases.verb(len(at), "answers", "answer")
        return f"{addresses} {answers} {phrases.distinct_answers(at)}."
    whole = "; ".join(dict.fromkeys(map(phrases.bounded, why)))
    where = f"{'each of ' if len(at) > 1 else ''}{addresses}"
    if not whole.startswith(phrases.REPLY):
        return f"The reply from {where} is malformed: {whole}."
    return f"The reply from {where} {whole.removeprefix(phrases.REPLY)}."


def _replies(at: Sequence[Observation]) -> str:
    """Name the replies: to another query, or not to be read."""
    if all(isinstance(o.reading, Malformed) and o.reading.mismatched for o in at):
        return "replies that do not match the query"
    return "malformed replies"
