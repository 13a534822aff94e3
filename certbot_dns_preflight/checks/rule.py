"""What a rule is: a finding's code with all that is known of it beforehand, and how to make one."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from certbot_dns_preflight.facts.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.codes import Code
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.survey import Observation, Survey


class Subject(enum.Enum):
    """What a rule reads: the survey of the record, or what is around it (CAA, DNSSEC, views).

    Findings about the run itself are made where it is run (`run.assess`), and by no check.
    """

    SURVEY = enum.auto()
    ENVIRONMENT = enum.auto()
    RUN = enum.auto()


class RuleModule(Protocol):
    """What each module of `rules` offers: its rule, and the check that applies it."""

    RULE: Rule

    def check(self, survey: Survey, context: Context, /) -> Iterator[Finding]:
        """Find what the rule is about, if it is there."""
        ...


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do where this is the cause."""

    cause: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One finding code with its severity and reference, which are public, and its explanation.

    `severity` is the default one, `note` says when it is another. `confirm` holds commands with
    placeholders: OWNER is the owner name, ZONE its zone, DOMAIN the certificate's name,
    NAMESERVER and ADDRESS a name server and one of its addresses, OTHER-ADDRESS that of one that is
    right, IPV6-ADDRESS one more with the same trouble. A report shows the first `shown` of those
    that it can fill in.
    """

    code: Code
    severity: Severity
    meaning: str
    reference: str
    explanation: str
    refusal: str
    confirm: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    note: str = ""
    subject: Subject = Subject.SURVEY
    shown: int = 2

    def finding(  # noqa: PLR0913 - a finding's texts and facts, all by keyword
        self,
        *,
        summary: str,
        cause: str,
        remedy: str,
        about: Sequence[Observation] = (),
        nameserver: dns.name.Name | None = None,
        address: str | None = None,
        severity: Severity | None = None,
        evidence: Mapping[str, Json] | None = None,
        records: Iterable[str] = (),
    ) -> Finding:
        """Make a finding; it names a server or an address where `about` has exactly one."""
        servers = {observation.nameserver for observation in about}
        addresses = {observation.endpoint.address for observation in about}
        return Finding(
            self.code,
            severity or self.severity,
            _sentence(summary),
            _sentence(cause),
            _sentence(remedy),
            self.reference,
            nameserver=next(iter(servers)) if len(servers) == 1 else nameserver,
            address=next(iter(addresses)) if len(addresses) == 1 else address,
            evidence=dict(evidence or {}),
            records=tuple(records),
        )


def _sentence(text: str) -> str:
    """End a text with one full stop."""
    return f"{text.rstrip('.')}."
