"""The documentation's pages: each is in the index, leads to what is there, and shows real commands.

Every command line of `dns-preflight` in any page is parsed as it stands, and run in the lab. What
needs a client or a CA is run where these are (`test_hook`, `tests/plugin/test_documented`); what is
run nowhere is named here, with the reason.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.cli.commands import make_parser
from certbot_dns_preflight.cli.main import main
from certbot_dns_preflight.settings import OPTIONS
from tests.plugin.documented import LINES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
ALL = [ROOT / "README.md", *PAGES]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
PROGRAMS = re.compile(r"(?:certbot|pip|systemctl|nsupdate|python|script/\w+|dns-preflight)(?: |$)")
NOT_RUN = {
    r"dns-preflight check .*(?:\$\{1|\|\| exit)": "part of a script that test_hook runs whole",
    r"pip install": "needs a package index; test_floors installs the extras",
    r"certbot .*dns-cloudflare": "needs an account at Cloudflare; see test_authenticators",
    r"certbot certonly (?:--staging )?--authenticator dns-preflight -d example.com$": "by hand, on "
    "a terminal: test_by_hand",
    r"certbot certonly --manual": "test_hook runs certbot's manual plugin with it",
    r"certbot …": "only the option matters",
    r"systemctl": "needs systemd; test_renewals runs with the unit's rights",
    r"nsupdate": "part of a script that test_hook runs whole",
    r"(?:python -m (?:tests\.fuzz|benchmarks\.\w+)|script/)": "takes minutes; run small in tests",
}
GENERATED = ROOT / "docs" / "reference" / "findings.md"


def blocks(page: Path) -> list[str]:
    """The lines of a page that are code, those that go on joined."""
    text = page.read_text().replace("\\\n", " ")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    return [line.strip() for block in (*fenced, *indented) for line in block.split("\n")]


def commands() -> list[tuple[str, str]]:
    return [
        (page.name, line)
        for page in ALL
        if page != GENERATED
        for line in blocks(page)
        if re.match(r"dns-preflight (?!--help)[a-z]", line)
    ]


def arguments(line: str) -> list[str]:
    """Split a command line as a shell does, up to a comment, a pipe or what comes after it."""
    words = shlex.split(line, comments=True)[1:]
    ends = [number for number, word in enumerate(words) if word[0] in "|&>;"]
    return words[: ends[0]] if ends else words


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page != index} == linked


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        assert link.startswith(("https://", "http://")) or (page.parent / link).exists(), link


def test_there_are_commands_to_look_at() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize(("page", "line"), commands(), ids=str)
def test_every_command_line_is_one_that_the_command_takes(page: str, line: str) -> None:
    given = arguments(line)
    assert make_parser(given[:1]).parse_args(given).run, f"{page}: {line}"


def reason_not_to_run(line: str) -> str | None:
    return next((why for pattern, why in NOT_RUN.items() if re.match(pattern, line)), None)


def in_the_lab(line: str, lab: Lab, directory: Path) -> list[str]:
    """Put a command line so that it finds its names, files and root servers in the lab."""
    known = {"example.com": "example.test", "VALUE": VALUE, "FILE": str(directory / "file.prom")}
    words = [known.get(word, word) for word in arguments(line)]
    if words[0] in ("check", "renewals"):
        words += [f"--root-hints={lab.root_hints}", "--query-timeout=5"]
    if words[0] == "renewals":
        (directory / "renewal").mkdir()
        words.append(f"--config-dir={directory}")
    return words


@pytest.mark.parametrize(
    ("page", "line"), [(p, c) for p, c in commands() if reason_not_to_run(c) is None], ids=str
)
def test_every_command_line_runs(  # noqa: PLR0913, PLR0917 - fixtures
    page: str,
    line: str,
    lab: Lab,
    publish: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "--metrics" in line:
        pytest.importorskip("prometheus_client")
    monkeypatch.chdir(tmp_path)
    if " check " in line:
        publish("example.test", VALUE)
    status = main(in_the_lab(line, lab, tmp_path))
    shown = capsys.readouterr()
    assert status == 0, f"{page}: {shown}"
    assert shown.out
    for option in ("--report", "--metrics"):
        given = arguments(line)
        if option in given:
            file = {"FILE": "file.prom"}.get(given[given.index(option) + 1], "report.html")
            assert (tmp_path / file).read_text()


def test_what_is_not_run_has_its_reason() -> None:
    lines = {
        " ".join(line.split())
        for page in ALL
        if page != GENERATED
        for line in blocks(page)
        if PROGRAMS.match(line)
    }
    unrun = {line for line in lines if reason_not_to_run(line) is not None}
    documented = {" ".join(line.split()) for _, line in commands()}
    assert lines - unrun - documented - {"dns-preflight --help"} == set(LINES)
    for pattern in NOT_RUN:
        assert any(re.match(pattern, line) for line in lines), pattern


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_option_for_certbot_exists(page: Path) -> None:
    known = {f"--dns-preflight-{option.name}" for option in OPTIONS}
    known |= {"--dns-preflight-authenticator", "--dns-preflight-alias"}
    named = set(re.findall(r"--dns-preflight-[a-z-]*[a-z]", page.read_text()))
    assert named <= known | {"--dns-preflight-failure-hook"}


def test_no_recipe_throws_the_report_away() -> None:
    for line in blocks(ROOT / "docs" / "how-to" / "other-clients.md"):
        assert "--quiet" not in line
