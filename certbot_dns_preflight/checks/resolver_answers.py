"""Word the findings about resolvers that were asked in place of the name servers.

A resolver stands for a name server here, so its findings have the name servers' codes. What is said
is less: which name server lacks the record, or fails, cannot be seen through a resolver, and what a
resolver shows may come from its cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, resolver_reach
from certbot_dns_preflight.checks.rule import Remedy
from certbot_dns_preflight.checks.trouble import code_of
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Absent, Answer, Malformed, NotAsked, Unreachable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.rule import Rule
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.resolver_sight import ExtendedError, ResolverSight
    from certbot_dns_preflight.facts.survey import Observation, Survey

_A_MOMENT = 1.0  # second
_LONGEST_SUMMARY = 130  # characters: two lines of 80 hold it

KEPT_MISS = Remedy(
    "`--ask resolvers`: the resolver was queried before the record was published, and has cached "
    "that answer",
    "Wait for `kept_seconds`, or make `--timeout` longer than the zone's negative TTL (the smaller "
    "of the SOA's TTL and its last field), or lower that.",
)
ANOTHER_RESOLVER = Remedy(
    "`--ask resolvers`: the resolver is down, or not for this host",
    "Specify another one (`--resolver`), or allow the connection. If its certificate is of a "
    "private CA, set SSL_CERT_FILE to that CA's certificate. `--unreachable warn` goes on with the "
    "others.",
)


def without_record(rule: Rule, survey: Survey, context: Context) -> Iterator[Finding]:
    """Report the resolvers that answer without all that is expected, if that is the rule's case.

    A mangled value is reported as that alone.
    """
    mangled = context.nearest is not None and context.nearest.kind is not None
    if survey.sight is None or not context.expected or (context.nobody_has_all and mangled):
        return
    if rule.code is Code.RECORD_VANISHED:
        if context.unsteady:
            yield _finding(rule, survey.sight, context, context.unsteady)
        return
    told = [observation for part in context.partitions for observation in part.mangled]
    lacking = tuple(o for o in context.lacking if o not in told)
    if lacking and rule.code is _case(context, lacking):
        yield _finding(rule, survey.sight, context, lacking)


def without_answer(rule: Rule, survey: Survey, context: Context) -> Iterator[Finding]:
    """Report each resolver that gives no usable answer, if that is the rule's case.

    What a resolver says of DNSSEC is reported as that. A resolver that there was no time to ask is
    one of which nothing is known.
    """
    if survey.sight is None:
        return
    said = {answer.endpoint: answer for answer in survey.sight.answers}
    answering = any(isinstance(o.reading, Answer) for o in survey.observations)
    excused = answering and context.unreachable is UnreachablePolicy.WARN
    unasked = [o for o in survey.observations if isinstance(o.reading, NotAsked)]
    if unasked and rule.code is Code.NAMESERVER_UNREACHABLE and context.expected:
        yield _too_early(rule, survey.sight, unasked)
    for observation in survey.observations:
        if isinstance(observation.reading, Answer | NotAsked):
            continue
        answer = said.get(observation.endpoint)
        if answer is not None and answer.bogus is not None:
            continue
        if rule.code is (code_of(observation.reading) or Code.NAMESERVER_UNREACHABLE):
            severity = Severity.WARNING if excused else Severity.ERROR
            yield _failing(rule, severity, observation, answer.errors if answer else ())


# -- without the record ----------------------------------------------------------------------------


def _case(context: Context, lacking: Sequence[Observation]) -> Code:
    """Say which code fits resolvers that lack something; serials are not seen through them."""
    missing = set(context.expected).difference(context.served)
    if context.holding or context.unsteady or not missing:
        return Code.SERVERS_DISAGREE
    if len(missing) < len(context.expected):
        return Code.VALUE_MISSING
    if any(map(observations.texts, lacking)):
        return Code.WRONG_VALUE
    return Code.RECORD_NOT_PUBLISHED


def _finding(
    rule: Rule, sight: ResolverSight, context: Context, lacking: Sequence[Observation]
) -> Finding:
    number = len(lacking)
    kept = max((o.kept_for or 0.0 for o in lacking), default=0.0)
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
            f"record has been published since{_negative(sight, lacking)}. {cause}"
        )
        remedy = f"Try again in {kept:.0f} s, or raise {timeout} by at least that much. " + (
            "If the record is still missing then, check from another host that every name server "
            "has it"
            if context.holding
            else "Meanwhile, check that the record was created"
        )
    missing = [value for value in context.expected if value not in context.served]
    return rule.finding(
        summary=_summary(rule, context, lacking),
        cause=cause,
        remedy=remedy,
        about=lacking,
        evidence={
            "missing": evidence.values(missing),
            **(evidence.comparison(context.nearest) if context.nearest else {}),
            **evidence.served(context),
            "addresses": evidence.places(
                lacking, expected=context.expected, comparer=context.comparer
            ),
            "negative_ttl": sight.negative_ttl,
            "kept_seconds": round(kept),
            "resolvers": [_resolver(observation) for observation in lacking],
        },
    )


def _summary(rule: Rule, context: Context, lacking: Sequence[Observation]) -> str:
    number = len(lacking)
    noun = phrases.verb(number, "the resolver", "the resolvers")
    who = f"{noun} {phrases.listed(phrases.resolver(o.endpoint) for o in lacking)}"
    partly = any(set(context.expected) & set(observations.texts(o)) for o in lacking)
    what = "all expected values" if partly else "the record"
    if rule.code is Code.RECORD_VANISHED:
        shows = f"returned {what} earlier in this run, but no longer"
        shows += phrases.verb(number, " does", " do")
    else:
        shows = f"{phrases.verb(number, 'does', 'do')} not return {what}"
    others = len(context.holding)
    beside = phrases.verb(others, "the other one does", f"the other {others} do")
    answers = phrases.distinct_answers(lacking)
    instead = f"{phrases.verb(number, 'it answers', 'they answer')} {answers}"
    rest = f"; {beside}" if others else ""
    miss = _cached_miss(lacking)
    cached = f"{who} {shows} ({miss}){rest}"
    if miss and len(cached) <= _LONGEST_SUMMARY:
        return cached
    return f"{who} {shows} ({instead}){rest}"


def _cached_miss(lacking: Sequence[Observation]) -> str:
    """Say for how long resolvers keep that there is nothing; empty where they do not all do so."""
    readings = [o.reading for o in lacking if (o.kept_for or 0.0) >= _A_MOMENT]
    misses = {reading.nxdomain for reading in readings if isinstance(reading, Absent)}
    if len(readings) < len(lacking) or len(misses) != 1 or not _all_absent(lacking):
        return ""
    kept = max(o.kept_for or 0.0 for o in lacking)
    up_to = phrases.verb(len(lacking), "", "up to ")
    what = "NXDOMAIN" if misses == {True} else "no TXT record"
    return f"{what}, cached for {up_to}another {kept:.0f} s"


def _all_absent(lacking: Sequence[Observation]) -> bool:
    return all(isinstance(observation.reading, Absent) for observation in lacking)


def _negative(sight: ResolverSight, lacking: Sequence[Observation]) -> str:
    if sight.negative_ttl is None or not _all_absent(lacking):
        return ""
    return f" (negative answers from this zone are cached for {sight.negative_ttl} s)"


def _resolver(observation: Observation) -> dict[str, Json]:
    kept = observation.kept_for
    return {
        "resolver": phrases.resolver(observation.endpoint),
        "answer": phrases.answer(observation.reading)
        if isinstance(observation.reading, Answer)
        else None,
        "kept_seconds": None if kept is None else round(kept),
    }


# -- without an answer -----------------------------------------------------------------------------


def _too_early(rule: Rule, sight: ResolverSight, unasked: Sequence[Observation]) -> Finding:
    return rule.finding(
        summary="time ran out before it made sense to query a resolver for the record",
        cause="A resolver that is queried too early caches that there is no record. The first "
        f"query was due after {sight.first_look:.0f} s",
        remedy=f"Raise {phrases.option('timeout')}",
        about=unasked,
        evidence={
            "first_look": sight.first_look,
            "resolvers": [_resolver(one) for one in unasked],
        },
    )


def _failing(
    rule: Rule, severity: Severity, observation: Observation, errors: tuple[ExtendedError, ...]
) -> Finding:
    who = phrases.resolver(observation.endpoint)
    answers = phrases.answer(observation.reading)
    silent = isinstance(observation.reading, Unreachable)
    return rule.finding(
        severity=severity,
        summary=f"the resolver {who} {'does not answer' if silent else f'answers {answers}'}",
        cause=f"{_why(observation, errors)}. This host cannot tell whether the zone's name "
        "servers answer",
        remedy=_remedy(observation),
        about=[observation],
        evidence={
            "resolver": who,
            "answer": answers,
            "addresses": evidence.places([observation]),
            "extended_errors": [
                {"code": error.code, "name": error.name, "text": phrases.bounded(error.text)}
                for error in errors
            ],
        },
    )


def _remedy(observation: Observation) -> str:
    reading = observation.reading
    another = f"use {phrases.option('resolver')} to specify another one"
    if isinstance(reading, Unreachable | Malformed) and (
        fix := resolver_reach.fixes([reading.detail])
    ):
        return f"{fix}. Or {another}"
    return f"Find out why the resolver fails, or {another}"


def _why(observation: Observation, errors: tuple[ExtendedError, ...]) -> str:
    match observation.reading:
        case Unreachable(detail=detail) | Malformed(detail=detail):
            return f"The reason: {phrases.bounded(detail)}"
        case _ if errors:
            words = (
                f"{error.name}" + (f" ({phrases.bounded(error.text)})" if error.text else "")
                for error in errors
            )
            return f"The resolver says: {phrases.listed(words)}"
        case _:
            return "The resolver does not say why"
