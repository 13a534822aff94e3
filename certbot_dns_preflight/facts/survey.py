"""What all servers said about one challenge: plain facts, before anybody judges them.

The vocabulary that `resolve` fills in, and `checks` and `report` read. Nothing here asks, waits or
decides.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, assert_never

from certbot_dns_preflight.facts import answers

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint, Reading, Transport
    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.facts.query_fault import QueryFault


class Listing(enum.StrEnum):
    """Where a name server is named: by the parent's delegation, by the zone's apex NS RRset."""

    DELEGATION = "delegation"
    APEX = "apex"


class Status(enum.StrEnum):
    """One address's answer, measured against what was expected (the contract's words)."""

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
class NameServer:
    """A name server of a zone. `glue` is what the parent gave, `own` what its own zone says.

    `failure` says, fit to be shown, why it has no addresses: an alias (RFC 2181 §10.3), a name
    that does not exist, or a zone that cannot be reached. `unanswered`: nobody answered for its A
    or its AAAA records, so that it may have addresses that are not known. `apex_from` are the
    addresses that list it in the zone's own NS set. `limited`: not all of its addresses are looked
    at, since a limit of the run was met.
    """

    name: dns.name.Name
    listed_by: frozenset[Listing]
    glue: tuple[Endpoint, ...] = ()
    own: tuple[Endpoint, ...] = ()
    failure: str | None = None
    unanswered: bool = False
    apex_from: frozenset[Endpoint] = frozenset()
    limited: bool = False

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every address of the name server, once, IPv4 first."""
        return tuple(
            sorted(dict.fromkeys((*self.own, *self.glue)), key=lambda e: (e.ipv6, e.address))
        )


@dataclass(frozen=True, slots=True)
class ParentAnswer:
    """What one server of the zone above says of a delegation.

    `nameservers` is the NS set that it refers to; None where it denies the delegation, and `denial`
    says how, NXDOMAIN or NODATA. `referral` False: it holds the zone itself and answers for it.
    """

    nameserver: dns.name.Name
    endpoint: Endpoint
    nameservers: frozenset[dns.name.Name] | None
    denial: str | None = None
    referral: bool = True


