"""Reads what a message says about delegations and addresses. Pure: no sockets, no memory.

`walker` sends the queries; this module tells referrals from authoritative answers and useless
replies, and reads name servers with their glue.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.facts.answers import Endpoint, NoResponse, Response
from certbot_dns_preflight.facts.zone import NO_SUCH_NAME
from certbot_dns_preflight.resolve.budgets import MOST_NAMESERVERS
from certbot_dns_preflight.resolve.reading import is_sound, rrset_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certbot_dns_preflight.facts.answers import Reply

ADDRESS_TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA)
_ALIASES = frozenset({dns.rdatatype.CNAME, dns.rdatatype.DNAME})
_FINAL = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a name server's own zone says about its addresses.

    `failure` says, fit to be shown, why it has none, or why some may be missing. `unanswered`: A,
    AAAA or both got no answer, so there may be unknown addresses. `circular`: its address can only
    be found by already knowing it. `limited`: the addresses were not looked up because the run
    reached a limit.
    """

    endpoints: tuple[Endpoint, ...]
    failure: str | None = None
    unanswered: bool = False
    circular: bool = False
    limited: bool = False


def one_below(apex: dns.name.Name, owner: dns.name.Name) -> dns.name.Name:
    """Return the ancestor of `owner`, or `owner` itself, with one label more than `apex`."""
    if len(owner) <= len(apex):
        return owner
    return owner.split(len(apex) + 1)[1]


def is_authoritative(message: dns.message.Message) -> bool:
    """Return whether it is authoritative: AA, and a positive or a negative answer."""
    return bool(message.flags & dns.flags.AA) and message.rcode() in (
        dns.rcode.NOERROR,
        dns.rcode.NXDOMAIN,
    )


def is_accepted(response: Response) -> bool:
    """Return whether a resolver takes it as an answer, with AA or without; no other resolver's."""
    return is_sound(response) and not response.message.flags & dns.flags.RA


def is_usable(message: dns.message.Message, apex: dns.name.Name, owner: dns.name.Name) -> bool:
    """Return whether a walk can continue from it: an authoritative answer or a proper referral."""
    return is_authoritative(message) or find_referral(message, apex, owner) is not None


def tells_the_zone(message: dns.message.Message, apex: dns.name.Name, owner: dns.name.Name) -> bool:
    """Return whether it shows which zone a name is in: by a referral, an SOA, or an alias.

    Below the root, a server may leave AA out: resolvers take that answer, unless it is a recursive
    resolver's.
    """
    if find_referral(message, apex, owner) is not None:
        return True
    if not is_authoritative(message) and (
        apex == dns.name.root or message.flags & dns.flags.RA or message.rcode() not in _FINAL
    ):
        return False
    if any(rrset.rdtype in _ALIASES for rrset in message.answer):
        return True
    return any(
        rrset.rdtype == dns.rdatatype.SOA
        and owner.is_subdomain(rrset.name)
        and rrset.name.is_subdomain(apex)
        for rrset in (*message.answer, *message.authority)
    )


def first_usable(
    replies: Mapping[Endpoint, Reply], apex: dns.name.Name, owner: dns.name.Name
) -> tuple[Endpoint, Response] | None:
    """Find the first reply that a walk can continue from, with the address it came from.

    It may show no zone: then there is only the delegation to rely on. Resolvers take a negative
    answer without AA and SOA, too.
    """
    for endpoint, reply in replies.items():
        if not isinstance(reply, Response):
            continue
        if is_usable(reply.message, apex, owner) or is_accepted(reply):
            return endpoint, reply
    return None


def find_referral(
    message: dns.message.Message, apex: dns.name.Name, owner: dns.name.Name
) -> dns.rrset.RRset | None:
    """Find a referral's NS RRset: strictly below the zone, at or above the queried name."""
    if message.rcode() != dns.rcode.NOERROR or message.answer:
        return None
    if any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority):
        return None
    for rrset in message.authority:
        if (
            rrset.rdtype == dns.rdatatype.NS
            and rrset.name != apex
            and rrset.name.is_subdomain(apex)
            and owner.is_subdomain(rrset.name)
        ):
            return rrset
    return None


