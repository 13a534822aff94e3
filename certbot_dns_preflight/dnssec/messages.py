"""What one DNS message holds of what validation needs: RRsets, signatures, keys. Pure.

It picks and matches; whether a signature holds is for `signatures`, what follows for `validate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.signatures import is_zone_key
from certbot_dns_preflight.facts.answers import Response

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.DS import DS
    from dns.rdtypes.ANY.RRSIG import RRSIG

    from certbot_dns_preflight.facts.dnssec import ServerReply

MOST_KEYS = 64


def usable(said: ServerReply) -> dns.message.Message | None:
    """Give a reply's message if it is an answer to rely on; other findings tell of the rest."""
    if not isinstance(said.reply, Response):
        return None
    message = said.reply.message
    authoritative = said.recursive or message.flags & dns.flags.AA
    if not authoritative or message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    return message


def is_the_childs(message: dns.message.Message, apex: dns.name.Name) -> bool:
    """Whether a server answered a DS question from the child's side (RFC 4035 section 3.1.4.1)."""
    return not message.answer and any(
        rrset.rdtype == dns.rdatatype.SOA and rrset.name == apex for rrset in message.authority
    )


def is_another_zones(
    rrset: dns.rrset.RRset, signatures: Collection[RRSIG], apex: dns.name.Name
) -> bool:
    """Whether an SOA or a denial is that of a zone below, which the answer leads into."""
    if rrset.rdtype == dns.rdatatype.SOA:
        return bool(rrset.name != apex)
    return bool(signatures) and all(signature.signer != apex for signature in signatures)


def find(
    section: Iterable[dns.rrset.RRset], owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """Find an RRset in a section."""
    return next((r for r in section if r.name == owner and r.rdtype == rdtype), None)


def signatures_of(
    section: Iterable[dns.rrset.RRset], owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> list[RRSIG]:
    """Collect the signatures of an RRset in a section."""
    return [
        rdata
        for rrset in section
        if rrset.rdtype == dns.rdatatype.RRSIG and rrset.name == owner and rrset.covers == rdtype
        for rdata in rrset
    ]


def answering(
    message: dns.message.Message,
    owner: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    apex: dns.name.Name,
) -> dns.rrset.RRset | None:
    """Give what a validator would check first: a DNAME above, the CNAME, or the data itself."""
    for rrset in message.answer:
        above = owner != rrset.name and owner.is_subdomain(rrset.name)
        if rrset.rdtype == dns.rdatatype.DNAME and above and rrset.name.is_subdomain(apex):
            return rrset
    alias = find(message.answer, owner, dns.rdatatype.CNAME)
    return alias if alias is not None else find(message.answer, owner, rdtype)


def anchored_keys(
    keys: dns.rrset.RRset, signers: Collection[DS], apex: dns.name.Name
) -> list[DNSKEY]:
    """Give the keys that a DS names, by tag, algorithm and digest."""
    found = []
    for key in list(keys)[:MOST_KEYS]:
        if not is_zone_key(key):
            continue
        tag = dns.dnssec.key_id(key)
        for ds in signers:
            if (ds.key_tag, ds.algorithm) != (tag, key.algorithm):
                continue
            try:
                made = dns.dnssec.make_ds(
                    apex,
                    key,
                    ds.digest_type,
                    policy=dns.dnssec.allow_all_policy,
                    validating=True,
                )
            except dns.exception.DNSException:
                continue
            if made.digest == ds.digest:
                found.append(key)
                break
    return found
