"""The report for a person: the answer first, then cause and remedy, then the evidence. Pure.

Decides what is said, in which order and how often; it judges nothing. Challenges that failed
alike, on the same servers with the same answers, are told once and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import styles
from certbot_dns_preflight.report.evidence import evidence
from certbot_dns_preflight.report.grouping import Picture, pictures
from certbot_dns_preflight.report.headline import first_error, headline
from certbot_dns_preflight.report.page import INDENT, Page
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.values import value_lines
from certbot_dns_preflight.report.words import address_words, listing, plural, seconds

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage

_NARROWEST = 40
_MOST_PICTURES = 6
_MOST_NAMES = 4
_MOST_FURTHER = 5
_MOST_NOTES = 8
_NOTES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}


def render(
    outcome: Outcome,
    *,
    width: int = 80,
    colour: bool = False,
    unicode: bool = False,
    closing: str | None = None,
) -> str:
    """Write the report, without a final line end; no line exceeds `width` but for long names.

    `closing` says what follows from the answer ("The challenge was not answered."). Without
    `unicode` the text is ASCII throughout, without `colour` it has no escape sequences.
    """
    page = Page(max(width, _NARROWEST), colour=colour, unicode=unicode)
    page.headline(headline(outcome), outcome.verdict)
    failed = pictures(outcome)
    if outcome.verdict is not Verdict.READY:
        _tell_scope(page, outcome)
    for number, picture in enumerate(failed[:_MOST_PICTURES]):
        _tell_picture(page, picture, outcome, first=number == 0)
    if len(failed) > _MOST_PICTURES:
        _tell_rest(page, failed[_MOST_PICTURES:])
    _tell_notes(page, outcome)
    _tell_unjudged(page, outcome)
    _tell_vantage(page, outcome)
    if closing or failed:
        page.blank()
    if closing:
        page.paragraph(printable(closing))
    code = first_error(outcome)
    if failed and code:
        page.paragraph(f"More: dns-preflight explain {printable(code.code)}")
    return page.text()


# -- the parts, in the order of the page -----------------------------------------------------------


def _tell_scope(page: Page, outcome: Outcome) -> None:
    count = len(outcome.challenges)
    if count == 1:
        return
    ready = tuple(c for c in outcome.challenges if c.verdict is Verdict.READY)
    if not ready:
        page.paragraph(f"None of the {count} names is ready.")
        return
    names = listing(tuple(c.survey.challenge.domain for c in ready), most=_MOST_NAMES)
    failed = count - len(ready)
    verb = "is" if failed == 1 else "are"
    page.paragraph(f"{failed} of {count} names {verb} not ready. Ready: {names}.")


def _tell_picture(page: Page, picture: Picture, outcome: Outcome, *, first: bool) -> None:
    challenge = picture.challenges[0]
    page.blank()
    _tell_header(page, challenge, outcome)
    if len(picture.challenges) > 1:
        others = tuple(c.survey.challenge.domain for c in picture.challenges[1:])
        said = "which fail alike" if len(others) > 1 else "which fails alike"
        names = listing(others, most=_MOST_NAMES)
        page.paragraph(f"and {plural(len(others), 'other')}, {said}: {names}", INDENT)
    page.blank()
    errors = [f for f in challenge.findings if f.severity is Severity.ERROR]
    for line in value_lines(challenge, errors, room=page.room, ellipsis=page.ellipsis):
        page.exactly(line.label, line.text, line.style)
    if not first and errors and errors[0].cause:
        page.labelled("problem", printable(errors[0].summary))
    if not errors:
        page.labelled("fix", "Raise the timeout, or ask for fewer confirmations.")
    for number, finding in enumerate(errors[: _MOST_FURTHER + 1]):
        _tell_finding(page, finding, leading=number == 0)
    if len(errors) > _MOST_FURTHER + 1:
        rest = errors[_MOST_FURTHER + 1 :]
        codes = listing(tuple(dict.fromkeys(f.code for f in rest)), most=_MOST_FURTHER)
        page.labelled("also", f"{plural(len(rest), 'further error')}: {codes}")
    rows = evidence(challenge.survey, width=page.width - len(INDENT))
    if rows:
        page.blank()
    for row in rows:
        page.add(
            INDENT + row.text if row.text else "",
            styles.of_status(row.state),
            start=len(INDENT) + row.at,
        )


def _tell_header(page: Page, challenge: ChallengeOutcome, outcome: Outcome) -> None:
    survey = challenge.survey
    passed = survey.hops
    if not (passed or survey.challenge.expected):
        page.paragraph(survey.challenge.domain, INDENT)  # its TXT is not the matter
        return
    parts = [f"{plain_name(survey.challenge.owner)} TXT"]
    if passed:
        parts.append(f"zone {plain_name(passed[0].zone.apex)}")
    if outcome.timeout is not None and challenge.verdict is not Verdict.READY:
        parts.append(f"waited {seconds(outcome.elapsed)}")
    line = INDENT + "   ".join(parts)
    if len(line) <= page.width:
        page.add(line)
    else:
        page.paragraph(parts[0], INDENT)
        for part in parts[1:]:
            page.paragraph(part, INDENT * 2)
    if survey.alias_chain:
        page.labelled("alias of", ", then ".join(plain_name(n) for n in survey.alias_chain))
        if len(passed) > 1 and passed[-1].zone.apex != passed[0].zone.apex:
            page.labelled("", f"in the zone {plain_name(passed[-1].zone.apex)}")


def _tell_finding(page: Page, finding: Finding, *, leading: bool) -> None:
    kind = finding.evidence.get("kind")
    code = f"{finding.code}: {kind}" if isinstance(kind, str) else finding.code
    words = (finding.cause or finding.summary) if leading else finding.summary
    page.labelled("cause" if leading else "also", f"{_unended(words)} ({printable(code)}).")
    if finding.remedy:
        page.labelled("fix", printable(finding.remedy))


def _unended(words: str) -> str:
    return printable(words).rstrip().removesuffix(".")


def _tell_rest(page: Page, rest: list[Picture]) -> None:
    challenges = [challenge for picture in rest for challenge in picture.challenges]
    counts: dict[str, int] = {}
    for challenge in challenges:
        code = next((f.code for f in challenge.findings if f.severity is Severity.ERROR), "none")
        counts[code] = counts.get(code, 0) + 1
    told = ", ".join(f"{plural(count, 'name')} with {code}" for code, count in counts.items())
    page.blank()
    page.paragraph(f"Not shown here: {told}. The JSON report has them all.", INDENT)


def _tell_notes(page: Page, outcome: Outcome) -> None:
    notes = dict.fromkeys(
        (label, finding.code, _unended(finding.summary))
        for severity, label in _NOTES.items()
        for challenge in outcome.challenges
        for finding in challenge.findings
        if finding.severity is severity
        # Errors of what is not ready have been told; others were left out of the verdict.
        and (severity is not Severity.ERROR or challenge.verdict is Verdict.READY)
    )
    if notes:
        page.blank()
    for label, code, summary in list(notes)[:_MOST_NOTES]:
        page.labelled(label, f"{summary} ({printable(code)}).")
    if len(notes) > _MOST_NOTES:
        page.labelled("", f"and {plural(len(notes) - _MOST_NOTES, 'more remark')}")


def _tell_unjudged(page: Page, outcome: Outcome) -> None:
    sentences = dict.fromkeys(s for challenge in outcome.challenges for s in challenge.unjudged)
    if sentences:
        page.blank()
    for sentence in list(sentences)[:_MOST_NOTES]:
        page.labelled("unknown", printable(sentence))


def _tell_vantage(page: Page, outcome: Outcome) -> None:
    vantage = outcome.vantage
    ready = outcome.verdict is Verdict.READY
    if ready and not vantage.left_out:
        return
    page.blank()
    left = ", ".join(_FAMILIES.get(family, printable(family)) for family in vantage.left_out)
    told = f" {left} was not asked: this host has no route for it." if left else ""
    page.labelled("vantage", f"{_from_where(vantage)}.{told}")


def _from_where(vantage: Vantage) -> str:
    asked = " and ".join(_FAMILIES.get(f, printable(f)) for f in vantage.families)
    over = f", over {asked}" if asked else ""
    if not vantage.resolvers:
        return f"looked from the root down{over}"
    through = listing(tuple(address_words(e) for e in vantage.resolvers), most=3)
    return f"looked through {through}{over}"
