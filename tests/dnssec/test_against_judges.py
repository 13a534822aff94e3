"""Answers made by hand: our status beside those of Unbound and BIND, which both validate."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Endpoint, Response, Transport
from certbot_dns_preflight.facts.dnssec import (
    Asked,
    Assessment,
    Facts,
    ServerAddress,
    ServerReply,
    ZoneFacts,
)
from tests.dnssec.crafted import DAY, Key, Reply, Server, Zone, name, nsec, rrset
from tests.dnssec.judges import ValidatingBind, status
from tests.lab.resolver import Unbound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dns.rdtypes.ANY.DS import DS

    from tests.lab import Lab

OWNER = "_acme-challenge"
# BIND gives up after one key that does not fit; Unbound uses proofs that it has met elsewhere.
BY_CHANCE = "by chance"
NXDOMAIN = dns.rcode.NXDOMAIN


@dataclass(slots=True)
class Case:
    """One delegated zone, what of it is asked, and the zones below `test.` on the way there."""

    label: str
    top: Zone
    leaf: Server
    zone: Zone = field(init=False)
    asked: tuple[str, str] = (OWNER, "TXT")
    below: Zone | None = None

    def __post_init__(self) -> None:
        self.zone = Zone(f"{self.label}.test.")
        self.zone.serve(f"ns.{self.label}.test.", self.leaf.addresses[0])
        self.zone.add(OWNER, "TXT", '"value"')
        self.leaf.crafted.append(self.zone)
        self.top.delegate(self.zone, self.leaf.addresses[0])

    @property
    def zones(self) -> list[Zone]:
        return [self.zone] if self.below is None else [self.zone, self.below]

    @property
    def question(self) -> tuple[dns.name.Name, str]:
        owner, rdtype = self.asked
        return self.zones[-1].at(owner), rdtype

    def at(self, text: str = "") -> str:
        return f"{text}.{self.label}.test." if text else f"{self.label}.test."

    def answers(
        self, make: Callable[[Zone], Reply], owner: str = OWNER, rdtype: str = "TXT"
    ) -> None:
        zone = self.zone
        zone.replies[zone.at(owner), rdtype] = lambda: make(zone)

    def parent_answers(self, make: Callable[[Zone], Reply], rdtype: str = "DS") -> None:
        top = self.top
        top.replies[self.zone.origin, rdtype] = lambda: make(top)

    def parent_refers(self, make: Callable[[Zone], Reply]) -> None:
        """Replace the referral, whatever is asked."""
        top = self.top
        top.referrals[self.zone.origin] = lambda: make(top)

    def child(self, *, signed: bool) -> Zone:
        """Put another zone below, on the same server, that this one does not delegate."""
        self.below = Zone(f"sub.{self.label}.test.", signed=signed)
        self.below.serve(f"ns.{self.label}.test.", self.leaf.addresses[0])
        self.below.add(OWNER, "TXT", '"value"')
        self.leaf.crafted.append(self.below)
        return self.below


CASES: dict[str, tuple[Callable[[Case], None], str, str, str]] = {}


def case(
    ours: str, unbound: str, bind: str
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    def add(make: Callable[[Case], None]) -> Callable[[Case], None]:
        CASES[make.__name__.replace("_", "-")] = make, ours, unbound, bind
        return make

    return add


# -- what no zone cut is, or no unsigned one -------------------------------------------------------


def _undelegated(c: Case, *, signed: bool, make: Callable[[Zone], Reply]) -> None:
    c.child(signed=signed)
    zone = c.zone
    zone.replies[zone.at("sub"), "DS"] = lambda: make(zone)


@case("bogus", "bogus", "bogus")
def forgotten_ns_nodata(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nodata(nsec(c.at("sub"), c.at("sub0"), "A", "RRSIG", "NSEC")),
    )


@case("bogus", "bogus", "bogus")
def forgotten_ns_signed(c: Case) -> None:
    _undelegated(
        c,
        signed=True,
        make=lambda z: z.nodata(nsec(c.at("sub"), c.at("sub0"), "A", "RRSIG", "NSEC")),
    )


def _name_error(c: Case, z: Zone) -> Reply:
    return z.nxdomain(
        nsec(c.at(), c.at("a"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"),
        nsec(c.at("a"), c.at("z"), "A", "RRSIG", "NSEC"),
    )


@case("bogus", "bogus", "bogus")
def forgotten_nxdomain(c: Case) -> None:
    _undelegated(c, signed=False, make=lambda z: _name_error(c, z))


@case("bogus", "bogus", "bogus")
def forgotten_ent(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nodata(nsec(c.at("a"), c.at("b.sub"), "A", "RRSIG", "NSEC")),
    )


@case("bogus", "bogus", "bogus")
def forgotten_nsec3(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nxdomain(z.nsec3(z.origin, "NS", "SOA", "RRSIG", "DNSKEY", whole=True)),
    )


@case("bogus", "bogus", "bogus")
def forgotten_nsec3_without_ns(c: Case) -> None:
    _undelegated(c, signed=False, make=lambda z: z.nodata(z.nsec3("sub", "A", "RRSIG")))


@case("insecure", "insecure", "insecure")
def forgotten_under_opt_out(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nodata(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG", "DNSKEY", whole=True, flags=1)
        ),
    )


@case("bogus", "insecure", "bogus")
def forgotten_under_opt_out_nxdomain(c: Case) -> None:
    """Unbound ends at the NXDOMAIN for a name above, where there is one (RFC 9156)."""
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nxdomain(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG", "DNSKEY", whole=True, flags=1)
        ),
    )


@case("insecure", "insecure", "insecure")
def delegated_unsigned(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nodata(nsec(c.at("sub"), c.at("sub0"), "NS", "RRSIG", "NSEC")),
    )


@case("insecure", "insecure", "bogus")
def delegated_unsigned_nxdomain(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nxdomain(nsec(c.at("sub"), c.at("sub0"), "NS", "RRSIG", "NSEC")),
    )


@case("bogus", "bogus", "bogus")
def childs_own_nsec(c: Case) -> None:
    _undelegated(
        c,
        signed=False,
        make=lambda z: z.nodata(nsec(c.at("sub"), c.at("sub0"), "NS", "SOA", "RRSIG", "NSEC")),
    )


@case("insecure", "insecure", "insecure")
def iterations_150_of_a_delegation(c: Case) -> None:
    _undelegated(c, signed=False, make=lambda z: z.nodata(z.nsec3("sub", "NS", iterations=150)))


@case("insecure", "insecure", "insecure")
def iterations_151_of_a_delegation(c: Case) -> None:
    _undelegated(c, signed=False, make=lambda z: z.nodata(z.nsec3("sub", "NS", iterations=151)))


# -- denial of data --------------------------------------------------------------------------------


@case("secure", "secure", "secure")
def plain_value(c: Case) -> None:
    del c


@case("secure", "secure", "secure")
def nxdomain_proven(c: Case) -> None:
    c.answers(lambda z: _name_error(c, z))


@case("bogus", "bogus", "bogus")
def noerror_with_proof_of_non_existence(c: Case) -> None:
    def make(z: Zone) -> Reply:
        made = _name_error(c, z)
        made.rcode = dns.rcode.NOERROR
        return made

    c.answers(make)


@case("bogus", "bogus", "bogus")
def noerror_with_nsec3_proof_of_non_existence(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(z.origin, "NS", "SOA", "RRSIG", whole=True)))


@case("bogus", "secure", "bogus")
def nxdomain_with_proof_of_nodata(c: Case) -> None:
    """Unbound does not believe it where it asks for another type on its way (RFC 9156)."""
    c.answers(lambda z: z.nxdomain(nsec(c.at(OWNER), c.at("a"), "A", "RRSIG", "NSEC")))


@case("bogus", "bogus", "bogus")
def nxdomain_with_nsec3_proof_of_nodata(c: Case) -> None:
    c.answers(lambda z: z.nxdomain(z.nsec3(OWNER, "A", "RRSIG")))


@case("bogus", "secure", "bogus")
def nxdomain_for_an_empty_non_terminal(c: Case) -> None:
    c.answers(
        lambda z: z.nxdomain(
            nsec(c.at(), c.at(f"a.{OWNER}"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY")
        )
    )


@case("secure", "secure", "secure")
def empty_non_terminal(c: Case) -> None:
    c.answers(
        lambda z: z.nodata(nsec(c.at(), c.at(f"a.{OWNER}"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"))
    )


@case("secure", "secure", "secure")
def wildcard_nodata(c: Case) -> None:
    c.answers(
        lambda z: z.nodata(
            nsec(c.at("*"), c.at("a"), "A", "RRSIG", "NSEC"),
        )
    )


@case("bogus", "secure", "bogus")
def nxdomain_for_wildcard_nodata(c: Case) -> None:
    c.answers(lambda z: z.nxdomain(nsec(c.at("*"), c.at("a"), "A", "RRSIG", "NSEC")))


@case("secure", "secure", "secure")
def empty_wildcard(c: Case) -> None:
    """Nothing but a name below the wildcard: it exists, and lacks all types."""
    c.answers(
        lambda z: z.nodata(
            nsec(c.at(), c.at("x.*"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"),
            nsec(c.at("x.*"), c.at("a"), "A", "RRSIG", "NSEC"),
        )
    )


def _expanded_nodata(c: Case, following: str) -> None:
    nsec_of_wildcard = nsec(c.at("*"), c.at(following), "A", "RRSIG", "NSEC")
    c.answers(lambda z: Reply(authority=[*z.soa(), *z.expanded(nsec_of_wildcard, OWNER)]))


@case("bogus", "bogus", "bogus")
def nsec_of_a_wildcard_at_the_name(c: Case) -> None:
    _expanded_nodata(c, "+")


@case("secure", "secure", "bogus")
def nsec_of_a_wildcard_that_covers_the_name(c: Case) -> None:
    _expanded_nodata(c, "a")


@case("bogus", "bogus", "secure")
def nsec_that_leaves_the_zone(c: Case) -> None:
    c.answers(
        lambda z: z.nxdomain(nsec(c.at(), "zzz.test.", "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"))
    )


@case("bogus", "bogus", "secure")
def nsec_at_the_name_that_leaves_the_zone(c: Case) -> None:
    c.answers(lambda z: z.nodata(nsec(c.at(OWNER), "zzz.test.", "A", "RRSIG", "NSEC")))


@case("secure", "secure", "secure")
def last_nsec(c: Case) -> None:
    c.asked = ("z", "TXT")
    c.answers(
        lambda z: z.nxdomain(
            nsec(c.at(), c.at("a"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"),
            nsec(c.at("a"), c.at(), "A", "RRSIG", "NSEC"),
        ),
        "z",
    )


@case("bogus", "bogus", "bogus")
def nsec_that_wraps_to_the_middle(c: Case) -> None:
    c.asked = ("z", "TXT")
    c.answers(
        lambda z: z.nxdomain(
            nsec(c.at(), c.at("a"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"),
            nsec(c.at("n"), c.at("b"), "A", "RRSIG", "NSEC"),
        ),
        "z",
    )


@case("secure", "secure", "secure")
def only_nsec(c: Case) -> None:
    c.answers(lambda z: z.nxdomain(nsec(c.at(), c.at(), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY")))


def _nxdomain_below(c: Case, rdtype: str) -> None:
    """Deny a name below `www`, whose NSEC says that it has records of this type."""
    c.asked = (f"{OWNER}.www", "TXT")
    c.answers(
        lambda z: z.nxdomain(
            nsec(c.at(), c.at("a"), "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"),
            nsec(c.at("www"), c.at("z"), rdtype, "RRSIG", "NSEC"),
        ),
        f"{OWNER}.www",
    )


@case("bogus", "insecure", "bogus")
def ancestor_nsec_below_the_cut(c: Case) -> None:
    _nxdomain_below(c, "NS")


@case("bogus", "insecure", "bogus")
def ancestor_nsec_at_the_cut(c: Case) -> None:
    c.answers(lambda z: z.nodata(nsec(c.at(OWNER), c.at("a"), "NS", "RRSIG", "NSEC")))


@case("bogus", "insecure", "bogus")
def ancestor_nsec3_below_the_cut(c: Case) -> None:
    c.asked = (f"{OWNER}.www", "TXT")
    c.answers(
        lambda z: z.nxdomain(
            z.nsec3("www", "NS"),
            z.nsec3(f"{OWNER}.www", before=1),
            z.nsec3("*.www", before=1),
        ),
        f"{OWNER}.www",
    )


@case("bogus", "insecure", "bogus")
def ancestor_nsec3_at_the_cut(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(OWNER, "NS")))


@case("bogus", "bogus", "bogus")
def dname_nsec_below(c: Case) -> None:
    _nxdomain_below(c, "DNAME")


# -- NSEC3 -----------------------------------------------------------------------------------------


@case("secure", "secure", "secure")
def nsec3_nxdomain(c: Case) -> None:
    c.answers(lambda z: z.nxdomain(z.nsec3(z.origin, "NS", "SOA", "RRSIG", whole=True)))


@case("insecure", "insecure", "insecure")
def opt_out_nxdomain(c: Case) -> None:
    c.answers(lambda z: z.nxdomain(z.nsec3(z.origin, "NS", "SOA", "RRSIG", whole=True, flags=1)))


@case("bogus", "bogus", "bogus")
def opt_out_nxdomain_without_the_wildcards_proof(c: Case) -> None:
    c.answers(
        lambda z: z.nxdomain(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG", flags=1), z.nsec3(OWNER, before=1, flags=1)
        )
    )


@case("insecure", "insecure", "insecure")
def opt_out_nodata_without_the_wildcards_proof(c: Case) -> None:
    c.answers(
        lambda z: z.nodata(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG", flags=1), z.nsec3(OWNER, before=1, flags=1)
        )
    )


@case("insecure", "insecure", "insecure")
def opt_out_wildcard_nodata(c: Case) -> None:
    c.answers(
        lambda z: z.nodata(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG"),
            z.nsec3(OWNER, before=1, flags=1),
            z.nsec3("*", "A", "RRSIG", flags=1),
        )
    )


@case("secure", "secure", "secure")
def nsec3_wildcard_nodata(c: Case) -> None:
    c.answers(
        lambda z: z.nodata(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG"),
            z.nsec3(OWNER, before=1),
            z.nsec3("*", "A", "RRSIG"),
        )
    )


@case("bogus", "bogus", "bogus")
def nsec3_nxdomain_without_the_wildcards_proof(c: Case) -> None:
    c.answers(
        lambda z: z.nxdomain(z.nsec3(z.origin, "NS", "SOA", "RRSIG"), z.nsec3(OWNER, before=1))
    )


@case("secure", "secure", "secure")
def iterations_50(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(OWNER, "A", iterations=50)))


@case("secure", "secure", "secure")
def iterations_150(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(OWNER, "A", iterations=150)))


@case("insecure", "insecure", "insecure")
def iterations_151(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(OWNER, "A", iterations=151)))


@case("bogus", "bogus", "secure")
def unknown_nsec3_flags(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(OWNER, "A", flags=2)))


@case("bogus", "bogus", "bogus")
def unknown_nsec3_hash(c: Case) -> None:
    c.answers(lambda z: z.nodata(z.nsec3(OWNER, "A", algorithm=6)))


@case("bogus", "bogus", "bogus")
def nsec3_of_the_root(c: Case) -> None:
    def make(z: Zone) -> Reply:
        record = z.nsec3(OWNER, "A")
        alien = dns.rrset.from_rdata_list(dns.name.root, 300, list(record))
        return Reply(authority=[*z.soa(), alien, z.key.sign(alien, z.origin)])

    c.answers(make)


@case("secure", "secure", "secure")
def wrapped_nsec3(c: Case) -> None:
    """The last of the chain, whose next hash is the first one's, covers the name."""
    z = c.zone
    known = [z.hash(z.origin), z.hash("*")]
    label = next(f"n{n}" for n in range(100) if z.hash(f"n{n}") > max(known))
    wrapped = z.nsec3(label, before=1, after=min(known) - z.hash(label))
    c.asked = (label, "TXT")
    c.answers(
        lambda z: z.nxdomain(
            z.nsec3(z.origin, "NS", "SOA", "RRSIG"), wrapped, z.nsec3("*", before=1)
        ),
        label,
    )


