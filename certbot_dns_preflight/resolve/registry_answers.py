"""Keeps registries' answers about their own zones: the same for all domains, so queried once.

These are their keys, CAA, SOA and NS sets, and the delegations from one registry to the next. A run
reuses the answers of an earlier run in the same process for as long as their TTLs allow. Sends no
queries, and has no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.queries import DEFAULT

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.resolve.queries import QueryOptions

Question: TypeAlias = "tuple[Endpoint, dns.name.Name, dns.rdatatype.RdataType]"

_SOUND = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


@dataclass(slots=True)
class RegistryAnswers:
    """The answers of runs before this one (`earlier`) and of this one (`heard`)."""

    earlier: dict[Question, Response] = field(default_factory=dict)
    heard: dict[Question, Response] = field(default_factory=dict)

    def find(self, question: Question, how: QueryOptions) -> Response | None:
        """Return an earlier answer to a question that is asked in the default way."""
        return self.earlier.get(question) if how == DEFAULT else None

    def note(self, question: Question, how: QueryOptions, reply: Reply) -> None:
        """Keep an answer about a registry's own name, if it may be cached at all."""
        if (
            how == DEFAULT
            and isinstance(reply, Response)
            and is_registry(question[1])
            and seconds_to_keep(reply.message)
        ):
            self.heard[question] = reply


def seconds_to_keep(message: dns.message.Message) -> int:
    """Return how long a whole message may be kept; a negative answer by RFC 2308 section 5."""
    if message.rcode() not in _SOUND:
        return 0
    sections = (*message.answer, *message.authority, *message.additional)
    ttls = [rrset.ttl for rrset in sections]
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            ttls.extend(soa.minimum for soa in rrset)
    return min(ttls, default=0)
