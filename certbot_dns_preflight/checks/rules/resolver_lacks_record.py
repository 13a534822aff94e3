"""A resolver that is asked in place of the name servers does not show what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Answer, NotAsked
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Observation, Survey

_A_MOMENT = 1.0  # second


RULE = Rule(
    code=Code.RESOLVER_LACKS_RECORD,
    severity=Severity.ERROR,
    meaning="A resolver that was asked in place of the name servers does not show the record.",
    reference="RFC 2308 section 5",
    explanation=(
        "With `--ask resolvers`, only the resolvers given are queried: for hosts that can reach "
        "nothing else. One of them does not return the record, or returns a different value. It "
        "may have cached that answer earlier: a negative answer for the zone's negative TTL, a "
        "different value for the record's TTL. Evidence: `kept_seconds`. Such a host cannot tell "
        "whether the name servers have the record."
    ),
    refusal=(
        "It does if its own resolvers get the same answer. They query the name servers "
        "themselves, and cache answers for 60 seconds at most (Let's Encrypt)."
    ),
    confirm=("dig @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "the resolver was queried before the record was published, and has cached that answer",
            "Wait for `kept_seconds`, or make `--timeout` longer than the zone's negative TTL (the "
            "smaller of the SOA's TTL and its last field), or lower that.",
        ),
        Remedy(
            "the record was not created, or not in this zone",
            "Look it up at the DNS provider.",
        ),
        Remedy(
            "the name servers have not all got it yet",
            "Raise `--timeout`, or check from a host that reaches them which one lags behind.",
        ),
    ),
    subject=Subject.RESOLVERS,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report resolvers that answer without all that is expected, unless a mangling explains it."""
    mangled = context.nearest is not None and context.nearest.kind is not None
    if survey.sight is None or not context.expected or (context.nobody_has_all and mangled):
        return
    unasked = tuple(o for o in survey.observations if isinstance(o.reading, NotAsked))
    told = [observation for part in context.partitions for observation in part.mangled]
    lacking = tuple(o for o in (*context.lacking, *context.unsteady) if o not in told)
    if not lacking and not unasked:
        return
    yield _finding(survey, context, lacking) if lacking else _too_early(survey, unasked)


def _finding(survey: Survey, context: Context, lacking: Sequence[Observation]) -> Finding:
    sight = survey.sight
    assert sight is not None
    who = phrases.listed(phrases.resolver(o.endpoint) for o in lacking)
    number = len(lacking)
    kept = max((o.kept_for or 0.0 for o in lacking), default=0.0)
    noun = phrases.verb(number, "the resolver", "the resolvers")
    summary = (
        f"{noun} {who} {phrases.verb(number, 'does', 'do')} not show "
        f"{_what(context, lacking)} ({phrases.distinct_answers(lacking)})"
    )
    if context.holding:
        summary += f"; {_others(len(context.holding))}"
    cause = (
        "Only resolvers can be queried from this host, so it is not known whether any name server "
        f"{'still ' if context.holding else ''}lacks the record"
    )
    timeout = phrases.option("timeout")
    remedy = f"Check that the record was created, then try again or raise {timeout}"
    if kept >= _A_MOMENT:
        has = phrases.verb(number, "The resolver has", "These resolvers have")
        cause = (
            f"{has} cached this answer and will keep it for another {kept:.0f} s, even if the "
            f"record has been published since{_negative(sight.negative_ttl)}. {cause}"
        )
        remedy = f"Try again in {kept:.0f} s, or raise {timeout} by at least that much. " + (
            "If the record is still missing then, check from another host that every name server "
            "has it"
            if context.holding
            else "Meanwhile, check that the record was created"
        )
    return RULE.finding(
        summary=summary,
        cause=cause,
        remedy=remedy,
        about=lacking,
        evidence={
            **evidence.served(context),
            "negative_ttl": sight.negative_ttl,
            "kept_seconds": round(kept),
            "resolvers": [_resolver(observation) for observation in lacking],
        },
    )


def _too_early(survey: Survey, unasked: Sequence[Observation]) -> Finding:
    first = survey.sight.first_look if survey.sight else 0.0
    return RULE.finding(
        summary="time ran out before it made sense to query a resolver for the record",
        cause="A resolver that is queried too early caches that there is no record. The first "
        f"query was due after {first:.0f} s",
        remedy=f"Raise {phrases.option('timeout')}",
        about=unasked,
        evidence={"first_look": first, "resolvers": [_resolver(one) for one in unasked]},
    )


def _what(context: Context, lacking: Sequence[Observation]) -> str:
    partly = any(set(context.expected) & set(observations.texts(o)) for o in lacking)
    return "all expected values" if partly else "the record"


def _others(number: int) -> str:
    return phrases.verb(number, "the other one does", f"the other {number} do")


def _negative(seconds: int | None) -> str:
    return (
        "" if seconds is None else f" (negative answers from this zone are cached for {seconds} s)"
    )


def _resolver(observation: Observation) -> dict[str, Json]:
    kept = observation.kept_for
    return {
        "resolver": phrases.resolver(observation.endpoint),
        "answer": phrases.answer(observation.reading)
        if isinstance(observation.reading, Answer)
        else None,
        "kept_seconds": None if kept is None else round(kept),
    }
