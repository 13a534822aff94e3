"""Signed zones that are made to be computed with: what that takes is counted, and bounded.

Many keys of one tag and many signatures (CVE-2023-50387), many hashes (CVE-2023-50868).
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.dnssec import denial
from certbot_dns_preflight.dnssec.proof import Proof
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Endpoint, Response, Transport
from certbot_dns_preflight.facts.dnssec import (
    Asked,
    Facts,
    ServerAddress,
    ServerReply,
    Status,
    ZoneFacts,
)
from certbot_dns_preflight.resolve import negative_answers
from tests.dnssec.crafted import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.DS import DS

NOW = int(time.time())
ROOT, ZONE = dns.name.root, dns.name.from_text("keytrap.test.")
ADDRESSES = 20
KEYS, SIGNATURES, OWNERS = 60, 60, 8
MOST_VERIFIED = 200 + 16
"""Failures that a zone may cause, and what verifies in the zones above."""
LONG = dns.name.Name([*([b"a"] * 100), b"deep", b"test", b""])


def place(number: int) -> ServerAddress:
    return ServerAddress(dns.name.from_text("ns.test."), Endpoint(f"192.0.2.{number + 1}"))


def reply(
    owner: dns.name.Name,
    rdtype: str,
    answer: Iterable[dns.rrset.RRset],
    *,
    authority: Iterable[dns.rrset.RRset] = (),
    nxdomain: bool = False,
) -> Response:
    message = dns.message.make_response(dns.message.make_query(owner, rdtype, want_dnssec=True))
    message.flags |= dns.flags.AA
    message.answer, message.authority = list(answer), list(authority)
    if nxdomain:
        message.set_rcode(dns.rcode.NXDOMAIN)
    return Response(message, Transport.TCP, 0.01)


def with_tag(tag: int, number: int) -> DNSKEY:
    """Make up a key of this tag, which is a sum: the last two bytes are what is missing of it."""
    begin = b"\x01\x00\x03\x0f" + hashlib.sha256(b"%d" % number).digest()[:30]
    missing = (tag - dns.dnssec.key_id(_key(begin + bytes(2)))) % 0xFFFF
    near = (_key(begin + ((missing + by) % 0x10000).to_bytes(2)) for by in (0, -1, 1))
    return next(key for key in near if dns.dnssec.key_id(key) == tag)


def _key(data: bytes) -> DNSKEY:
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.DNSKEY, data, 0, len(data))


class Counted:
    """Counts calls of one of dnspython's functions, by what `weight` makes of their arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.calls, self.iterations = 0, 0
        self._real = getattr(dns.dnssec, name)
        monkeypatch.setattr(dns.dnssec, name, self)

    def __call__(self, *args: Any, **how: Any) -> Any:  # noqa: ANN401 - as what it replaces
        self.calls += 1
        self.iterations += args[2] + 1 if isinstance(args[2], int) else 0
        return self._real(*args, **how)


@pytest.fixture(scope="module")
def colliding() -> list[DNSKEY]:
    return [with_tag(4711, number) for number in range(KEYS)]


def keytrap(colliding: list[DNSKEY]) -> tuple[Facts, frozenset[DS]]:
    """A zone whose every answer, at each of its addresses, has other signatures by all its keys."""
    root, own = Key(), Key()
    keys = dns.rrset.from_rdata_list(ROOT, 300, [root.dnskey])
    signers = dns.rrset.from_rdata(ZONE, 300, own.ds(ZONE))
    above = ZoneFacts(
        ROOT,
        None,
        ds=(),
        dnskey=(ServerReply(place(0), reply(ROOT, "DNSKEY", _signed(keys, root, ROOT))),),
        rrsets=(),
    )
    zone_keys = dns.rrset.from_rdata_list(ZONE, 300, [own.dnskey, *colliding])
    owners = [dns.name.from_text(f"n{number}", ZONE) for number in range(OWNERS)]
    below = ZoneFacts(
        ZONE,
        ROOT,
        ds=(ServerReply(place(0), reply(ZONE, "DS", _signed(signers, root, ROOT))),),
        dnskey=tuple(
            ServerReply(place(n), reply(ZONE, "DNSKEY", _signed(zone_keys, own, ZONE)))
            for n in range(ADDRESSES)
        ),
        rrsets=tuple(
            Asked(
                owner,
                dns.rdatatype.TXT,
                tuple(
                    ServerReply(place(n), reply(owner, "TXT", _spoilt(owner, own, n)))
                    for n in range(ADDRESSES)
                ),
            )
            for owner in owners
        ),
    )
    return Facts((above, below)), frozenset([root.ds(ROOT)])