@case("secure", "secure", "secure")
def two_salts_at_once(c: Case) -> None:
    def make(z: Zone) -> Reply:
        return z.nodata(z.nsec3("other", "A", iterations=3), z.nsec3(OWNER, "A"))

    c.answers(make)


# -- answers made from wildcards -------------------------------------------------------------------


def _expanded(c: Case, *denials: dns.rrset.RRset) -> None:
    c.asked = (f"{OWNER}.a.b", "TXT")
    made = rrset(c.at("*"), "TXT", '"value"')
    c.answers(
        lambda z: Reply(
            answer=z.expanded(made, f"{OWNER}.a.b"), authority=z.with_signatures(denials)
        ),
        f"{OWNER}.a.b",
    )


@case("secure", "secure", "secure")
def wildcard_proven(c: Case) -> None:
    _expanded(c, nsec(c.at("*"), c.at("c"), "TXT", "RRSIG", "NSEC"))


@case("bogus", "bogus", "bogus")
def wildcard_although_something_closer_exists(c: Case) -> None:
    _expanded(c, nsec(c.at("a.b"), c.at("c"), "A", "RRSIG", "NSEC"))


@case("bogus", "bogus", "bogus")
def wildcard_without_proof(c: Case) -> None:
    _expanded(c)


@case("secure", "secure", "secure")
def wildcard_nsec3(c: Case) -> None:
    _expanded(c, c.zone.nsec3("b", before=1))


