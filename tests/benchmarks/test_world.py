from __future__ import annotations

import functools
import ipaddress

import dns.name
import dns.rdatatype
import dns.zone

from benchmarks.world import zones
from benchmarks.world.shape import (
    FARTHEST,
    NEAREST,
    Group,
    Shape,
    make_customers,
    make_shape,
    round_trip,
)


@functools.cache
def _parsed(text: str, origin: str) -> dns.zone.Zone:
    return dns.zone.from_text(text, origin, relativize=False)


def _texts(zone: dns.zone.Zone, name: str, *kinds: str) -> set[str]:
    """The data of the records of some types at a name."""
    return {
        rdata.to_text()
        for kind in kinds
        for rdata in zone.get_rdataset(dns.name.from_text(name), kind) or ()
    }


def _own_zone(shape: Shape, zone: str) -> Group:
    [group] = [group for group in shape.groups if zone in group.zones]
    return group


def test_root_and_registry_have_thirteen_servers_with_an_address_of_each_family() -> None:
    for group in (make_shape().root, make_shape().registry):
        assert len(group.servers) == 13
        for server in group.servers:
            families = [ipaddress.ip_address(address).version for address in server.addresses]
            assert families == [4, 6]


def test_providers_run_from_two_name_servers_with_two_addresses_to_eight_and_six() -> None:
    providers = make_shape().providers
    assert [len(provider.servers) for provider in providers] == [2, 2, 3, 4, 6, 8]
    assert [len(provider.addresses) for provider in providers] == [4, 12, 12, 8, 24, 16]
    for provider in providers:
        for server in provider.servers:
            families = [ipaddress.ip_address(address).version for address in server.addresses]
            assert families.count(4) == families.count(6)


def test_every_address_is_one_servers_and_stays_on_this_machine() -> None:
    addresses = [address for group in make_shape().groups for address in group.addresses]
    assert len(set(addresses)) == len(addresses) == 52 + 76
    for address in map(ipaddress.ip_address, addresses):
        assert address in (
            ipaddress.ip_network("127.0.0.0/8" if address.version == 4 else "fd00::/8")
        )


def test_distances_are_the_same_at_every_run_and_within_bounds() -> None:
    distances = [round_trip(a) for group in make_shape().groups for a in group.addresses]
    assert distances == [round_trip(a) for group in make_shape().groups for a in group.addresses]
    assert NEAREST <= min(distances) < 0.012
    assert 0.2 < max(distances) <= FARTHEST


def test_customers_are_spread_over_providers_evenly_with_values_of_their_own() -> None:
    customers = make_customers(make_shape(), 60)
    for provider in make_shape().providers:
        theirs = [customer for customer in customers if customer.provider == provider]
        assert len(theirs) == 10
        assert sum(customer.has_caa for customer in theirs) == 5
    assert len({customer.value for customer in customers}) == 60
    assert {len(customer.value) for customer in customers} == {43}


def test_every_delegation_lists_what_the_zone_itself_lists() -> None:
    shape = make_shape()
    customers = make_customers(shape, 12)
    root = _parsed(zones.root_zone(shape), ".")
    children = {zone: zones.registry_zone(zone, shape, customers) for zone in ("com.", "net.")}
    for zone, text in children.items():
        registry = _parsed(text, zone)
        assert _texts(root, zone, "NS") == _texts(registry, zone, "NS") != set()
    below = {
        zone: zones.servers_zone(zone, group) for group in shape.groups for zone in group.zones
    }
    below |= {f"{c.domain}.": zones.customer_zone(c) for c in customers}
    for zone, text in below.items():
        parent = zone.split(".", 1)[1]
        registry = _parsed(children[parent], parent)
        assert _texts(registry, zone, "NS") == _texts(_parsed(text, zone), zone, "NS") != set()


def test_glue_is_what_the_zone_itself_says_and_what_the_shape_says() -> None:
    shape = make_shape()
    parents = {
        ".": zones.root_zone(shape),
        **{zone: zones.registry_zone(zone, shape, ()) for zone in ("com.", "net.")},
    }
    for parent, text in parents.items():
        registry = _parsed(text, parent)
        for name, node in registry.nodes.items():
            host = name.to_text()
            if node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.A) is None:
                continue
            zone = host.split(".", 1)[1]
            own = _parsed(zones.servers_zone(zone, _own_zone(shape, zone)), zone)
            [known] = [
                set(server.addresses)
                for server in _own_zone(shape, zone).servers
                if server.host == host
            ]
            assert _texts(registry, host, "A", "AAAA") == _texts(own, host, "A", "AAAA") == known


def test_a_zone_has_the_record_once_it_is_published_and_a_later_serial() -> None:
    customer = make_customers(make_shape(), 1)[0]
    origin = f"{customer.domain}."
    before = _parsed(zones.customer_zone(customer, published=False), origin)
    after = _parsed(zones.customer_zone(customer), origin)
    assert _texts(before, customer.owner, "TXT") == set()
    assert _texts(after, customer.owner, "TXT") == {f'"{customer.value}"'}
    assert [zone[origin].rdatasets[0][0].serial for zone in (before, after)] == [1, 2]
