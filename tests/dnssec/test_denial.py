"""What NSEC and NSEC3 records prove: single ones, and whole chains of random zones. Pure."""

from __future__ import annotations

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import hypothesis
import pytest
from hypothesis import strategies as st

from certbot_dns_preflight.dnssec import nsec3 as nsec3_proofs
from certbot_dns_preflight.dnssec.denial import absent, no_closer, no_ds
from certbot_dns_preflight.dnssec.proof import Proof

ZONE = dns.name.from_text("example.com.")


def nsec(owner: str, following: str, *types: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, 60, "IN", "NSEC", f"{following} {' '.join(types)}")


def nsec3(
    name: str, span: int, *types: str, iterations: int = 0, flags: int = 0
) -> dns.rrset.RRset:
    """Make the NSEC3 of a name whose hash is followed at a distance."""
    label = dns.dnssec.nsec3_hash(name, b"", iterations, 1)
    number = int.from_bytes(nsec3_proofs.from_base32(label))
    following = dns.rdata.from_text(
        dns.rdataclass.IN,
        dns.rdatatype.NSEC3,
        f"1 {flags} {iterations} - {label} {' '.join(types)}",
    ).replace(next=((number + span) % (1 << 160)).to_bytes(20))
    rrset = dns.rrset.RRset(
        dns.name.from_text(f"{label}.example.com."), dns.rdataclass.IN, dns.rdatatype.NSEC3
    )
    rrset.add(following, 60)
    return rrset


def proof(name: str, rdtype: str, *denials: dns.rrset.RRset, nxdomain: bool = False) -> Proof:
    return absent(
        denials,
        dns.name.from_text(name),
        dns.rdatatype.from_text(rdtype),
        zone=ZONE,
        nxdomain=nxdomain,
    )


def test_nsec_at_the_name_denies_what_its_bitmap_lacks() -> None:
    at = nsec("www.example.com.", "z.example.com.", "A", "RRSIG", "NSEC")
    assert proof("www.example.com.", "TXT", at) is Proof.PROVEN
    assert proof("www.example.com.", "A", at) is Proof.UNPROVEN
    assert proof("other.example.com.", "TXT", at) is Proof.UNPROVEN


def test_nsec_of_an_alias_denies_nothing() -> None:
    at = nsec("www.example.com.", "z.example.com.", "CNAME", "RRSIG", "NSEC")
    assert proof("www.example.com.", "TXT", at) is Proof.UNPROVEN


def test_nsec_from_the_other_side_of_the_cut_denies_nothing() -> None:
    parents = nsec("sub.example.com.", "z.example.com.", "NS", "RRSIG", "NSEC")
    childs = nsec("sub.example.com.", "a.sub.example.com.", "NS", "SOA", "RRSIG", "NSEC")
    assert proof("sub.example.com.", "DS", parents) is Proof.PROVEN
    assert proof("sub.example.com.", "TXT", parents) is Proof.UNPROVEN
    assert proof("sub.example.com.", "DS", childs) is Proof.UNPROVEN
    assert proof("a.sub.example.com.", "TXT", parents) is Proof.UNPROVEN


def test_nsec_needs_the_wildcard_denied_as_well() -> None:
    covering = nsec("a.example.com.", "z.example.com.", "A")
    no_wildcard = nsec("example.com.", "a.example.com.", "SOA", "NS")
    assert proof("www.example.com.", "TXT", covering) is Proof.UNPROVEN
    assert proof("www.example.com.", "TXT", covering, no_wildcard, nxdomain=True) is Proof.PROVEN
    assert proof("www.example.com.", "TXT", covering, no_wildcard) is Proof.OTHER_RCODE


def test_nsec_of_an_empty_non_terminal_is_proof_enough() -> None:
    covering = nsec("a.example.com.", "x.www.example.com.", "A")
    assert proof("www.example.com.", "TXT", covering) is Proof.PROVEN
    assert proof("www.example.com.", "TXT", covering, nxdomain=True) is Proof.OTHER_RCODE


