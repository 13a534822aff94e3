"""Keeps each address's answers over a survey's rounds, and builds the hops of its path from them.

Decides which answer counts where there are several, and which NS listings come only from an old
copy of a zone. Sends no queries, and does not know whom `txt` queries next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import Alias, Answer, Endpoint, Failing, NotAsked, Values
from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply
from certbot_dns_preflight.facts.obstacle import AliasLoop, AliasToRoot
from certbot_dns_preflight.facts.serials import is_older
from certbot_dns_preflight.facts.zone import Listing, NameServer, Zone
from certbot_dns_preflight.resolve.address_history import AddressHistory
from certbot_dns_preflight.resolve.observe import ObservationBuilder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.resolve.exchange import Exchange

_MOST_HOPS = 16


class HopBuilder:
    """Keeps an `AddressHistory` for each owner name and address, and builds hops from them."""

    def __init__(
        self, exchange: Exchange, families: Collection[int], expected: tuple[bytes, ...]
    ) -> None:
        """Set the families (4, 6) that may be queried, and the values expected so far."""
        self._observations = ObservationBuilder(exchange, families)
        self._expected = expected
        self._tracks: dict[dns.name.Name, dict[Endpoint, AddressHistory]] = {}

    def may_ask(self, endpoint: Endpoint) -> bool:
        """Return whether an address is of a family that may be queried."""
        return self._observations.may_ask(endpoint)

    def track(self, owner: dns.name.Name, endpoint: Endpoint) -> AddressHistory | None:
        """Return what an address said about an owner name; None before its first answer."""
        return self._tracks.get(owner, {}).get(endpoint)

    def begin(self, owner: dns.name.Name, endpoint: Endpoint) -> AddressHistory:
        """Return the same, creating it if there is none."""
        return self._tracks.setdefault(owner, {}).setdefault(endpoint, AddressHistory())

    def has_heard(self, owner: dns.name.Name) -> bool:
        """Return whether any address has been asked about an owner name."""
        return bool(self._tracks.get(owner))

    def expect(self, expected: tuple[bytes, ...]) -> bool:
        """Compare past answers with what is expected now: another challenge may end here too.

        Returns whether anything else was expected before.
        """
        if self._expected == expected:
            return False
        self._expected = expected
        for track in (track for tracks in self._tracks.values() for track in tracks.values()):
            if track.answer is not None:
                track.measure_again(matches=self.matches(track.answer))
        return True

    def matches(self, reading: Reading) -> bool:
        """Return whether a reading shows all expected values; an alias may lead to them."""
        match reading:
            case Alias():
                return True
            case Values(texts=texts):
                return set(self._expected) <= set(texts)
            case _:
                return False

    def replies(self, owner: dns.name.Name, zone: Zone) -> tuple[ServerReply, ...]:
        """Return the latest replies from a zone's addresses about an owner name."""
        return tuple(
            ServerReply(ServerAddress(server.name, endpoint), track.reply)
            for server in zone.nameservers
            for endpoint in server.endpoints
            if (track := self.track(owner, endpoint)) and track.reply is not None
        )

    def build(
        self, owner: dns.name.Name, zone: Zone, *, followed: bool, looping: bool
    ) -> survey.Hop:
        """Build a hop from the latest answers; an answer that still stands outranks a silence.

        `followed`: the path continues through an alias here. `looping`: the path ends in an alias
        loop, so a failure is due to the loop.
        """
        tracks = self._tracks.get(owner, {})
        zone = self._as_listed_now(zone, tracks)
        places = [
            (server, endpoint) for server in zone.nameservers for endpoint in server.endpoints
        ]

        def observe(
            server: NameServer, endpoint: Endpoint, *, later: Reading | None = None
        ) -> survey.Observation:
            track = tracks.get(endpoint) or AddressHistory()
            reply, reading = track.reply, track.reading
            if later is not None:
                reply, reading = track.answered, track.answer
            elif isinstance(reading, Failing) and looping:
                reading = reading.alias or reading  # the loop causes the failure
            return self._observations.observe(
                owner,
                zone,
                server,
                endpoint,
                reply=reply,
                reading=reading,
                expected=self._expected,
                followed=followed,
                earlier=track,
                later=later,
            )

        hop = survey.Hop(owner, zone, tuple(observe(*place) for place in places), followed)
        return replace(
            hop,
            observations=tuple(
                observe(*place, later=latest.reading)
                if self._stands(tracks.get(latest.endpoint), latest, hop)
                else latest
                for place, latest in zip(places, hop.observations, strict=True)
            ),
        )

    def _as_listed_now(self, zone: Zone, tracks: Mapping[Endpoint, AddressHistory]) -> Zone:
        """Drop NS listings that only an old copy of the zone has, for servers in the delegation.

        Serials are known only where answers differ. Those of separate copies say nothing, so an
        address that has the record never counts as old.
        """
        if all(track.serial is None for track in tracks.values()):
            return zone
        serials = {
            endpoint: track.serial
            for server in zone.nameservers
            for endpoint in server.endpoints
            if (track := tracks.get(endpoint)) and track.serial is not None
        }
        old = {
            endpoint
            for endpoint, serial in serials.items()
            if any(is_older(serial, other) for other in serials.values())
            and not self._has_all(tracks[endpoint].reading)
        }
        told = frozenset[Endpoint]().union(*(server.apex_from for server in zone.nameservers))
        if not old or not told - old:
            return zone
        return replace(
            zone,
            nameservers=tuple(
                replace(server, listed_by=server.listed_by - {Listing.APEX})
                if server.apex_from <= old and Listing.DELEGATION in server.listed_by
                else server
                for server in zone.nameservers
            ),
        )

    def _has_all(self, reading: Reading | None) -> bool:
        """Return whether a reading shows every expected value."""
        return (
            bool(self._expected)
            and reading is not None
            and survey.measure(reading, self._expected) is survey.Status.MATCH
        )

    def _stands(
        self, track: AddressHistory | None, observation: survey.Observation, hop: survey.Hop
    ) -> bool:
        """Return whether an address without an answer now has given a wrong one before."""
        if track is None or track.answer is None or isinstance(observation.reading, Answer):
            return False
        return survey.is_other(track.answer, hop, self._expected)


