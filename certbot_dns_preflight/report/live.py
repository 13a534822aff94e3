"""The wait, shown on a terminal while it lasts. Leaves nothing behind but what was there.

Decides how a picture reaches the terminal: redrawn in place with rich where that is installed and
the terminal can, else a line for each change, and nothing at all where nobody watches. It never
disturbs the run: a terminal that goes away silences it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.frame import frame, headline
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.words import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from rich.console import RenderableType
    from rich.live import Live

    from certbot_dns_preflight.facts.outcome import Progress

_TALLEST = 24
_LEFT_FREE = 2  # lines: a terminal filled to the brim scrolls, and then nothing can be taken back
_REDRAWN_PER_SECOND = 4
_PATIENCE = 1.0
_A_MOMENT = 1.0
_MOST_LINES_AT_ONCE = 5
_STYLES = {Status.MATCH: "green", Status.PARTIAL: "yellow", Status.ALIAS: "", Status.NOT_ASKED: ""}


class _View(Protocol):
    def start(self) -> None: ...
    def show(self, progress: Progress) -> None: ...
    def stop(self) -> None: ...


class LiveView:
    """Shows the wait on `stream` (default: standard error) while the context lasts.

    Call it with each `Progress`. `colour` None means: as the terminal and NO_COLOR say.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        colour: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
        waits: bool = True,
    ) -> None:
        """Remember where to show; nothing is written before the context begins.

        `waits` False: it is a single look, and shown only once it takes longer than a moment.
        """
        self._stream = stream if stream is not None else sys.stderr
        self._colour = colour
        self._clock = clock
        self._waits = waits
        self._view: _View | None = None

    def __enter__(self) -> Self:
        """Begin to show, if somebody can watch."""
        self._view = _view_for(
            self._stream, colour=self._colour, clock=self._clock, waits=self._waits
        )
        if self._view:
            self._carefully(self._view.start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take back what was drawn; also on Ctrl-C."""
        view, self._view = self._view, None
        if view:
            self._carefully(view.stop)

    def __call__(self, progress: Progress) -> None:
        """Show the wait as it is now."""
        view = self._view
        if view:
            self._carefully(lambda: view.show(progress))

    def _carefully(self, action: Callable[[], None]) -> None:
        # A closed or vanished terminal (OSError, ValueError) must not end the wait.
        try:
            action()
        except (OSError, ValueError):
            self._view = None


def _view_for(
    stream: TextIO, *, colour: bool | None, clock: Callable[[], float], waits: bool
) -> _View | None:
    try:
        watched = stream.isatty()
    except ValueError:  # closed already
        return None
    if not watched:
        return None
    if os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return _Lines(stream) if waits else None
    with contextlib.suppress(ImportError):
        return _Redrawn(stream, colour=colour, clock=clock, waits=waits)
    return _Lines(stream) if waits else None


class _Redrawn:
    """In place, by rich."""

    def __init__(
        self,
        stream: TextIO,
        *,
        colour: bool | None,
        clock: Callable[[], float],
        waits: bool,
    ) -> None:
        from rich.console import Console  # noqa: PLC0415 - an extra, wanted on terminals only
        from rich.live import Live  # noqa: PLC0415 - likewise

        self._clock, self._waits = clock, waits
        self._begun = clock()
        self._latest: tuple[Progress, float] | None = None
        self._console = Console(
            file=stream,
            no_color=None if colour is None else not colour,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._started = False
        self._drawn: tuple[int, ...] = ()
        self._live: Live = Live(
            console=self._console,
            get_renderable=self._picture,
            auto_refresh=False,
            transient=True,
            vertical_overflow="crop",
            # What is piped elsewhere must not come out on the terminal instead.
            redirect_stdout=_watched(sys.stdout),
            redirect_stderr=_watched(sys.stderr),
        )

        self._ended = threading.Event()
        self._redrawing = threading.Thread(target=self._redraw, name="live view", daemon=True)

    def start(self) -> None:
        # Not even the cursor is touched before there is a picture: most looks take no second.
        self._redrawing.start()

    def show(self, progress: Progress) -> None:
        # The refreshing thread picks it up; it may see the old one or the new one, both whole.
        self._latest = (progress, self._clock())

    def stop(self) -> None:
        # The last picture is about to be erased: don't draw a tall one just for that.
        self._latest = None
        self._ended.set()
        if self._redrawing.is_alive():
            self._redrawing.join(_PATIENCE)
        if self._started:
            self._take_back_wrapped()
            self._live.stop()

    def _redraw(self) -> None:
        # Seconds go by on the screen also while no answer comes and the loop sleeps.
        with contextlib.suppress(OSError, ValueError):
            while not self._ended.wait(1 / _REDRAWN_PER_SECOND):
                if not self._started and self._is_due():
                    self._started = True
                    self._live.start()
                if self._started:
                    self._take_back_wrapped()
                    self._live.refresh()

    def _is_due(self) -> bool:
        """Whether there is something to show, and it has taken long enough to be worth it."""
        moment_past = self._waits or self._clock() - self._begun >= _A_MOMENT
        return self._latest is not None and moment_past

    def _take_back_wrapped(self) -> None:
        """Erase the rows that the terminal added to the picture when it became narrower.

        Most terminals break lines that no longer fit; rich erases as many rows as it drew.
        """
        from rich.control import Control  # noqa: PLC0415 - loaded by now
        from rich.segment import ControlType  # noqa: PLC0415 - likewise

        columns = self._console.size.width
        added = sum((length - 1) // columns for length in self._drawn if length)
        if added and _breaks_lines(os.environ):
            erase_and_go_up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
            self._console.control(Control(*erase_and_go_up * added))
        self._drawn = ()

    def _picture(self) -> RenderableType:
        from rich.text import Text  # noqa: PLC0415 - loaded by now

        latest = self._latest
        text = Text(no_wrap=True, overflow="crop", end="")
        if latest is None:
            return text
        progress, shown_at = latest
        height = min(_TALLEST, self._console.size.height - _LEFT_FREE)
        since = max(0.0, self._clock() - shown_at)
        lines = frame(progress, since=since, height=height, waits=self._waits)
        for number, line in enumerate(lines):
            if number:
                text.append("\n")
            for words, state in line:
                text.append(words, "" if state is None else _STYLES.get(state, "red"))
        width = self._console.size.width
        self._drawn = tuple(min(line.cell_len, width) for line in text.split("\n"))
        return text


class _Lines:
    """Line by line: a line for each challenge that got further or fell back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: dict[str, str] = {}
        self._begun = False

    def start(self) -> None:
        """Wait for something to say."""

    def show(self, progress: Progress) -> None:
        if not self._begun:
            self._begun = True
            count = phrases.count(len(progress.surveys), "record")
            self._say(f"Waiting for {count}, at most {seconds(progress.timeout)}")
        news = []
        for survey in progress.surveys:
            owner, words = plain_name(survey.challenge.owner), headline(survey)
            if self._shown.get(owner) != words:
                self._shown[owner] = words
                news.append(words)
        for words in news[:_MOST_LINES_AT_ONCE]:
            self._say(f"  {seconds(progress.elapsed):>6}  {words}")
        if len(news) > _MOST_LINES_AT_ONCE:
            self._say(
                f"          and {phrases.count(len(news) - _MOST_LINES_AT_ONCE, 'more change')}"
            )

    def stop(self) -> None:
        """Leave what was said."""

    def _say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def _breaks_lines(environment: Mapping[str, str]) -> bool:
    """Whether the terminal breaks lines when it becomes narrower; a few cut them off."""
    if "TMUX" in environment:
        return True
    term = environment.get("TERM", "")
    return "XTERM_VERSION" not in environment and not term.startswith(("linux", "screen", "vt"))


def _watched(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
