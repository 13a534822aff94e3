"""Renewals that fail alike, so that each cause is described once for all of them. Pure.

Alike are lineages with the same problem, and those of which the same is found on the same servers;
those that are ready and have no warning stand alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.grouping import look

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.renewals.lineages import Lineage, Renewal

_DIRECTORIES = re.compile(r"(?<!\S)/(?:[^/\n]*/)+(?=[^/\s]+\.pem\b)")


@dataclass(frozen=True, slots=True)
class Group:
    """Renewals that are reported together, in the order given; never empty."""

    renewals: tuple[Renewal, ...]

    @property
    def first(self) -> Renewal:
        """The one whose words are shown: worst first, that is the one that ends soonest."""
        return self.renewals[0]

    @property
    def outcome(self) -> Outcome | None:
        """The outcomes of all of them as one; None where there is a problem instead."""
        outcomes = [each.outcome for each in self.renewals if each.outcome is not None]
        if not outcomes:
            return None
        challenges = tuple(judged for outcome in outcomes for judged in outcome.challenges)
        return replace(outcomes[0], challenges=challenges)

    @property
    def title(self) -> str:
        """The first lineage's name, and how many more there are."""
        name, more = printable(self.first.lineage.name), len(self.renewals) - 1
        return f"{name} and {more} more" if more else name


def grouped(renewals: Iterable[Renewal]) -> list[Group]:
    """Group renewals, in the order of each group's first one."""
    groups: dict[Hashable, list[Renewal]] = {}
    for renewal in renewals:
        groups.setdefault(_look(renewal), []).append(renewal)
    return [Group(tuple(group)) for group in groups.values()]


def without_paths(reason: str, lineage: Lineage) -> str:
    """Leave out where a lineage's files are: its name says that."""
    words = printable(reason).replace(printable(str(lineage.file)), "its renewal file")
    return _DIRECTORIES.sub("", words)


def _look(renewal: Renewal) -> Hashable:
    lineage, problem = renewal.lineage, renewal.lineage.problem
    if problem is not None:
        reason, fix = (without_paths(words, lineage) for words in (problem.reason, problem.fix))
        return problem.trouble, problem.code, reason, fix
    if renewal.outcome is None or (renewal.verdict is Verdict.READY and not renewal.warned):
        return lineage.file
    failed = frozenset(
        look(judged) for judged in renewal.outcome.challenges if judged.verdict is not Verdict.READY
    )
    warnings = frozenset(
        (finding.code, finding.nameserver, finding.address)
        for finding in renewal.findings
        if finding.severity is Severity.WARNING
    )
    return renewal.verdict, failed, warnings
