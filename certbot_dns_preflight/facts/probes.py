"""Answers to extra queries, sent only if the first answers call for them. Nothing is judged."""

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
    """A name entered without its trailing dot, so that the zone was appended to it.

    `name` is what a record of this type in `zone` serves, `meant` what was meant.
    """

    name: dns.name.Name
    meant: dns.name.Name
    rdtype: str
    zone: dns.name.Name


@dataclass(frozen=True, slots=True)
class SeenHere:
    """Expected values that only this host's own resolver serves, no authoritative server."""

    resolver: Endpoint
    name: dns.name.Name
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Probes:
    """Answers to the extra queries; a field is empty if its query was not sent.

    - `wildcard_alias`: random names beside and below the owner name are the same alias.
    - `wildcard_texts`: TXT values that such names around the last owner name also have.
    - `missing_above`: the name closest to the zone apex, above the last owner name, that does not
      exist either.
    - `tcp_refused`: addresses that did not answer on TCP/53.
    - `edns_broken`: addresses that answer only without EDNS.
    - `case_changed`: addresses that returned the question in a different letter case (0x20).
    - `rate_limited`: addresses that sent an empty truncated answer although the full one would fit.
    - `missing_dots`: alias targets and name server names that lack their trailing dot.
    - `seen_here`: values that only this host's own resolver serves.
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
