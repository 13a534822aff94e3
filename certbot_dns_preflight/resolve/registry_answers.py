"""What registries say of their own zones: alike for all domains below, and worth asking once.

Their keys, CAA, SOA and NS sets, and the delegations from one registry to the next. A run takes
what an earlier one of the same process was answered, and how long that holds is told by the TTLs.
Asks nothing, and has no clock.
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
    """`earlier` is what runs before this one were answered, and `heard` what this one is."""

    earlier: dict[Question, Response] = field(default_factory=dict)
    heard: dict[Question, Response] = field(default_factory=dict)

    def find(self, question: Question, how: QueryOptions) -> Response | None:
        """Give an earlier answer to a question that is asked in the usual way."""
        return self.earlier.get(question) if how == DEFAULT else None

    def note(self, question: Question, how: QueryOptions, reply: Reply) -> None:
        """Keep an answer about a registry's own name, if it may be kept at all."""
        if (
            how == DEFAULT
            and isinstance(reply, Response)
            and is_registry(question[1])
            and seconds_to_keep(reply.message)
        ):
            self.heard[question] = reply


def seconds_to_keep(message: dns.message.Message) -> int:
    """Say how long all of a message may be kept; a negative answer by RFC 2308 section 5."""
    if message.rcode() not in _SOUND:
        return 0
    sections = (*message.answer, *message.authority, *message.additional)
    ttls = [rrset.ttl for rrset in sections]
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            ttls.extend(soa.minimum for soa in rrset)
    return min(ttls, default=0)
