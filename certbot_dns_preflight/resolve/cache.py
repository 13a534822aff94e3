"""Holds what walks have learned, shared by all walks of a run. Sends nothing, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.obstacle import Intercepted, NoEgress, NoSuchDomain, RegistryFails
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.registry_answers import RegistryAnswers, seconds_to_keep
from certbot_dns_preflight.resolve.unneeded import drop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certbot_dns_preflight.facts.answers import Endpoint, Response
    from certbot_dns_preflight.facts.dnssec import ServerReply
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.patience import AddressHistory
    from certbot_dns_preflight.resolve.referrals import Addresses
    from certbot_dns_preflight.resolve.unneeded import Unneeded


Question: TypeAlias = tuple[dns.name.Name, dns.name.Name, dns.rdatatype.RdataType]
"""Zone, owner name and type."""


@dataclass(frozen=True, slots=True)
class ZoneCut:
    """A zone as far as a walk needs it: its name servers, each with the glue received.

    `referred` False: no referral led here, because one server holds this zone and its parent.
    `known_at` are addresses known to serve it because they have answered for it.
    """

    apex: dns.name.Name
    parent: dns.name.Name | None
    nameservers: Mapping[dns.name.Name, tuple[Endpoint, ...]]
    referred: bool = True
    known_at: tuple[Endpoint, ...] = ()


@dataclass(slots=True)
class DelegationCache:
    """What walks have learned: zone cuts, addresses, who serves which zone, and where names lie.

    `histories` is the exchange's own record of how addresses have answered. `referrals` are the
    answers that led to a zone, by the parent zone's address that gave them. `denials` are the
    addresses that denied the zone. `registries` are registries' answers about themselves.
    `primaries` are the primaries named in the zones' SOA. `signed` is the replies with signatures.
    `learned` is when the servers of a zone were last queried, by the event loop's clock. `obstacle`
    is what keeps all walks from going beyond the root.
    """

    cuts: dict[dns.name.Name, ZoneCut] = field(default_factory=dict)
    addresses: dict[dns.name.Name, Addresses] = field(default_factory=dict)
    zones: dict[dns.name.Name, Zone] = field(default_factory=dict)
    homes: dict[dns.name.Name, ZoneCut] = field(default_factory=dict)
    histories: dict[Endpoint, AddressHistory] = field(default_factory=dict)
    referrals: dict[dns.name.Name, dict[Endpoint, Response]] = field(default_factory=dict)
    denials: dict[dns.name.Name, dict[Endpoint, Response]] = field(default_factory=dict)
    primaries: dict[dns.name.Name, dns.name.Name] = field(default_factory=dict)
    signed: dict[Question, tuple[ServerReply, ...]] = field(default_factory=dict)
    learned: dict[dns.name.Name, float] = field(default_factory=dict)
    registries: RegistryAnswers = field(default_factory=RegistryAnswers)
    obstacle: Intercepted | None = None

    def closest(self, owner: dns.name.Name) -> ZoneCut | None:
        """Return the deepest known zone cut at or above a name, except the root's."""
        name = owner
        while True:
            if name in self.cuts:
                return self.cuts[name]
            if name == dns.name.root:
                return None
            name = name.parent()

    def lineage(self, cut: ZoneCut, root: ZoneCut) -> tuple[ZoneCut, ...]:
        """Return the known cuts from `root`, or the first one below it, down to `cut`."""
        cuts = [cut]
        while (parent := cuts[0].parent) is not None:
            above = root if parent == dns.name.root else self.cuts.get(parent)
            if above is None:
                break
            cuts.insert(0, above)
        return tuple(cuts)

    def note_referral(self, apex: dns.name.Name, endpoint: Endpoint, response: Response) -> None:
        """Keep an answer that led to a zone."""
        self.referrals.setdefault(apex, {})[endpoint] = response

    def go_deeper(self, below: ZoneCut) -> None:
        """Take a zone that a walk passed over; names in it are no longer in the zone above."""
        self.cuts.setdefault(below.apex, below)
        for name in [name for name in self.homes if name.is_subdomain(below.apex)]:
            del self.homes[name]

    def note_soa(self, apex: dns.name.Name, message: dns.message.Message) -> None:
        """Keep the primary that a zone's SOA names, if there is an SOA."""
        for rrset in (*message.answer, *message.authority):
            if rrset.rdtype == dns.rdatatype.SOA and rrset.name == apex:
                self.primaries[apex] = rrset[0].mname

    def seconds_to_keep(self, apex: dns.name.Name) -> float:
        """Return how long what led to a zone may be cached, by its TTLs: 0 if unknown."""
        said = self.referrals.get(apex, {}).values() if apex in self.cuts else ()
        return min((seconds_to_keep(response.message) for response in said), default=0)

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what is known of names that no challenge needs any more; addresses are kept."""
        for known in (
            self.cuts,
            self.zones,
            self.homes,
            self.referrals,
            self.denials,
            self.primaries,
            self.learned,
        ):
            drop(known, unneeded)
        drop(self.signed, lambda question: unneeded(question[1]))

    def forget(self) -> None:
        """Drop what may have been fixed meanwhile.

        How addresses answer and where registries' zones are is kept: those don't change.
        """
        for apex in [apex for apex in self.cuts if not is_registry(apex)]:
            del self.cuts[apex]
        self.addresses.clear()
        self.zones.clear()
        self.homes.clear()
        for apex in [apex for apex in self.referrals if not is_registry(apex)]:
            del self.referrals[apex]
        self.denials.clear()
        self.primaries.clear()
        self.obstacle = None


Found: TypeAlias = ZoneCut | NoSuchDomain | NoEgress | Intercepted | RegistryFails