def test_a_name_that_exists_is_not_denied() -> None:
    at = nsec("www.example.com.", "z.example.com.", "A", "RRSIG", "NSEC")
    assert proof("www.example.com.", "TXT", at, nxdomain=True) is Proof.OTHER_RCODE


def test_the_last_nsec_covers_what_comes_after_it() -> None:
    last = nsec("a.example.com.", "example.com.", "A")
    apex = nsec("example.com.", "a.example.com.", "SOA", "NS")
    assert proof("www.example.com.", "TXT", last, apex, nxdomain=True) is Proof.PROVEN


def test_what_wraps_to_the_middle_of_a_zone_denies_only_what_is_there() -> None:
    apex = nsec("example.com.", "a.example.com.", "SOA", "NS")
    wraps = nsec("n.example.com.", "b.example.com.", "A")
    assert proof("www.example.com.", "TXT", wraps, apex, nxdomain=True) is Proof.UNPROVEN


@pytest.mark.parametrize("following", ["example.org.", "com.", "z.com."])
def test_nsec_whose_next_name_leaves_the_zone_denies_nothing(following: str) -> None:
    apex = nsec("example.com.", following, "SOA", "NS")
    at = nsec("www.example.com.", following, "A")
    for nxdomain in (False, True):
        assert proof("www.example.com.", "TXT", apex, nxdomain=nxdomain) is Proof.UNPROVEN
        assert proof("www.example.com.", "TXT", at, nxdomain=nxdomain) is Proof.UNPROVEN


def test_nsec3_with_too_many_iterations_is_not_computed() -> None:
    many = nsec3("example.com.", 1 << 159, "NS", "SOA", iterations=151)
    assert proof("www.example.com.", "TXT", many) is Proof.TOO_MANY_ITERATIONS


def test_nsec3_at_the_name_denies_what_its_bitmap_lacks() -> None:
    at = nsec3("www.example.com.", 1 << 100, "A")
    assert proof("www.example.com.", "TXT", at) is Proof.PROVEN
    assert proof("www.example.com.", "A", at) is Proof.UNPROVEN


@pytest.mark.parametrize(("flags", "expected"), [(0, Proof.PROVEN), (1, Proof.OPT_OUT)])
def test_nsec3_that_covers_all_but_the_apex(flags: int, expected: Proof) -> None:
    apex = nsec3("example.com.", 0, "NS", "SOA", flags=flags)
    assert proof("www.example.com.", "TXT", apex, nxdomain=True) is expected
    wildcard = dns.name.from_text("*.example.com.")
    name = dns.name.from_text("www.example.com.")
    assert no_closer([apex], name, wildcard, zone=ZONE) is expected


def test_nsec3_without_a_closest_encloser_proves_nothing() -> None:
    elsewhere = nsec3("other.example.com.", 0, "A")
    assert proof("www.example.com.", "TXT", elsewhere) is Proof.UNPROVEN


def test_records_of_another_zone_prove_nothing() -> None:
    alien = nsec("a.example.org.", "z.example.org.", "A")
    assert proof("www.example.com.", "TXT", alien) is Proof.UNPROVEN


