"""Makes random names to detect wildcards (RFC 4592), and picks servers to query for them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Answer, Response
from certbot_dns_preflight.resolve.reading import joined_texts, rrset_at

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.facts.survey import Hop

ENOUGH_SERVERS = 2
_RANDOM_BYTES = 8


def random_sibling(name: dns.name.Name) -> dns.name.Name | None:
    """Make up a sibling of this name; None for the root, or if it would be too long."""
    return None if name == dns.name.root else _random_below(name.parent())


def random_neighbours(name: dns.name.Name) -> tuple[dns.name.Name, ...]:
    """Make up a sibling of this name and a name below it, those that can exist.

    A wildcard that answers for a name answers for both. A name that exists, even with the same
    record as the wildcard, keeps the wildcard from answering for names below it.
    """
    made = random_sibling(name), _random_below(name)
    return tuple(one for one in made if one is not None)


def _random_below(name: dns.name.Name) -> dns.name.Name | None:
    label = secrets.token_hex(_RANDOM_BYTES).encode()
    try:
        return dns.name.Name((label, *name.labels))
    except dns.exception.DNSException:
        return None


def a_few(hop: Hop) -> list[Endpoint]:
    """Pick a few addresses that answered authoritatively."""
    good = (
        observation.endpoint
        for observation in hop.observations
        if isinstance(observation.reading, Answer)
    )
    return list(dict.fromkeys(good))[:ENOUGH_SERVERS]


def texts_at(reply: Reply, name: dns.name.Name) -> tuple[bytes, ...]:
    """Return the TXT values that a reply shows at the name itself."""
    if not isinstance(reply, Response):
        return ()
    rrset = rrset_at(reply.message.answer, name, dns.rdatatype.TXT)
    return joined_texts(rrset) if rrset is not None else ()