def is_settled(observation: survey.Observation, alias: Alias | None, challenge: Challenge) -> bool:
    """Return whether an address shows what it must, here the alias that all follow, if any."""
    match observation.status:
        case survey.Status.MATCH:
            return alias is None
        case survey.Status.ALIAS:
            return alias is not None
        case survey.Status.ABSENT:
            return not challenge.expected and alias is None
        case _:
            return False


def is_limited(hop: survey.Hop) -> bool:
    """Return whether a limit of the run kept a server from being queried or looked up."""
    latest = (observation.later or observation.reading for observation in hop.observations)
    return any(server.limited for server in hop.zone.nameservers) or any(
        isinstance(reading, NotAsked) and reading.limited for reading in latest
    )


def end_of(chain: Sequence[dns.name.Name]) -> AliasLoop | AliasToRoot | None:
    """Return why no record can be found further along a chain of aliases: a loop, or the root."""
    if chain[-1] == dns.name.root:
        return AliasToRoot(chain[-2])
    if chain[-1] in chain[:-1] or len(chain) > _MOST_HOPS + 1:
        return AliasLoop(tuple(chain[1:]))
    return None


def alias_beside_failure(hop: survey.Hop) -> Alias | None:
    """Return the alias that failing servers show, if no server gives an answer."""
    readings = [observation.reading for observation in hop.observations]
    if any(isinstance(reading, Answer) for reading in readings):
        return None
    return next((r.alias for r in readings if isinstance(r, Failing) and r.alias), None)
