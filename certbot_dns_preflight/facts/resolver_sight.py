"""What recursive resolvers said in place of the name servers, beside the answers themselves.

`resolve.resolver_survey` fills it in; `checks` and `report` read it. Nothing here asks or judges.
"""

from __future__ import annotations

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
    """An extended DNS error (RFC 8914): what a resolver says of a failure. `text` is not escaped.

    `name` is what the RFC calls it.
    """

    code: int
    name: str
    text: str = ""

    @property
    def bogus(self) -> Kind | None:
        """What it says is wrong with DNSSEC, if it is about that."""
        return _BOGUS.get(self.code)


@dataclass(frozen=True, slots=True)
class ResolverAnswer:
    """What one resolver said last of the owner name.

    `chain` are the aliases that it followed, without the owner name. `validated`: it set the AD
    bit. `failed`: SERVFAIL, which `errors` may explain.
    """

    endpoint: Endpoint
    chain: tuple[dns.name.Name, ...] = ()
    validated: bool = False
    failed: bool = False
    errors: tuple[ExtendedError, ...] = ()

    @property
    def bogus(self) -> ExtendedError | None:
        """The error by which it says that it does not believe the answer."""
        if not self.failed:
            return None
        return next((error for error in self.errors if error.bogus is not None), None)


@dataclass(frozen=True, slots=True)
class ResolverSight:
    """The view of the resolvers of a run. Times in seconds.

    `negative_ttl` is how long a resolver may keep the absence of a record of this zone; None where
    that is not known. `first_look` is when the record is asked for first, after the wait began.
    """

    answers: tuple[ResolverAnswer, ...]
    negative_ttl: int | None = None
    first_look: float = 0.0

    @property
    def chain(self) -> tuple[dns.name.Name, ...]:
        """The aliases that the resolvers followed, if they all followed the same."""
        chains = {answer.chain for answer in self.answers}
        return chains.pop() if len(chains) == 1 else ()

    @property
    def trust(self) -> Trust:
        """What the resolvers make of DNSSEC: the worst of what they say."""
        if any(answer.bogus for answer in self.answers):
            return Trust.BOGUS
        if self.answers and all(answer.validated for answer in self.answers):
            return Trust.SECURE
        return Trust.UNCHECKED
