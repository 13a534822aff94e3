"""How words about the first of several names are put so that they hold for all of them. Pure.

It knows sentences and names alone; which names failed alike is for `grouping` to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.report.plain_name import plain_name

if TYPE_CHECKING:
    from certbot_dns_preflight.report.grouping import Picture


class Alike:
    """Words of the first of several names, put so that they hold for all of them."""

    def __init__(self, picture: Picture) -> None:
        """Take the challenges that failed alike."""
        self.number = len(picture.challenges)
        survey = picture.challenges[0].survey
        self._rules: list[tuple[re.Pattern[str], str]] = []
        if self.number == 1:
            return
        zones = len(picture.zones)
        owners = [plain_name(survey.challenge.owner), survey.challenge.domain]
        for owner in owners:
            self._add(owner, f"{self.number} names")
        if zones > 1 and survey.hops:
            apex = plain_name(survey.hops[-1].zone.apex)
            self._rules.append((_token("the zone ", apex), "each zone"))
            self._add(apex, f"{zones} zones")

    def _add(self, name: str, instead: str) -> None:
        self._rules.append((_token(r"\b(for|at|of) ", name), rf"\1 {instead}"))

    def of(self, words: str) -> str:
        """Put the sentence."""
        for pattern, instead in self._rules:
            words = pattern.sub(instead, words)
        return words


def _token(lead: str, name: str) -> re.Pattern[str]:
    return re.compile(rf"{lead}{re.escape(name)}(?![\w-]|\.\w)")
