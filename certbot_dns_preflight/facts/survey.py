"""What all servers said about one challenge: plain facts, not yet judged.

The types that `resolve` fills in, and that `checks` and `report` read, along with those of `zone`,
`obstacle` and `probes`. Nothing here sends queries, waits or decides.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.obstacle import AliasLoop, Intercepted
from certbot_dns_preflight.facts.probes import Probes
from certbot_dns_preflight.facts.resolver_sight import ZoneSeen

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint, Reading, Transport
    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.facts.obstacle import Obstacle
    from certbot_dns_preflight.facts.query_fault import QueryFault
    from certbot_dns_preflight.facts.resolver_sight import ResolverSight
    from certbot_dns_preflight.facts.zone import Listing, Zone


class Status(enum.StrEnum):
    """One address's answer, compared with what was expected (public contract)."""

    MATCH = "match"
    PARTIAL = "partial"
    MISMATCH = "mismatch"
    ABSENT = "absent"
    ALIAS = "alias"
    REFUSED = "refused"
    FAILING = "failing"
    NOT_AUTHORITATIVE = "not-authoritative"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class Observation:
    """The latest answer of one address for one owner name.

    `status` rates the answer, measured when it is read (`measure`). `rcode`, `authoritative`,
    `transport` and `rtt` (seconds) are None if nothing came back. `serial` is the zone's SOA serial
    there, queried only if answers differ. `first_match` is in seconds since the wait began;
    `matched_before` means that an earlier round of this run saw the values; `flips` counts changes
    between matching and not matching. `fault` is set if the query fails only in the form that a
    CA's resolver sends. `later` is what came after `reading`, where `reading` still stands because
    no answer came since: only the address itself can retract a negative or different answer,
    silence cannot. `kept_for` is how many more seconds a resolver answers this from its cache, None
    elsewhere.
    """

    zone: dns.name.Name
    nameserver: dns.name.Name
    endpoint: Endpoint
    listed_by: frozenset[Listing]
    reading: Reading
    status: Status
    rcode: str | None = None
    authoritative: bool | None = None
    transport: Transport | None = None
    rtt: float | None = None
    serial: int | None = None
    first_match: float | None = None
    matched_before: bool = False
    flips: int = 0
    fault: QueryFault | None = None
    later: Reading | None = None
    kept_for: float | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One owner name of the alias chain, its zone, and the answers of all servers of that zone.

    `followed` means that the walk continued from this hop's alias, which all its servers should
    have. `recursive` means that recursive resolvers were queried instead of the zone's servers.
    """

    owner: dns.name.Name
    zone: Zone
    observations: tuple[Observation, ...]
    followed: bool = False
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything observed about one challenge, up to its latest round.

    `hops` starts at the owner name; each further hop is an alias target. `obstacle` says why the
    last hop could not be surveyed, if so. `rounds` counts the rounds that sent any query,
    `ready_after` is in seconds since the wait began, or since a single look began with this
    challenge; it is set once all required rounds agreed.
    `query_faults` are failures seen only with a CA resolver's kind of query, for the record and
    everything else the CA needs. `limits` are limits of the run that kept it from seeing
    everything. `above` are the zones passed on the way to those of the hops, except registry zones.
    `sight` is set if recursive resolvers were queried instead of the name servers: then the only
    hop is at the owner name, and its servers are the resolvers, which follow aliases themselves.
    """

    challenge: Challenge
    hops: tuple[Hop, ...] = ()
    obstacle: Obstacle | None = None
    rounds: int = 0
    ready_after: float | None = None
    probes: Probes = field(default_factory=Probes)
    query_faults: tuple[QueryFault, ...] = ()
    limits: tuple[LimitMet, ...] = ()
    above: tuple[Zone, ...] = ()
    sight: ResolverSight | None = None

    @property
    def alias_chain(self) -> tuple[dns.name.Name, ...]:
        """The alias targets that the owner name leads to, without the owner name itself."""
        if self.sight is not None:
            return self.sight.chain
        followed = tuple(hop.owner for hop in self.hops[1:])
        if isinstance(self.obstacle, AliasLoop):
            return self.obstacle.chain
        target = agreed_alias(self.hops[-1], self.challenge.expected) if self.hops else None
        return (*followed, target.target) if target else followed

    @property
    def zone(self) -> dns.name.Name | None:
        """The apex of the zone that must hold the record; None if unknown.

        It is unknown if an alias leads out of the last zone that was seen.
        """
        if not self.hops or (self.sight and self.sight.zone is ZoneSeen.UNKNOWN):
            return None
        apex, end = self.hops[-1].zone.apex, next(reversed(self.alias_chain), None)
        return apex if end is None or end.is_subdomain(apex) else None

    @property
    def observations(self) -> tuple[Observation, ...]:
        """All addresses of all zones passed at the owner name, in the order of the chain."""
        return tuple(observation for hop in self.hops for observation in hop.observations)

    @property
    def is_final(self) -> bool:
        """Whether no later round may send more queries, or could get a different answer."""
        return bool(self.limits) or isinstance(self.obstacle, Intercepted)


