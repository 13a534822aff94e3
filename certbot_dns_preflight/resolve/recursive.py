"""Reads a recursive resolver's answer: what it found at the end of the aliases. Pure.

The answer needs no AA, and may come from the resolver's cache, so this also reads how long it stays
there. `reading` handles the answers of name servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import (
    Absent,
    Failing,
    Malformed,
    NoResponse,
    NoResponseReason,
    NotAsked,
    Reading,
    Refused,
    Reply,
    Response,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.resolver_sight import ExtendedError, ResolverAnswer
from certbot_dns_preflight.resolve.reading import alias_at, joined_texts, rrset_at

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint

_MOST_ALIASES = 16
_LONGEST_KEPT = 86400  # seconds: longer TTLs are cut to a day
ANSWERS = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Recursed:
    """A resolver's reply about a TXT, read. It will repeat this answer for `kept` seconds."""

    reading: Reading
    answer: ResolverAnswer
    kept: int = 0
    zone: dns.name.Name | None = None


def read_recursed(reply: Reply, owner: dns.name.Name, endpoint: Endpoint) -> Recursed:
    """Read a resolver's reply to ``owner TXT``. `zone` is that of a negative answer's SOA."""
    match reply:
        case NoResponse(reason=NoResponseReason.GARBAGE, detail=detail):
            return Recursed(Malformed(detail), ResolverAnswer(endpoint, heard=False))
        case NoResponse(reason=NoResponseReason.LIMIT, detail=detail):
            return Recursed(NotAsked(detail, limited=True), ResolverAnswer(endpoint, heard=False))
        case NoResponse(reason=reason, detail=detail):
            return Recursed(Unreachable(reason, detail), ResolverAnswer(endpoint, heard=False))
        case Response(message=message):
            return _read_message(message, owner, endpoint)


def negative_ttl(message: dns.message.Message) -> tuple[dns.name.Name, int] | None:
    """Return a zone's apex and how long it caches a missing name (RFC 2308 section 5).

    Reads the SOA of an answer about the apex itself, or of a negative answer.
    """
    for rrset in (*message.answer, *message.authority):
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset.name, min(rrset.ttl, rrset[0].minimum, _LONGEST_KEPT)
    return None


def extended_errors(message: dns.message.Message) -> tuple[ExtendedError, ...]:
    """Read the extended DNS errors in a message."""
    return tuple(
        ExtendedError(int(option.code), _spoken(int(option.code)), option.text or "")
        for option in message.options
        if isinstance(option, dns.edns.EDEOption)
    )


def _spoken(code: int) -> str:
    try:
        return dns.edns.EDECode(code).name.replace("_", " ").capitalize().replace("Dns", "DNS")
    except ValueError:
        return f"code {code}"


def _read_message(
    message: dns.message.Message, owner: dns.name.Name, endpoint: Endpoint
) -> Recursed:
    rcode = message.rcode()
    answer = ResolverAnswer(
        endpoint,
        validated=bool(message.flags & dns.flags.AD) and rcode in ANSWERS,
        failed=rcode == dns.rcode.SERVFAIL,
        errors=extended_errors(message),
    )
    if rcode == dns.rcode.REFUSED:
        return Recursed(Refused(), answer)
    if rcode not in ANSWERS:
        return Recursed(Failing(dns.rcode.to_text(rcode)), answer)
    chain, ttls = _followed(message, owner)
    end = chain[-1] if chain else owner
    answer = ResolverAnswer(endpoint, chain, validated=answer.validated, errors=answer.errors)
    if len(chain) > _MOST_ALIASES or end in (owner, *chain)[: len(chain)]:
        return Recursed(Malformed("the reply has an endless chain of aliases"), answer)
    txt = rrset_at(message.answer, end, dns.rdatatype.TXT)
    texts = () if txt is None else joined_texts(txt)
    if txt is not None and rcode == dns.rcode.NOERROR:
        return Recursed(Values(texts), answer, kept=min((txt.ttl, *ttls, _LONGEST_KEPT)))
    if not (chain or message.flags & dns.flags.RA or message.authority):
        return Recursed(Malformed("the reply offers no recursion"), answer)
    negative = negative_ttl(message)
    zone, kept = negative or (None, 0)
    absent = Absent(nxdomain=rcode == dns.rcode.NXDOMAIN, soa=zone, beside=texts)
    return Recursed(absent, answer, kept=kept, zone=zone)


def _followed(
    message: dns.message.Message, owner: dns.name.Name
) -> tuple[tuple[dns.name.Name, ...], list[int]]:
    """Follow the aliases within an answer; return the names passed and the aliases' TTLs."""
    chain: list[dns.name.Name] = []
    ttls: list[int] = []
    name = owner
    while len(chain) <= _MOST_ALIASES:
        cname = rrset_at(message.answer, name, dns.rdatatype.CNAME)
        alias = alias_at(message, name)
        if cname is None and alias is None:
            break
        if cname is not None:
            ttls.append(cname.ttl)
            name = cname[0].target
        elif alias is not None:
            name = alias.target
        chain.append(name)
        if chain.count(name) > 1 or name == owner:
            break
    return tuple(chain), ttls
