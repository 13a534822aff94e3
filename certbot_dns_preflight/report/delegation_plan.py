"""Delegating a challenge name to another zone: the record to create, and the steps still to do.

Pure: two judged surveys go in, of the challenge name and of the name that its alias leads to, and
steps come out, each done or to do. `delegate` shows them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable, show_name
from certbot_dns_preflight.facts.answers import Alias, Values
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.registry import is_top_level
from certbot_dns_preflight.report.plain_name import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.obstacle import Obstacle
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome

_TTL = 3600
_CAA = "caa-"
_ALIAS = "alias-"
# About the certificate's own host, or about views: nothing that the target's zone must have.
_NOT_THE_TARGETS = ("caa-", "domain-without-address", "split-view")


class State(enum.StrEnum):
    """How far one step is."""

    DONE = "done"
    TO_DO = "to-do"
    UNKNOWN = "unknown"


_OPEN = (State.TO_DO, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be in order; `remedy` is empty where it is."""

    what: str
    state: State
    summary: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The delegation of `owner` to `target`, which is to be in `zone`; both looks at it.

    `place` is where the authenticator would have the record made now: the owner where only a
    wildcard makes it an alias; None where its aliases lead into no zone.
    """

    domain: str
    names: tuple[str, ...]
    owner: dns.name.Name
    target: dns.name.Name
    zone: dns.name.Name
    own: ChallengeOutcome
    there: ChallengeOutcome
    place: dns.name.Name | None

    @property
    def record(self) -> str:
        """The record to make, as a zone file has it."""
        return f"{show_name(self.owner)} {_TTL} IN CNAME {show_name(self.target)}"

    @property
    def own_zone(self) -> str:
        """The zone in which to make it, or the domain where that is not known."""
        hops = self.own.survey.hops
        return plain_name(hops[0].zone.apex) if hops else self.domain

    @property
    def command(self) -> tuple[str, ...]:
        """The certbot command that uses it, line by line."""
        return (
            "certbot certonly --authenticator dns-preflight \\",
            "  --dns-preflight-authenticator PLUGIN \\",
            "  " + " ".join(f"-d {_quoted(name)}" for name in self.names),
        )

    def steps(self) -> tuple[Step, ...]:
        """Judge what is there."""
        return (self._target_step(), self._cname_step(), *self._caa_step(), *self._other_steps())

    @property
    def left(self) -> int:
        """How many steps keep it from working. What CAA means to some CA or account is not one."""
        return sum(
            step.state in _OPEN and (step.what, step.state) != ("CAA", State.UNKNOWN)
            for step in self.steps()
        )

    @property
    def verdict(self) -> Verdict:
        """Ready if no step is left."""
        if Verdict.INCONCLUSIVE in (self.own.verdict, self.there.verdict):
            return Verdict.INCONCLUSIVE
        return Verdict.NOT_READY if self.left else Verdict.READY

    # -- the steps -------------------------------------------------------------------------------

    def _target_step(self) -> Step:
        what, shown = "target zone", plain_name(self.zone)
        survey = self.there.survey
        denied = survey.obstacle if not survey.hops else None
        if is_top_level(self.zone) or isinstance(denied, NoSuchDomain):
            return self._absent_step(denied)
        if not survey.hops:
            return Step(what, State.UNKNOWN, f"The name servers of {shown} could not be found.")
        zone = survey.hops[0].zone
        if is_top_level(zone.apex) and not is_top_level(self.zone):
            summary = f"{shown} is not delegated in {plain_name(zone.apex)}."
            return Step(what, State.TO_DO, summary, f"Create the zone {shown} and delegate it.")
        trouble = next(_errors(self.there, without=_NOT_THE_TARGETS), None)
        if trouble is not None:
            return Step(what, State.TO_DO, printable(trouble.summary), printable(trouble.remedy))
        served = f"its {phrases.count(len(zone.nameservers), 'name server')} answer"
        if len(zone.nameservers) == 1:
            served = "its name server answers"
        if zone.apex == self.zone:
            return Step(what, State.DONE, f"{shown} is delegated, and {served}.")
        return Step(
            what, State.DONE, f"{shown} is part of the zone {plain_name(zone.apex)}; {served}."
        )

    def _absent_step(self, denied: Obstacle | None) -> Step:
        """Say whose it is, if the zone is a registry's, and otherwise that it does not exist."""
        what, shown = "target zone", plain_name(self.zone)
        elsewhere = "Delegate to a zone of your own (--to acme.example.net)."
        if isinstance(denied, NoSuchDomain) and not self.zone.is_superdomain(denied.zone):
            summary = (
                f"{shown} does not exist: NXDOMAIN from the name servers of "
                f"{plain_name(denied.zone)}."
            )
            create = f"Create the zone {shown} and delegate it."
            return Step(
                what, State.TO_DO, summary, elsewhere if is_top_level(self.zone) else create
            )
        summary = f"{shown} is a registry's zone: nobody else can create records in it."
        return Step(what, State.TO_DO, summary, elsewhere)

    def _cname_step(self) -> Step:
        what, owner = "CNAME", plain_name(self.owner)
        hops = self.own.survey.hops
        if not hops:
            return Step(what, State.UNKNOWN, f"{owner} could not be queried.")
        if hops[0].zone.apex == self.owner:
            return Step(
                what,
                State.TO_DO,
                f"{owner} is a zone of its own, and a zone apex cannot have a CNAME.",
                f"Remove the NS records of {owner}, or keep writing to that zone.",
            )
        return self._alias_step([observation.reading for observation in hops[0].observations])

    def _alias_step(self, readings: Sequence[Reading]) -> Step:
        what, owner, target = "CNAME", plain_name(self.owner), plain_name(self.target)
        aliases = [reading for reading in readings if isinstance(reading, Alias)]
        right = sum(alias.target == self.target for alias in aliases)
        if right and right == len(readings):
            return self._followed_step(f"{owner} is an alias of {target}")
        if self.place == self.target == self.own.survey.hops[-1].owner:
            return Step(what, State.DONE, f"{owner} leads to {target}, over another alias.")
        make = "Create the record above."
        if right:
            shown = f"{right} of {phrases.count(len(readings), 'address')} of the name servers"
            remedy = "Wait for the others, or find out why they do not update."
            return Step(what, State.TO_DO, f"Only {shown} have the alias.", remedy)
        if aliases:
            return self._elsewhere_step(aliases)
        if any(isinstance(reading, Values) for reading in readings):
            summary = f"{owner} holds TXT values, and a CNAME cannot coexist with other records."
            return Step(what, State.TO_DO, summary, f"Remove the TXT records of {owner}. {make}")
        return Step(what, State.TO_DO, f"{owner} is not an alias yet.", make)

    def _elsewhere_step(self, aliases: Sequence[Alias]) -> Step:
        """Say where it leads instead, and how that can be changed."""
        others = sorted({plain_name(alias.target) for alias in aliases})
        summary = (
            f"{plain_name(self.owner)} is an alias of {' and of '.join(others)}, not of "
            f"{plain_name(self.target)}."
        )
        if self.place == self.owner:
            summary += " Only a wildcard makes it so, which a record at the name overrides."
            return Step("CNAME", State.TO_DO, summary, "Create the record above.")
        above = next((alias.dname for alias in aliases if alias.dname is not None), None)
        if above is None:
            return Step("CNAME", State.TO_DO, summary, "Replace that CNAME with the record above.")
        remedy = (
            "No CNAME can be created below a DNAME. Delegate to where it leads (--to "
            f"{others[0]} --exactly), or remove the DNAME."
        )
        summary += f" The DNAME record of {plain_name(above)} makes it so."
        return Step("CNAME", State.TO_DO, summary, remedy)

    def _followed_step(self, alias: str) -> Step:
        """Judge an alias that is right, by whether the authenticator follows it."""
        if self.place == self.target:
            return Step("CNAME", State.DONE, f"{alias}.")
        if self.place is None:
            return Step("CNAME", State.UNKNOWN, f"{alias}, but it leads into no zone yet.")
        if self.place == self.owner:
            summary = f"{alias}, but only by a wildcard, which a record at the name overrides."
            return Step("CNAME", State.TO_DO, summary, "Create the record above.")
        summary = f"{alias}, which is an alias of {plain_name(self.place)} in turn."
        return Step(
            "CNAME", State.TO_DO, summary, f"Remove the CNAME of {plain_name(self.target)}."
        )

    def _caa_step(self) -> Iterator[Step]:
        if not self.own.survey.hops:
            return
        about = [finding for finding in self.own.findings if finding.code.startswith(_CAA)]
        for severity, state in ((Severity.ERROR, State.TO_DO), (Severity.WARNING, State.UNKNOWN)):
            for trouble in about:
                if trouble.severity is severity:
                    summary, remedy = printable(trouble.summary), printable(trouble.remedy)
                    yield Step("CAA", state, summary, remedy)
                    return
        yield Step("CAA", State.DONE, f"No CAA record of {self.domain} forbids it.")

    def _other_steps(self) -> Iterator[Step]:
        """Tell what else is wrong with the domain's own zone."""
        for finding in _errors(self.own, without=(_CAA, _ALIAS)):
            summary, remedy = printable(finding.summary), printable(finding.remedy)
            yield Step("own zone", State.TO_DO, summary, remedy)


def _errors(judged: ChallengeOutcome, *, without: tuple[str, ...]) -> Iterator[Finding]:
    for finding in judged.findings:
        if finding.severity is Severity.ERROR and not finding.code.startswith(without):
            yield finding


def _quoted(name: str) -> str:
    return f"'{name}'" if name.startswith("*") else name
