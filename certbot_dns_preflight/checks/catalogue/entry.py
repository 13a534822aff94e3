"""What the catalogue knows of one finding code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Severity


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do where this is the cause."""

    cause: str
    action: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding code: the contract's part, and the explanation for people.

    `severity` is the default one, `note` says when it is another. `confirm` holds commands with
    placeholders: OWNER is the owner name, ZONE its zone, DOMAIN the certificate's name,
    NAMESERVER and ADDRESS a name server and one of its addresses.
    """

    code: str
    severity: Severity
    meaning: str
    reference: str
    explanation: str
    refusal: str
    confirm: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    note: str = ""
