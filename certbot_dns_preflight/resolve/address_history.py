"""Keeps what one address said about one owner name in a run: the last answer and the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.answers import Answer

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Reading, Reply

_STEADY_ROUNDS = 5


@dataclass(slots=True)
class AddressHistory:
    """The answers so far. `flips` counts changes between matching and not matching.

    `answer` is the last authoritative answer, and `answered` the reply it was read from; nothing
    received since has replaced it. `explained`: the cause of its failure has been looked into.
    """

    reply: Reply | None = None
    reading: Reading | None = None
    answer: Answer | None = None
    answered: Reply | None = None
    serial: int | None = None
    first_match: float | None = None
    matching: bool | None = None
    flips: int = 0
    steady: int = 0
    flipped_at: float = field(default=float("-inf"))
    explained: bool = False

    def record(
        self, reply: Reply, reading: Reading, *, matches: bool, now: float, steady: float
    ) -> None:
        """Record an answer. After enough steady rounds and seconds, past flips are forgiven."""
        self.reply, self.reading = reply, reading
        if not isinstance(reading, Answer):
            return  # an outage does not change the answer
        self.answer, self.answered = reading, reply
        self.explained = False
        if self.matching is not None and matches != self.matching:
            self.flips += 1
            self.flipped_at = now
            self.steady = 0
        self.matching = matches
        self.steady = self.steady + 1 if matches else 0
        if self.steady >= _STEADY_ROUNDS and now - self.flipped_at >= steady:
            self.flips = 0
        if matches and self.first_match is None:
            self.first_match = now

    def measure_again(self, *, matches: bool) -> None:
        """Compare the last answer with what is expected now. The answer itself did not change."""
        if self.matching is None or matches == self.matching:
            return
        self.matching, self.flips, self.steady = matches, 0, 0
        if not matches:
            self.first_match = None
