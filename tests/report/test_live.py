from __future__ import annotations

import importlib.util
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certbot_dns_preflight.facts.answers import Failing
from certbot_dns_preflight.facts.outcome import Progress
from certbot_dns_preflight.report.frame import frame
from certbot_dns_preflight.report.live import LiveView
from tests.builders.strategies import SURVEYS
from tests.builders.survey import NXDOMAIN, THERE, by_resolvers, judged, seen
from tests.observe import HANG, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.facts.survey import Survey

pytestmark = pytest.mark.thorough

rich_only = pytest.mark.skipif(
    importlib.util.find_spec("rich") is None, reason="the extra is not installed"
)


def lagging(domain: str = "example.com") -> Survey:
    return judged(
        seen("ns1.example.net.", "192.0.2.1", serial=5, after=2),
        seen("ns1.example.net.", "2001:db8::1", serial=5, after=2),
        seen("ns2.example.net.", "192.0.2.2", NXDOMAIN, serial=4),
        seen(r"\027[2J[red]x.example", "192.0.2.3", Failing("SERVFAIL")),
        domain=domain,
        ready_after=None,
    ).survey


def words(progress: Progress, *, since: float = 0, height: int = 20) -> list[str]:
    return ["".join(t for t, _ in line) for line in frame(progress, since=since, height=height)]


# -- the picture -----------------------------------------------------------------------------------


def test_the_picture_of_one_challenge() -> None:
    assert words(Progress((lagging(),), 14.2, 300, 2.0), since=0.5) == [
        "Waiting 14 s of 300 s for _acme-challenge.example.com, next look in 2 s",
        "  ns1.example.net        192.0.2.1 ok   2001:db8::1 ok",
        "  ns2.example.net        192.0.2.2 1 serial behind",
        r"  \027[2J[red]x.example  192.0.2.3 SERVFAIL",
    ]


def test_the_picture_of_resolvers_says_what_is_being_waited_out() -> None:
    survey = by_resolvers(THERE, NXDOMAIN, kept=240.0)
    assert words(Progress((survey,), 14.2, 300, 2.0)) == [
        "Waiting 14 s of 300 s for _acme-challenge.example.test, next look in 3 s",
        "  192.0.2.1  ok",
        "  192.0.2.2  NXDOMAIN, cached for another 240 s",
    ]


def test_a_single_look_does_not_pretend_to_wait() -> None:
    lines = frame(Progress((lagging(),), 3.2, 300, 0), since=0, height=20, waits=False)
    assert "".join(words for words, _ in lines[0]) == "Checking 3 s: _acme-challenge.example.com"


def test_a_hundred_names_stay_within_the_height() -> None:
    surveys = tuple(lagging(f"host{i}.example.com") for i in range(100))
    picture = words(Progress(surveys, 3, 300, 0), height=6)
    assert picture == [
        "Waiting 3 s of 300 s for 100 records, looking",
        "  2/4 ok  _acme-challenge.host0.example.com  ns2.example.net 1 serial behind",
        "  2/4 ok  _acme-challenge.host1.example.com  ns2.example.net 1 serial behind",
        "  2/4 ok  _acme-challenge.host2.example.com  ns2.example.net 1 serial behind",
        "  2/4 ok  _acme-challenge.host3.example.com  ns2.example.net 1 serial behind",
        "  and 96 more records",
    ]


@settings(suppress_health_check=list(HealthCheck))
@given(st.lists(SURVEYS, max_size=5).map(tuple), st.integers(0, 30))
def test_any_picture_is_printable_and_within_its_height(
    surveys: tuple[Survey, ...], height: int
) -> None:
    picture = words(Progress(surveys, 1, 300, 2), height=height)
    assert len(picture) <= max(height, 3)
    assert all(line.isprintable() for line in picture)


# -- on a terminal ---------------------------------------------------------------------------------

PROGRAM = """
import select, sys
from itertools import count
from certbot_dns_preflight.facts.outcome import Progress
from certbot_dns_preflight.report.live import LiveView
from tests.report.test_live import lagging
surveys = tuple(lagging(f"host{i}.example.com") for i in range(int(sys.argv[1])))
print("before", flush=True)
try:
    with LiveView(sys.stdout) as view:
        for second in count():
            view(Progress(surveys, second, 300, 2))
            if select.select([sys.stdin], [], [], 0.05)[0]:
                break
except KeyboardInterrupt:
    print("interrupted", flush=True)
print("after", flush=True)
"""


