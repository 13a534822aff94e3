"""A check of renewals, for a person and as JSON. Pure.

Decides what is said of each lineage: one line, worst first, and in detail the report that a run
would give. The JSON is a public contract, described by the schema beside this file.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import styles, text
from certbot_dns_preflight.report.headline import headline
from certbot_dns_preflight.report.json_report import challenge_as_json, own_tool
from certbot_dns_preflight.report.page import INDENT, Page
from certbot_dns_preflight.report.words import listing, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.renewals.lineages import Check, Lineage, Problem, Renewal

VERSION = 1
_LONGEST_NAME = 40
_MOST_NAMES = 6
_DIRECTORIES = re.compile(r"(?<!\S)/(?:[^/\n]*/)+(?=[^/\s]+\.pem\b)")
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
    """Write the check, without a final line end: the answer, a line a lineage, the others.

    `whole` gives what is wrong in full, with its code and fix, in place of a line of the width;
    `failing_only` leaves out what can pass. `detailed` adds the whole report of each lineage, and
    `closing` comes last.
    """
    page = Page(width, colour=colour, unicode=unicode)
    page.headline(answer(check), check.verdict)
    shown = failing(check) if failing_only else check.renewals
    if shown:
        page.blank()
    names = [_name(renewal.lineage) for renewal in shown]
    column = min(max(map(len, names), default=0), _LONGEST_NAME)
    for name, renewal in zip(names, shown, strict=True):
        _tell_line(page, f"{name:<{column}}", renewal, check, whole=whole)
    if check.others and not failing_only:
        page.blank()
        others = listing(tuple(_name(other) for other in check.others), most=_MOST_NAMES)
        page.paragraph(f"Not by dns-01: {others}")
    if detailed:
        for renewal in shown:
            _tell_details(page, renewal, check)
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
        soon = "" if check.within is None else f" that ends within {plural(check.within, 'day')}"
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
        which = "the renewal" if total == 1 else f"all {total} renewals"
        return f"Ready: {which} by DNS-01 can pass" + (
            f"; {warned} with a warning." if warned else "."
        )
    if not unable:
        return f"Cannot tell: {unknown} of {plural(total, 'renewal')} could not be checked."
    words = f"Not ready: {unable} of {plural(total, 'DNS-01 renewal')} will fail"
    return words + (f"; {unknown} could not be checked." if unknown else ".")


def _tell_line(page: Page, name: str, renewal: Renewal, check: Check, *, whole: bool) -> None:
    mark = _MARKS[renewal.verdict]
    if renewal.verdict is Verdict.READY and renewal.warned:
        mark = "warn"
    style = styles.of_verdict(renewal.verdict).removeprefix("1;")
    style = styles.DOUBTFUL if mark == "warn" else style
    days = _days(renewal.lineage, check)
    if whole and mark != "ok":
        page.add(f"{INDENT}{mark:<5}{name}  {days:>9}".rstrip(), style)
        for label, words in _reasons(renewal):
            page.labelled(INDENT + label, words)
        return
    lead = f"{INDENT}{mark:<5}{name}  {days:>9}  "
    words = _cause(renewal)
    room = max(page.width - len(lead), len(page.ellipsis) + 20)
    if len(words) > room:
        words = words[: room - len(page.ellipsis)].rstrip() + page.ellipsis
    page.add(lead + words, style)


def _reasons(renewal: Renewal) -> Iterator[tuple[str, str]]:
    """Give everything that is wrong with a lineage, with code and fix."""
    problem = renewal.lineage.problem
    if problem is not None:
        yield "cause", f"{_unended(problem.reason)} ({problem.code})."
        if problem.fix:
            yield "fix", printable(problem.fix)
    reported = set()
    for finding in renewal.findings:
        words = f"{_unended(finding.summary)} ({printable(finding.code)})."
        if finding.severity is not Severity.INFO and words not in reported:
            reported.add(words)
            yield _LABELS[finding.severity], words
            if finding.remedy:
                yield "fix", printable(finding.remedy)
    if problem is None and not reported:
        yield "cause", _cause(renewal)


def _unended(words: str) -> str:
    return printable(words).rstrip().removesuffix(".")


def _days(lineage: Lineage, check: Check) -> str:
    left = lineage.days_left(check.started)
    if left is None:
        return ""
    return "expired" if left < 0 else plural(left, "day")


def _cause(renewal: Renewal) -> str:
    """Say in a few words what is the matter with a lineage, or how it is made."""
    if renewal.lineage.problem is not None:
        return _without_paths(renewal.lineage.problem.reason, renewal.lineage)
    if renewal.outcome is None:
        return ""
    if renewal.verdict is not Verdict.READY:
        words = headline(renewal.outcome)
        for lead in _LEADS:
            words = words.removeprefix(lead)
        return words
    if renewal.warned:
        return printable(next(f.summary for f in renewal.findings if f.severity.value != "info"))
    return f"{plural(len(renewal.lineage.challenges), 'name')}, {_way(renewal.lineage)}"


def _without_paths(reason: str, lineage: Lineage) -> str:
    """Leave the room of one line to what is wrong: its files are known by the lineage's name."""
    words = printable(reason).replace(printable(str(lineage.file)), "its renewal file")
    return _DIRECTORIES.sub("", words)


