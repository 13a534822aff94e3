from __future__ import annotations

import pytest

from benchmarks.world import clients, table
from benchmarks.world.table import Row, Table

WITHOUT, WITH, PLAIN = table.CLIENTS


def _row(without: float | None, value: float | None, plain: float | None, **more: object) -> Row:
    values = {WITHOUT: without, WITH: value, PLAIN: plain}
    return Row("key", "what", values, **more)  # type: ignore[arg-type] # of the test's choosing


def test_a_ratio_is_to_the_baseline_and_none_where_one_of_both_is_missing() -> None:
    row = _row(30.0, None, 20.0)
    assert row.ratio(WITHOUT) == 1.5
    assert row.ratio(WITH) is None
    assert _row(30.0, 30.0, None).ratio(WITH) is None
    assert _row(30.0, 30.0, 0.0).ratio(WITH) is None


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (_row(45.0, 44.0, 9.0, goal=45), True),
        (_row(45.0, 46.0, 9.0, goal=45), False),
        (_row(45.04, 45.0, 9.0, goal=45), True),  # as it is shown
        (_row(None, 45.0, None, goal=45), True),
        (_row(20.0, 30.0, 20.0, times=1.5), True),
        (_row(20.0, 32.0, 20.0, times=1.5), False),
        (_row(20.0, 30.0, 10.0, goal=30, times=1.5), False),  # both must hold
        (_row(20.0, 30.0, 10.0), None),
        (_row(None, None, 3.0, goal=2), None),  # nothing of ours was measured
    ],
)
def test_a_goal_is_met_where_all_of_ours_keep_to_it(row: Row, met: bool | None) -> None:  # noqa: FBT001
    assert row.met is met


def test_a_row_without_its_goal_has_no_verdict() -> None:
    row = _row(46.0, 46.0, 9.0, goal=45, times=2).without_goal()
    assert (row.met, row.values[WITH]) == (None, 46.0)


def test_who_was_found_ready_is_read_from_lines_and_a_missing_one_ends_all() -> None:
    lines = (
        (1.5, '{"domain": "a.com", "outcome": "ready"}'),
        (2.5, '{"domain": "b.com", "outcome": "not-ready"}'),
    )
    ran = clients.Ran(1, lines, "Traceback", 3.0, 2.0, 1024)
    assert clients.ready(ran, 2) == {"a.com": 1.5}
    with pytest.raises(SystemExit, match="a client judged 2 of 3 names:\nTraceback"):
        clients.ready(ran, 3)


def test_questions_are_counted_by_who_was_asked() -> None:
    counts = {
        "asked": {
            "root": {"SOA": 1, "DNSKEY": 1},
            "registry": {"SOA": 3},
            "alfa": {"TXT": 8, "NS": 2},
            "resolver": {"A": 4},
        }
    }
    assert table.asked(counts) == 15
    assert table.asked_registries(counts) == 5
    assert table.asked_resolver(counts) == 4
    assert table.asked_resolver({"asked": {}}) == 0


def test_a_notice_is_late_from_the_last_server_on() -> None:
    shown = {"a.com": 10.0, "b.com": 12.0, "c.com": 13.0}
    told = {"b.com": 12.5, "a.com": 12.0}
    assert table.delays(shown, told) == [0.5, 2.0]
    assert table.middle([]) is None
    assert table.middle([0.5, 2.0, 4.0]) == 2.0
    assert table.highest([0.5, 2.0]) == 2.0
    assert table.highest([]) is None


def test_the_table_is_markdown_in_columns() -> None:
    shown = Table(
        [
            Row("q", "questions a name", {WITHOUT: 85.09, WITH: 84.87, PLAIN: 13.73}, goal=45),
            Row("w", "wall clock", {WITHOUT: 1234.0, PLAIN: 1.0}, "s", 1, times=2),
            Row("n", "notice", {WITH: 0.9}, "s", goal=1),
        ]
    )
    lines = shown.as_text().splitlines()
    assert len({len(line) for line in lines}) == 1
    head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert head == ["", WITHOUT, WITH, PLAIN, "ratio", "goal", ""]
    assert rows == [
        ["questions a name", "85.1", "84.9", "13.7", "6.2", "≤ 45.0", "not met"],
        ["wall clock, s", "1,234.0", "-", "1.0", "1,234.0", "≤ 2 x baseline", "not met"],
        ["notice, s", "-", "0.9", "-", "-", "≤ 1.0", "met"],
    ]


def test_json_has_values_ratios_and_verdicts_as_numbers() -> None:
    [row] = Table([_row(30.0, 20.0, 20.0, unit="ms", goal=30, times=1.5)]).as_json()
    assert row == {
        "key": "key",
        "what": "what",
        "unit": "ms",
        "values": {WITHOUT: 30.0, WITH: 20.0, PLAIN: 20.0},
        "ratios": {WITHOUT: 1.5, WITH: 1.0},
        "goal": 30,
        "goal_ratio": 1.5,
        "met": True,
    }
