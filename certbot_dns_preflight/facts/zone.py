"""The name servers of a zone, according to its parent and itself. No queries and no judgement."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint


NO_SUCH_NAME = "the name does not exist"
"""The `failure` of a name server whose name an authoritative server denies."""


class Listing(enum.StrEnum):
    """Where a name server is listed: in the parent's delegation or in the zone's apex NS RRset."""

    DELEGATION = "delegation"
    APEX = "apex"


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server of a zone. `glue` comes from the parent, `own` from the name server's own zone.

    `failure` says, safe to display, why it has no addresses: an alias (RFC 2181 §10.3), a name that
    does not exist, or a zone that cannot be reached. `unanswered` means that nobody answered for
    its A or its AAAA records, so it may have unknown addresses. `apex_from` are the addresses that
    list it in the zone's own NS RRset. `limited` means that not all of its addresses are queried,
    because a limit of the run was reached. `circular` means that finding its address would require
    knowing it already.
    """

    name: dns.name.Name
    listed_by: frozenset[Listing]
    glue: tuple[Endpoint, ...] = ()
    own: tuple[Endpoint, ...] = ()
    failure: str | None = None
    unanswered: bool = False
    apex_from: frozenset[Endpoint] = frozenset()
    limited: bool = False
    circular: bool = False

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every address of the name server, without duplicates, IPv4 first."""
        return tuple(
            sorted(dict.fromkeys((*self.own, *self.glue)), key=lambda e: (e.ipv6, e.address))
        )


@dataclass(frozen=True, slots=True)
class ParentAnswer:
    """What one server of the parent zone says about a delegation.

    `nameservers` is the NS RRset of its referral; None if it denies the delegation, and then
    `denial` is NXDOMAIN or NODATA. `referral` is False if it holds the zone itself and answers for
    it.
    """

    nameserver: dns.name.Name
    endpoint: Endpoint
    nameservers: frozenset[dns.name.Name] | None
    denial: str | None = None
    referral: bool = True


@dataclass(frozen=True, slots=True)
class Unheard:
    """A name server that should know the NS RRset of a zone, but did not return it.

    `zone` is the zone it serves: the zone itself, or its parent. `reason` says what came instead,
    safe to display.
    """

    zone: dns.name.Name
    nameserver: dns.name.Name
    addresses: tuple[Endpoint, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and its name servers: those of delegation and apex together, by name.

    `parent_answers` is what servers of the parent zone say about the delegation. `unheard` are the
    servers that should know one of the NS RRsets but did not return it, so name servers may be
    missing.
    """

    apex: dns.name.Name
    parent: dns.name.Name | None
    nameservers: tuple[NameServer, ...]
    parent_answers: tuple[ParentAnswer, ...] = ()
    unheard: tuple[Unheard, ...] = ()

    @property
    def denying_parents(self) -> tuple[ParentAnswer, ...]:
        """The servers of the parent zone that deny the delegation, if others have it."""
        denying = tuple(one for one in self.parent_answers if one.nameservers is None)
        return denying if len(denying) < len(self.parent_answers) else ()
