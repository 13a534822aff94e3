"""The HTML page: one file without a script, in which nothing of the network is markup."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import html_report, timeline
from certbot_dns_preflight.report.json_report import as_json
from certbot_dns_preflight.report.remedy import beside_records
from certbot_dns_preflight.report.surface import Surface
from certbot_dns_preflight.report.timeline import Phase, Stretch
from tests.builders.strategies import OUTCOMES
from tests.builders.survey import VALUE
from tests.observe import HANG
from tests.report import scenarios

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome

HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>&lt;"\''
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
    *("h1", "h2", "h3", "p", "pre", "dl", "dt", "dd", "div", "pre", "span", "strong", "code", "br"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "text", "rect", "script"),
}


class Page(HTMLParser):
    """Reads a page as a browser would: tags, attributes, and the text of each element."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open[-1:]:
            self.texts.setdefault(tag, []).append(data)

    @property
    def words(self) -> str:
        """Everything that a reader sees."""
        kept = (texts for tag, texts in self.texts.items() if tag not in ("style", "script"))
        return " ".join(text for texts in kept for text in texts)


def check(page: str, outcome: Outcome) -> Page:
    """Hold a page against what must be true of every page."""
    assert page.isascii()
    assert page.endswith("</html>\n")
    read = Page(page)
    assert {tag for tag, _ in read.tags} <= ALLOWED
    attributes = {name for _, attrs in read.tags for name in attrs}
    assert not {name for name in attributes if name.startswith("on")}
    assert attributes.isdisjoint({"src", "href", "style", "action", "srcdoc"})
    (script,) = [attrs for tag, attrs in read.tags if tag == "script"]
    assert script == {"type": "application/json", "id": "report"}
    assert json.loads("".join(read.texts["script"])) == as_json(outcome)
    return read


@pytest.mark.parametrize("name", scenarios.ALL)
def test_each_scenario_is_a_page_with_its_answer_causes_and_servers(name: str) -> None:
    outcome = scenarios.ALL[name]()
    read = check(html_report.render(outcome), outcome)
    for judged in outcome.challenges[:1]:
        assert judged.survey.challenge.domain in read.words
        for finding in judged.findings:
            assert finding.code in read.words
            assert all(words in read.words for words in beside_records(finding))
            assert all(record in read.words for record in finding.records)
        for observation in judged.survey.observations:
            assert observation.endpoint.address in read.words


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(OUTCOMES)
def test_whatever_was_seen_the_page_is_whole(outcome: Outcome) -> None:
    check(html_report.render(outcome), outcome)


def test_what_to_copy_and_to_type_stands_alone_and_options_as_the_surface_types_them() -> None:
    record = html_report.render(scenarios.one_character_off())
    assert (
        '<pre class="copied">_acme-challenge.example.com. TXT '
        f"&quot;{VALUE.decode()}&quot;</pre>" in record
    )
    assert (
        "Copy the value instead of typing it. The record (leave out the quotes in a web form):</p>"
        in record
    )
    command = html_report.render(scenarios.behind())
    assert '<pre class="copied">dig +norec @198.51.100.3 example.com SOA\n' in command
    assert "set --timeout to more than the zone&#x27;s refresh interval, or" in command
    certbot = html_report.render(scenarios.behind(), surface=Surface.CERTBOT)
    assert "set --dns-preflight-timeout to more than the zone&#x27;s refresh interval" in certbot


def hostile() -> Outcome:
    """An outcome in which everything that others can choose would like to be markup."""
    outcome = scenarios.quoted()
    (judged,) = outcome.challenges
    survey = judged.survey
    hop = survey.hops[-1]
    value = HOSTILE.encode()
    observations = tuple(
        dataclasses.replace(o, reading=dataclasses.replace(o.reading, texts=(value,)))
        if hasattr(o.reading, "texts")
        else o
        for o in hop.observations
    )
    nameservers = tuple(
        dataclasses.replace(server, glue=(), own=(), failure=HOSTILE)
        for server in hop.zone.nameservers
    )
    zone = dataclasses.replace(hop.zone, nameservers=nameservers)
    challenge = dataclasses.replace(survey.challenge, domain=HOSTILE, expected=(value,))
    survey = dataclasses.replace(
        survey,
        challenge=challenge,
        hops=(dataclasses.replace(hop, zone=zone, observations=observations),),
    )
    finding = dataclasses.replace(
        judged.findings[0],
        summary=HOSTILE,
        cause=f"cause {HOSTILE}",
        remedy=HOSTILE,
        reference=HOSTILE,
        evidence={"kind": HOSTILE},
    )
    judged = dataclasses.replace(judged, survey=survey, findings=(finding,), unjudged=(HOSTILE,))
    return dataclasses.replace(outcome, challenges=(judged,), timeout=300.0, elapsed=300.0)


def test_no_hostile_word_is_markup() -> None:
    page = html_report.render(hostile())
    read = check(page, hostile())
    assert page.count("<script") == 1
    assert page.count("</script") == 1
    assert "<img" not in page
    assert read.words.count(HOSTILE) >= 6


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    read = Page(html_report.render(scenarios.behind()))
    (policy,) = [
        attrs["content"]
        for tag, attrs in read.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    digest = hashlib.sha256("".join(read.texts["style"]).encode()).digest()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(digest).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


# -- the timeline ----------------------------------------------------------------------------------


def test_the_timeline_shows_who_had_it_when_and_who_is_behind() -> None:
    outcome = scenarios.behind()
    (judged,) = outcome.challenges
    hop = judged.survey.hops[-1]
    phases = {
        observation.endpoint.address: timeline.stretches(observation, hop, elapsed=outcome.elapsed)
        for observation in hop.observations
    }
    assert phases["192.0.2.1"] == (
        Stretch(0.0, 2.1, Phase.ABSENT),
        Stretch(2.1, outcome.elapsed, Phase.MATCH),
    )
    assert phases["198.51.100.3"] == (Stretch(0.0, outcome.elapsed, Phase.BEHIND),)


def test_bars_fill_the_wait_and_no_more() -> None:
    outcome = scenarios.behind()
    drawn = timeline.svg(outcome.challenges[0].survey, elapsed=outcome.elapsed)
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)%" y="(\d+)" width="([\d.]+)%"', drawn)
    rows: dict[str, float] = {}
    for _, left, row, width in bars:
        assert float(left) == pytest.approx(rows.get(row, 0.0), abs=0.02)
        rows[row] = float(left) + float(width)
    assert len(rows) == len(outcome.challenges[0].survey.observations)
    assert all(end == pytest.approx(100, abs=0.02) for end in rows.values())


def test_a_single_look_has_no_timeline() -> None:
    outcome = dataclasses.replace(scenarios.behind(), timeout=None)
    assert "<svg" not in html_report.render(outcome)
    assert outcome.verdict is Verdict.NOT_READY


# -- in a browser ----------------------------------------------------------------------------------


def test_a_browser_shows_it_and_runs_nothing(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(html_report.render(hostile()))
    command = [
        *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=390,844"),
    ]
    shown = subprocess.run(
        [*command, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG,
    ).stdout
    assert "<title>owned" not in shown
    assert shown.count("<script") == 1
    assert "<img" not in shown
    subprocess.run(
        [*command, f"--screenshot={picture}", page.as_uri()],
        capture_output=True,
        check=True,
        timeout=HANG,
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