def test_a_wildcard_answers_only_where_nothing_closer_exists() -> None:
    name, wildcard = dns.name.from_text("x.a.b.example.com."), dns.name.from_text("*.example.com.")
    for closer, expected in (
        (nsec("a.example.com.", "c.example.com.", "A"), Proof.PROVEN),
        (nsec("b.example.com.", "c.example.com.", "A"), Proof.UNPROVEN),
        (nsec("a.b.example.com.", "c.example.com.", "A"), Proof.UNPROVEN),
        (nsec("a.example.com.", "y.x.a.b.example.com.", "A"), Proof.UNPROVEN),
    ):
        assert no_closer([closer], name, wildcard, zone=ZONE) is expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([nsec("sub.example.com.", "z.example.com.", "NS", "RRSIG")], Proof.PROVEN),
        ([nsec("sub.example.com.", "z.example.com.", "NS", "DS")], Proof.UNPROVEN),
        ([nsec("sub.example.com.", "z.example.com.", "NS", "SOA")], Proof.UNPROVEN),
        ([nsec("sub.example.com.", "z.example.com.", "A")], Proof.NOT_DELEGATED),
        ([nsec("sub.example.com.", "z.example.com.", "CNAME")], Proof.UNPROVEN),
        ([nsec("a.example.com.", "x.sub.example.com.", "A")], Proof.NOT_DELEGATED),
        ([nsec("example.com.", "example.com.", "NS", "SOA")], Proof.NOT_DELEGATED),
        ([nsec3("sub.example.com.", 1, "NS")], Proof.PROVEN),
        ([nsec3("sub.example.com.", 1, "NS", "DS")], Proof.UNPROVEN),
        ([nsec3("sub.example.com.", 1, "NS", "SOA")], Proof.UNPROVEN),
        ([nsec3("sub.example.com.", 1, "A")], Proof.NOT_DELEGATED),
        ([nsec3("example.com.", 0, "NS", "SOA")], Proof.NOT_DELEGATED),
        ([nsec3("example.com.", 0, "NS", "SOA", flags=1)], Proof.OPT_OUT),
        ([nsec3("sub.example.com.", 1, "NS", iterations=151)], Proof.TOO_MANY_ITERATIONS),
        ([], Proof.UNPROVEN),
    ],
)
def test_only_a_delegation_can_be_an_unsigned_one(
    records: list[dns.rrset.RRset], expected: Proof
) -> None:
    child = dns.name.from_text("sub.example.com.")
    assert no_ds(records, child, zone=ZONE) is expected


def test_nsec3_owned_by_the_root_is_no_record_of_any_zone() -> None:
    record = nsec3("www.example.com.", 1, "A")
    alien = dns.rrset.from_rdata_list(dns.name.root, 60, list(record))
    assert proof("www.example.com.", "TXT", alien) is Proof.UNPROVEN
    root = dns.name.from_text("www.")
    assert absent([alien], root, dns.rdatatype.TXT, zone=dns.name.root, nxdomain=True) is (
        Proof.UNPROVEN
    )


@pytest.mark.parametrize("field", [{"algorithm": 6}, {"flags": 2}, {"flags": 3}])
def test_nsec3_of_unknown_kind_is_ignored(field: dict[str, int]) -> None:
    known = nsec3("www.example.com.", 1, "A")
    unknown = dns.rrset.from_rdata(known.name, 60, known[0].replace(**field))
    assert proof("www.example.com.", "TXT", unknown) is Proof.UNPROVEN
    assert proof("www.example.com.", "TXT", unknown, known) is Proof.PROVEN


def test_nsec3_with_a_hash_of_another_length_is_ignored() -> None:
    apex = nsec3("example.com.", 0, "NS", "SOA")
    short = dns.rrset.from_rdata(apex.name, 60, apex[0].replace(next=b"\0"))
    named = dns.rrset.from_rdata(dns.name.from_text("0o.example.com."), 60, apex[0])
    for odd in (short, named):
        assert proof("www.example.com.", "TXT", odd, nxdomain=True) is Proof.UNPROVEN


# -- whole chains of random zones ------------------------------------------------------------------

LABELS = st.sampled_from(["*", "a", "b", "_c"])
NAMES = st.lists(LABELS, max_size=3).map(lambda ls: dns.name.Name([*ls, *ZONE.labels]))
TYPES = st.sampled_from([("A",), ("TXT",), ("A", "TXT"), ("CNAME",), ("NS",), ("NS", "DS")])
ZONES = st.dictionaries(NAMES, TYPES, max_size=12).map(lambda nodes: {**nodes, ZONE: ("SOA", "NS")})


