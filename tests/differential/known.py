"""Worlds that once showed a difference, each as small as its kind allows: judged at every test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.differential.worlds import VALUE, Fault, Server, World, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ANY_NAME = ("A", "AAAA", "CAA", "NS", "SOA", "TXT")


def known() -> Iterator[World]:
    """Make them all; `seed` counts them."""
    makers = (
        _unsigned_below,
        _signed_below,
        _flipped,
        _forgotten,
        _asked_above,
        _on_one_server,
        _of_two_registry_servers,
        _denied_on_the_way,
        _unsigned_under_opt_out,
        _held_by_some,
        _aliased_into_a_failing_registry,
    )
    for number, world in enumerate((w for make in makers for w in make()), start=1):
        zones, servers, domain = world
        yield World(number, domain, zones, servers)


def _record(domain: str = "shop") -> tuple[str, ...]:
    return (f"_acme-challenge.{domain} TXT {VALUE}",)


def _two(
    shop: Zone, top: Fault | None = None, own: Fault | None = None, *, signing: str = "nsec"
) -> tuple[tuple[Zone, ...], tuple[Server, ...]]:
    """Make a TLD and a domain, on a server each, that may do one thing wrong each."""
    return (
        (Zone("", ("ns1",), signing), shop),
        (
            Server("ns1", ("4",), ("",), (top,) if top else ()),
            Server("ns2", ("4",), ("shop",), (own,) if own else ()),
        ),
    )


def _unsigned_below() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """A referral that denies the DS by opt-out is not enough for either resolver: both ask."""
    shop = Zone("shop", ("ns2",), records=_record())
    for action in ("servfail", "refused", "nxdomain", "nodata", "truncated-without-tcp"):
        yield *_two(shop, Fault(action, ("DS",)), signing="opt-out"), "shop"
    # What only the referral gets wrong, the answer about the DS makes good.
    for action in ("plain", "broken-signatures", "without-signatures"):
        yield *_two(shop, Fault(action, _AT_ANY_NAME, at="shop")), "shop"


def _signed_below() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    shop = Zone("shop", ("ns2",), "nsec", records=_record())
    for action in ("plain", "without-signatures"):
        yield *_two(shop, Fault(action, _AT_ANY_NAME, at="shop")), "shop"


def _flipped() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """NXDOMAIN for what is there, in a signed zone: a resolver ends at a name above."""
    for signing in ("nsec", "nsec3", "opt-out"):
        for beside in ((), ("b.shop A 192.0.2.1", "a.b.shop A 192.0.2.1")):
            shop = Zone("shop", ("ns2",), signing, records=(*_record("a.b.shop"), *beside))
            yield *_two(shop, own=Fault("flipped-rcode", at="b.shop")), "a.b.shop"


def _forgotten() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """A zone that nobody delegates, served beside the one above, which denies it."""
    for signing in ("nsec", "nsec3", "opt-out"):
        for cut in ("b.shop", "_acme-challenge.a.b.shop"):
            shop = Zone("shop", ("ns2",), signing)
            below = Zone(cut, ("ns2",), delegated=False, records=_record("a.b.shop"))
            (tld, shop), (first, second) = _two(shop)
            zones = (tld, shop, below)
            yield zones, (first, Server("ns2", second.families, ("shop", cut))), "a.b.shop"


def _asked_above() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """Both resolvers ask the servers above a zone about its apex, or for all they hold of it."""
    delegated = (
        Zone("", ("ns1",), "opt-out"),
        Zone("shop", ("ns1",)),
        Zone("_acme-challenge.shop", ("ns2",), records=_record()),
    )
    second = Server("ns2", ("4",), ("_acme-challenge.shop",))
    for action in ("garbage", "notimp", "silent"):
        first = Server("ns1", ("4",), ("", "shop"), (Fault(action, ("TXT",)),))
        yield delegated, (first, second), "shop"
    caa = ('shop CAA 0 issue "letsencrypt.org"',)
    yield (
        *_two(Zone("shop", ("ns2",), records=(*_record(), *caa)), Fault("notimp", ("CAA",))),
        "shop",
    )
    # The registry passes all on, but one domain's CAA.
    for action in ("servfail", "silent"):
        shop = Zone("shop", ("ns2",), "nsec", records=_record())
        yield *_two(shop, Fault(action, ("CAA",), at="shop")), "shop"
    # Of the zone's servers, resolvers know the delegated one, which fails.
    shop = Zone("shop", ("ns2",), apex=("ns2", "ns3"), records=_record("www.shop"))
    second = Server("ns2", ("4",), ("shop",), (Fault("formerr", ("CAA",), at="www.shop"),))
    third = Server("ns3", ("4",), ("shop",))
    yield (Zone("", ("ns1",)), shop), (Server("ns1", ("4",), ("",)), second, third), "www.shop"
    shop = replace(shop, records=_record())
    for action in ("servfail", "silent", "refused"):
        second = Server("ns2", ("4",), ("shop",), (Fault(action, ("TXT",)),))
        yield (Zone("", ("ns1",)), shop), (Server("ns1", ("4",), ("",)), second, third), "shop"
    # The TLD's server holds the alias's target, too: nobody learns who else does.
    aliased = ("www.shop CNAME web.aim", *_record("www.shop"), *caa)
    aim = Zone("aim", ("ns1", "ns2"), records=("web.aim A 192.0.2.9",))
    (tld, shop), (first, second) = _two(
        Zone("shop", ("ns2",), records=aliased), Fault("notimp", ("CAA",), at="aim")
    )
    first, second = replace(first, zones=("", "aim")), replace(second, zones=("shop", "aim"))
    yield (tld, shop, aim), (first, second), "www.shop"


def _on_one_server() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """A zone beside the one above it: no referral shows it, and resolvers know the address."""
    for signing in ("no", "nsec"):
        zones = Zone("", ("ns1",), "nsec"), Zone("shop", ("ns1",), signing, records=_record())
        for fault in (
            Fault("nxdomain", ("AAAA",)),
            Fault("bare-denial"),
            Fault("notimp", ("SOA",)),
            Fault("without-soa", at="shop"),
            Fault("not-authoritative", ("SOA",)),
        ):
            yield zones, (Server("ns1", ("6",), ("", "shop"), (fault,)),), "shop"
    # On its way to the keys, Unbound ends at an apex that the server denies when asked for A.
    zones = Zone("", ("ns1",), "nsec"), Zone("shop", ("ns1",), "nsec", records=_record())
    denying = Server("ns1", ("4",), ("", "shop"), (Fault("nxdomain", ("A",)),))
    yield zones, (denying,), "shop"
    below = Zone("www.shop", ("ns2",), records=_record("www.shop"))
    yield (*zones, below), (denying, Server("ns2", ("4",), ("www.shop",))), "www.shop"
    # It gives no NS records there, which neither resolver asks for.
    fault = Fault("truncated-without-tcp", ("NS",), at="shop")
    yield zones, (Server("ns1", ("4",), ("", "shop"), (fault,)),), "shop"
    # The TLD's server leaves AA out, even for the addresses of the domain's servers.
    zones = Zone("", ("ns1",)), Zone("shop", ("ns2",), records=_record())
    faults = Fault("not-authoritative"), Fault("without-additional")
    yield zones, (Server("ns1", ("4",), ("",), faults), Server("ns2", ("4",), ("shop",))), "shop"
    # One server of the zone above holds the zone, the others refer: to a name without an address.
    zones = (
        Zone("", ("ns1",)),
        Zone("shop", ("ns2", "ns3")),
        Zone("_acme-challenge.shop", ("ns3",), records=_record()),
    )
    denying = Server("ns1", ("4",), ("",), (Fault("nxdomain", ("AAAA",)),))
    holding = Server("ns3", ("6",), ("shop", "_acme-challenge.shop"))
    yield zones, (denying, Server("ns2", ("4",), ("shop",)), holding), "shop"
    # The walk's question meets an alias, and the name above it has an answer without an SOA.
    records = ("_acme-challenge.www.shop CNAME hop.shop", f"hop.shop TXT {VALUE}")
    zones = Zone("", ("ns1",), "nsec"), Zone("shop", ("ns1",), records=records)
    server = Server("ns1", ("4",), ("", "shop"), (Fault("without-soa", at="www.shop"),))
    yield zones, (server,), "www.shop"


def _of_two_registry_servers() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """One of a TLD's servers gives signatures that do not hold: resolvers ask the other one."""
    zones = Zone("", ("ns1", "ns2"), "nsec"), Zone("shop", ("ns3",), "nsec", records=_record())
    for fault in (
        Fault("unsigned-copy"),
        Fault("expired-copy"),
        Fault("without-signatures", ("DS",)),
        Fault("nodata", ("DS",)),
    ):
        tld = Server("ns1", ("4",), ("",), (fault,)), Server("ns2", ("4",), ("",))
        yield zones, (*tld, Server("ns3", ("4",), ("shop",))), "shop"
    # The one that would be right gives no CAA.
    fault = Fault("truncated-without-tcp", ("CAA",))
    tld = (
        Server("ns1", ("4",), ("",), (Fault("ignores-edns"),)),
        Server("ns2", ("4",), ("",), (fault,)),
    )
    yield zones, (*tld, Server("ns3", ("4",), ("shop",))), "shop"
    # Both addresses of a server have the same copy.
    tld = Server("ns1", ("4", "6"), ("",), (Fault("expired-copy"),)), Server("ns2", ("4",), ("",))
    yield zones, (*tld, Server("ns3", ("4",), ("shop",))), "shop"