def _signed(rrset: dns.rrset.RRset, key: Key, signer: dns.name.Name) -> list[dns.rrset.RRset]:
    return [rrset, key.sign(rrset, signer)]


def _spoilt(owner: dns.name.Name, key: Key, address: int) -> list[dns.rrset.RRset]:
    data = dns.rrset.from_text(owner, 300, "IN", "TXT", f'"at {address}"')
    (one,) = key.sign(data, ZONE)
    bad = [
        one.replace(key_tag=4711, signature=hashlib.sha512(b"%d %d" % (address, n)).digest())
        for n in range(SIGNATURES)
    ]
    return [data, dns.rrset.from_rdata_list(owner, 300, bad)]


def test_keys_of_one_tag_and_signatures_without_end_cost_a_bounded_number_of_checks(
    colliding: list[DNSKEY], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Counter(map(dns.dnssec.key_id, colliding)) == {4711: KEYS}
    facts, trusted = keytrap(colliding)
    verified = Counted(monkeypatch, "validate_rrsig")
    above, below = validate(facts, trusted, now=NOW).zones
    assert above.status is Status.SECURE
    assert below.status is not Status.SECURE
    assert 0 < verified.calls <= MOST_VERIFIED


# -- hashes ----------------------------------------------------------------------------------------


def hashed_denials(iterations: int, *, count: int, begin: int = 0) -> list[dns.rrset.RRset]:
    """Records that prove nothing, but have to be hashed with to find that out."""
    return [
        dns.rrset.from_text(
            f"{number:032}.deep.test.",
            60,
            "IN",
            "NSEC3",
            f"1 0 {iterations} {number:08x} {number + 1:032} TXT RRSIG",
        )
        for number in range(begin, begin + count)
    ]


@pytest.mark.parametrize(
    ("iterations", "most"), [(2500, 0), (150, 2 * (len(LONG) + 2)), (0, 2 * (len(LONG) + 2))]
)
@pytest.mark.parametrize("nxdomain", [False, True])
def test_a_proof_for_a_name_of_many_labels_takes_a_hash_for_each_and_none_where_it_is_dear(
    iterations: int, most: int, monkeypatch: pytest.MonkeyPatch, *, nxdomain: bool
) -> None:
    hashed = Counted(monkeypatch, "nsec3_hash")
    proof = denial.absent(
        hashed_denials(iterations, count=200),
        LONG,
        dns.rdatatype.TXT,
        zone=dns.name.from_text("deep.test."),
        nxdomain=nxdomain,
    )
    assert proof is (Proof.UNPROVEN if most else Proof.TOO_MANY_ITERATIONS)
    assert hashed.calls <= most


@pytest.mark.parametrize(("iterations", "some"), [(150, True), (2500, False)])
def test_whether_an_answer_seems_proven_costs_little_for_all_answers_of_a_run(
    iterations: int, monkeypatch: pytest.MonkeyPatch, *, some: bool
) -> None:
    """A hundred addresses, and a CAA lookup at every label: in the event loop, without a thread."""
    hashed = Counted(monkeypatch, "nsec3_hash")
    hashes = negative_answers.Hashes()
    denials = [hashed_denials(iterations, begin=40 * n, count=40) for n in range(ADDRESSES)]
    for labels in range(4, len(LONG), 16):
        owner = LONG.split(labels)[1]
        for records in denials:
            said = reply(owner, "CAA", (), authority=records, nxdomain=True)
            negative_answers.seems_proven(said, owner, hashes)
    assert (hashed.iterations > 0) is some
    assert hashed.iterations <= negative_answers.MOST_ITERATIONS_IN_ALL