class Truth:
    """What a zone holds: its names, empty non-terminals too, without what is below zone cuts."""

    def __init__(self, nodes: dict[dns.name.Name, tuple[str, ...]]) -> None:
        cuts = [n for n, types in nodes.items() if "NS" in types and n != ZONE]
        self.cuts = cuts
        self.nodes = {
            n: types
            for n, types in nodes.items()
            if not any(n != cut and n.is_subdomain(cut) for cut in cuts)
        }
        for owner in list(self.nodes):
            while (owner := owner.parent()).is_subdomain(ZONE):
                self.nodes.setdefault(owner, ())

    def types(self, name: dns.name.Name) -> tuple[str, ...] | None:
        """Give the types at a name, those of the wildcard if that stands in; None if neither."""
        if name in self.nodes:
            return self.nodes[name]
        closest = name
        while closest not in self.nodes:
            closest = closest.parent()
        return self.nodes.get(dns.name.Name((b"*", *closest.labels)))

    def is_lacking(self, name: dns.name.Name) -> bool:
        """Whether an answer without TXT is right, from this zone's side."""
        if any(name.is_subdomain(cut) for cut in self.cuts):
            return False
        types = self.types(name)
        return types is None or not {"TXT", "CNAME", "NS"}.intersection(types) or name == ZONE

    def is_absent(self, name: dns.name.Name) -> bool:
        """Whether NXDOMAIN is right."""
        return self.types(name) is None

    def nsec(self) -> list[dns.rrset.RRset]:
        """Make the chain; empty non-terminals have no NSEC."""
        owners = sorted(n for n, types in self.nodes.items() if types)
        return [
            nsec(str(one), str(following), *self.nodes[one], "RRSIG", "NSEC")
            for one, following in zip(owners, [*owners[1:], owners[0]], strict=True)
        ]

    def nsec3(self) -> list[dns.rrset.RRset]:
        """Make the chain; empty non-terminals have an NSEC3."""
        hashed = sorted(
            (int.from_bytes(nsec3_proofs.from_base32(dns.dnssec.nsec3_hash(n, b"", 0, 1))), n)
            for n in self.nodes
        )
        following = [number for number, _ in (*hashed[1:], hashed[0])]
        return [
            nsec3(str(n), after - number, *self.nodes[n])
            for (number, n), after in zip(hashed, following, strict=True)
        ]


@hypothesis.given(nodes=ZONES, name=NAMES, hashed=st.booleans())
def test_a_whole_chain_proves_what_is_true(
    nodes: dict[dns.name.Name, tuple[str, ...]], name: dns.name.Name, *, hashed: bool
) -> None:
    truth = Truth(nodes)
    hypothesis.assume(len(truth.nodes) <= 16)
    chain = truth.nsec3() if hashed else truth.nsec()
    got = absent(chain, name, dns.rdatatype.TXT, zone=ZONE, nxdomain=truth.is_absent(name))
    assert (got is Proof.PROVEN) == truth.is_lacking(name)


@hypothesis.given(nodes=ZONES, name=NAMES, hashed=st.booleans(), data=st.data())
def test_no_part_of_a_chain_proves_what_is_false(
    nodes: dict[dns.name.Name, tuple[str, ...]],
    name: dns.name.Name,
    data: st.DataObject,
    *,
    hashed: bool,
) -> None:
    truth = Truth(nodes)
    chain = truth.nsec3() if hashed else truth.nsec()
    part = data.draw(st.lists(st.sampled_from(chain), unique_by=id))
    nxdomain = data.draw(st.booleans())
    got = absent(part, name, dns.rdatatype.TXT, zone=ZONE, nxdomain=nxdomain)
    if got is Proof.PROVEN:
        assert truth.is_lacking(name)
        assert nxdomain or not truth.is_absent(name)


@hypothesis.given(nodes=ZONES, name=NAMES, hashed=st.booleans())
def test_only_unsigned_delegations_are_proven_to_be_ones(
    nodes: dict[dns.name.Name, tuple[str, ...]], name: dns.name.Name, *, hashed: bool
) -> None:
    truth = Truth(nodes)
    hypothesis.assume(len(truth.nodes) <= 16 and name != ZONE)
    chain = truth.nsec3() if hashed else truth.nsec()
    got = no_ds(chain, name, zone=ZONE)
    assert (got is Proof.PROVEN) == (truth.nodes.get(name) == ("NS",))
