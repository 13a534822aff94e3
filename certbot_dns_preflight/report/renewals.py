"""A check of renewals, for a person. Pure.

Decides what is said of each lineage: one line, worst first, one for all that fail alike; and in
detail the report that a run would give.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.renewals.lineages import Obstacle
from certbot_dns_preflight.report import styles, text
from certbot_dns_preflight.report.alike import Alike
from certbot_dns_preflight.report.grouping import pictures
from certbot_dns_preflight.report.headline import headline
from certbot_dns_preflight.report.page import INDENT, Page
from certbot_dns_preflight.report.renewal_groups import grouped, without_paths
from certbot_dns_preflight.report.sentences import without_final_dot
from certbot_dns_preflight.report.words import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.renewals.lineages import Check, Lineage, Renewal
    from certbot_dns_preflight.report.renewal_groups import Group

_LONGEST_NAME = 40
_MOST_NAMES = 6
_MARKS = {Verdict.READY: "ok", Verdict.NOT_READY: "FAIL", Verdict.INCONCLUSIVE: "?"}
_LABELS = {Severity.ERROR: "cause", Severity.WARNING: "warning"}
_LEADS = ("Not ready: ", "Cannot tell: ", "Ready: ")


def render(  # noqa: PLR0913 - what, and how, by keyword
    check: Check,
    *,
    width: int = 80,
    colour: bool = False,
    unicode: bool = False,
    detailed: bool = False,
    whole: bool = False,
    failing_only: bool = False,
    closing: str | None = None,
) -> str:
    """Write the check, without a final line end: the answer, a line for each lineage, the others.

    Lineages that fail alike share a line. `whole` gives what is wrong in full, with its code, its
    fix and all names, in place of a line of the width; `failing_only` leaves out what can pass.
    `detailed` names every lineage and adds the whole report of each group; `closing` comes last.
    """
    page = Page(width, colour=colour, unicode=unicode)
    page.headline(answer(check), check.verdict)
    shown = failing(check) if failing_only else check.renewals
    if shown:
        page.blank()
    groups = grouped(shown)
    lines = [line for group in groups for line in (_each(group) if detailed else [group])]
    titles = [line.title for line in lines]
    column = min(max(map(len, titles), default=0), _LONGEST_NAME)
    for title, group in zip(titles, lines, strict=True):
        _tell_line(page, f"{title:<{column}}", group, check, whole=whole)
    unseen = sorted({path for each in shown for path in each.lineage.unseen})
    if unseen and not detailed:
        page.blank()
        page.paragraph(
            f"Not checked for lack of permission: {listing(tuple(unseen), most=_MOST_NAMES)} "
            f"({Obstacle.PERMISSION}). Run this as root, or as a user who may look there."
        )
    if check.others and not failing_only:
        page.blank()
        others = listing(tuple(_name(other) for other in check.others), most=_MOST_NAMES)
        page.paragraph(f"Not by dns-01: {others}")
    if detailed:
        for group in groups:
            _tell_details(page, group, check)
    elif any(renewal.verdict is not Verdict.READY or renewal.warned for renewal in shown):
        page.blank()
        page.add("More about one: --cert-name NAME")
    if closing:
        page.blank()
        page.paragraph(closing)
    return page.text()


def failing(check: Check) -> tuple[Renewal, ...]:
    """Give the lineages whose renewal cannot pass, or of which that is unknown."""
    return tuple(renewal for renewal in check.renewals if renewal.verdict is not Verdict.READY)


def answer(check: Check) -> str:
    """Word the answer: the first line."""
    if check.problem is not None:
        return f"Cannot tell: {printable(check.problem.reason)}."
    total = len(check.renewals)
    if not total:
        soon = (
            ""
            if check.within is None
            else f" that ends within {phrases.count(check.within, 'day')}"
        )
        where = printable(str(check.directory))
        return f"Nothing to check: no lineage in {where}{soon} uses dns-01."
    counts = {
        verdict: sum(renewal.verdict is verdict for renewal in check.renewals)
        for verdict in Verdict
    }
    able, unable, unknown = (
        counts[Verdict.READY],
        counts[Verdict.NOT_READY],
        counts[Verdict.INCONCLUSIVE],
    )
    if able == total:
        warned = sum(renewal.warned for renewal in check.renewals)
        which = "the DNS-01 renewal" if total == 1 else f"all {total} DNS-01 renewals"
        return f"Ready: {which} can succeed" + (f"; {warned} with a warning." if warned else ".")
    if not unable:
        return f"Cannot tell: {unknown} of {phrases.count(total, 'renewal')} could not be checked."
    words = f"Not ready: {unable} of {phrases.count(total, 'DNS-01 renewal')} will fail"
    return words + (f"; {unknown} could not be checked." if unknown else ".")


def _each(group: Group) -> list[Group]:
    return [replace(group, renewals=(renewal,)) for renewal in group.renewals]


def _tell_line(page: Page, title: str, group: Group, check: Check, *, whole: bool) -> None:
    renewal = group.first
    mark = _MARKS[renewal.verdict]
    if renewal.verdict is Verdict.READY and renewal.warned:
        mark = "warn"
    style = styles.of_verdict(renewal.verdict).removeprefix("1;")
    style = styles.DOUBTFUL if mark == "warn" else style
    days = _days(renewal.lineage, check)
    if whole and mark != "ok":
        page.add(f"{INDENT}{mark:<5}{title}  {days:>9}".rstrip(), style)
        for label, words in _reasons(group):
            page.labelled(INDENT + label, words)
        if len(group.renewals) > 1:
            names = ", ".join(_name(renewal.lineage) for renewal in group.renewals)
            page.labelled(f"{INDENT}names", names)
        return
    lead = f"{INDENT}{mark:<5}{title}  {days:>9}  "
    words = _cause(group)
    room = max(page.width - len(lead), len(page.ellipsis) + 20)
    if len(words) > room:
        words = words[: room - len(page.ellipsis)].rstrip() + page.ellipsis
    page.add(lead + words, style)


def _reasons(group: Group) -> Iterator[tuple[str, str]]:
    """Give everything that is wrong with some lineages, with code and fix."""
    lineage = group.first.lineage
    several = len(group.renewals) > 1
    if lineage.problem is not None:
        problem = lineage.problem
        reason, fix = problem.reason, printable(problem.fix)
        if several:
            reason, fix = (without_paths(words, lineage) for words in (reason, fix))
        yield "cause", f"{without_final_dot(reason)} ({problem.code})."
        if fix:
            yield "fix", fix
        return
    reported = False
    for label, summary, fix, finding in _findings(group):
        reported = True
        yield label, f"{without_final_dot(summary)} ({printable(finding.code)})."
        if fix:
            yield "fix", printable(fix)
    if not reported:
        yield "cause", _cause(group)


def _findings(group: Group) -> Iterator[tuple[str, str, str, Finding]]:
    """Give errors and warnings, alike ones once: label, words and fix for all."""
    outcome = group.outcome
    if outcome is None:
        return
    reported: set[str] = set()
    for picture in pictures(outcome):
        alike = Alike(picture)
        for finding in picture.challenges[0].findings:
            words = alike.of(finding.summary)
            if finding.severity is Severity.ERROR and words not in reported:
                reported.add(words)
                yield _LABELS[finding.severity], words, alike.of(finding.remedy), finding
    warnings: dict[str, dict[str, Finding]] = {}
    for judged in outcome.challenges:
        for finding in judged.findings:
            ready = judged.verdict is Verdict.READY
            if finding.severity is Severity.WARNING or (
                finding.severity is Severity.ERROR and ready
            ):
                warnings.setdefault(finding.code, {})[finding.summary] = finding
    for alike_ones in warnings.values():
        first, *others = alike_ones.values()
        more = f"; {len(others)} more like it" if others else ""
        yield (
            _LABELS[first.severity],
            f"{without_final_dot(first.summary)}{more}",
            first.remedy,
            first,
        )


def _days(lineage: Lineage, check: Check) -> str:
    left = lineage.days_left(check.started)
    if left is None:
        return ""
    return "expired" if left < 0 else phrases.count(left, "day")


def _cause(group: Group) -> str:
    """Say in a few words what is the matter with some lineages, or how one is made."""
    renewal = group.first
    if renewal.lineage.problem is not None:
        return without_paths(renewal.lineage.problem.reason, renewal.lineage)
    outcome = group.outcome
    if outcome is None:
        return ""
    if renewal.verdict is not Verdict.READY:
        return _what_fails(outcome)
    if renewal.warned:
        return printable(next(f.summary for f in renewal.findings if f.severity.value != "info"))
    return f"{phrases.count(len(renewal.lineage.challenges), 'name')}, {_way(renewal.lineage)}"


def _what_fails(outcome: Outcome) -> str:
    """Give the first cause, in words for all names that it holds for, and count the others."""
    first, *others = pictures(outcome)
    errors = [f for f in first.challenges[0].findings if f.severity is Severity.ERROR]
    if not errors:
        words = headline(outcome)
        for lead in _LEADS:
            words = words.removeprefix(lead)
        return words
    words = printable(Alike(first).of(errors[0].summary))
    return (
        f"{without_final_dot(words)}; {phrases.count(len(others), 'other problem')}."
        if others
        else words
    )


def _way(lineage: Lineage) -> str:
    authenticator = printable(lineage.authenticator or "")
    return f"dns-preflight with {authenticator}" if lineage.through_preflight else authenticator


def _tell_details(page: Page, group: Group, check: Check) -> None:
    for renewal in group.renewals:
        _tell_lineage(page, renewal.lineage, check)
    outcome = group.outcome
    if outcome is None:
        return
    page.blank()
    shown = text.render(
        outcome,
        width=page.width,
        colour=page.colour,
        unicode=page.unicode,
        detailed=len(group.renewals) > 1,
        compared=True,
    )
    page.lines.extend(shown.split("\n"))


def _tell_lineage(page: Page, lineage: Lineage, check: Check) -> None:
    page.blank()
    days = _days(lineage, check)
    page.add(f"{_name(lineage)}{': ' if days else ''}{days}{' left' if ' ' in days else ''}")
    page.labelled("file", printable(str(lineage.file)))
    if lineage.authenticator:
        page.labelled("made by", _way(lineage))
    if lineage.names:
        page.labelled("names", listing(tuple(map(printable, lineage.names)), most=_MOST_NAMES))
    for note in lineage.all_notes:
        page.labelled("note", printable(note))
    if lineage.problem is not None:
        page.labelled(
            "problem", f"{without_final_dot(lineage.problem.reason)} ({lineage.problem.code})."
        )
        if lineage.problem.fix:
            page.labelled("fix", printable(lineage.problem.fix))


def _name(lineage: Lineage) -> str:
    return printable(lineage.name)
