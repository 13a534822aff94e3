"""Why a walk to an owner name could not continue. No queries, and no remedies."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint


@dataclass(frozen=True, slots=True)
class NoSuchDomain:
    """The servers of `zone` answer NXDOMAIN for `name`, and nothing is delegated there."""

    name: dns.name.Name
    zone: dns.name.Name


@dataclass(frozen=True, slots=True)
class AliasLoop:
    """The chain returned to a name already visited, or exceeded 16 hops."""

    chain: tuple[dns.name.Name, ...]


@dataclass(frozen=True, slots=True)
class AliasToRoot:
    """The alias at `owner` leads to the root, where no user can create a record."""

    owner: dns.name.Name


class Tried(enum.Enum):
    """Which servers were tried from a host that gets no answers."""

    ROOT = enum.auto()
    RESOLVERS = enum.auto()
    NAME_SERVERS = enum.auto()


@dataclass(frozen=True, slots=True)
class NoEgress:
    """Nothing answers this host, not even the root (or the given resolvers).

    `reasons` is the result by address, if known. `asked` says which servers were tried: if
    resolvers answer and no name server does, the name servers. `ways_out` are resolvers of this
    host that do answer. `answers` holds answers from resolvers that never lead anywhere.
    """

    tried: tuple[Endpoint, ...]
    answers: tuple[tuple[Endpoint, str], ...] = ()
    reasons: tuple[tuple[Endpoint, str], ...] = ()
    asked: Tried = Tried.ROOT
    ways_out: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Intercepted:
    """Something answers in place of the root servers: `answers` is what arrived, by address.

    `recursive` means that the answers come from a recursive resolver. `ways_out` is as in
    `NoEgress`.
    """

    answers: tuple[tuple[Endpoint, str], ...]
    recursive: bool
    ways_out: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryFails:
    """No server of a registry's zone gives a usable answer; `heard` means that some answered.

    `answers` is the result by address.
    """

    zone: dns.name.Name
    answers: tuple[tuple[Endpoint, str], ...]
    heard: bool


@dataclass(frozen=True, slots=True)
class ParentFails:
    """No server of `zone` lets the TXT query for `owner` pass to the zone below, which holds it.

    `answers` and `heard` are as in `RegistryFails`.
    """

    zone: dns.name.Name
    owner: dns.name.Name
    answers: tuple[tuple[Endpoint, str], ...]
    heard: bool


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """The deadline passed before the walk was done."""

    at: dns.name.Name


Obstacle: TypeAlias = (
    NoSuchDomain
    | AliasLoop
    | AliasToRoot
    | NoEgress
    | Intercepted
    | RegistryFails
    | ParentFails
    | OutOfTime
)
