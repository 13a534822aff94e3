"""Pick from one DNS message what validation needs: RRsets, signatures, keys. Pure.

It only picks and matches: `signatures` checks whether a signature holds, and `validate` decides
what follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.dnssec
import dns.dnssectypes
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.keys import is_zone_key
from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.dnssec import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.DS import DS
    from dns.rdtypes.ANY.RRSIG import RRSIG

    from certbot_dns_preflight.facts.dnssec import ServerReply

MINIMISED = dns.rdatatype.A
"""The type that a resolver asks for at the names that it passes on its way down (RFC 9156)."""

_MOST_DIGESTS = 64
_MOST_TOLD = 8  # key tags in a sentence


def usable(reply: ServerReply) -> dns.message.Message | None:
    """Return a reply's message if it is a usable answer; other findings report the rest.

    Resolvers also accept an answer without AA, unless it is a referral.
    """
    if not isinstance(reply.reply, Response):
        return None
    message = reply.reply.message
    if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    return message if reply.recursive or is_final(message) else None


def is_final(message: dns.message.Message) -> bool:
    """Return whether a resolver would accept a message as the answer.

    It does not insist on AA: some servers leave it out if they have nothing to say. Without AA, the
    message must not be a referral.
    """
    refers = not message.answer and any(
        rrset.rdtype == dns.rdatatype.NS for rrset in message.authority
    )
    return bool(message.flags & dns.flags.AA) or not refers


def has_signatures(message: dns.message.Message) -> bool:
    """Return whether any signature came with an answer."""
    return any(
        rrset.rdtype == dns.rdatatype.RRSIG for rrset in (*message.answer, *message.authority)
    )


def referral(reply: ServerReply, apex: dns.name.Name) -> dns.message.Message | None:
    """Return a reply's message if it is a referral to a zone."""
    if not isinstance(reply.reply, Response):
        return None
    message = reply.reply.message
    refers = (
        message.rcode() == dns.rcode.NOERROR
        and not message.answer
        and find(message.authority, apex, dns.rdatatype.NS) is not None
    )
    return message if refers else None


def is_the_childs(message: dns.message.Message, apex: dns.name.Name) -> bool:
    """Return whether a DS query was answered from the child's side (RFC 4035 section 3.1.4.1)."""
    return not message.answer and any(
        rrset.rdtype == dns.rdatatype.SOA and rrset.name == apex for rrset in message.authority
    )


def is_another_zones(
    rrset: dns.rrset.RRset, signatures: Collection[RRSIG], apex: dns.name.Name
) -> bool:
    """Return whether an SOA or a denial belongs to a zone below, into which the answer leads."""
    if rrset.rdtype == dns.rdatatype.SOA:
        return bool(rrset.name != apex)
    return bool(signatures) and all(signature.signer != apex for signature in signatures)


def find(
    section: Iterable[dns.rrset.RRset], owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """Return an RRset of a section, if it is there."""
    return next((r for r in section if r.name == owner and r.rdtype == rdtype), None)


def signatures_of(
    section: Iterable[dns.rrset.RRset], owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> list[RRSIG]:
    """Return the signatures of an RRset in a section."""
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
    """Return what a validator would check first: a DNAME above, the CNAME, or the data itself."""
    for rrset in message.answer:
        above = owner != rrset.name and owner.is_subdomain(rrset.name)
        if rrset.rdtype == dns.rdatatype.DNAME and above and rrset.name.is_subdomain(apex):
            return rrset
    alias = find(message.answer, owner, dns.rdatatype.CNAME)
    return alias if alias is not None else find(message.answer, owner, rdtype)


def anchored_keys(
    keys: dns.rrset.RRset, signers: Collection[DS], apex: dns.name.Name
) -> list[DNSKEY]:
    """Return the keys that a DS refers to, by tag, algorithm and digest.

    Digests are computed only if tag and algorithm match, and only a bounded number of them.
    """
    named: dict[tuple[int, int], list[DS]] = {}
    for ds in signers:
        named.setdefault((ds.key_tag, ds.algorithm), []).append(ds)
    found: list[DNSKEY] = []
    left = _MOST_DIGESTS
    for key in keys:
        if not is_zone_key(key):
            continue
        for ds in sorted(named.get((dns.dnssec.key_id(key), key.algorithm), ())):
            if left == 0:
                return found
            left -= 1
            if _digest(apex, key, ds.digest_type) == ds.digest:
                found.append(key)
                break
    return found


def _digest(apex: dns.name.Name, key: DNSKEY, kind: int) -> bytes | None:
    try:
        return dns.dnssec.make_ds(
            apex,
            key,
            dns.dnssectypes.DSDigest(kind),
            policy=dns.dnssec.allow_all_policy,
            validating=True,
        ).digest
    except dns.exception.DNSException:
        return None


def mismatch(keys: dns.rrset.RRset, signers: Collection[DS]) -> tuple[Kind, str, tuple[int, ...]]:
    """Return how near the DS RRset is to a zone's keys if none fits: kind, words, key tags."""
    served = [(dns.dnssec.key_id(key), key) for key in keys]
    named = {(ds.key_tag, ds.algorithm) for ds in signers}
    alike = sorted({tag for tag, key in served if (tag, key.algorithm) in named})
    good = {tag for tag, key in served if is_zone_key(key)}
    if good.intersection(alike):
        tags = tuple(tag for tag in alike if tag in good)
        return Kind.DIGEST_DIFFERS, _digest_differs(tags), tags
    tags = tuple(sorted({ds.key_tag for ds in signers}))
    if alike:
        return Kind.DS_WITHOUT_KEY, f"key {_listed(alike)} is revoked or no zone key", tags
    for ds in sorted(signers):
        for tag, key in served:
            if tag == ds.key_tag:
                detail = f"key {tag} has algorithm {key.algorithm:d}, its DS {ds.algorithm:d}"
                return Kind.DS_WITHOUT_KEY, detail, tags
    here = _listed(sorted({tag for tag, _ in served})[:_MOST_TOLD])
    return Kind.DS_WITHOUT_KEY, f"keys here: {here}", tags


def _digest_differs(tags: Sequence[int]) -> str:
    if len(tags) == 1:
        return f"key tag {tags[0]} exists, but its digest differs"
    return f"key tags {_listed(tags[:_MOST_TOLD])} exist, but their digests differ"


def _listed(tags: Iterable[int]) -> str:
    return ", ".join(map(str, tags))
