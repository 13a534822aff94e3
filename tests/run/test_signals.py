"""What runs a coroutine to its end or to a signal; `test_waiting` has the signals."""

from __future__ import annotations

import signal

from certbot_dns_preflight.run import signals


class Result:
    """What a run found: of a large one, only the text would be some megabytes."""

    shown = 0

    def __repr__(self) -> str:
        Result.shown += 1
        return "found"


async def find() -> Result:
    return Result()


def test_a_result_is_returned_and_never_shown_as_text() -> None:
    """Python's `getsignal` shows asyncio's handler of SIGINT, and so the task and its result."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert isinstance(signals.run(find()), Result)
    finally:
        signal.signal(signal.SIGINT, before)
    assert Result.shown == 0