def _way(lineage: Lineage) -> str:
    authenticator = printable(lineage.authenticator or "")
    return f"dns-preflight with {authenticator}" if lineage.through_preflight else authenticator


def _tell_details(page: Page, renewal: Renewal, check: Check) -> None:
    lineage = renewal.lineage
    page.blank()
    days = _days(lineage, check)
    page.add(f"{_name(lineage)}{': ' if days else ''}{days}{' left' if ' ' in days else ''}")
    page.labelled("file", printable(str(lineage.file)))
    if lineage.authenticator:
        page.labelled("made by", _way(lineage))
    if lineage.names:
        page.labelled("names", listing(tuple(map(printable, lineage.names)), most=_MOST_NAMES))
    for note in lineage.notes:
        page.labelled("note", printable(note))
    if lineage.problem is not None:
        reason = _unended(lineage.problem.reason)
        page.labelled("problem", f"{reason} ({lineage.problem.code}).")
        if lineage.problem.fix:
            page.labelled("fix", printable(lineage.problem.fix))
    if renewal.outcome is None:
        return
    page.blank()
    shown = text.render(
        renewal.outcome,
        width=page.width,
        colour=page.colour,
        unicode=page.unicode,
        compared=True,
    )
    page.lines.extend(shown.split("\n"))


def _name(lineage: Lineage) -> str:
    return printable(lineage.name)


# -- JSON ------------------------------------------------------------------------------------------


def render_json(check: Check) -> str:
    """Write the check as ASCII JSON, indented, with a final line end."""
    return json.dumps(as_json(check), indent=2, allow_nan=False) + "\n"


def json_lines(check: Check) -> str:
    """Write each lineage's object on a line of its own, worst first."""
    lines = (json.dumps(_as_json(renewal, check), allow_nan=False) for renewal in check.renewals)
    return "".join(f"{line}\n" for line in lines)


def as_json(check: Check) -> dict[str, Json]:
    """Make the check as JSON values; challenges are the report's own objects."""
    return {
        "version": VERSION,
        "tool": own_tool(),
        "started": _moment(check.started),
        "elapsed_seconds": round(check.elapsed, 3),
        "config_dir": printable(str(check.directory)),
        "outcome": check.verdict.value,
        "problem": _problem_as_json(check.problem),
        "lineages": [_as_json(renewal, check) for renewal in check.renewals],
        "others": [
            {"name": _name(other), "authenticator": printable(other.authenticator or "")}
            for other in check.others
        ],
    }


def schema() -> dict[str, Any]:
    """Read the JSON Schema (draft 2020-12) of the check; it refers to the report's."""
    file = resources.files(__package__).joinpath(f"renewals-schema-v{VERSION}.json")
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded


def _as_json(renewal: Renewal, check: Check) -> dict[str, Json]:
    lineage = renewal.lineage
    judged = renewal.outcome.challenges if renewal.outcome is not None else ()
    return {
        "name": _name(lineage),
        "renewal_file": printable(str(lineage.file)),
        "authenticator": None
        if lineage.authenticator is None
        else printable(lineage.authenticator),
        "through_preflight": lineage.through_preflight,
        "names": [printable(name) for name in lineage.names],
        "not_after": None if lineage.not_after is None else _moment(lineage.not_after),
        "days_left": lineage.days_left(check.started),
        "outcome": renewal.verdict.value,
        "problem": _problem_as_json(lineage.problem),
        "notes": [printable(note) for note in lineage.notes],
        "challenges": [challenge_as_json(challenge) for challenge in judged],
    }


def _problem_as_json(problem: Problem | None) -> Json:
    if problem is None:
        return None
    return {
        "kind": problem.trouble.value,
        "summary": printable(problem.reason),
        "code": problem.code.value,
        "remedy": printable(problem.fix),
    }


def _moment(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