def targets(ns: dns.rrset.RRset) -> list[dns.name.Name]:
    """Return the names in an NS RRset, at most one more than the limit.

    Real zones have a dozen; thousands would turn our walks into an attack (CVE-2020-8616).
    """
    return [rdata.target for rdata in itertools.islice(ns, MOST_NAMESERVERS + 1)]


def with_glue(
    ns: dns.rrset.RRset, message: dns.message.Message, bailiwick: dns.name.Name
) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
    """Return each name server with its glue; ignore addresses outside the parent's bailiwick."""
    glue: dict[dns.name.Name, list[Endpoint]] = {name: [] for name in targets(ns)}
    for rrset in message.additional:
        if (
            rrset.rdtype in ADDRESS_TYPES
            and rrset.name in glue
            and rrset.name.is_subdomain(bailiwick)
        ):
            glue[rrset.name].extend(Endpoint(address.address) for address in rrset)
    return {name: tuple(endpoints) for name, endpoints in glue.items()}


def merge(
    into: dict[dns.name.Name, tuple[Endpoint, ...]],
    more: Mapping[dns.name.Name, tuple[Endpoint, ...]],
) -> None:
    """Add name servers and their addresses without duplicates."""
    for name, endpoints in more.items():
        into[name] = tuple(dict.fromkeys((*into.get(name, ()), *endpoints)))


def read_addresses(  # noqa: PLR0911 - one return a case
    name: dns.name.Name, replies: Sequence[Sequence[dns.message.Message]]
) -> Addresses:
    """Read the A and AAAA answers, in this order, for a name server's name.

    Several servers of its zone may have answered for either: an address from any of them counts,
    and a denial of one type does not affect the other.
    """
    messages = [message for some in replies for message in some]
    lost = [
        dns.rdatatype.to_text(rdtype)
        for rdtype, some in zip(ADDRESS_TYPES, replies, strict=True)
        if not some
    ]
    endpoints = tuple(
        dict.fromkeys(
            Endpoint(rdata.address)
            for message in messages
            for rdtype in ADDRESS_TYPES
            for rdata in rrset_at(message.answer, name, rdtype) or ()
        )
    )
    if not messages:
        return Addresses((), "the servers of its own zone do not answer", unanswered=True)
    if endpoints and not lost:
        return Addresses(endpoints)
    if endpoints:
        why = f"the servers of its own zone do not answer for {lost[0]} records"
        return Addresses(endpoints, why, unanswered=True)
    if any(rrset_at(message.answer, name, dns.rdatatype.CNAME) for message in messages):
        return Addresses((), "it is an alias, which a name server's name must not be")
    if any(message.rcode() == dns.rcode.NXDOMAIN for message in messages):
        return Addresses((), NO_SUCH_NAME, unanswered=bool(lost))
    if lost:
        why = f"the servers of its own zone do not answer for {lost[0]} records"
        return Addresses((), why, unanswered=True)
    return Addresses((), "it has neither A nor AAAA records")


def useless_words(reply: Reply) -> str:
    """Describe, fit to be shown, what came in place of a usable answer."""
    match reply:
        case NoResponse(reason=reason):
            return reason.value
        case Response(message=message):
            if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return dns.rcode.to_text(message.rcode())
            if is_recursive(message):
                return "an answer from a recursive resolver"
            if not message.flags & dns.flags.AA:
                return "an answer without authority"
            return f"{dns.rcode.to_text(message.rcode())} without the records asked for"


def is_recursive(message: dns.message.Message) -> bool:
    """Return whether it comes from a recursive resolver: RA set, AA not."""
    return bool(message.flags & dns.flags.RA) and not message.flags & dns.flags.AA
