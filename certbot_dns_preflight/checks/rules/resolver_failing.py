"""A resolver that is asked in place of the name servers gives no usable answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Answer, Malformed, NotAsked, Unreachable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.resolver_sight import ExtendedError
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.RESOLVER_FAILING,
    severity=Severity.ERROR,
    meaning="A resolver that was asked in place of the name servers gives no usable answer.",
    reference="RFC 8914",
    explanation=(
        "With `--ask resolvers` each resolver named must show the record. This one does not answer "
        "in time, refuses, answers SERVFAIL, or is not accepted as what it claims to be (TLS "
        "certificate). What it says of the reason (an extended DNS error) is quoted. Whether a "
        "name server is at fault cannot be seen from such a host."
    ),
    refusal="It may not: its own resolvers may get an answer where this one does not.",
    confirm=("dig @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "the resolver is down, or not for this host",
            "Specify another one (`--resolver`), or allow the connection.",
        ),
        Remedy(
            "its certificate is of a private CA",
            "Set SSL_CERT_FILE to the CA's certificate.",
        ),
        Remedy(
            "SERVFAIL: it gets no answer from the zone's name servers",
            "Check the zone from a host that can reach its name servers.",
        ),
        Remedy(
            "one of several resolvers may be down",
            "`--unreachable warn` goes on with the others.",
        ),
    ),
    note="A warning with `--unreachable warn`, if another resolver answers",
    subject=Subject.RESOLVERS,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report each resolver without a usable answer; what it says of DNSSEC is told as that."""
    if survey.sight is None:
        return
    said = {answer.endpoint: answer for answer in survey.sight.answers}
    answering = any(isinstance(o.reading, Answer) for o in survey.observations)
    excused = answering and context.unreachable is UnreachablePolicy.WARN
    for observation in survey.observations:
        if isinstance(observation.reading, Answer | NotAsked):
            continue
        answer = said.get(observation.endpoint)
        if answer is not None and answer.bogus is not None:
            continue
        errors = answer.errors if answer is not None else ()
        who = phrases.resolver(observation.endpoint)
        yield RULE.finding(
            severity=Severity.WARNING if excused else Severity.ERROR,
            summary=f"the resolver {who} {_does(observation)}",
            cause=f"{_why(observation, errors)}. This host cannot tell whether the zone's name "
            "servers answer",
            remedy=_remedy(observation),
            about=[observation],
            evidence={
                "resolver": who,
                "answer": phrases.answer(observation.reading),
                "extended_errors": [
                    {"code": error.code, "name": error.name, "text": phrases.bounded(error.text)}
                    for error in errors
                ],
            },
        )


def _remedy(observation: Observation) -> str:
    reading = observation.reading
    another = f"specify another one with {phrases.option('resolver')}"
    if isinstance(reading, Unreachable) and "certificate" in reading.detail:
        return f"{phrases.PRIVATE_CA}. Or {another}"
    return f"Find out why it fails, or {another}"


def _does(observation: Observation) -> str:
    match observation.reading:
        case Unreachable():
            return "does not answer"
        case _:
            return f"answers {phrases.answer(observation.reading)}"


def _why(observation: Observation, errors: tuple[ExtendedError, ...]) -> str:
    match observation.reading:
        case Unreachable(detail=detail) | Malformed(detail=detail):
            return f"The reason: {phrases.bounded(detail)}"
        case _ if errors:
            words = (
                f"{error.name}" + (f" ({phrases.bounded(error.text)})" if error.text else "")
                for error in errors
            )
            return f"It says: {phrases.listed(words)}"
        case _:
            return "It does not say why"
