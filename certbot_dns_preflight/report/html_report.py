"""The report as one HTML page to attach to a ticket: no script, no other file, no network. Pure.

Decides the page's parts and their order; judges nothing. Whatever came from the network or from
the command line passes through `_text`, and the JSON report through `_embedded`: nothing of either
is markup. The policy in the page's head would stop a script even so.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import presentation, printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import json_report, renewals_json, timeline
from certbot_dns_preflight.report.confirm import commands
from certbot_dns_preflight.report.grouping import pictures
from certbot_dns_preflight.report.headline import headline
from certbot_dns_preflight.report.html_style import STYLE
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.remedy import beside_records
from certbot_dns_preflight.report.sentences import label
from certbot_dns_preflight.report.surface import Surface, as_typed
from certbot_dns_preflight.report.vantage import asked_nobody, resolvers_view, saw_nothing
from certbot_dns_preflight.report.words import address_words, seconds, state_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Hop
    from certbot_dns_preflight.renewals.lineages import Check, Renewal

_WHERE_THE_JSON_IS = (
    "The whole JSON report is in this page's source, in the element with the id &quot;report&quot;."
)
_MOST_SECTIONS = 50
_MOST_READY = 10


def render(outcome: Outcome, *, surface: Surface = Surface.COMMAND) -> str:
    """Write a run's report as an ASCII page with a final line end.

    `surface` says how options are typed where the run was started.
    """
    return _page(
        as_typed(headline(outcome), surface),
        outcome.verdict,
        [*_about(outcome), *_sections(outcome, surface)],
        json_report.render(outcome),
    )


def render_renewals(check: Check, answer: str) -> str:
    """Write a check of renewals; `answer` is its first line in text."""
    body = [f"<p>{_text(f'Looked at {check.directory} on {_moment(check.started)}.')}</p>"]
    body += _lineage_table(check)
    for renewal in check.renewals:
        body += _lineage(renewal)
    return _page(answer, check.verdict, body, renewals_json.render(check))


# -- the frame -------------------------------------------------------------------------------------


def _page(answer: str, verdict: Verdict, body: Iterable[str], report: str) -> str:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    tool = json_report.own_tool()
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_text(answer)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        f'<header class="{verdict.value}"><h1>{_text(answer)}</h1></header>',
        "<main>",
        *body,
        "</main>",
        "<footer>",
        f"<p>{_text(tool['name'])} {_text(tool['version'])}. {_WHERE_THE_JSON_IS}</p>",
        "</footer>",
        f'<script type="application/json" id="report">{_embedded(report)}</script>',
        "</body>",
        "</html>",
    ]
    return "\n".join(lines).encode("ascii", "xmlcharrefreplace").decode("ascii") + "\n"


def _text(words: object) -> str:
    """Write anything as text that is no markup, within an element or an attribute."""
    return html.escape(printable(str(words)), quote=True)


def _lines(some: Iterable[str]) -> str:
    """Write what is to be copied, line by line."""
    return "\n".join(map(_text, some))


def _embedded(report: str) -> str:
    """Write JSON so that no tag can end or begin within it; it means the same to its readers."""
    return report.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


# -- a run -----------------------------------------------------------------------------------------


def _about(outcome: Outcome) -> Iterator[str]:
    waited = "" if outcome.timeout is None else f", waited {seconds(outcome.elapsed)}"
    yield f"<p>{_text(f'Checked on {_moment(outcome.started)}{waited}.')}"
    yield f"{_text(_from_where(outcome))}</p>"


def _moment(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _from_where(outcome: Outcome) -> str:
    vantage = outcome.vantage
    families = {"ipv4": "IPv4", "ipv6": "IPv6"}
    asked = " and ".join(families.get(f, f) for f in vantage.families) or "no address family"
    if vantage.asks_resolvers:
        return resolvers_view(vantage)
    if asked_nobody(vantage):
        return "No server was asked."
    through = phrases.listed(map(address_words, vantage.resolvers), most=len(vantage.resolvers))
    if saw_nothing(outcome):
        return f"Tried {through or 'the root servers'}, over {asked}; nothing could be checked."
    if through:
        return f"Name servers were found through {through}, over {asked}."
    return f"Name servers were found from the root down, over {asked}."


def _sections(outcome: Outcome, surface: Surface = Surface.COMMAND) -> Iterator[str]:
    groups = pictures(outcome)
    for group in groups[:_MOST_SECTIONS]:
        yield from _challenge(group.challenges[0], outcome, surface)
        if len(group.challenges) > 1:
            names = ", ".join(c.survey.challenge.domain for c in group.challenges[1:])
            yield f"<p>The same for: {_text(names)}</p>"
        yield "</section>"
    for group in groups[_MOST_SECTIONS:]:
        names = ", ".join(c.survey.challenge.domain for c in group.challenges)
        yield f'<p class="not-ready">Not ready, too: {_text(names)}</p>'
    ready = [c for c in outcome.challenges if c.verdict is Verdict.READY]
    for challenge in ready[:_MOST_READY]:
        yield from _challenge(challenge, outcome, surface)
        yield "</section>"
    if len(ready) > _MOST_READY:
        names = ", ".join(c.survey.challenge.domain for c in ready[_MOST_READY:])
        yield f"<p>Ready, too: {_text(names)}</p>"


def _challenge(judged: ChallengeOutcome, outcome: Outcome, surface: Surface) -> Iterator[str]:
    survey = judged.survey
    challenge = survey.challenge
    verdict = judged.verdict.value
    yield f'<section class="challenge {verdict}">'
    spoken = f'<span class="verdict">{_spoken(judged.verdict)}</span>'
    yield f"<h2>{_text(challenge.domain)} {spoken}</h2>"
    yield "<dl>"
    yield from _term("record", f"{plain_name(challenge.owner)} TXT")
    for value in challenge.expected:
        yield from _term("expected", presentation(value), code=True)
    if survey.zone is not None:
        yield from _term("zone", plain_name(survey.zone))
    if survey.alias_chain:
        yield from _term("alias of", ", then ".join(map(plain_name, survey.alias_chain)))
    yield "</dl>"
    errors = [finding for finding in judged.findings if finding.severity is Severity.ERROR]
    for finding in judged.findings:
        confirming = commands(finding, survey) if finding in errors else ()
        yield from _finding(finding, surface, confirming)
    for sentence in judged.unjudged:
        words = _text(as_typed(sentence, surface))
        yield f'<p class="finding info"><strong>unknown</strong> {words}</p>'
    for hop in survey.hops:
        yield from _server_table(hop, challenge.expected)
    picture = timeline.svg(survey, elapsed=outcome.elapsed) if outcome.timeout is not None else ""
    if picture:
        yield "<h3>The wait, second by second</h3>"
        yield timeline.legend()
        yield picture


def _spoken(verdict: Verdict) -> str:
    return verdict.value.replace("-", " ")


def _term(label: str, words: str, *, code: bool = False) -> Iterator[str]:
    yield f"<dt>{label}</dt>"
    yield f"<dd><code>{_text(words)}</code></dd>" if code else f"<dd>{_text(words)}</dd>"


def _finding(finding: Finding, surface: Surface, confirming: Sequence[str]) -> Iterator[str]:
    def words(sentence: str) -> str:
        return _text(as_typed(sentence, surface))

    kind = finding.evidence.get("kind")
    code = f"{finding.code}: {kind}" if isinstance(kind, str) else finding.code
    yield f'<div class="finding {finding.severity.value}">'
    yield (
        f"<p><strong>{label(finding)}</strong> {words(finding.summary)} "
        f"<code>{_text(code)}</code></p>"
    )
    if finding.cause and finding.cause != finding.summary:
        yield f"<p><strong>cause</strong> {words(finding.cause)}</p>"
    before, after = beside_records(finding, surface)
    if before:
        yield f"<p><strong>fix</strong> {words(before)}</p>"
    if finding.records:
        yield f'<pre class="copied">{_lines(finding.records)}</pre>'
    if after:
        yield f"<p>{words(after)}</p>"
    if confirming:
        yield f'<p><strong>check</strong></p><pre class="copied">{_lines(confirming)}</pre>'
    yield f'<p class="reference">{_text(finding.reference)}</p>'
    yield "</div>"


def _server_table(hop: Hop, expected: tuple[bytes, ...]) -> Iterator[str]:
    yield (
        f"<h3>Servers of {_text(plain_name(hop.zone.apex))} on {_text(plain_name(hop.owner))}</h3>"
        '<div class="wide"><table class="servers"><thead><tr>'
        f"<th>{'resolver' if hop.recursive else 'name server'}</th><th>address</th>"
        "<th>serial</th><th>answer</th><th>values</th></tr></thead><tbody>"
    )
    for observation in hop.observations:
        serial = "" if observation.serial is None else observation.serial
        texts = getattr(observation.reading, "texts", ())
        values = "<br>".join(f"<code>{_text(presentation(text))}</code>" for text in texts)
        answer = state_words(observation, expected, followed=hop.followed)
        yield (
            f'<tr class="{observation.status.value}">'
            f"<td>{_text(plain_name(observation.nameserver))}</td>"
            f"<td>{_text(address_words(observation.endpoint))}</td><td>{serial}</td>"
            f'<td class="answer">{_text(answer)}</td><td>{values}</td></tr>'
        )
    asked = {observation.nameserver for observation in hop.observations}
    for server in hop.zone.nameservers:
        if server.name not in asked:
            yield (
                f'<tr class="unreachable"><td>{_text(plain_name(server.name))}</td><td>none</td>'
                '<td></td><td class="answer">'
                f"{_text(server.failure or 'no address')}</td><td></td></tr>"
            )
    yield "</tbody></table></div>"


# -- renewals --------------------------------------------------------------------------------------


def _lineage_table(check: Check) -> Iterator[str]:
    yield (
        '<div class="wide"><table><thead><tr><th>certificate</th><th>renewal</th><th>ends in</th>'
        "<th>authenticator</th><th>names</th></tr></thead><tbody>"
    )
    for renewal in check.renewals:
        lineage = renewal.lineage
        left = lineage.days_left(check.started)
        days = "" if left is None else "expired" if left < 0 else phrases.count(left, "day")
        state = "match" if renewal.verdict is Verdict.READY else "absent"
        yield (
            f'<tr class="{state}"><td>{_text(lineage.name)}</td>'
            f'<td class="answer">{_spoken(renewal.verdict)}</td><td>{days}</td>'
            f"<td>{_text(lineage.authenticator or '')}</td>"
            f"<td>{_text(', '.join(lineage.names))}</td></tr>"
        )
    yield "</tbody></table></div>"
    if check.others:
        yield f"<p>Not by dns-01: {_text(', '.join(other.name for other in check.others))}</p>"


def _lineage(renewal: Renewal) -> Iterator[str]:
    problem = renewal.lineage.problem
    if problem is not None:
        yield '<section class="challenge not-ready">'
        yield f"<h2>{_text(renewal.lineage.name)}</h2>"
        yield f'<div class="finding error"><p><strong>error</strong> {_text(problem.reason)} '
        yield f"<code>{_text(problem.code)}</code></p>"
        if problem.fix:
            yield f"<p><strong>fix</strong> {_text(problem.fix)}</p>"
        yield "</div></section>"
    elif renewal.outcome is not None and (renewal.verdict is not Verdict.READY or renewal.warned):
        yield f"<h2>{_text(renewal.lineage.name)}</h2>"
        yield from _sections(renewal.outcome)
