"""What a CA meets besides the record itself: facts about a domain, not yet judged.

`resolve.environment` fills them in; the rules in `checks` read them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.caa import Climb
    from certbot_dns_preflight.facts.dnssec import Assessment


class ViewOf(enum.StrEnum):
    """The subject on which this host's own resolver differs."""

    NAME_SERVERS = "name-servers"
    PRIMARY = "primary"
    SERVER_ADDRESSES = "name-server-addresses"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class ResolverView:
    """What this host's own resolver says about a zone, compared with the public DNS.

    `local` and `public` are names or addresses, safe to display. `name` is their owner: the zone
    apex, a name server, or the domain.
    """

    resolver: Endpoint
    zone: dns.name.Name
    local: tuple[str, ...]
    public: tuple[str, ...]
    what: ViewOf
    name: dns.name.Name


@dataclass(frozen=True, slots=True)
class DomainEnvironment:
    """Facts about one domain; None if a question was not asked or not answered in time.

    `climb` holds the CAA lookups. `addressless` means that the domain itself has neither A nor
    AAAA. `resolver_view` is set only if the host's resolver differs from the public DNS.
    `signatures` is the DNSSEC assessment from the root down to the domain's zone, or to the record
    itself, and of the zones that CAA is read from.
    """

    climb: Climb | None = None
    addressless: bool | None = None
    resolver_view: ResolverView | None = None
    signatures: Assessment | None = None

    @property
    def caa_owners(self) -> tuple[dns.name.Name, ...]:
        """The names whose CAA, or lack of it, a CA's resolver must be able to validate."""
        return () if self.climb is None else self.climb.owners

    @property
    def has_climbed(self) -> bool:
        """Whether the CAA climb is complete."""
        return self.climb is not None and not self.climb.unfinished
