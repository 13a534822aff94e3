"""Who serves a zone, as the zone above and the zone itself say it. Nothing here asks or judges."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint


class Listing(enum.StrEnum):
    """Where a name server is named: by the parent's delegation, by the zone's apex NS RRset."""

    DELEGATION = "delegation"
    APEX = "apex"


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server of a zone. `glue` is what the parent gave, `own` what its own zone says.

    `failure` says, fit to be shown, why it has no addresses: an alias (RFC 2181 §10.3), a name
    that does not exist, or a zone that cannot be reached. `unanswered`: nobody answered for its A
    or its AAAA records, so that it may have addresses that are not known. `apex_from` are the
    addresses that list it in the zone's own NS set. `limited`: not all of its addresses are looked
    at, since a limit of the run was met. `circular`: to find its address one would have to know it.
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
