"""The documentation's pages: each is in the index, leads to what is there, and shows real commands.

The recipes that need a client, a CA or a name server are run where these are (`test_hook`,
`tests/plugin`); here every command line of `dns-preflight` in any page is parsed as it stands.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from certbot_dns_preflight.cli.commands import make_parser
from certbot_dns_preflight.settings import OPTIONS

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
ALL = [ROOT / "README.md", *PAGES]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
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


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_option_for_certbot_exists(page: Path) -> None:
    known = {f"--dns-preflight-{option.name}" for option in OPTIONS}
    known |= {"--dns-preflight-authenticator", "--dns-preflight-alias"}
    named = set(re.findall(r"--dns-preflight-[a-z-]*[a-z]", page.read_text()))
    assert named <= known | {"--dns-preflight-failure-hook"}


def test_no_recipe_throws_the_report_away() -> None:
    for line in blocks(ROOT / "docs" / "how-to" / "other-clients.md"):
        assert "--quiet" not in line
