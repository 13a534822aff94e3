"""Answers to extra questions, asked only when the first ones call for them. Nothing is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint


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

    `wildcard_alias`: random names beside and below the owner name are the same alias.
    `wildcard_texts`: TXT values that such names around the last owner name show too.
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