@case("insecure", "insecure", "insecure")
def wildcard_nsec3_opt_out(c: Case) -> None:
    _expanded(c, c.zone.nsec3("b", before=1, flags=1))


# -- the parent's word -----------------------------------------------------------------------------


def _wildcard_cname(c: Case, z: Zone) -> Reply:
    made = rrset("*.test.", "CNAME", "plain-value.test.")
    return Reply(answer=z.expanded(made, name(c.at())))


@case("secure", "secure", "secure")
def ds_question_meets_a_wildcard_alias(c: Case) -> None:
    c.parent_answers(lambda z: _wildcard_cname(c, z))


@case("secure", "secure", "secure")
def ds_question_gets_bare_nodata(c: Case) -> None:
    c.parent_answers(lambda _: Reply())


@case("secure", "secure", "secure")
def ds_question_gets_nodata_without_proof(c: Case) -> None:
    c.parent_answers(lambda z: Reply(authority=z.soa()))


@case("secure", "secure", "secure")
def ds_question_gets_nxdomain(c: Case) -> None:
    c.parent_answers(lambda z: Reply(authority=z.soa(), rcode=NXDOMAIN))


@case("secure", "secure", "secure")
def referral_without_ds(c: Case) -> None:
    ns = c.top.data[c.zone.origin, "NS"]
    c.parent_refers(lambda _: Reply(authority=[ns], aa=False))


