"""Lineages, and whether their next renewal by dns-01 can pass: the pure part.

Decides which names of a certificate a renewal would prove by dns-01, the overall state of a
lineage, and which lineage is worst. It reads no file and sends no queries.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.renewals.zone_map import Entry

HTTP_ONLY = frozenset({"apache", "nginx", "null", "standalone", "webroot"})
_PROPAGATION = "_propagation_seconds"  # an option of every plugin built on certbot's DNS base class
_NOBODY = IssuanceRequest(identities=())
DNS_01 = "dns-01"
_SHORT = {"dns": DNS_01, "http": "http-01"}  # as certbot reads them
_WORST = (Verdict.NOT_READY, Verdict.INCONCLUSIVE, Verdict.READY)


class Trouble(enum.StrEnum):
    """Why a lineage counts as broken: certbot cannot renew it, or only we may not read it."""

    BROKEN = "broken"
    DENIED = "denied"


class Obstacle(enum.StrEnum):
    """What exactly certbot cannot start with; a code for machines, and to look up."""

    LINEAGE = "lineage-broken"
    PERMISSION = "no-permission"
    OPTIONS = "options-not-accepted"
    PLUGIN = "plugin-missing"
    HOOK = "hook-unusable"
    CREDENTIALS = "credentials-missing"
    LINKS = "links-replaced"


@dataclass(frozen=True, slots=True)
class Problem:
    """What prevents a lineage from being renewed or read.

    `reason` and `fix` are each one line, safe to display.
    """

    trouble: Trouble
    reason: str
    code: Obstacle = Obstacle.LINEAGE
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """One certificate that certbot renews, according to its renewal file and its certificate.

    `authenticator` is the one that creates the records: the wrapped one if the lineage uses ours.
    `names` are the certificate's DNS names. `challenges` are those for names that a renewal proves
    by dns-01, empty if there are none, and `request` says who will request the certificate. `zones`
    are the authenticators by zone, and `outputs` the files that the plugin is to write, by option.
    With a `problem`, the rest may be missing. `notes` are lines worth showing that block nothing;
    `unseen` are the files that certbot needs and we may not see.
    """

    name: str
    file: Path
    authenticator: str | None = None
    through_preflight: bool = False
    names: tuple[str, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    not_after: dt.datetime | None = None
    settings: Settings = field(default_factory=Settings)
    request: IssuanceRequest = _NOBODY
    zones: tuple[Entry, ...] = ()
    outputs: tuple[tuple[str, Path], ...] = ()
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def concerned(self) -> bool:
        """Whether it uses dns-01; one that could not be read may."""
        return bool(self.challenges) or self.problem is not None

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The notes, and one about what could not be looked at."""
        if not self.unseen:
            return self.notes
        paths = ", ".join(self.unseen)
        words = f"no permission to look at {paths}: whether certbot can use it was not checked"
        return (*self.notes, f"{words} ({Obstacle.PERMISSION})")

    def days_left(self, now: dt.datetime) -> int | None:
        """Whole days until the certificate expires, negative after; None if it was not read."""
        return None if self.not_after is None else (self.not_after - now) // dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A lineage after its check. `outcome` covers its names alone; None if it has a problem."""

    lineage: Lineage
    outcome: Outcome | None

    @property
    def verdict(self) -> Verdict:
        """Whether its next renewal can pass."""
        if self.outcome is not None:
            return self.outcome.verdict
        problem = self.lineage.problem
        return (
            Verdict.INCONCLUSIVE
            if problem is not None and problem.trouble is Trouble.DENIED
            else Verdict.NOT_READY
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all its names."""
        judged = self.outcome.challenges if self.outcome is not None else ()
        return tuple(finding for challenge in judged for finding in challenge.findings)

    @property
    def warned(self) -> bool:
        """Whether any finding needs attention."""
        return any(finding.severity is not Severity.INFO for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Check:
    """A whole check, lineages worst first. `others` use no dns-01. Times as in `Outcome`.

    `within` limits the check to certificates that expire within that many days. `problem` means
    that the directory itself, and so every lineage, could not be read.
    """

    started: dt.datetime
    elapsed: float
    directory: Path
    renewals: tuple[Renewal, ...]
    others: tuple[Lineage, ...] = ()
    within: int | None = None
    problem: Problem | None = None

    @property
    def verdict(self) -> Verdict:
        """Not ready if one is not, otherwise inconclusive if one is, otherwise ready."""
        if self.problem is not None:
            return Verdict.INCONCLUSIVE
        verdicts = {renewal.verdict for renewal in self.renewals}
        return next((verdict for verdict in _WORST if verdict in verdicts), Verdict.READY)


def proved_by_dns(
    authenticator: str, params: Mapping[str, object], names: Sequence[str]
) -> tuple[str, ...]:
    """Return the names that a renewal with `authenticator` proves by dns-01.

    A DNS plugin (dns-…, or another with "dns" in its name, or with a propagation time) proves all
    of them that way. For an authenticator with several challenge types, above all `manual`, the
    first preferred one decides. Wildcards can be proved in no other way (RFC 8555 §7.1.3 leaves
    that to the CA, and the CA/Browser Forum allows nothing else).
    """
    plugin = authenticator.rpartition(":")[2].lower()
    if plugin in HTTP_ONLY:
        return ()
    preferred = preferred_challenges(params)
    if (
        "dns" in plugin
        or preferred[:1] == (DNS_01,)
        or any(item.endswith(_PROPAGATION) for item in params)
    ):
        return tuple(names)
    return tuple(name for name in names if name.startswith("*."))


def preferred_challenges(params: Mapping[str, object]) -> tuple[str, ...]:
    """Return the challenge types that a renewal file prefers, by their full names."""
    saved = params.get("pref_challs", ())
    items = [saved] if isinstance(saved, str) else saved if isinstance(saved, list) else []
    return tuple(_SHORT.get(text, text) for text in (str(item).strip() for item in items) if text)


def worst_first(renewals: Iterable[Renewal]) -> tuple[Renewal, ...]:
    """Sort by severity: cannot pass, then unknown; warnings before none; soonest expiry first."""
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    first = dt.datetime.min.replace(tzinfo=dt.UTC)

    def badness(renewal: Renewal) -> tuple[int, bool, dt.datetime, str]:
        lineage = renewal.lineage
        unread = first if lineage.problem is not None else last
        return (
            _WORST.index(renewal.verdict),
            not renewal.warned,
            lineage.not_after or unread,
            lineage.name,
        )

    return tuple(sorted(renewals, key=badness))
