from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certbot_dns_preflight.report import text
from certbot_dns_preflight.report.side_by_side import first_difference, ordinal, side_by_side
from tests.builders.strategies import OUTCOMES, VALUES
from tests.builders.survey import THERE, error, judged, run, seen
from tests.report import scenarios

PAGES = Path(__file__).parent / "pages"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CLOSED = {"behind", "hundred_names"}
slowly = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", scenarios.ALL)
def test_the_page_of_each_scenario_is_exactly_the_one_kept(name: str) -> None:
    closing = scenarios.UNANSWERED if name in CLOSED else None
    page = text.render(scenarios.ALL[name](), closing=closing)
    assert page + "\n" == (PAGES / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", scenarios.ALL)
@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_exceeds_the_width_but_for_a_single_unbreakable_word(name: str, width: int) -> None:
    for line in text.render(scenarios.ALL[name](), width=width).split("\n"):
        assert len(line) <= width or len(line.split()) == 1 or len(line.split()[-1]) > width - 20


@pytest.mark.parametrize("name", scenarios.ALL)
def test_colour_changes_nothing_but_colours(name: str) -> None:
    outcome = scenarios.ALL[name]()
    coloured = text.render(outcome, colour=True)
    assert COLOURS.sub("", coloured) == text.render(outcome)
    assert coloured.split("\n")[0].startswith("\x1b[1;3")


@pytest.mark.parametrize("name", scenarios.ALL)
def test_a_page_stays_readable_however_much_failed(name: str) -> None:
    blocks = 6 if name == "ten_different_failures" else 2
    assert len(text.render(scenarios.ALL[name]()).split("\n")) <= 5 + 25 * blocks


@slowly
@given(OUTCOMES, st.integers(10, 120))
def test_whatever_was_served_the_page_is_printable_ascii(outcome, width) -> None:  # noqa: ANN001 - made
    page = text.render(outcome, width=width)
    assert all(0x20 <= ord(character) <= 0x7E or character == "\n" for character in page)
    assert page.split("\n")[0].startswith(("dns-preflight:", "Not ready:", "Inconclusive:"))
    assert not any(line != line.rstrip() for line in page.split("\n"))


@slowly
@given(OUTCOMES)
def test_with_unicode_there_are_still_no_controls(outcome) -> None:  # noqa: ANN001 - made
    page = text.render(outcome, unicode=True)
    assert all(character.isprintable() or character == "\n" for character in page)


def test_text_that_is_not_ascii_is_measured_as_it_is_written() -> None:
    words = "\N{GREEK SMALL LETTER ALPHA}" * 9
    found = error("wrong-value", "it differs.", cause=" ".join([words] * 20))
    page = text.render(run(judged(scenarios.three_servers(THERE)[0], findings=(found,))))
    assert r"\u03b1" in page
    assert max(len(line) for line in page.split("\n")) <= 80


def test_ellipses_are_one_character_where_unicode_is_fine() -> None:
    page = text.render(scenarios.long_value(), unicode=True)
    assert "\N{HORIZONTAL ELLIPSIS}" in page
    assert "..." not in page


@given(VALUES, VALUES, st.integers(24, 100))
def test_the_mark_stands_under_the_first_differing_byte(
    expected: bytes, served: bytes, room: int
) -> None:
    if expected == served:
        return
    layout = side_by_side(expected, served, room=room)
    offset = first_difference(expected, served)
    column = layout.marks[0].index("^") if layout.marks[0].strip("^ ") == "" else None
    if column is None:
        column = re.search(r"(?<!\S)\^+(?!\S)", layout.marks[0]).start()  # type: ignore[union-attr]
    assert expected[:offset] == served[:offset]
    assert layout.expected[:column] == layout.served[:column] or layout.served == "(empty)"
    rest = "".join(layout.served[column:])
    if offset < len(served):
        byte = served[offset]
        shown = chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x5C else f"\\{byte:03d}"
        assert rest.startswith(shown)
    assert max(len(layout.expected), len(layout.served)) <= room


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd"), (111, "111th"), (43, "43rd")],
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


def test_an_error_that_was_left_out_of_the_verdict_is_still_told() -> None:
    server = seen("ns1.example.net.", "192.0.2.1", THERE)
    ready = judged(server, findings=(error("caa-forbids", "CAA forbids it."),))
    outcome = run(type(ready)(ready.survey, type(ready.verdict)("ready"), ready.findings))
    page = text.render(outcome)
    assert page.startswith("dns-preflight: example.com ready")
    assert "  error     CAA forbids it (caa-forbids)." in page
    assert "explain" not in page
