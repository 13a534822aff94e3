"""Runs and renewal checks as Prometheus metrics, put into a file at the end of each.

Decides which series a run has. Everything is labelled with its domain or its lineage, so that
several certificates may share one file: a run replaces its own names alone (`textfile`).
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import presentation, show_name
from certbot_dns_preflight.facts.answers import Values
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report import atomic_file
from certbot_dns_preflight.report.metrics import exposition, families, textfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.renewals.lineages import Renewal
    from certbot_dns_preflight.report.metrics.exposition import Family, Series

MOST_NAMESERVERS = 32  # per domain: the slowest


class MetricsError(PreflightError):
    """The metrics cannot be written; the message is one line that says why."""


def check(path: Path) -> None:
    """Find out, before anything is done, whether the metrics can be written; `MetricsError`."""
    try:
        exposition.require_client()
        atomic_file.check_writable(path)
    except (exposition.MissingClientError, atomic_file.ReportFileError) as error:
        raise MetricsError(str(error)) from error


def record(path: Path, outcome: Outcome) -> None:
    """Put a run, whatever came of it, into the file; raises `MetricsError`."""
    ended = outcome.started.timestamp() + outcome.elapsed
    new: Series = {}
    for judged in outcome.challenges:
        domain = judged.survey.challenge.domain
        new |= _of_verdict(families.READY, families.OUTCOME, domain, judged.verdict)
        new |= _of_findings(families.FINDINGS, domain, judged.findings)
        new |= _times(domain, judged)
        new[families.DURATION, (domain,)] = outcome.elapsed
        new |= _dates("domain", domain, ended, good=judged.verdict is Verdict.READY)
    _put(path, new, ended, replaced=_same_subjects(new, "domain"))


def record_failure(path: Path, domains: Iterable[str]) -> None:
    """Put a run that ended before anything was looked at into the file; raises `MetricsError`."""
    now = dt.datetime.now(dt.UTC).timestamp()
    new: Series = {}
    for domain in domains:
        new |= _of_verdict(families.READY, families.OUTCOME, domain, Verdict.INCONCLUSIVE)
        new |= _dates("domain", domain, now, good=False)
    _put(path, new, now, replaced=_same_subjects(new, "domain"))


def record_renewals(path: Path, renewals: Iterable[Renewal], *, all_of_them: bool) -> None:
    """Put a check of renewals into the file; `all_of_them`: lineages not among them are gone."""
    now = dt.datetime.now(dt.UTC).timestamp()
    new: Series = {(families.RENEWALS_RUN, ()): now}
    for renewal in renewals:
        name = presentation(os.fsencode(renewal.lineage.name))
        new |= _of_verdict(families.CAN_PASS, families.RENEWAL_OUTCOME, name, renewal.verdict)
        new |= _of_findings(families.RENEWAL_FINDINGS, name, renewal.findings)
        if renewal.lineage.not_after is not None:
            new[families.EXPIRY, (name,)] = renewal.lineage.not_after.timestamp()
        new |= _dates("lineage", name, now, good=renewal.verdict is Verdict.READY)
    same = _same_subjects(new, "lineage")

    def replaced(family: Family, labels: tuple[str, ...]) -> bool:
        return same(family, labels) or (all_of_them and family.labels[:1] == ("lineage",))

    _put(path, new, now, replaced=replaced)


def record_unread_renewals(path: Path) -> None:
    """Record a check that could read no lineage: whether the old figures still hold is unknown.

    It did not run to its end, so the date of the last one that did stays. Raises `MetricsError`.
    """
    now = dt.datetime.now(dt.UTC).timestamp()
    new: Series = {}
    for name in textfile.subjects(path, "lineage"):
        new |= _of_verdict(families.CAN_PASS, families.RENEWAL_OUTCOME, name, Verdict.INCONCLUSIVE)
        new |= _dates("lineage", name, now, good=False)
    same = _same_subjects(new, "lineage")

    def replaced(family: Family, labels: tuple[str, ...]) -> bool:
        return family != families.EXPIRY and same(family, labels)

    _put(path, new, now, replaced=replaced)


# -- the series of one run -------------------------------------------------------------------------


def _of_verdict(yes: Family, which: Family, subject: str, verdict: Verdict) -> Series:
    series: Series = {(yes, (subject,)): float(verdict is Verdict.READY)}
    for other in Verdict:
        series[which, (subject, other.value)] = float(other is verdict)
    return series


def _of_findings(family: Family, subject: str, findings: Iterable[Finding]) -> Series:
    series: Series = {}
    for finding in findings:
        key = family, (subject, finding.code, finding.severity.value)
        series[key] = series.get(key, 0.0) + 1.0
    return series


def _dates(kind: str, subject: str, at: float, *, good: bool) -> Series:
    run, success = families.DATED[kind]
    series: Series = {(run, (subject,)): at}
    if good:
        series[success, (subject,)] = at
    return series


def _times(domain: str, judged: ChallengeOutcome) -> Series:
    survey = judged.survey
    series: Series = {}
    if survey.ready_after is not None and judged.verdict is Verdict.READY:
        series[families.READY_AFTER, (domain,)] = survey.ready_after
    if survey.challenge.expected:
        slowest = sorted(_first_matches(survey).items(), key=lambda item: -item[1])
        for nameserver, seconds in slowest[:MOST_NAMESERVERS]:
            series[families.FIRST_MATCH, (domain, nameserver)] = seconds
    return series


def _first_matches(survey: Survey) -> dict[str, float]:
    """Give, for the zone that holds the record, when the last address of each server had it."""
    found: dict[str, float] = {}
    late: set[str] = set()
    for observation in survey.hops[-1].observations if survey.hops else ():
        server = show_name(observation.nameserver)
        if observation.first_match is None:
            silent = observation.status in (
                Status.UNREACHABLE,
                Status.NOT_ASKED,
            )
            if not silent:
                late.add(server)
        elif isinstance(observation.reading, Values):
            found[server] = max(found.get(server, 0.0), observation.first_match)
    return {server: seconds for server, seconds in found.items() if server not in late}


def _same_subjects(new: Series, kind: str) -> Callable[[Family, tuple[str, ...]], bool]:
    subjects = {labels[0] for family, labels in new if family.labels[:1] == (kind,)}
    return lambda family, labels: family.labels[:1] == (kind,) and labels[0] in subjects


def _put(
    path: Path, new: Series, now: float, *, replaced: Callable[[Family, tuple[str, ...]], bool]
) -> None:
    try:
        exposition.require_client()
        textfile.update(path, new, now, replaced=replaced)
    except (exposition.MissingClientError, atomic_file.ReportFileError) as error:
        raise MetricsError(str(error)) from error
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        # Whatever an odd file or prometheus-client comes up with: no certificate may fail for it.
        # Not every Exception: certbot's signal handler raises one too, and that must get through.
        raise MetricsError(f"cannot make metrics: {type(error).__name__}") from error