@case("bogus", "bogus", "bogus")
def referral_without_ds_and_none_when_asked(c: Case) -> None:
    ns = c.top.data[c.zone.origin, "NS"]
    c.parent_refers(lambda _: Reply(authority=[ns], aa=False))
    c.parent_answers(lambda z: Reply(authority=z.soa()))


def _refers(c: Case, make: Callable[[Zone], list[dns.rrset.RRset]]) -> None:
    """Let the referral hold this beside the NS set."""
    ns = c.top.data[c.zone.origin, "NS"]
    c.parent_refers(lambda z: Reply(authority=[ns, *make(z)], aa=False))


def _is_unsigned(c: Case) -> None:
    c.zone.signed = False
    c.top.cuts[c.zone.origin] = []


@case("bogus", BY_CHANCE, "bogus")
def unsigned_by_the_referral_alone(c: Case) -> None:
    _is_unsigned(c)
    c.parent_answers(lambda _: Reply())


@case("bogus", BY_CHANCE, "bogus")
def unsigned_by_an_opt_out_referral_alone(c: Case) -> None:
    _is_unsigned(c)
    apex = c.top.nsec3(c.top.origin, "NS", "SOA", "RRSIG", flags=1)
    narrow = c.top.nsec3(c.zone.origin, before=1, flags=1)  # Unbound uses it for all it covers
    _refers(c, lambda z: z.with_signatures((apex, narrow)))
    c.parent_answers(lambda _: Reply())


