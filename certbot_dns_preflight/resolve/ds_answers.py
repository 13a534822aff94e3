"""Reads what replies say about a zone's DS, and who signed that. Pure: no queries.

`dnssec` asks and `dnssec_faults` explains; whether a signature holds is for package `dnssec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.dnssec.messages import MINIMISED, find, signatures_of
from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.resolve.cuts import names_between
from certbot_dns_preflight.resolve.reading import is_signed, is_sound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.dnssec import Asked, ServerReply, ZoneFacts

_DS = dns.rdatatype.DS


def has_ds(zone: ZoneFacts) -> bool:
    """Return whether any server of the parent zone shows a DS for a zone."""
    return any(
        rrset.rdtype == _DS and rrset.name == zone.apex
        for said in (*zone.ds, *zone.referrals)
        if isinstance(said.reply, Response)
        for rrset in (*said.reply.message.answer, *said.reply.message.authority)
    )


def unsigned_names(
    rrsets: Iterable[Asked], apex: dns.name.Name, *, most: int
) -> list[dns.name.Name]:
    """List the names below an apex down to those whose answers came without any signature.

    At most that many names above each are listed.
    """
    unsigned = {
        asked.owner
        for asked in rrsets
        if asked.rdtype != MINIMISED
        and asked.owner != apex
        and any(is_sound(said.reply) and not is_signed(said.reply) for said in asked.said)
    }
    return sorted(
        {name for owner in unsigned for name in (*names_between(apex, owner)[:most], owner)}
    )


def signer_between(
    replies: Iterable[ServerReply], apex: dns.name.Name, parent: dns.name.Name
) -> dns.name.Name | None:
    """Find a zone strictly between a zone and its supposed parent that signed the answer."""
    for server_reply in replies:
        if not isinstance(server_reply.reply, Response):
            continue
        message = server_reply.reply.message
        for rrset in (*message.answer, *message.authority):
            if rrset.rdtype != dns.rdatatype.RRSIG:
                continue
            signer = rrset[0].signer
            if signer not in (apex, parent) and apex.is_subdomain(signer):
                return signer if signer.is_subdomain(parent) else None
    return None


def brings_ds(referral: ServerReply, apex: dns.name.Name) -> bool:
    """Return whether a referral has the DS set and its signature, so resolvers don't query it."""
    if not isinstance(referral.reply, Response):
        return False
    section = referral.reply.message.authority
    return find(section, apex, _DS) is not None and bool(signatures_of(section, apex, _DS))
