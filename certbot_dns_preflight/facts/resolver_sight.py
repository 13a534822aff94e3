"""What recursive resolvers, queried instead of the name servers, say besides the answers.

`resolve.resolver_survey` fills it in; `checks` and `report` read it. No queries and no judgement.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.dnssec import Kind, Trust

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint

_BOGUS = {  # RFC 8914 section 4
    6: Kind.INVALID,
    7: Kind.EXPIRED,
    8: Kind.NOT_YET_VALID,
    9: Kind.DS_WITHOUT_KEY,
    10: Kind.MISSING,
    11: Kind.INVALID,
    12: Kind.DENIAL_INVALID,
}


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """An extended DNS error (RFC 8914): a resolver's reason for a failure. `text` is not escaped.

    `name` is the RFC's name for it.
    """

    code: int
    name: str
    text: str = ""

    @property
    def bogus(self) -> Kind | None:
        """The DNSSEC problem it reports, if it is about DNSSEC."""
        return _BOGUS.get(self.code)


@dataclass(frozen=True, slots=True)
class ResolverAnswer:
    """The latest answer of one resolver for the owner name.

    `chain` holds the aliases it followed, without the owner name. `validated` means that it set the
    AD bit. `failed` means SERVFAIL, which `errors` may explain. `heard` is False if nothing came
    that could be read.
    """

    endpoint: Endpoint
    chain: tuple[dns.name.Name, ...] = ()
    validated: bool = False
    failed: bool = False
    errors: tuple[ExtendedError, ...] = ()
    heard: bool = True

    @property
    def bogus(self) -> ExtendedError | None:
        """The extended error saying that the resolver considers the answer bogus."""
        if not self.failed:
            return None
        return next((error for error in self.errors if error.bogus is not None), None)


class ZoneSeen(enum.Enum):
    """How the apex of the domain's zone is known, from the resolvers' SOA answers."""

    FOUND = enum.auto()
    FAILING = enum.auto()  # no resolver answers there, and one does right above
    UNKNOWN = enum.auto()  # no resolver answers there or above


@dataclass(frozen=True, slots=True)
class ResolverSight:
    """The view of the resolvers of a run. Times in seconds.

    `negative_ttl` is how long a resolver may cache the absence of a record of this zone, or None if
    unknown. `first_look` is when the record is first queried, after the wait began. `zone` says how
    the domain's zone is known.
    """

    answers: tuple[ResolverAnswer, ...]
    negative_ttl: int | None = None
    first_look: float = 0.0
    zone: ZoneSeen = ZoneSeen.FOUND

    @property
    def chain(self) -> tuple[dns.name.Name, ...]:
        """The aliases that the resolvers followed, if they all followed the same ones."""
        chains = {answer.chain for answer in self.answers}
        return chains.pop() if len(chains) == 1 else ()

    @property
    def heard(self) -> tuple[ResolverAnswer, ...]:
        """The answers of those resolvers from which something came that could be read."""
        return tuple(answer for answer in self.answers if answer.heard)

    @property
    def trust(self) -> Trust:
        """The worst DNSSEC status that any resolver reports; a silent one reports none."""
        if any(answer.bogus for answer in self.heard):
            return Trust.BOGUS
        if self.heard and all(answer.validated for answer in self.heard):
            return Trust.SECURE
        return Trust.UNCHECKED