@case("bogus", "bogus", "bogus")
def unsigned_by_no_proof_at_all(c: Case) -> None:
    _is_unsigned(c)
    _refers(c, lambda _: [])
    c.parent_answers(lambda z: Reply(authority=z.soa()))


@case("insecure", BY_CHANCE, "insecure")
def unsigned_and_the_referral_has_a_proof_of_something_else(c: Case) -> None:
    _is_unsigned(c)
    _refers(c, lambda z: z.with_signature(nsec(c.at(), f"\\000.{c.at()}", "A", "RRSIG")))


@case("secure", "secure", "secure")
def ds_in_the_referral_without_a_signature(c: Case) -> None:
    _refers(c, lambda z: [z.ds_of(c.zone.origin)])


@case("secure", "secure", "secure")
def ds_in_the_referral_with_a_broken_signature(c: Case) -> None:
    def make(z: Zone) -> list[dns.rrset.RRset]:
        ds = z.ds_of(c.zone.origin)
        return [ds, Key().sign(ds, z.origin)]

    _refers(c, make)


@case("bogus", "bogus", "bogus")
def wrong_ds_in_the_referral_and_the_right_one_when_asked(c: Case) -> None:
    wrong = dns.rrset.from_rdata_list(c.zone.origin, 300, _alien_ds(1))
    _refers(c, lambda z: z.with_signature(wrong))


