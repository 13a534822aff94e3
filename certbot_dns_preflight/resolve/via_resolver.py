"""Finds zones through a configured recursive resolver, for private zones and internal CAs.

Decides which zone above a name the resolver knows; never queries the name itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.obstacle import NoEgress, NoSuchDomain, Tried
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.queries import RECURSIVE
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import useless_words
from certbot_dns_preflight.resolve.resolver_zones import reasons
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.resolve.cache import Found
    from certbot_dns_preflight.resolve.exchange import Exchange


class Discovery:
    """Queries the resolvers, one after another until one gives a usable answer."""

    def __init__(self, exchange: Exchange, resolvers: tuple[Endpoint, ...]) -> None:
        """Set the resolvers, in order of preference."""
        self._exchange = exchange
        self._resolvers = resolvers
        self._heard: dict[Endpoint, Response] = {}
        self._silent: dict[Endpoint, Reply] = {}

    @property
    def heard(self) -> tuple[Response, ...]:
        """The latest answer of each resolver, usable or not."""
        return tuple(self._heard.values())

    async def find(self, owner: dns.name.Name) -> Found:
        """Find the deepest zone above `owner` that the resolver knows.

        The owner name itself is never queried there: a negative answer would stay in the resolver's
        cache for all types (RFC 8020), where the CA might find it.
        """
        names = []
        name = owner
        while name != dns.name.root:
            name = name.parent()
            names.append(name)
        answers = await together(self.ask(name, dns.rdatatype.SOA) for name in names)
        for candidate, message in zip(names, answers, strict=True):
            if message and rrset_at(message.answer, candidate, dns.rdatatype.SOA):
                answer = await self.ask(candidate, dns.rdatatype.NS)
                ns = answer and rrset_at(answer.answer, candidate, dns.rdatatype.NS)
                if ns:
                    return ZoneCut(candidate, None, {rdata.target: () for rdata in ns})
        if any(answers):
            return NoSuchDomain(names[0], dns.name.root)
        return NoEgress(
            self._resolvers,
            answers=tuple((e, useless_words(reply)) for e, reply in sorted(self._heard.items())),
            reasons=reasons(self._silent),
            asked=Tried.RESOLVERS,
        )

    async def ask(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> dns.message.Message | None:
        """Send one question; return None if no resolver gives a usable answer."""
        useless: dict[Endpoint, Reply] = {}
        got = await ask_any(
            self._exchange,
            self._resolvers,
            name,
            rdtype,
            how=RECURSIVE,
            useless=useless,
            usable=lambda response: (
                response.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
            ),
        )
        self._silent.update(useless)
        came = {**useless, **({got[0]: got[1]} if got else {})}
        self._heard.update((e, reply) for e, reply in came.items() if isinstance(reply, Response))
        return got[1].message if got else None
