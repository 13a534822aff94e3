"""What a CA meets besides the record itself: plain facts about a domain, before anybody judges.

`scout` fills them in; `diagnosis.surroundings`, `diagnosis.caa` and `diagnosis.dnssec` read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.caasets import Climb
    from certbot_dns_preflight.dnssec.facts import Assessment
    from certbot_dns_preflight.responses import Endpoint


@dataclass(frozen=True, slots=True)
class OtherView:
    """What this host's own resolver says of a zone's name servers, beside the public DNS's."""

    resolver: Endpoint
    zone: dns.name.Name
    local: frozenset[dns.name.Name]
    public: frozenset[dns.name.Name]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts about one domain; None where a question was not asked or not answered in time.

    `climb` is what was found looking for CAA. `addressless`: the domain itself has neither A nor
    AAAA. `other_view` is set only where the host's resolver differs from the public DNS.
    `signatures` judges DNSSEC from the root down to the domain's zone, or to the record itself.
    """

    climb: Climb | None = None
    addressless: bool | None = None
    other_view: OtherView | None = None
    signatures: Assessment | None = None