@case("secure", "secure", "secure")
def right_ds_in_the_referral_and_a_wrong_one_when_asked(c: Case) -> None:
    wrong = dns.rrset.from_rdata_list(c.zone.origin, 300, _alien_ds(1))
    c.parent_answers(lambda z: Reply(z.with_signature(wrong)))


@case("secure", "secure", "secure")
def ds_in_the_referral_and_denied_when_asked(c: Case) -> None:
    c.parent_answers(lambda z: z.nodata(nsec(c.at(), f"\\000.{c.at()}", "NS", "RRSIG")))


# -- many keys, DS and signatures ------------------------------------------------------------------


def _alien_ds(count: int) -> list[DS]:
    return [
        dns.rdata.from_text("IN", "DS", f"{number + 1} 15 2 {'ab' * 32}") for number in range(count)
    ]


@case("secure", "secure", "secure")
def seventeen_ds(c: Case) -> None:
    c.top.cuts[c.zone.origin] = [
        ds
        for ds in [*_alien_ds(40), c.zone.key.ds(c.zone.origin)]
        if ds.key_tag != c.zone.key.tag or ds == c.zone.key.ds(c.zone.origin)
    ]


def _signatures(z: Zone, count: int, *, ends: float) -> list[dns.rrset.RRset]:
    data = z.data[z.at(OWNER), "TXT"]
    made = z.key.sign(data, z.origin)
    for number in range(count):
        (other,) = Key().sign(data, z.origin, ends=ends + number)
        made.add(other)
    return [data, made]


@case("secure", "secure", "secure")
def eight_signatures_by_absent_keys(c: Case) -> None:
    c.answers(lambda z: Reply(_signatures(z, 8, ends=20 * DAY)))


@case("secure", "secure", "secure")
def thirty_signatures_by_absent_keys(c: Case) -> None:
    c.answers(lambda z: Reply(_signatures(z, 30, ends=20 * DAY)))


@case("bogus", "bogus", "bogus")
def signature_that_ends_before_it_begins(c: Case) -> None:
    def make(z: Zone) -> Reply:
        data = z.data[z.at(OWNER), "TXT"]
        return Reply([data, z.key.sign(data, z.origin, begins=600, ends=-600)])

    c.answers(make)


@case("secure", "secure", "secure")
def signature_from_before_the_circle(c: Case) -> None:
    """Valid for 68 years less a day, so that its begin lies before 1970."""

    def make(z: Zone) -> Reply:
        data = z.data[z.at(OWNER), "TXT"]
        return Reply([data, z.key.sign(data, z.origin, begins=-60 * 365 * DAY, ends=5 * 365 * DAY)])

    c.answers(make)


@case("secure", "secure", "secure")
def wrong_digests_beside_the_right_one(c: Case) -> None:
    right = c.zone.key.ds(c.zone.origin)
    wrong = [right.replace(digest=bytes([n] * 32)) for n in range(3)]
    c.top.cuts[c.zone.origin] = [*wrong, right]


@case("secure", "secure", BY_CHANCE)
def two_keys_of_one_tag(c: Case) -> None:
    tags: dict[int, Key] = {}
    while (key := Key()).tag not in tags:
        tags[key.tag] = key
    c.zone.key, other = key, tags[key.tag]
    c.zone.keys = [other.dnskey, key.dnskey]
    c.top.cuts[c.zone.origin] = [key.ds(c.zone.origin)]


@case("secure", "secure", "secure")
def a_hundred_keys(c: Case) -> None:
    others = (Key().dnskey for _ in range(99))
    c.zone.keys = [*(key for key in others if dns.dnssec.key_id(key) != c.zone.key.tag)]
    c.zone.keys.append(c.zone.key.dnskey)


@case("bogus", "bogus", "bogus")
def algorithm_of_the_ds_differs(c: Case) -> None:
    wrong = c.zone.key.ds(c.zone.origin)
    c.top.cuts[c.zone.origin] = [wrong.replace(algorithm=13)]


@case("bogus", "bogus", "bogus")
def digest_differs(c: Case) -> None:
    wrong = c.zone.key.ds(c.zone.origin)
    c.top.cuts[c.zone.origin] = [wrong.replace(digest=bytes(32))]


