"""Where a record belongs is found out with as few questions at its name as can be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.run import record_location
from certbot_dns_preflight.settings import Settings
from tests.lab.laboratory import zone_text
from tests.lab.misbehaving import Authoritative, Refusing, Silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.run.record_location import RecordLocation
    from tests.lab import Lab

N = dns.name.from_text


@pytest.fixture
def find(lab: Lab) -> Callable[..., dict[str, RecordLocation]]:
    """Find the places for some domains, by domain."""

    def find(*domains: str, **more: object) -> dict[str, RecordLocation]:
        asked = [make_challenge(domain) for domain in domains]
        options = {"root_hints": lab.root_hints, "query_timeout": 0.5, **more}
        found = asyncio.run(record_location.find(asked, Settings(**options)))  # type: ignore[arg-type]
        return {one.domain: found[one.owner] for one in asked}

    return find


@pytest.fixture
def two_servers(lab: Lab) -> Callable[..., tuple[Authoritative, Authoritative]]:
    """Two servers of one zone, which is delegated to them, each with one address."""

    def make(
        origin: str,
        records: str,
        kinds: tuple[type[Authoritative], type[Authoritative]] = (Authoritative, Authoritative),
    ) -> tuple[Authoritative, Authoritative]:
        hosts = ["nsa.dns.test.", "nsb.dns.test."]
        made = []
        for host, kind in zip(hosts, kinds, strict=True):
            address, _ = lab.addresses()
            lab.name_addresses(host, [address])
            made.append(kind([address], {origin: zone_text(origin, hosts, records)}))
        lab.delegate(origin, hosts)
        lab._undo.append(lambda: lab.undelegate(origin))
        return made[0], made[1]

    return make


def asked_at(server: Authoritative, name: str) -> list[str]:
    return [
        dns.rdatatype.to_text(question.kind)
        for question in server.asked
        if question.name == N(name)
    ]


def test_the_name_itself_is_the_place_where_it_is_no_alias(
    find: Callable[..., dict[str, RecordLocation]],
) -> None:
    found = find("www.example.test")["www.example.test"]
    assert not found.is_alias
    assert (found.record, found.zone) == (
        N("_acme-challenge.www.example.test."),
        N("example.test."),
    )
    assert found.relative == "_acme-challenge.www"


def test_one_server_is_asked_once_for_the_alias_and_nobody_for_the_txt(
    find: Callable[..., dict[str, RecordLocation]],
    two_servers: Callable[..., tuple[Authoritative, Authoritative]],
) -> None:
    first, second = two_servers("quiet.test.", "")
    with first, second:
        assert not find("quiet.test")["quiet.test"].is_alias
    owner = "_acme-challenge.quiet.test."
    assert sorted([asked_at(first, owner), asked_at(second, owner)]) == [[], ["CNAME"]]


@pytest.mark.parametrize("kind", [Refusing, Silent])
def test_a_server_of_no_use_is_passed_over(
    find: Callable[..., dict[str, RecordLocation]],
    two_servers: Callable[..., tuple[Authoritative, Authoritative]],
    kind: type[Authoritative],
) -> None:
    first, second = two_servers(
        "half.test.", "_acme-challenge CNAME x.target.test.\n", (kind, Authoritative)
    )
    with first, second:
        found = find("half.test")["half.test"]
    assert (found.record, found.zone) == (N("x.target.test."), N("target.test."))


def test_where_no_server_answers_the_name_itself_is_the_place(
    find: Callable[..., dict[str, RecordLocation]],
    two_servers: Callable[..., tuple[Authoritative, Authoritative]],
) -> None:
    first, second = two_servers("down.test.", "", (Silent, Silent))
    with first, second:
        found = find("down.test")["down.test"]
    assert found.record == N("_acme-challenge.down.test.")


def test_chains_end_where_the_record_goes(
    lab: Lab, find: Callable[..., dict[str, RecordLocation]]
) -> None:
    lab.zone(
        "chain.test.",
        [lab.bind, lab.nsd],
        records="_acme-challenge CNAME a.hop.test.\nsub DNAME sub.target.test.\n"
        "_acme-challenge.loop CNAME b.hop.test.\n_acme-challenge.gone CNAME x.gone-for-good.test.\n"
        "_acme-challenge.self CNAME _acme-challenge.self\n"
        "_acme-challenge.apex CNAME target.test.\n",
    )
    lab.zone(
        "hop.test.",
        [lab.knot],
        records="a CNAME _acme-challenge.end.target.test.\n"
        "b CNAME _acme-challenge.loop.chain.test.\n",
    )
    found = find(
        "chain.test",
        "www.sub.chain.test",
        *(f"{name}.chain.test" for name in ("loop", "gone", "self", "apex")),
    )
    records = {domain: place.record.to_text() for domain, place in found.items()}
    assert records == {
        "chain.test": "_acme-challenge.end.target.test.",
        "www.sub.chain.test": "_acme-challenge.www.sub.target.test.",
        "loop.chain.test": "_acme-challenge.loop.chain.test.",
        "gone.chain.test": "_acme-challenge.gone.chain.test.",
        "self.chain.test": "_acme-challenge.self.chain.test.",
        "apex.chain.test": "target.test.",
    }
    assert found["apex.chain.test"].relative == "@"
    assert found["gone.chain.test"].zone is None


def test_a_wildcards_alias_is_not_followed_for_a_record_takes_the_name_out_of_it(
    lab: Lab, find: Callable[..., dict[str, RecordLocation]]
) -> None:
    lab.zone(
        "wild.test.",
        [lab.bind, lab.nsd],
        records="* CNAME host.target.test.\n_acme-challenge.own CNAME star.wild.test.\n"
        "_acme-challenge.like CNAME host.target.test.\n",
    )
    found = find("www.wild.test", "own.wild.test", "like.wild.test")
    assert found["www.wild.test"].record == N("_acme-challenge.www.wild.test.")
    assert found["www.wild.test"].zone == N("wild.test.")
    # One of its own into the wildcard: the record goes to the name that it leads to.
    assert found["own.wild.test"].record == N("star.wild.test.")
    # One of its own that leads where the wildcard's does keeps its name out of the wildcard.
    assert found["like.wild.test"].record == N("host.target.test.")


def test_a_challenge_name_that_is_a_zone_of_its_own_is_found(
    lab: Lab, find: Callable[..., dict[str, RecordLocation]]
) -> None:
    lab.zone("parent.test.", [lab.bind], records=f"_acme-challenge NS {lab.knot.host}\n")
    lab.zone("_acme-challenge.parent.test.", [lab.knot], delegation=[])
    found = find("parent.test")["parent.test"]
    assert found.zone == N("_acme-challenge.parent.test.")
    assert found.relative == "@"


def test_a_zone_beside_its_parent_on_one_server_is_told_apart(
    lab: Lab, find: Callable[..., dict[str, RecordLocation]]
) -> None:
    lab.zone("above.test.", [lab.bind], records=f"sub NS {lab.bind.host}\n")
    lab.zone("sub.above.test.", [lab.bind], delegation=[])
    assert find("www.sub.above.test")["www.sub.above.test"].zone == N("sub.above.test.")


def test_through_a_resolver_the_alias_is_still_asked_of_the_zones_servers(
    lab: Lab,
    find: Callable[..., dict[str, RecordLocation]],
    two_servers: Callable[..., tuple[Authoritative, Authoritative]],
) -> None:
    first, second = two_servers("private.test.", "_acme-challenge CNAME x.target.test.\n")
    with first, second:
        found = find("private.test", resolver=(Recursive(lab.unbound.address4, 53),))
        assert found["private.test"].record == N("x.target.test.")
        owner = "_acme-challenge.private.test."
        assert sorted([asked_at(first, owner), asked_at(second, owner)]) == [[], ["CNAME"]]


def test_powerdns_shows_a_transferred_record_at_once_after_it_was_asked_for_the_alias(
    lab: Lab,
) -> None:
    """What the question leaves in its cache goes with the transfer."""
    lab.zone("cached.test.", [lab.bind, lab.pdns], dynamic=True)
    owner = "_acme-challenge.cached.test."
    query = dns.message.make_query(owner, "CNAME", flags=0)
    assert dns.query.udp(query, lab.pdns.address4, timeout=5).rcode() == dns.rcode.NXDOMAIN
    lab.update(lab.bind, "cached.test.", add=[f"{owner} TXT there"])
    lab.wait_synchronous("cached.test.")
    assert lab.pdns.texts(owner)
