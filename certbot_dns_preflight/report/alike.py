"""Rephrases sentences about the first of several names so that they hold for all. Pure.

It knows only sentences and names; `grouping` decides which names failed alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.challenge import CHALLENGE_LABEL
from certbot_dns_preflight.report.plain_name import plain_name

if TYPE_CHECKING:
    from certbot_dns_preflight.report.grouping import Picture


_PAIR = 2
_LABEL = CHALLENGE_LABEL.decode()
_CREATED = re.compile(r"\bthe record was never created, or it was created\b")
_EXPIRED = re.compile(r"\bnot loaded there, has expired\b")
_ZONES_OWN = re.compile(r"\b([Tt])he zone's (?=only name server|\d)")
_ITS_RECORDS = re.compile(r"\bthe zone's NS records and from the delegation\b")
_ZONE_VERBS = {"is": "are", "has": "have", "does": "do", "was": "were"}
_ZONE_DOES = re.compile(rf"\b([Tt])he zone( itself)? ({'|'.join(_ZONE_VERBS)})\b")
_ZONE = re.compile(r"\b([Tt])he zone\b(?!')")


class Alike:
    """Rephrases sentences about the first of several names so that they hold for all."""

    def __init__(self, picture: Picture) -> None:
        """Take the challenges that failed alike."""
        self.number = len(picture.challenges)
        survey = picture.challenges[0].survey
        self._rules: list[tuple[re.Pattern[str], str]] = []
        self._zones = len(picture.zones)
        self._own: re.Pattern[str] | None = None
        if self.number == 1:
            return
        owner, domain = plain_name(survey.challenge.owner), survey.challenge.domain
        apex = plain_name(survey.hops[-1].zone.apex) if survey.hops else None
        chains = [c.survey.alias_chain for c in picture.challenges]
        own = [plain_name(name) for name in chains[0] if not all(name in chain for chain in chains)]
        self._own = _token("", owner, domain, *own)
        records = f"the {_LABEL} records of {self.number} names"
        self._rules.append((_token(r"\b(for|of) ", owner), rf"\1 {records}"))
        self._rules.append((_token(r"\bat ", owner), f"in {records}"))
        if self._zones > 1 and apex:
            self._rules.append((_token("the zone ", apex), "each zone"))
            self._add(apex, f"{self._zones} zones")
        self._add(domain, f"{self.number} names")

    def _add(self, name: str, instead: str) -> None:
        self._rules.append((_token(r"\b(for|at|of) ", name), rf"\1 {instead}"))

    def of(self, words: str) -> str:
        """Put the sentence; where it still names the first one, say that it holds for the rest."""
        for pattern, instead in self._rules:
            words = pattern.sub(instead, words)
        if self.number > 1:
            words = _CREATED.sub("the records were never created, or they were created", words)
        if self.number > 1 and self._zones > 1:
            words = _ITS_RECORDS.sub(
                "each zone's NS records and from each zone's delegation", words
            )
            words = _EXPIRED.sub("not loaded there, have expired", words)
            words = _ZONES_OWN.sub(r"\1he zones' ", words)
            words = _ZONE.sub(r"\1he zones", _ZONE_DOES.sub(_zones_do, words))
        if self._own is None or not self._own.search(words):
            return words
        end = "." if words.endswith(".") else ""
        others = "the other name" if self.number == _PAIR else f"the other {self.number - 1} names"
        return f"{words.removesuffix('.')} (likewise for {others}){end}"


def _zones_do(found: re.Match[str]) -> str:
    themselves = " themselves" if found[2] else ""
    return f"{found[1]}he zones{themselves} {_ZONE_VERBS[found[3]]}"


def _token(lead: str, *names: str) -> re.Pattern[str]:
    either = "|".join(map(re.escape, names))
    return re.compile(rf"{lead}(?<![\w.-])(?:{either})(?![\w-]|\.\w)")
