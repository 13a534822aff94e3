"""Keep the notes on one zone while it is judged: faults, expiring signatures, each status.

Stores and merges only; `validate` decides what is a fault. Pure.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.signatures import Broken
from certbot_dns_preflight.facts.dnssec import Expiring, Fault, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certbot_dns_preflight.dnssec.signatures import Valid
    from certbot_dns_preflight.facts.dnssec import ServerAddress

SOON = 3 * 86400
_WORST = (Status.BOGUS, Status.INDETERMINATE, Status.INSECURE, Status.SECURE)


@dataclass(slots=True)
class ZoneResult:
    """The notes on the zone `apex`, judged at `now`, in seconds since 1970.

    `unable` says why something could not be judged; it is empty if everything could.
    """

    apex: dns.name.Name
    now: int
    places: dict[ServerAddress, Status] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    expiring: list[Expiring] = field(default_factory=list)
    unable: str = ""
    _concerns: dns.name.Name | None = None
    _and_below: bool = False
    _asked: dns.rdatatype.RdataType | None = None

    @contextlib.contextmanager
    def concerning(
        self,
        name: dns.name.Name | None,
        asked: dns.rdatatype.RdataType,
        *,
        and_below: bool = False,
    ) -> Iterator[None]:
        """Limit notes made inside to the lookup of this name; None means the whole zone."""
        before = self._concerns, self._asked, self._and_below
        self._concerns, self._asked, self._and_below = name, asked, and_below
        try:
            yield
        finally:
            self._concerns, self._asked, self._and_below = before

    def tentative(self) -> ZoneResult:
        """Return empty notes for what may turn out not to matter; `take` merges them."""
        return replace(self, places={}, faults=[], expiring=[], unable="")

    def take(self, other: ZoneResult) -> None:
        """Merge tentative notes."""
        for place, status in other.places.items():
            self.note(place, status)
        self.faults += other.faults
        self.expiring += other.expiring
        self.unable = self.unable or other.unable

    def note(self, place: ServerAddress, status: Status) -> None:
        """Note the status of an address; the worst counts."""
        before = self.places.get(place, status)
        self.places[place] = min(before, status, key=_WORST.index)

    def broken(self, place: ServerAddress, rrset: dns.rrset.RRset, broken: Broken) -> None:
        """Note that no signature of an RRset holds at an address."""
        self.note(place, Status.BOGUS)
        self.record((place,), rrset, broken)

    def fault(
        self,
        place: ServerAddress,
        kind: Kind,
        detail: str,
        rrset: dns.rrset.RRset | None = None,
        *,
        tags: tuple[int, ...] = (),
    ) -> None:
        """Note another fault of an address; without an RRset, it concerns the zone's keys."""
        about = self.keys if rrset is None else rrset  # an RRset without data is falsy
        self.broken(place, about, Broken(kind, detail, key_tags=tags))

    def cannot_judge(self, place: ServerAddress, why: str) -> None:
        """Note that an address cannot be judged from here."""
        self.note(place, Status.INDETERMINATE)
        self.unable = self.unable or why

    def record(
        self, places: Iterable[ServerAddress], rrset: dns.rrset.RRset, broken: Broken
    ) -> None:
        """Note a fault without changing the status of the addresses."""
        self.faults.append(
            Fault(
                broken.kind,
                self.apex,
                rrset.name,
                rrset.rdtype,
                broken.detail,
                broken.moment,
                broken.key_tags,
                tuple(places),
                self._concerns,
                self._and_below,
                self._asked,
            )
        )

    def ends(self, place: ServerAddress, rrset: dns.rrset.RRset, valid: Valid) -> None:
        """Note a signature in use that is near either end of its validity period."""
        if valid.expiration - self.now < SOON or valid.begins is not None:
            self.expiring.append(
                Expiring(
                    self.apex,
                    rrset.name,
                    rrset.rdtype,
                    valid.expiration,
                    (place,),
                    valid.begins,
                    self._concerns,
                    self._and_below,
                )
            )

    @property
    def keys(self) -> dns.rrset.RRset:
        """Stand in for the zone's DNSKEY RRset if there is none."""
        return dns.rrset.RRset(self.apex, dns.rdataclass.IN, dns.rdatatype.DNSKEY)

    @property
    def worst(self) -> Status:
        """The zone's status by its worst address, except those that say nothing."""
        if self.faults:
            return Status.BOGUS
        told = [s for s in self.places.values() if s is not Status.INDETERMINATE]
        return min(told, key=_WORST.index, default=Status.INDETERMINATE)

    def merged_faults(self) -> tuple[Fault, ...]:
        """Return the faults, merging the same one at several addresses."""
        merged: dict[Fault, dict[ServerAddress, None]] = {}
        for fault in self.faults:
            merged.setdefault(replace(fault, places=()), {}).update(dict.fromkeys(fault.places))
        return tuple(replace(fault, places=tuple(places)) for fault, places in merged.items())

    def merged_expiring(self) -> tuple[Expiring, ...]:
        """Return the expiring signatures, merging the same one at several addresses."""
        merged: dict[Expiring, dict[ServerAddress, None]] = {}
        for one in self.expiring:
            merged.setdefault(replace(one, places=()), {}).update(dict.fromkeys(one.places))
        return tuple(replace(one, places=tuple(places)) for one, places in merged.items())
