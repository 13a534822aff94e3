"""Why a walk to an owner name could not go on. Nothing here asks, or says what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint


@dataclass(frozen=True, slots=True)
class NoSuchDomain:
    """The servers of `zone` say NXDOMAIN for `name` and nothing is delegated there."""

    name: dns.name.Name
    zone: dns.name.Name


@dataclass(frozen=True, slots=True)
class AliasLoop:
    """The chain came back to a name it had passed, or exceeded 16 hops."""

    chain: tuple[dns.name.Name, ...]


class Tried(enum.Enum):
    """Who was tried from a host that nothing answers."""

    ROOT = enum.auto()
    RESOLVERS = enum.auto()
    NAME_SERVERS = enum.auto()


@dataclass(frozen=True, slots=True)
class NoEgress:
    """Nothing at all answers from here, the root (or the given resolvers) included.

    `reasons` is what came of it, by address, where that is known. `asked` says who was tried:
    where resolvers answer and no name server does, it is these. `ways_out` are resolvers of this
    host's own that do answer. `answers`: what came from resolvers that answer, but never in a way
    that leads anywhere.
    """

    tried: tuple[Endpoint, ...]
    answers: tuple[tuple[Endpoint, str], ...] = ()
    reasons: tuple[tuple[Endpoint, str], ...] = ()
    asked: Tried = Tried.ROOT
    ways_out: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Intercepted:
    """Something answers in place of the root servers: `answers` is what came, by address.

    `recursive`: the answers are a recursive resolver's. `ways_out` as with `NoEgress`.
    """

    answers: tuple[tuple[Endpoint, str], ...]
    recursive: bool
    ways_out: tuple[Endpoint, ...] = ()


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
