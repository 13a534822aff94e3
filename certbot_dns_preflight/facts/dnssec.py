"""What servers said when asked for signatures, and what that amounts to. Plain data, no network.

`resolve.dnssec` makes the facts, `dnssec` the assessment; the rules of `checks` read that.
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
    """One address's reply. `recursive`: it is a resolver's, which needs no authority."""

    place: ServerAddress
    reply: Reply
    recursive: bool = False


SignedReplies: TypeAlias = "Mapping[tuple[dns.name.Name, dns.name.Name], tuple[ServerReply, ...]]"
"""By zone and owner name, what addresses replied to one type of question, signatures with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question within a zone, and what every address asked replied."""

    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    said: tuple[ServerReply, ...]


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """One zone of the chain: its DS as the parent serves it, its keys and some of its data.

    `referrals` are replies of the parent's servers that refer to the zone, asked with DO: a DS set
    there counts, as a resolver takes it from there and does not ask again; its denial counts where
    the question was not asked. Keys and data are there for zones below a DS only, as nobody needs
    them elsewhere.
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
    """What is wrong where data is bogus (the contract's words)."""

    DS_WITHOUT_KEY = "ds-without-key"
    DIGEST_DIFFERS = "digest-differs"
    EXPIRED = "signature-expired"
    NOT_YET_VALID = "signature-not-yet-valid"
    MISSING = "signature-missing"
    INVALID = "signature-invalid"
    DENIAL_INVALID = "denial-invalid"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and at which addresses.

    `zone` is the zone whose servers show it (for a DS: the parent), `detail` is fit to be shown,
    `moment` is the expiration or inception in seconds since 1970, `key_tags` those it is about.
    `concerns` is the name that a validator cannot look up for it (with `and_below`, all below it as
    well), None where that is the whole zone; `asked` the type that it was found in looking for.
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
    """A signature in use that ends soon, has just ended, or begins only in a moment.

    `expiration` and `inception` in seconds since 1970; `inception` is set where it is still to
    come. `concerns` as with a fault.
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
    """One zone, judged. `reason` says why it is not secure, fit to be shown.

    `places` holds what each of its addresses would make a validator conclude.
    """

    apex: dns.name.Name
    status: Status
    reason: str
    places: tuple[tuple[ServerAddress, Status], ...] = ()
    faults: tuple[Fault, ...] = ()
    expiring: tuple[Expiring, ...] = ()


class Trust(enum.StrEnum):
    """What a validating CA makes of a challenge's zones (the contract's words)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Validation:
    """The trust in all that is looked up for a challenge; `reason` says why it is not secure."""

    trust: Trust
    reason: str | None = None


NOT_COLLECTED = Validation(Trust.UNCHECKED, "its keys and signatures were not looked at")
"""Where a run did not come to it, or was not asked to."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """All zones, judged at a moment (`now`, seconds since 1970)."""

    zones: tuple[ZoneState, ...]
    now: int

    @property
    def status(self) -> Status:
        """The worst that any zone comes to; an insecure zone makes the whole insecure."""
        found = {zone.status for zone in self.zones}
        for status in (Status.BOGUS, Status.INDETERMINATE, Status.INSECURE):
            if status in found:
                return status
        return Status.SECURE