@case("secure", "secure", "secure")
def answer_without_authority(c: Case) -> None:
    def make(z: Zone) -> Reply:
        made = z.usual(z.at(OWNER), "TXT")
        made.aa = False
        return made

    c.answers(make)


@case("secure", "secure", "secure")
def denial_without_authority(c: Case) -> None:
    def make(z: Zone) -> Reply:
        made = z.nodata(nsec(c.at(OWNER), c.at("a"), "A", "RRSIG", "NSEC"))
        made.aa = False
        return made

    c.answers(make)


@case("bogus", "bogus", "bogus")
def bare_nodata_without_authority(c: Case) -> None:
    c.answers(lambda _: Reply(aa=False))


@case("bogus", "bogus", "bogus")
def no_denial_of_caa(c: Case) -> None:
    c.asked = ("@", "CAA")
    c.answers(lambda z: Reply(authority=z.soa()), "@", "CAA")


# -- without authority, in unsigned zones: how CAA is read then, the tests of CAA show -------------


def _unsigned(c: Case, make: Callable[[Zone], Reply]) -> None:
    c.zone.signed = False
    c.top.cuts[c.zone.origin] = []
    c.asked = ("@", "CAA")
    c.zone.add("@", "CAA", '0 issue "ca.example"')
    c.answers(make, "@", "CAA")


@case("insecure", "insecure", "insecure")
def unsigned_nodata_without_authority(c: Case) -> None:
    _unsigned(c, lambda _: Reply(aa=False))


@case("insecure", "insecure", "insecure")
def unsigned_answer_without_authority(c: Case) -> None:
    _unsigned(c, lambda z: Reply([z.data[z.origin, "CAA"]], aa=False))


@case("insecure", "insecure", "insecure")
def unsigned_nodata_with_soa_without_authority(c: Case) -> None:
    _unsigned(c, lambda z: Reply(authority=z.soa(), aa=False))


@case("insecure", "insecure", "insecure")
def unsigned_nodata_from_a_resolver(c: Case) -> None:
    _unsigned(c, lambda _: Reply(aa=False, ra=True))


@case("insecure", "insecure", "insecure")
def unsigned_answer_from_a_resolver(c: Case) -> None:
    _unsigned(c, lambda z: Reply([z.data[z.origin, "CAA"]], aa=False, ra=True))


@case("insecure", "insecure", "bogus")
def unsigned_referral_to_itself(c: Case) -> None:
    _unsigned(c, lambda z: Reply(authority=[z.data[z.origin, "NS"]], aa=False))


@case("insecure", "bogus", "bogus")
def unsigned_referral_upwards(c: Case) -> None:
    _unsigned(c, lambda _: Reply(authority=[rrset("test.", "NS", "top.test.")], aa=False))


# -- running them ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Bench:
    """The judges, and the servers that they ask."""

    top: Server
    leaf: Server
    root: Zone
    tld: Zone
    unbound: Unbound
    bind: ValidatingBind
    cases: dict[str, Case]