@dataclass(frozen=True, slots=True)
class Unheard:
    """A name server that should know the NS set of a zone, and did not tell it.

    `zone` is the one that it serves: the zone itself, or the one above. `reason` says what came
    instead, fit to be shown.
    """

    zone: dns.name.Name
    nameserver: dns.name.Name
    addresses: tuple[Endpoint, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and who serves it: the name servers of delegation and apex together, by name.

    `parent_answers` is what servers of the zone above say of the delegation. `unheard` are those
    that should know one of the NS sets and did not tell it, so that name servers may be missing.
    """

    apex: dns.name.Name
    parent: dns.name.Name | None
    nameservers: tuple[NameServer, ...]
    parent_answers: tuple[ParentAnswer, ...] = ()
    unheard: tuple[Unheard, ...] = ()

    @property
    def denying_parents(self) -> tuple[ParentAnswer, ...]:
        """The servers of the zone above that know of no delegation, where others do."""
        denying = tuple(one for one in self.parent_answers if one.nameservers is None)
        return denying if len(denying) < len(self.parent_answers) else ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What one address said about one owner name, last.

    `status` is what that is worth, measured where it is read (`measure`).
    `rcode`, `authoritative`, `transport` and `rtt` (seconds) are None where nothing came back.
    `serial` is the zone's SOA serial there, asked only where answers differ.
    `first_match` is seconds since the wait began; `matched_before` says that an earlier round
    of this run saw the values; `flips` counts changes between matching and not matching.
    `fault` is set where the question fails only as a CA's resolver asks it. `later` is what has
    come since where `reading` is an answer that stands, though no answer came last: a negative or
    other value that an address gave is taken back by that address alone, and not by silence.
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


@dataclass(frozen=True, slots=True)
class Hop:
    """One owner name of the alias chain, its zone, and what every server of that zone says.

    `followed`: the walk went on from this hop's alias, which all its servers should show.
    """

    owner: dns.name.Name
    zone: Zone
    observations: tuple[Observation, ...]
    followed: bool = False


# -- why a walk could not go on ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoSuchDomain:
    """The servers of `zone` say NXDOMAIN for `name` and nothing is delegated there."""

    name: dns.name.Name
    zone: dns.name.Name


@dataclass(frozen=True, slots=True)
class AliasLoop:
    """The chain came back to a name it had passed, or exceeded 16 hops."""

    chain: tuple[dns.name.Name, ...]


@dataclass(frozen=True, slots=True)
class NoEgress:
    """Nothing at all answers from here, the root (or the given resolver) included."""

    tried: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Intercepted:
    """Something answers in place of the root servers: `answers` is what came, by address.

    `recursive`: the answers are a recursive resolver's.
    """

    answers: tuple[tuple[Endpoint, str], ...]
    recursive: bool


@dataclass(frozen=True, slots=True)
class RegistryFails:
    """None of the servers of a registry's zone gives a usable answer; `heard`: some say something.

    `answers` is what came of it, by address.
    """

    zone: dns.name.Name
    answers: tuple[tuple[Endpoint, str], ...]
    heard: bool


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """The deadline came before the walk was done."""

    at: dns.name.Name


Obstacle: TypeAlias = NoSuchDomain | AliasLoop | NoEgress | Intercepted | RegistryFails | OutOfTime


# -- probes: extra questions, asked only when the first answers call for them --------------------


@dataclass(frozen=True, slots=True)
class Sighting:
    """An expected value, seen at a name where it does not belong.

    `kind`: ``doubled-zone``, ``missing-label``, ``parent-label`` or ``beside-alias``.
    """

    name: dns.name.Name
    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class MissingDot:
    """A name that was entered without its final dot, so that the zone was appended to it.

    `name` is what is served in a record of this type in `zone`, `meant` what was meant.
    """

    name: dns.name.Name
    meant: dns.name.Name
    rdtype: str
    zone: dns.name.Name


@dataclass(frozen=True, slots=True)
class SeenHere:
    """Expected values that this host's own resolver shows, and no authoritative server."""

    resolver: Endpoint
    name: dns.name.Name
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Probes:
    """Answers to the extra questions; a field is empty where the question was not asked.

    `wildcard_alias`: a random sibling of the owner name is the same alias.
    `wildcard_texts`: TXT values that a random sibling of the last owner name shows too.
    `missing_above`: the name closest to the zone apex, above the last owner name, that does not
    exist either.
    `tcp_refused`: addresses whose TCP/53 did not answer.
    `edns_broken`: addresses that answer only without EDNS.
    `case_changed`: addresses that returned the question in other letters than sent (0x20).
    `rate_limited`: addresses that sent an empty truncated answer where the whole would have fitted.
    `missing_dots`: names of aliases' targets and of name servers that lack their final dot.
    `seen_here`: what this host's own resolver alone shows.
    """

    sightings: tuple[Sighting, ...] = ()
    wildcard_alias: dns.name.Name | None = None
    wildcard_texts: frozenset[bytes] = frozenset()
    missing_above: dns.name.Name | None = None
    tcp_refused: frozenset[Endpoint] = frozenset()
    edns_broken: frozenset[Endpoint] = frozenset()
    case_changed: frozenset[Endpoint] = frozenset()
    rate_limited: frozenset[Endpoint] = frozenset()
    missing_dots: tuple[MissingDot, ...] = ()
    seen_here: SeenHere | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything observed about one challenge, up to its latest round.

    `hops` starts at the owner name; each further hop is an alias target. `obstacle` says why the
    last hop could not be surveyed, if so. `rounds` counts rounds in which anything was asked,
    `ready_after` is seconds since the wait began, set once all required rounds agreed.
    `query_faults` is what fails only as a CA's resolver asks it, of the record and of whatever else
    the CA needs on its way. `limits` are bounds of the run that kept it from seeing everything.
    """

    challenge: Challenge
    hops: tuple[Hop, ...] = ()
    obstacle: Obstacle | None = None
    rounds: int = 0
    ready_after: float | None = None
    probes: Probes = field(default_factory=Probes)
    query_faults: tuple[QueryFault, ...] = ()
    limits: tuple[LimitMet, ...] = ()

    @property
    def alias_chain(self) -> tuple[dns.name.Name, ...]:
        """The names that the owner name leads to, the owner name itself left out."""
        followed = tuple(hop.owner for hop in self.hops[1:])
        if isinstance(self.obstacle, AliasLoop):
            return self.obstacle.chain
        target = agreed_alias(self.hops[-1], self.challenge.expected) if self.hops else None
        return (*followed, target.target) if target else followed

    @property
    def observations(self) -> tuple[Observation, ...]:
        """All addresses of all zones passed at the owner name, in the order of the chain."""
        return tuple(observation for hop in self.hops for observation in hop.observations)


def measure(  # noqa: C901, PLR0911 - one flat table over the sum type
    reading: Reading, expected: tuple[bytes, ...], *, followed: bool = False
) -> Status:
    """Measure a reading against the expected values; with none expected, any TXT will do.

    `followed`: the walk went on from this hop's alias, so a TXT or a negative answer here is not
    what the other servers of the zone say.
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
    """Whether an answer is another than the one that the servers of a hop should give.

    That is the alias that was followed or that they agree on, else the expected values; and with
    none expected, what all give that answer.
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
    """Whether an address shows one of the expected values at the owner name itself."""
    match observation.reading:
        case answers.Values(texts=texts):
            return not set(texts).isdisjoint(expected)
        case _:
            return False


def agreed_alias(hop: Hop, expected: tuple[bytes, ...] = ()) -> answers.Alias | None:
    """Find the alias to follow: where those of the hop's servers that show one show the same.

    Where a server shows an expected value at this very name, it is the alias that is of yesterday
    (or a wildcard's, which the record has taken the name out of), and nothing is to be followed.
    """
    if any(holds_any(observation, expected) for observation in hop.observations):
        return None
    aliases = {
        observation.reading.target: observation.reading
        for observation in hop.observations
        if isinstance(observation.reading, answers.Alias)
    }
    return next(iter(aliases.values())) if len(aliases) == 1 else None