def _denied_on_the_way() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """An empty non-terminal that is NXDOMAIN against its proof ends Unbound's way to the target.

    Without signatures, neither resolver cares.
    """
    records = "_acme-challenge.shop CNAME acme.v.shop", f"acme.v.shop TXT {VALUE}"
    for signing in ("no", "nsec", "nsec3"):
        shop = Zone("shop", ("ns2",), signing, records=records)
        yield *_two(shop, own=Fault("flipped-rcode", at="v.shop")), "shop"
    shop = Zone("shop", ("ns2",), "nsec", records=records)
    yield *_two(shop, own=Fault("nxdomain", ("A", "NS"), at="v.shop")), "shop"


def _unsigned_under_opt_out() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """What a wildcard has, without its signatures, may lie in an unsigned zone below: or not."""
    records = "_acme-challenge.shop CNAME hop.v.shop", f"*.v.shop TXT {VALUE}"
    for signing in ("opt-out", "nsec3"):
        shop = Zone("shop", ("ns2",), signing, records=records)
        yield *_two(shop, own=Fault("without-signatures", ("TXT",), at="v.shop")), "shop"


def _held_by_some() -> Iterator[tuple[tuple[Zone, ...], tuple[Server, ...], str]]:
    """Of a zone's servers one holds a zone below, too, and one denies it: the same at each look."""
    shop = Zone("shop", ("ns2", "ns3"))
    below = Zone("b.shop", ("ns2",), records=_record("a.b.shop"))
    forgets = (Fault("forgets-delegation"),)
    servers = (
        Server("ns1", ("4",), ("",)),
        Server("ns2", ("4",), ("shop", "b.shop")),
        Server("ns3", ("4",), ("shop",), forgets),
    )
    yield (Zone("", ("ns1",)), shop, below), servers, "a.b.shop"


def _aliased_into_a_failing_registry() -> Iterator[
    tuple[tuple[Zone, ...], tuple[Server, ...], str]
]:
    """A registry fails for another domain, where the CAA of an alias is looked for."""
    shop = Zone("shop", ("ns2",), records=(*_record("www.shop"), "www.shop CNAME web.aim"))
    aim = Zone("aim", ("ns2",), records=("web.aim A 192.0.2.9",))
    second = Server("ns2", ("4",), ("shop", "aim"))
    for action in ("notimp", "servfail"):
        first = Server("ns1", ("4",), ("",), (Fault(action, at="aim"),))
        yield (Zone("", ("ns1",), "nsec"), shop, aim), (first, second), "www.shop"
