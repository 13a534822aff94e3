"""`--format` and `--failing-only` of `check`, as processes: text, JSON, lines, HTML, Nagios."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Command

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
EXPECTED = ("--expect", f"good.example.test={VALUE}", "--expect", f"bad.example.test={VALUE}")
BOTH = ("check", "good.example.test", "bad.example.test", *EXPECTED)


def embedded(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="report">(.*)</script>', page, re.DOTALL)
    assert found is not None
    read: dict[str, object] = json.loads(found[1])
    return read


def test_every_format_says_the_same(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("good.example.test", VALUE)
    text = in_lab(*BOTH, "--format", "text")
    assert (text.status, text.stderr) == (1, "")
    assert text.stdout.startswith("Not ready: ")
    report = json.loads(in_lab(*BOTH, "--format=json").stdout)
    outcomes = {each["domain"]: each["outcome"] for each in report["challenges"]}
    assert outcomes == {"good.example.test": "ready", "bad.example.test": "not-ready"}
    assert json.loads(in_lab(*BOTH, "--json").stdout)["outcome"] == "not-ready"
    for short in ("--format=jsonl", "--jsonl"):
        lines = map(json.loads, in_lab(*BOTH, short).stdout.splitlines())
        assert {each["domain"]: each["outcome"] for each in lines} == outcomes
    page = in_lab(*BOTH, "--format=html")
    assert (page.status, page.stderr) == (1, "")
    assert page.stdout.startswith("<!DOCTYPE html>")
    assert embedded(page.stdout)["outcome"] == "not-ready"
    nagios = in_lab(*BOTH, "--format=nagios")
    assert (nagios.status, nagios.stderr) == (2, "")
    first = nagios.stdout.splitlines()[0]
    assert re.match(
        r"DNS-PREFLIGHT CRITICAL: [^|]+ \| time=[0-9.]+s;;;0 names=2;;;0 ready=1", first
    )


def test_failing_only_leaves_out_what_is_ready(
    in_lab: Command, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish("good.example.test", VALUE)
    report = tmp_path / "report.json"
    text = in_lab(*BOTH, "--failing-only", f"--report={report}")
    assert text.status == 1
    assert "good.example.test" not in text.stdout
    assert "1 other name is ready." in text.stdout
    assert len(json.loads(report.read_text())["challenges"]) == 2, "the file has them all"
    printed = json.loads(in_lab(*BOTH, "--failing-only", "--json").stdout)
    assert [each["domain"] for each in printed["challenges"]] == ["bad.example.test"]
    assert printed["outcome"] == "not-ready"
    (line,) = in_lab(*BOTH, "--failing-only", "--jsonl").stdout.splitlines()
    assert json.loads(line)["domain"] == "bad.example.test"
    ready = in_lab("check", "good.example.test", "--expect", VALUE, "--failing-only")
    assert ready.status == 0
    assert "Ready: good.example.test" in ready.stdout.splitlines()[0]


def test_nagios_is_ok_or_unknown(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("good.example.test", VALUE)
    good = in_lab("check", "good.example.test", "--expect", VALUE, "--format=nagios", "--quiet")
    assert (good.status, good.stderr) == (0, "")
    assert good.stdout.startswith("DNS-PREFLIGHT OK: ")
    assert good.stdout.count("\n") == 1
    assert " ready_after=" in good.stdout


def test_nagios_warns_of_what_a_ca_lives_with(
    in_lab: Command, publish: Callable[..., None]
) -> None:
    publish("good.example.test", VALUE, "something else")
    ran = in_lab("check", "good.example.test", "--expect", VALUE, "--format=nagios")
    assert ran.status == 1
    assert ran.stdout.startswith("DNS-PREFLIGHT WARNING: ")
    first, second, *_ = ran.stdout.splitlines()
    assert (
        " Note: _acme-challenge.good.example.test also holds 1 other TXT value (harmless)" in first
    )
    assert "(stale-values)" in second


def test_nagios_knows_nothing_where_nothing_can_be_asked(
    command: Command,
    in_namespace: None,  # noqa: ARG001 - asked for its effect
) -> None:
    ran = command(
        *("check", "example.test", "--resolver=127.53.9.9", "--query-timeout=0.2"),
        "--format=nagios",
    )
    assert ran.status == 3
    assert ran.stdout.startswith("DNS-PREFLIGHT UNKNOWN: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--format=nagios"],
        ["check", "a..b", "--format", "nagios"],
        ["check", "a.test", "--format=nagios", "--no-such-option"],
        ["check", "a.test", "--format=nagios", "--timeout=soon"],
        ["check", "a.test", "--format=nagios", "--json"],
        ["renewals", "--format=nagios", "--config-dir=/nonexistent/a|b"],
        ["renewals", "--format=nagios", "--within=x"],
    ],
)
def test_misuse_is_unknown_to_nagios_and_one_line(command: Command, arguments: list[str]) -> None:
    ran = command(*arguments)
    assert (ran.status, ran.stderr) == (3, "")
    assert ran.stdout.startswith("DNS-PREFLIGHT UNKNOWN: ")
    assert ran.stdout.count("\n") == 1
    assert "|" not in ran.stdout


@pytest.mark.parametrize("command_name", ["check", "renewals"])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--json", "--jsonl"], "--json: not allowed with --jsonl"),
        (["--format=html", "--json"], "--json: not allowed with --format html"),
        (["--format=text", "--jsonl"], "--jsonl: not allowed with --format text"),
        (["--format=json", "--format=html"], "--format is given twice"),
        (["--format=xml"], "invalid choice: 'xml'"),
    ],
)
def test_two_formats_are_misuse(
    command: Command, command_name: str, options: list[str], named: str
) -> None:
    names = ["a.test"] if command_name == "check" else []
    ran = command(command_name, *names, *options)
    assert (ran.status, ran.stdout) == (2, "")
    assert named in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_the_same_format_twice_is_one(in_lab: Command) -> None:
    ran = in_lab("check", "none.example.test", "--format=json", "--json")
    assert json.loads(ran.stdout)["challenges"]


@pytest.mark.parametrize("suffix", ["html", "HTM", "json"])
def test_a_report_file_is_a_page_where_its_name_says_so(
    in_lab: Command, tmp_path: Path, suffix: str
) -> None:
    report = tmp_path / f"report.{suffix}"
    in_lab("check", "none.example.test", "--expect", VALUE, "--quiet", f"--report={report}")
    written = report.read_text()
    if suffix == "json":
        assert json.loads(written)["outcome"] == "not-ready"
    else:
        assert embedded(written)["outcome"] == "not-ready"


def test_the_page_has_the_timeline_of_a_wait(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("good.example.test", VALUE)
    ran = in_lab("check", "good.example.test", "--expect", VALUE, "--wait", "--format=html")
    assert ran.status == 0
    first, *_, last = ran.stderr.splitlines()
    waiting = "dns-preflight: waiting until all name servers show good.example.test, "
    assert first.startswith(waiting)
    assert last.startswith("dns-preflight: ready after ")
    assert '<svg class="timeline"' in ran.stdout
    assert ran.stdout.count('<rect class="match"') == 8
