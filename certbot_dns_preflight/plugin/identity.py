"""Which name a challenge is for, whatever the release of certbot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot.achallenges import AnnotatedChallenge


def of(achall: AnnotatedChallenge) -> str:
    """Give the name to be validated; certbot's older releases call it the domain."""
    identifier = getattr(achall, "identifier", None)
    return str(identifier.value if identifier is not None else achall.domain)
