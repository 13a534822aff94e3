"""A finding: one named cause, with its severity, remedy and evidence. No wording is defined here.

Codes and severities are a public contract. `checks` creates and weighs findings, `report` renders
them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.name

    from certbot_dns_preflight.codes import Code

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Severity(enum.StrEnum):
    """What a finding means for the verdict: only an error makes a challenge not ready."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnosis. All texts are single lines, already escaped.

    `summary` is the answer, suitable as the first line of a mail ("ns3.example.net does not have
    the record yet; the other 2 name servers do"). `cause` explains it with the figures seen,
    `remedy` says what to do, `reference` names the standard. `evidence` holds the machine-readable
    facts. `nameserver` and `address` are set if the finding is about one of them. `records` are
    records to add, in master file format. Options are named as the command spells them
    ("--timeout").
    """

    code: Code
    severity: Severity
    summary: str
    cause: str
    remedy: str
    reference: str
    nameserver: dns.name.Name | None = None
    address: str | None = None
    evidence: Mapping[str, Json] = field(default_factory=dict)
    records: tuple[str, ...] = ()
