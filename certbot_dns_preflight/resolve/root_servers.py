"""Tells root servers from something that answers in their place.

Judges an answer by its content, not by who should have sent it, and queries a server that does not
answer like a root server once more. `walker` decides what follows for a walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.obstacle import Intercepted
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import is_authoritative, useless_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.resolve.exchange import Exchange

ENOUGH_ROOTS = 3  # addresses that don't answer as root servers; then the others are not queried


async def is_root(exchange: Exchange, endpoint: Endpoint, response: Response) -> bool:
    """Return whether a root server answers: it offers no recursion and answers from a zone.

    If that seems not to be so, query it for the root's own SOA, which a root server has.
    """
    if not response.message.flags & dns.flags.RA and shows_a_zone(response.message):
        return True
    reply = await exchange.ask(endpoint, dns.name.root, dns.rdatatype.SOA)
    return isinstance(reply, Response) and has_the_root(reply.message)


def shows_a_zone(message: dns.message.Message) -> bool:
    """Return whether a usable answer comes from a zone: it refers, has records, or an SOA."""
    has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)
    refers = not message.flags & dns.flags.AA
    return refers or has_soa or bool(message.answer)


def has_the_root(message: dns.message.Message) -> bool:
    """Return whether it is an authoritative answer with the root's own SOA."""
    soa = rrset_at(message.answer, dns.name.root, dns.rdatatype.SOA)
    return is_authoritative(message) and soa is not None


def are_no_roots(useless: Mapping[Endpoint, Reply]) -> bool:
    """Return whether enough addresses answered, and none of them as a root server."""
    return sum(isinstance(reply, Response) for reply in useless.values()) >= ENOUGH_ROOTS


def intercepted(heard: Mapping[Endpoint, Response]) -> Intercepted:
    """Describe what answers in place of the root servers."""
    return Intercepted(
        tuple((e, useless_words(reply)) for e, reply in sorted(heard.items())),
        recursive=all(reply.message.flags & dns.flags.RA for reply in heard.values()),
    )