def measure(  # noqa: C901, PLR0911 - one flat table over the sum type
    reading: Reading, expected: tuple[bytes, ...], *, followed: bool = False
) -> Status:
    """Rate a reading against the expected values; if none are expected, any TXT will do.

    `followed` means that the walk continued from this hop's alias, so a TXT or a negative answer
    here differs from the other servers of the zone.
    """
    match reading:
        case answers.Values(texts=texts):
            present = set(texts)
            wanted = [value in present for value in expected]
            if followed:
                return Status.MISMATCH
            if all(wanted):
                return Status.MATCH
            return Status.PARTIAL if any(wanted) else Status.MISMATCH
        case answers.Alias():
            return Status.ALIAS
        case answers.Absent():
            return Status.ABSENT
        case answers.Refused():
            return Status.REFUSED
        case answers.Failing():
            return Status.FAILING
        case answers.Referral() | answers.NotAuthoritative():
            return Status.NOT_AUTHORITATIVE
        case answers.Malformed():
            return Status.MALFORMED
        case answers.Unreachable():
            return Status.UNREACHABLE
        case answers.NotAsked():
            return Status.NOT_ASKED
        case _ as never:
            assert_never(never)


def is_other(answer: answers.Answer, hop: Hop, expected: tuple[bytes, ...]) -> bool:
    """Return whether an answer differs from the one that the servers of a hop should give.

    That is the alias that was followed or that they agree on, else the expected values; if none are
    expected, the answer that all of them give.
    """
    alias = agreed_alias(hop, expected)
    if alias is not None:
        return not isinstance(answer, answers.Alias) or (answer.target, answer.conflict) != (
            alias.target,
            alias.conflict,
        )
    if expected:
        return measure(answer, expected) is not Status.MATCH
    shown = [
        observation.reading
        for observation in hop.observations
        if isinstance(observation.reading, answers.Answer)
    ]
    return any(_content(answer) != _content(reading) for reading in shown)


def _content(answer: answers.Answer) -> object:
    match answer:
        case answers.Values(texts=texts):
            return frozenset(texts)
        case answers.Alias(target=target):
            return target
        case answers.Absent():
            return frozenset()


def holds_any(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    """Return whether an address has one of the expected values at the owner name itself."""
    match observation.reading:
        case answers.Values(texts=texts):
            return not set(texts).isdisjoint(expected)
        case _:
            return False


def is_lame(hop: Hop) -> bool:
    """Return whether every server of the hop's zone answers that it does not serve the zone."""
    asked = [o for o in hop.observations if not _is_left_out(o)]
    return {server.name for server in hop.zone.nameservers} == {
        observation.nameserver for observation in asked
    } and all(o.status in (Status.REFUSED, Status.NOT_AUTHORITATIVE) for o in asked)


def _is_left_out(observation: Observation) -> bool:
    match observation.reading:
        case answers.NotAsked(limited=limited):
            return not limited
        case answers.Unreachable(reason=answers.NoResponseReason.NO_ROUTE):
            return True
        case _:
            return False


def silent_servers(hop: Hop) -> dict[dns.name.Name, frozenset[Endpoint]]:
    """Return the name servers without an answer from any address, with the silent addresses."""
    readings: dict[dns.name.Name, dict[Endpoint, Reading]] = {}
    for observation in hop.observations:
        reading = observation.later or observation.reading
        readings.setdefault(observation.nameserver, {})[observation.endpoint] = reading
    return {
        name: silent
        for name, addresses in readings.items()
        if all(isinstance(r, answers.Unreachable | answers.NotAsked) for r in addresses.values())
        and (silent := frozenset(e for e, r in addresses.items() if _is_silence(r)))
    }


def _is_silence(reading: Reading) -> bool:
    match reading:
        case answers.Unreachable(reason=reason):
            return reason in (
                answers.NoResponseReason.TIMED_OUT,
                answers.NoResponseReason.UNREACHABLE,
            )
        case _:
            return False


def agreed_alias(hop: Hop, expected: tuple[bytes, ...] = ()) -> answers.Alias | None:
    """Return the alias to follow, if all servers of the hop that have one have the same one.

    If a server has an expected value at this very name, the alias is outdated (or comes from a
    wildcard that no longer covers the name now that the record exists) and is not followed.
    """
    if any(holds_any(observation, expected) for observation in hop.observations):
        return None
    aliases = {
        observation.reading.target: observation.reading
        for observation in hop.observations
        if isinstance(observation.reading, answers.Alias)
    }
    return next(iter(aliases.values())) if len(aliases) == 1 else None
