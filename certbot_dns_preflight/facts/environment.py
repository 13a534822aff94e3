"""What a CA meets besides the record itself: plain facts about a domain, before anybody judges.

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
    """Of what this host's own resolver shows something else."""

    NAME_SERVERS = "name-servers"
    PRIMARY = "primary"
    SERVER_ADDRESSES = "name-server-addresses"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class ResolverView:
    """What this host's own resolver says of a zone, beside the public DNS.

    `local` and `public` are names or addresses, fit to be shown; `name` is what they belong to: the
    zone's apex, a name server, or the domain.
    """

    resolver: Endpoint
    zone: dns.name.Name
    local: tuple[str, ...]
    public: tuple[str, ...]
    what: ViewOf
    name: dns.name.Name


@dataclass(frozen=True, slots=True)
class DomainEnvironment:
    """Facts about one domain; None where a question was not asked or not answered in time.

    `climb` is what was found looking for CAA. `addressless`: the domain itself has neither A nor
    AAAA. `resolver_view` is set only where the host's resolver differs from the public DNS.
    `signatures` judges DNSSEC from the root down to the domain's zone, or to the record itself, and
    of what CAA is read from.
    """

    climb: Climb | None = None
    addressless: bool | None = None
    resolver_view: ResolverView | None = None
    signatures: Assessment | None = None

    @property
    def caa_owners(self) -> tuple[dns.name.Name, ...]:
        """The names whose CAA, or lack of it, a CA's resolver must be able to believe."""
        return () if self.climb is None else self.climb.owners

    @property
    def has_climbed(self) -> bool:
        """Whether the look for CAA has come to its end."""
        return self.climb is not None and not self.climb.unfinished
