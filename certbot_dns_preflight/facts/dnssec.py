"""Signed answers of the servers, and their assessment. Plain data, no network.

`resolve.dnssec` collects the facts, `dnssec` assesses them; the rules in `checks` read the
assessment.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.name
    import dns.rdatatype

    from certbot_dns_preflight.facts.answers import Endpoint, Reply


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server address. `nameserver` is None for a recursive resolver."""

    nameserver: dns.name.Name | None
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class ServerReply:
    """One address's reply. `recursive` marks a resolver's reply, which needs no AA bit."""

    place: ServerAddress
    reply: Reply
    recursive: bool = False


SignedReplies: TypeAlias = "Mapping[tuple[dns.name.Name, dns.name.Name], tuple[ServerReply, ...]]"
"""By zone and owner name, what addresses replied to one type of question, signatures with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question within a zone, and the reply of every address."""

    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    said: tuple[ServerReply, ...]


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """One zone of the chain: its DS as served by the parent, its keys and some of its data.

    `referrals` are referrals to the zone from the parent's servers, queried with DO. A DS RRset in
    one counts, because a resolver uses it without a further query; a denial counts if the DS was
    not queried. Keys and data are present only for zones below a DS, since they are not needed
    elsewhere.
    """

    apex: dns.name.Name
    parent: dns.name.Name | None
    ds: tuple[ServerReply, ...]
    dnskey: tuple[ServerReply, ...] = ()
    rrsets: tuple[Asked, ...] = ()
    referrals: tuple[ServerReply, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All zones from the root down, each parent before its children."""

    zones: tuple[ZoneFacts, ...]


UNSUPPORTED = "its DS has no algorithm or digest type that validators support"
"""The reason for a zone to be insecure although it is signed."""

WITHOUT_PROOF = "a negative answer without a signed proof"
"""The detail of a fault where nothing shows that what is denied does not exist."""


# -- assessment ----------------------------------------------------------------------------------


class Status(enum.StrEnum):
    """RFC 4035 section 4.3."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    INDETERMINATE = "indeterminate"


class Kind(enum.StrEnum):
    """What is wrong with bogus data (public contract)."""

    DS_WITHOUT_KEY = "ds-without-key"
    DIGEST_DIFFERS = "digest-differs"
    EXPIRED = "signature-expired"
    NOT_YET_VALID = "signature-not-yet-valid"
    MISSING = "signature-missing"
    INVALID = "signature-invalid"
    DENIAL_INVALID = "denial-invalid"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and the addresses that show it.

    `zone` is the zone whose servers show it (for a DS, the parent). `detail` is safe to display.
    `moment` is the expiration or inception in seconds since 1970. `key_tags` are the keys involved.
    `concerns` is the name that a validator cannot look up because of it (with `and_below`,
    everything below it too), None for the whole zone. `asked` is the type whose lookup revealed it.
    """

    kind: Kind
    zone: dns.name.Name
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    detail: str
    moment: int | None
    key_tags: tuple[int, ...]
    places: tuple[ServerAddress, ...]
    concerns: dns.name.Name | None = None
    and_below: bool = False
    asked: dns.rdatatype.RdataType | None = None


@dataclass(frozen=True, slots=True)
class Expiring:
    """A signature in use that expires soon, has just expired, or is not valid yet.

    `expiration` and `inception` are in seconds since 1970; `inception` is set only if it is in the
    future. `concerns` is as in `Fault`.
    """

    zone: dns.name.Name
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    expiration: int
    places: tuple[ServerAddress, ...]
    inception: int | None = None
    concerns: dns.name.Name | None = None
    and_below: bool = False


@dataclass(frozen=True, slots=True)
class ZoneState:
    """One zone, judged. `reason` says why it is not secure and is safe to display.

    `places` holds the status that a validator would reach at each address.
    """

    apex: dns.name.Name
    status: Status
    reason: str
    places: tuple[tuple[ServerAddress, Status], ...] = ()
    faults: tuple[Fault, ...] = ()
    expiring: tuple[Expiring, ...] = ()


class Trust(enum.StrEnum):
    """How a validating CA classifies the zones of a challenge (public contract)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Validation:
    """The trust in all lookups for a challenge; `reason` says why it is not secure."""

    trust: Trust
    reason: str | None = None


NOT_COLLECTED = Validation(Trust.UNCHECKED, "its keys and signatures were not looked at")
"""Where a run did not come to it, or was not asked to."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """All zones, judged at one moment (`now`, seconds since 1970)."""

    zones: tuple[ZoneState, ...]
    now: int

    @property
    def status(self) -> Status:
        """The worst status of any zone; one insecure zone makes the whole insecure."""
        found = {zone.status for zone in self.zones}
        for status in (Status.BOGUS, Status.INDETERMINATE, Status.INSECURE):
            if status in found:
                return status
        return Status.SECURE