class Screen:
    """As much of a terminal as the view uses; anything else it is sent fails the test."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = self.tallest = 0
        self.cursor_shown = True
        self.styles: set[str] = set()

    def feed(self, text: str) -> None:
        for control, plain in re.findall(r"(\x1b\[[0-9;?]*[A-Za-z]|[\r\n])|([^\x1b\r\n]+)", text):
            if plain:
                line = self.lines[self.row].ljust(self.column)
                after = line[self.column + len(plain) :]
                self.lines[self.row] = line[: self.column] + plain + after
                self.column += len(plain)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            elif control == "\x1b[2K":
                self.lines[self.row] = ""
            elif control.endswith("A"):
                self.row -= int(control[2:-1] or 1)
                assert self.row >= 0
            elif control in ("\x1b[?25l", "\x1b[?25h"):
                self.cursor_shown = control.endswith("h")
            else:
                assert control.endswith("m"), control
                self.styles.add(control)
            self.tallest = max(self.tallest, len([line for line in self.lines if line]))

    def resize(self, columns: int) -> None:
        """Become narrower as most terminals do: lines that are too long are broken."""
        broken: list[str] = []
        for number, line in enumerate(self.lines):
            pieces = [line[at : at + columns] for at in range(0, len(line), columns)] or [""]
            if number == self.row:
                row = len(broken) + min(self.column // columns, len(pieces) - 1)
            broken += pieces
        self.lines, self.row, self.column = broken, row, min(self.column, columns)

    @property
    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.lines if line.strip()]


@rich_only
@pytest.mark.parametrize(("seconds", "shown"), [(0.9, False), (1.1, True)])
def test_a_single_look_is_shown_once_it_takes_longer_than_a_moment(
    seconds: float,
    shown: bool,  # noqa: FBT001 - a table's column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = _Terminal()
    now = [100.0]
    asked: list[None] = []

    def clock() -> float:
        asked.append(None)
        return now[0]

    with LiveView(stream, clock=clock, waits=False) as view:
        view(Progress((lagging(),), seconds, 300, 0))
        now[0] += seconds
        if shown:
            until(lambda: "Checking 2 s" in stream.getvalue())
        else:
            until(lambda: len(asked) > 3)  # the thread has looked at the clock again and again
    assert ("Checking" in stream.getvalue()) is shown
    assert (stream.getvalue() == "") is not shown  # not even the cursor was hidden


class _Terminal(StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(
    count: int,
    *,
    pictures: int = 2,
    interrupted: bool = False,
    narrower: int | None = None,
    **environment: str,
) -> tuple[Screen, str]:
    """Watch the wait for so many names until as many pictures have come, or their beginnings."""
    keyboard, terminal = pty.openpty()
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")},
        "TERM": "xterm-256color",
        "COLUMNS": "80",
        "LINES": "16",
        **environment,
    }
    if narrower:  # the terminal itself says how wide it is
        environment = {k: v for k, v in environment.items() if k not in ("COLUMNS", "LINES")}
        termios.tcsetwinsize(terminal, (24, 100))
    screen = Screen()
    fed = 0
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(count)],
        stdin=subprocess.PIPE,
        stdout=terminal,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    os.close(terminal)
    assert process.stdin is not None
    raw = b""
    for chunk in _until_closed(keyboard):
        seen_before, raw = raw.count(b"Waiting "), raw + chunk
        if narrower and raw.count(b"Waiting ") > 0:
            raw += _stopped_and_heard(process, keyboard)
            screen.feed(raw.decode())
            fed = len(raw)
            screen.resize(narrower)
            termios.tcsetwinsize(keyboard, (24, narrower))
            process.send_signal(signal.SIGCONT)
            narrower, pictures = None, raw.count(b"Waiting ") + 1
            continue
        if seen_before < pictures <= raw.count(b"Waiting "):
            if interrupted:
                process.send_signal(signal.SIGINT)
            else:
                process.stdin.close()
    os.close(keyboard)
    process.wait(HANG)
    process.stdin.close()
    screen.feed(raw[fed:].decode())
    return screen, raw.decode()


def _stopped_and_heard(process: subprocess.Popen[bytes], keyboard: int) -> bytes:
    """Stop the process, and read what it has written by then."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    heard = b""
    while select.select([keyboard], [], [], 0)[0]:
        heard += os.read(keyboard, 65536)
    return heard