@pytest.fixture(scope="session")  # a worker may come back to it after other tests
def bench(session_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory = tmp_path_factory.mktemp("judges")
    top, leaf = (Server(session_lab.addresses()[0]) for _ in range(2))
    root, tld = Zone("."), Zone("test.")
    root.serve("top.test.", top.addresses[0])
    tld.serve("top.test.", top.addresses[0])
    root.add("test.", "NS", "top.test.")
    root.cuts[tld.origin] = [tld.key.ds(tld.origin)]
    top.crafted += [root, tld]
    cases = {}
    for label, (make, *_) in CASES.items():
        cases[label] = Case(label, tld, leaf)
        make(cases[label])
    hints = directory / "root.hints"
    hints.write_text(f". 3600 IN NS top.test.\ntop.test. 3600 IN A {top.addresses[0]}\n")
    anchor = directory / "root.ds"
    anchor.write_text(f". IN DS {root.key.ds(dns.name.root)}\n")
    (directory / "unbound").mkdir()
    (directory / "bind").mkdir()
    unbound = Unbound(
        session_lab.addresses(),
        directory=directory / "unbound",
        root_hints=hints,
        trust_anchor=anchor,
        cache_seconds=3600,
    )
    unbound.extra_configuration = "  qname-minimisation: no\n  do-ip6: no\n"
    bind = ValidatingBind(
        session_lab.addresses()[0],
        directory=directory / "bind",
        root_hints=hints,
        trust_anchor=str(root.key.ds(dns.name.root)),
    )
    with top, leaf:
        try:
            unbound.start()
            unbound.wait_ready()
            bind.start()
            yield Bench(top, leaf, root, tld, unbound, bind, cases)
        finally:
            unbound.kill()
            bind.kill()


def ask(address: str, owner: dns.name.Name, rdtype: str) -> tuple[ServerReply, ...]:
    query = dns.message.make_query(owner, rdtype, flags=0, use_edns=0, want_dnssec=True)
    message, _ = dns.query.udp_with_fallback(query, address, timeout=10)
    place = ServerAddress(None, Endpoint(address))
    return (ServerReply(place, Response(message, Transport.UDP, 0.0)),)


def assessed(bench: Bench, made: Case) -> Assessment:
    """Ask what a validator asks, and judge."""
    owner, rdtype = made.question
    above: Zone | None = None
    above_address = ""
    chain = []
    for zone in (bench.root, bench.tld, *made.zones):
        address = (bench.top if zone in (bench.root, bench.tld) else bench.leaf).addresses[0]
        last = zone is made.zones[-1]
        asked = (
            (Asked(owner, dns.rdatatype.from_text(rdtype), ask(address, owner, rdtype)),)
            if last
            else ()
        )
        chain.append(
            ZoneFacts(
                zone.origin,
                above.origin if above else None,
                ask(above_address, zone.origin, "DS") if above else (),
                ask(address, zone.origin, "DNSKEY"),
                asked,
                ask(above_address, owner, rdtype) if above else (),
            )
        )
        above, above_address = zone, address
    anchors = (bench.root.key.ds(dns.name.root),)
    return validate(Facts(tuple(chain)), anchors, now=int(time.time()))


@pytest.mark.parametrize("label", CASES)
def test_it_is_judged_as_resolvers_judge_it(bench: Bench, label: str) -> None:
    _, ours, unbound, bind = CASES[label]
    made = bench.cases[label]
    owner, rdtype = made.question
    got = {
        "unbound": unbound
        if unbound == BY_CHANCE
        else status(bench.unbound.query(str(owner), rdtype, seconds=20, dnssec=True)),
        "bind": bind if bind == BY_CHANCE else status(bench.bind.query(str(owner), rdtype)),
    }
    assessment = assessed(bench, made)
    apex = made.zones[-1].origin
    (zone,) = (z for z in assessment.zones if z.apex == apex)
    state = zone.status
    assert {"ours": str(state), **got} == {"ours": ours, "unbound": unbound, "bind": bind}, [
        (z.apex.to_text(), z.status, z.reason, [(f.kind, f.detail) for f in z.faults])
        for z in assessment.zones
    ]


FAULTS = {
    "forgotten-nxdomain": ("denial-invalid", "DS", "the zone above proves that no zone begins"),
    "noerror-with-proof-of-non-existence": ("denial-invalid", "TXT", "of proof and answer, one"),
    "nsec-that-leaves-the-zone": ("denial-invalid", "TXT", "the proof that it does not exist"),
    "wildcard-although-something-closer-exists": ("denial-invalid", "TXT", "made from *."),
    "bare-nodata-without-authority": ("signature-missing", "TXT", "a negative answer without"),
    "no-denial-of-caa": ("signature-missing", "CAA", "a negative answer without a signed proof"),
    "digest-differs": ("digest-differs", "DNSKEY", "key tag {tag} exists, but its digest differs"),
    "algorithm-of-the-ds-differs": ("ds-without-key", "DNSKEY", "key {tag} has algorithm 15, its"),
    "signature-that-ends-before-it-begins": ("signature-invalid", "TXT", "the signature with key"),
    "referral-without-ds-and-none-when-asked": ("signature-missing", "DS", "a negative answer"),
}


@pytest.mark.parametrize("label", FAULTS)
def test_the_fault_names_what_is_missing_or_does_not_fit(bench: Bench, label: str) -> None:
    kind, rdtype, detail = FAULTS[label]
    made = bench.cases[label]
    (fault,) = (f for zone in assessed(bench, made).zones for f in zone.faults)
    assert (str(fault.kind), dns.rdatatype.to_text(fault.rdtype)) == (kind, rdtype)
    assert fault.detail.startswith(detail.format(tag=made.zone.key.tag))
