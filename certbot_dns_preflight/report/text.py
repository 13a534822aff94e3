"""The report for a person: the verdict first, then cause and fix, then the evidence. Pure.

Decides what is said, in which order and how often; it judges nothing. Challenges that failed
alike, on the same servers with the same answers, are one block and counted, in whatever zones they
are. On a terminal the verdict is also the last line, where the eye is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import styles
from certbot_dns_preflight.report.alike import Alike
from certbot_dns_preflight.report.confirm import commands
from certbot_dns_preflight.report.evidence import evidence
from certbot_dns_preflight.report.grouping import Picture, pictures
from certbot_dns_preflight.report.headline import (
    first_error,
    first_warning,
    further_reading,
    headline,
    is_unvalued,
)
from certbot_dns_preflight.report.notes import MOST_NOTES, names_by_code, note_lines
from certbot_dns_preflight.report.page import INDENT, Page
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.remedy import beside_records
from certbot_dns_preflight.report.sentences import capitalised, with_code, without_final_dot
from certbot_dns_preflight.report.surface import Surface, as_typed
from certbot_dns_preflight.report.values import values_of
from certbot_dns_preflight.report.vantage import from_where, resolvers_view
from certbot_dns_preflight.report.words import listing, waited

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome

_NARROWEST = 40
_MOST_PICTURES = 6
_MOST_NAMES = 4
_MOST_FURTHER = 5
_MOST_ALIASES = 2
_MOST_RECORDS = 4
_REPEATED_FROM = 12  # lines: below that, the first one is in view
_NO_VALUE = "No TXT value was given to compare; add --expect VALUE."


def render(  # noqa: PLR0913 - what, and how, by keyword
    outcome: Outcome,
    *,
    width: int = 80,
    colour: bool = False,
    unicode: bool = False,
    closing: str | None = None,
    surface: Surface = Surface.COMMAND,
    detailed: bool = False,
    repeated: bool = False,
    compared: bool = False,
) -> str:
    """Write the report, without a final line end; no line exceeds `width` but what is to be copied.

    `closing` says what follows from the verdict. Without `unicode` the text is ASCII throughout,
    without `colour` it has no escape sequences. `surface` is where it is read, `detailed` lists
    every name and every failure, `repeated` has the verdict again as the last line, `compared` says
    that nobody meant to give a value.
    """
    page = Page(max(width, _NARROWEST), colour=colour, unicode=unicode)
    report = _Report(page, outcome, surface, detailed=detailed)
    answer = headline(outcome)
    page.headline(as_typed(answer, surface), outcome.verdict)
    if is_unvalued(outcome) and not compared:
        page.paragraph(_NO_VALUE)
    if outcome.vantage.asks_resolvers:
        page.paragraph(resolvers_view(outcome.vantage))
    report.failures()
    report.notes()
    report.unjudged()
    report.vantage()
    failed = outcome.verdict is not Verdict.READY
    explained = first_error(outcome) if failed else first_warning(outcome)
    if closing or failed or explained:
        page.blank()
    if closing:
        page.paragraph(printable(closing))
    if explained:
        page.paragraph(further_reading(explained, outcome))
    if repeated and len(page.lines) >= _REPEATED_FROM:
        page.blank()
        last = headline(outcome, others="are listed above")
        page.headline(as_typed(last, surface), outcome.verdict)
    return page.text()


@dataclass(frozen=True, slots=True)
class _Report:
    """The parts, in the order of the page."""

    page: Page
    outcome: Outcome
    surface: Surface
    detailed: bool

    def failures(self) -> None:
        """Show each cause once, with the names that it holds for."""
        failed = pictures(self.outcome)
        if not failed:
            return
        self._scope()
        most = len(failed) if self.detailed else _MOST_PICTURES
        leading = not _counts_names(self.outcome) or len(failed) == 1
        for number, picture in enumerate(failed[:most], 1):
            counted = number if len(failed) > 1 else 0
            self._picture(picture, counted, headed=number == 1 and leading)
        if len(failed) > most:
            self._rest(failed[most:])

    def _scope(self) -> None:
        count = len(self.outcome.challenges)
        ready = [c for c in self.outcome.challenges if c.verdict is Verdict.READY]
        if count == 1 or not ready:
            return
        names = tuple(c.survey.challenge.domain for c in ready)
        failed = count - len(ready)
        lead = "" if _counts_names(self.outcome) else f"{failed} of {count} names is not ready. "
        self.page.paragraph(f"{lead}Ready: {self._names(names)}.")

    def _names(self, names: tuple[str, ...]) -> str:
        return ", ".join(names) if self.detailed else listing(names, most=_MOST_NAMES)

    def _picture(self, picture: Picture, number: int, *, headed: bool) -> None:
        page, challenge = self.page, picture.challenges[0]
        errors = [f for f in challenge.findings if f.severity is Severity.ERROR]
        alike = Alike(picture)
        page.blank()
        if errors and not headed:
            lead = f"{number}. " if number else INDENT
            words = capitalised(self._words(alike.of(errors[0].summary)))
            page.paragraph(words, lead, hanging=" " * len(lead))
            page.blank()
        if len(picture.challenges) > 1:
            page.labelled("names", self._all_names(picture))
        else:
            self._header(challenge)
        page.blank()
        lines, example = values_of(picture, errors, room=page.room, ellipsis=page.ellipsis)
        if example:
            page.paragraph(f"Example: {challenge.survey.challenge.domain}", INDENT)
        for line in lines:
            page.exactly(line.label, line.text, line.style, marked=line.marked)
        if not errors:
            page.labelled("fix", self._words("Raise --timeout, or lower --confirmations."))
        typed: set[str] = set()
        for finding in errors[: _MOST_FURTHER + 1]:
            self._finding(finding, alike, leading=finding is errors[0])
            self._commands(finding, challenge, typed)
        if len(errors) > _MOST_FURTHER + 1:
            rest = errors[_MOST_FURTHER + 1 :]
            codes = listing(tuple(dict.fromkeys(f.code for f in rest)), most=_MOST_FURTHER)
            page.labelled("also", f"{phrases.count(len(rest), 'more error')}: {codes}")
        self._evidence(picture)

    def _all_names(self, picture: Picture) -> str:
        names = tuple(c.survey.challenge.domain for c in picture.challenges)
        if self.detailed or len(names) <= _MOST_NAMES + 1:
            return ", ".join(names)
        everywhere = {
            Surface.COMMAND: "--verbose lists them all",
            Surface.CERTBOT: "--dns-preflight-report FILE lists them all",
        }
        shown = ", ".join(names[:_MOST_NAMES])
        return f"{shown} and {len(names) - _MOST_NAMES} more ({everywhere[self.surface]})"

    def _header(self, challenge: ChallengeOutcome) -> None:
        page, survey = self.page, challenge.survey
        passed = survey.hops
        if not (passed or survey.challenge.expected):
            page.paragraph(survey.challenge.domain, INDENT)  # its TXT is not the matter
            return
        parts = [f"{plain_name(survey.challenge.owner)} TXT"]
        if passed and not (survey.sight and survey.zone is None and not survey.alias_chain):
            parts.append(f"zone {plain_name(passed[0].zone.apex)}")
        if self.outcome.timeout is not None and challenge.verdict is not Verdict.READY:
            parts.append(waited(self.outcome, challenge.early_end))
        line = INDENT + "   ".join(parts)
        if len(line) <= page.width:
            page.add(line)
        else:
            page.paragraph(parts[0], INDENT)
            for part in parts[1:]:
                page.paragraph(part, INDENT * 2)
        if survey.alias_chain:
            chain = tuple(plain_name(name) for name in survey.alias_chain)
            page.labelled("alias of", listing(chain, most=_MOST_ALIASES).replace(", ", ", then "))
            if len(passed) > 1 and survey.zone not in (None, passed[0].zone.apex):
                page.labelled("", f"in the zone {plain_name(survey.zone)}")

    def _finding(self, finding: Finding, alike: Alike, *, leading: bool) -> None:
        page = self.page
        kind = finding.evidence.get("kind")
        code = f"{finding.code}: {kind}" if isinstance(kind, str) else finding.code
        if not leading:
            page.blank()
            words = self._words(alike.of(capitalised(without_final_dot(finding.summary))))
            page.labelled(
                "also", f"{words}." if finding.cause else f"{with_code(words, printable(code))}."
            )
        if finding.cause or (leading and alike.number == 1):
            words = self._words(
                alike.of(capitalised(without_final_dot(finding.cause or finding.summary)))
            )
            page.labelled("cause", f"{with_code(words, printable(code))}.")
        before, after = self._fix(finding, alike)
        if before:
            page.labelled("fix", before)
        if alike.number == 1:
            for record in finding.records[:_MOST_RECORDS]:
                page.copied(printable(record))
        if after:
            page.labelled("", after)

    def _fix(self, finding: Finding, alike: Alike) -> tuple[str, str]:
        """Say what to do; a record that follows on a line of its own is not in the sentence too."""
        if alike.number > 1:
            return self._words(alike.of(finding.remedy)), ""
        before, after = beside_records(finding, self.surface)
        return self._words(before), self._words(after)

    def _commands(self, finding: Finding, challenge: ChallengeOutcome, typed: set[str]) -> None:
        """Show what to type, each command once."""
        new = [c for c in commands(finding, challenge.survey) if c not in typed]
        typed.update(new)
        for number, command in enumerate(new):
            self.page.exactly("check" if not number else "", printable(command))

    def _evidence(self, picture: Picture) -> None:
        page, challenge = self.page, picture.challenges[0]
        rows = evidence(challenge, width=page.width - len(INDENT))
        if not rows:
            return
        page.blank()
        if len(picture.zones) > 1 or (len(picture.challenges) > 1 and challenge.survey.hops[1:]):
            page.paragraph(f"Example: {challenge.survey.challenge.domain}", INDENT)
        for row in rows:
            page.add(
                INDENT + row.text if row.text else "",
                styles.of_status(row.state),
                start=len(INDENT) + row.at,
            )

    def _rest(self, rest: list[Picture]) -> None:
        challenges = [challenge for picture in rest for challenge in picture.challenges]
        words = names_by_code(challenges)
        where = {
            Surface.COMMAND: "--verbose shows them",
            Surface.CERTBOT: "--dns-preflight-report FILE has them",
        }
        self.page.blank()
        self.page.paragraph(f"Not shown: {words}; {where[self.surface]}.", INDENT)

    def notes(self) -> None:
        """Show warnings and information, alike ones once."""
        notes = note_lines(self.outcome, self.surface, detailed=self.detailed)
        if notes:
            self.page.blank()
        most = len(notes) if self.detailed else MOST_NOTES
        for label, words in notes[:most]:
            self.page.labelled(label, words)
        if len(notes) > most:
            self.page.labelled("", f"and {phrases.count(len(notes) - most, 'more note')}")

    def unjudged(self) -> None:
        """Say what could not be checked."""
        sentences = dict.fromkeys(s for c in self.outcome.challenges for s in c.unjudged)
        if sentences:
            self.page.blank()
        for sentence in list(sentences)[:MOST_NOTES]:
            self.page.labelled("note", self._words(sentence))

    def vantage(self) -> None:
        """Say from where it was looked, unless all went well from everywhere."""
        vantage = self.outcome.vantage
        if vantage.asks_resolvers or (
            self.outcome.verdict is Verdict.READY and not vantage.left_out
        ):
            return
        self.page.blank()
        self.page.labelled(*from_where(self.outcome))

    def _words(self, words: str) -> str:
        return as_typed(printable(words), self.surface)


def _counts_names(outcome: Outcome) -> bool:
    """Whether the headline counts names, as several failed."""
    return sum(c.verdict is not Verdict.READY for c in outcome.challenges) > 1
