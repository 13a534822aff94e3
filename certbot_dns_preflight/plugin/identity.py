"""Tell which name a challenge is for, in any release of certbot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot.achallenges import AnnotatedChallenge


def of(achall: AnnotatedChallenge) -> str:
    """Return the name to be validated; older certbot releases call it the domain."""
    identifier = getattr(achall, "identifier", None)
    return str(identifier.value if identifier is not None else achall.domain)