def _until_closed(keyboard: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(keyboard, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            return
        if not data:
            return
        yield data


@rich_only
def test_it_redraws_in_place_and_leaves_nothing_behind() -> None:
    screen, raw = on_terminal(1)
    assert screen.shown == ["before", "after"]
    assert screen.cursor_shown
    assert raw.count("Waiting ") > 1
    assert "1 serial behind" in raw
    assert r"\027[2J[red]x.example" in raw
    assert screen.tallest < 8


@rich_only
def test_a_hundred_names_fit_the_terminal_and_leave_nothing_behind() -> None:
    screen, raw = on_terminal(100)
    assert screen.shown == ["before", "after"]
    assert "and 88 more records" in raw
    assert screen.tallest <= 16


@rich_only
def test_a_terminal_that_becomes_narrower_keeps_no_line_of_the_picture() -> None:
    screen, raw = on_terminal(2, narrower=30, TMUX="")
    assert max(map(len, raw.split("\r\n"))) > 60
    assert screen.shown == ["before", "after"]
    assert screen.cursor_shown


@rich_only
def test_ctrl_c_leaves_a_clean_terminal() -> None:
    screen, _ = on_terminal(3, interrupted=True)
    assert screen.shown == ["before", "interrupted", "after"]
    assert screen.cursor_shown


@rich_only
def test_no_color_means_no_colour() -> None:
    coloured, _ = on_terminal(1)
    plain, _ = on_terminal(1, NO_COLOR="1")
    assert any("32" in style for style in coloured.styles)
    assert not any(re.search(r"[;\[]3[0-9]", style) for style in plain.styles)


def test_a_dumb_terminal_gets_a_line_for_each_change() -> None:
    _, raw = on_terminal(2, pictures=1, TERM="dumb")
    assert raw.split("\r\n") == [
        "before",
        "Waiting for 2 records, at most 300 s",
        "     0 s  _acme-challenge.host0.example.com 2 of 4 addresses ok",
        "     0 s  _acme-challenge.host1.example.com 2 of 4 addresses ok",
        "after",
        "",
    ]


def test_where_nobody_watches_nothing_is_written() -> None:
    stream = StringIO()
    with LiveView(stream) as view:
        view(Progress((lagging(),), 0, 300, 2))
    assert stream.getvalue() == ""


def test_a_closed_stream_disturbs_nobody() -> None:
    stream = StringIO()
    stream.close()
    with LiveView(stream) as view:
        view(Progress((lagging(),), 0, 300, 2))


def count_drawings(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    drawn: list[None] = []
    if importlib.util.find_spec("rich") is not None:
        from rich.live import Live  # noqa: PLC0415 - an extra

        refresh = Live.refresh

        def noted(live: Live) -> None:
            drawn.append(None)
            refresh(live)

        monkeypatch.setattr(Live, "refresh", noted)
    return drawn


def redrawing() -> bool:
    return any(thread.name == "live view" for thread in threading.enumerate())


def test_a_terminal_that_goes_away_ends_the_view_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = count_drawings(monkeypatch)
    for term in ("xterm", "dumb"):
        monkeypatch.setenv("TERM", term)
        keyboard, terminal = pty.openpty()
        with os.fdopen(terminal, "w") as stream:
            with LiveView(stream) as view:
                view(Progress((lagging(),), 0, 300, 2))
                os.close(keyboard)
                drawn.clear()
                until(lambda: len(drawn) > 1 or not redrawing())
                view(Progress((lagging("example.org"),), 1, 300, 2))
            # What is left in its buffer is not the view's to lose.
            with Path(os.devnull).open("w") as sink:
                os.dup2(sink.fileno(), stream.fileno())
