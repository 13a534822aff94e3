"""Answers to CAA queries, from a domain name up to its top-level domain. Plain facts.

`resolve.caa` fills these in, the rules in `checks` read them. Nothing here sends queries or
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint


_CRITICAL = 0x80


class Property(NamedTuple):
    """One CAA RR as served: a tuple, as sets of thousands are sorted, hashed and compared."""

    flags: int
    tag: bytes
    value: bytes

    @property
    def is_critical(self) -> bool:
        """Whether a CA that does not know the tag must not issue."""
        return bool(self.flags & _CRITICAL)

    @property
    def kind(self) -> bytes:
        """The tag as it is compared: case-insensitively (RFC 8659 section 4.1)."""
        return self.tag.lower()


@dataclass(frozen=True, slots=True)
class Properties:
    """A CAA RRset."""

    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class NoProperties:
    """An authoritative negative answer, or a name that is not delegated at all."""

    nxdomain: bool


@dataclass(frozen=True, slots=True)
class AliasTo:
    """A CNAME or DNAME; the answers for the target are in the same look."""

    target: dns.name.Name


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer. `detail` is safe to display: "SERVFAIL", "no answer within 3 s".

    `otherwise_fine` means that the same address answers for the zone's SOA: only CAA fails.
    `endless` means that no server fails, but the aliases form a loop, or there are too many.
    `others` means that servers answer that only the zone itself lists.
    """

    detail: str
    otherwise_fine: bool = False
    endless: bool = False
    others: bool = False


@dataclass(frozen=True, slots=True)
class NotAskable:
    """An address that this host cannot or may not query; says nothing about the server."""

    detail: str


Content: TypeAlias = Properties | NoProperties | AliasTo | Failed | NotAskable


@dataclass(frozen=True, slots=True)
class CaaAnswer:
    """One address's answer for one owner name: the name looked up, or an alias target.

    `nameserver` and `endpoint` are None if there is no server to query, or no need to.
    """

    owner: dns.name.Name
    zone: dns.name.Name
    nameserver: dns.name.Name | None
    endpoint: Endpoint | None
    content: Content


@dataclass(frozen=True, slots=True)
class Look:
    """One name of the climb, with all answers for it and for the targets of its aliases."""

    name: dns.name.Name
    answers: tuple[CaaAnswer, ...]


@dataclass(frozen=True, slots=True)
class Climb:
    """The looks for a domain, closest name first, up to the top-level domain.

    `unfinished` means that time ran out; whatever had not answered by then counts as failed.
    """

    domain: dns.name.Name
    looks: tuple[Look, ...]
    unfinished: bool = False

    @property
    def counting(self) -> tuple[Look, ...]:
        """The looks that a CA may reach: those up to the first one that ends its climb."""
        for number, look in enumerate(self.looks, 1):
            if not any(isinstance(answer.content, NoProperties) for answer in look.answers):
                return self.looks[:number]
        return self.looks

    @property
    def owners(self) -> tuple[dns.name.Name, ...]:
        """The names that a CA's resolver queries on its climb, including alias targets."""
        return tuple(
            dict.fromkeys(answer.owner for look in self.counting for answer in look.answers)
        )
