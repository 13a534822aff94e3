"""Findings about single addresses: names them, and gives the evidence. The rules say the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.rule import Rule
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


def at(survey: Survey, endpoints: frozenset[Endpoint]) -> tuple[Observation, ...]:
    """Find what these addresses said, each address of a name server once."""
    latest = {(o.nameserver, o.endpoint): o for o in survey.observations if o.endpoint in endpoints}
    return tuple(latest.values())


def findings(  # noqa: PLR0913 - a finding's texts and what it is about
    rule: Rule,
    survey: Survey,
    some: Sequence[Observation],
    *,
    what: tuple[str, str],
    cause: str,
    remedy: str,
) -> Iterator[Finding]:
    """Report what these addresses do, if any; `what` of one and of several: ("does", "do")."""
    if not some:
        return
    subjects = phrases.subjects(some, survey.observations)
    yield rule.finding(
        summary=f"{phrases.listed(subjects)} {phrases.verb(len(subjects), *what)}",
        cause=cause,
        remedy=remedy,
        about=some,
        evidence={"addresses": evidence.places(some)},
    )
