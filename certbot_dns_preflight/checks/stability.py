"""Findings about one address over the rounds of a run: lost, or back and forth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import context as seen_as
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


def unstable(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that an address went back and forth."""
    expected = context.expected
    at = tuple(
        observation
        for observation in survey.observations
        if seen_as.is_unstable(observation, expected)
    )
    if not at:
        return
    who = phrases.listed(phrases.subjects(at, survey.observations))
    who_many = len(phrases.subjects(at, survey.observations))
    most = max(observation.flips for observation in at)
    yield finding(
        "answer-unstable",
        summary=f"{who} {phrases.verb(who_many, 'shows', 'show')} the record at times and at "
        "times not",
        cause=f"Within this run the answer changed {most} times; probably several instances "
        "stand behind the address and not all of them have the record.",
        remedy="Find the instance that lags (dig +nsid shows which one answers), or wait until "
        "all have the record; see that no second program rewrites the zone.",
        about=at,
        evidence={
            "addresses": phrases.places(at),
            "flips": {observation.endpoint.address: observation.flips for observation in at},
        },
    )


def vanished(_survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that an address had the values in an earlier round and lacks them now."""
    at = tuple(
        observation
        for observation in context.unsteady
        if not seen_as.is_unstable(observation, context.expected)
    )
    if not at or not context.expected:
        return
    who = phrases.listed(phrases.subjects(at, context.usable))
    names = len(phrases.subjects(at, context.usable))
    yield finding(
        "record-vanished",
        summary=f"{who} had the record earlier in this run and {phrases.verb(names, 'has', 'have')}"
        f" lost it: now {phrases.verb(names, 'answers', 'answer')} {phrases.distinct_answers(at)}",
        cause=_why_gone(context),
        remedy="See what removed it: a clean-up that came too early, a second client, or a "
        "configuration management that regenerates the zone.",
        about=at,
        evidence={"addresses": phrases.places(at)},
    )


def _why_gone(context: Context) -> str:
    if context.holding:
        others = phrases.listed(phrases.subjects(context.holding, context.usable))
        still = phrases.verb(len(phrases.subjects(context.holding, context.usable)), "has", "have")
        return (
            f"{others} {still} it still: an older copy of the zone came back there, or the record "
            "was removed meanwhile and the others follow."
        )
    return "The record was removed, or the zone overwritten, while we were waiting."
