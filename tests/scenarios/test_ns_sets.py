"""Who serves a zone: learned from every server that should know, and nobody is left unasked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dns.rdatatype
import pytest

from certbot_dns_preflight.settings import UnreachablePolicy
from tests.lab import misbehaving, zone_text
from tests.lab.servers import Hosted
from tests.scenarios.values import CHALLENGE, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.lab import Lab, NameServer
    from tests.scenarios.seen import Look

WARN = UnreachablePolicy.WARN


# -- the zone above ------------------------------------------------------------------------------


@pytest.fixture
def below(lab: Lab) -> Iterator[str]:
    """Serve sub.shop.test. on Knot, with the record."""
    text = zone_text("sub.shop.test.", [lab.knot], CHALLENGE)
    lab.knot.put(Hosted(origin="sub.shop.test.", text=text))
    yield "sub.shop.test"
    lab.knot.drop("sub.shop.test.")


def above(lab: Lab, texts: dict[NameServer, str]) -> None:
    """Serve shop.test. on several servers that differ about what is in it."""
    lab.zone(
        "shop.test.",
        {server: zone_text("shop.test.", list(texts), text) for server, text in texts.items()},
        apex=list(texts),
        delegation=list(texts),
    )


@pytest.mark.parametrize("denial", ["NXDOMAIN", "NODATA"])
@pytest.mark.parametrize("turn", [0, 1])
def test_a_parents_server_that_denies_the_delegation_is_named_whoever_is_asked_first(
    lab: Lab, look: Look, below: str, denial: str, turn: int
) -> None:
    knows, denies = (lab.bind, lab.nsd) if turn else (lab.nsd, lab.bind)
    without = "sub TXT x" if denial == "NODATA" else ""
    above(lab, {knows: f"sub NS {lab.knot.host}", denies: without})
    seen = look(below, VALUE)
    found = seen.fails("parent-disagrees", naming=(denies,))
    assert found["nameserver"] == denies.host
    assert (found["evidence"]["zone"], found["evidence"]["parent"]) == (
        "sub.shop.test.",
        "shop.test.",
    )
    said = {(one["nameserver"], one["answer"]) for one in found["evidence"]["answers"]}
    assert said == {(knows.host, "referral"), (denies.host, denial)}
    assert seen.statuses(lab.knot) == {"match"}
    assert "registry" not in found["remedy"]


@pytest.mark.parametrize("turn", [0, 1])
def test_a_server_that_denies_a_zone_further_up_is_named_too(
    lab: Lab, look: Look, turn: int
) -> None:
    knows, denies = (lab.bind, lab.nsd) if turn else (lab.nsd, lab.bind)
    above(lab, {knows: f"sub NS {lab.knot.host}", denies: ""})
    middle = zone_text("sub.shop.test.", [lab.knot], f"low NS {lab.pdns.host}")
    lab.knot.put(Hosted(origin="sub.shop.test.", text=middle))
    lowest = zone_text("low.sub.shop.test.", [lab.pdns], CHALLENGE)
    lab.pdns.put(Hosted(origin="low.sub.shop.test.", text=lowest))
    seen = look("low.sub.shop.test", VALUE)
    lab.knot.drop("sub.shop.test.")
    lab.pdns.drop("low.sub.shop.test.")
    found = seen.fails("parent-disagrees", naming=(denies,))
    assert found["evidence"]["zone"] == "sub.shop.test."
    assert seen.everywhere() == {"match"}


def test_servers_of_the_parent_that_list_different_name_servers_are_compared(
    lab: Lab, look: Look
) -> None:
    for server in (lab.knot, lab.pdns):
        text = zone_text("sub.shop.test.", [lab.knot, lab.pdns], CHALLENGE)
        server.put(Hosted(origin="sub.shop.test.", text=text))
    both = f"sub NS {lab.knot.host}\nsub NS {lab.pdns.host}"
    above(lab, {lab.bind: f"sub NS {lab.knot.host}", lab.nsd: both})
    seen = look("sub.shop.test", VALUE)
    for server in (lab.knot, lab.pdns):
        server.drop("sub.shop.test.")
    seen.is_ready(warnings=frozenset({"parent-disagrees"}))
    assert seen.everywhere() == {"match"}


def test_a_parents_server_that_is_down_leaves_the_ns_set_incomplete(
    lab: Lab, look: Look, below: str
) -> None:
    pair = lab.addresses()
    lab.name_addresses("down.dns.test.", pair)
    apex = [lab.bind, "down.dns.test."]
    text = zone_text("shop.test.", apex, f"sub NS {lab.knot.host}")
    with misbehaving.Silent(pair, {}):
        lab.zone("shop.test.", {lab.bind: text}, apex=apex, delegation=apex)
        seen = look(below, VALUE, query_timeout=0.5)
        look.compares = False  # Unbound does not get past a parent of which one server is down
        excused = look(below, VALUE, query_timeout=0.5, unreachable=WARN)
    found = seen.fails("nameserver-unreachable", naming=("down.dns.test", "shop.test"))
    assert found["evidence"]["kind"] == "ns-set"
    assert (found["evidence"]["zone"], found["evidence"]["asked"]) == (
        "sub.shop.test.",
        "shop.test.",
    )
    excused.is_ready(warnings=frozenset({"nameserver-unreachable"}))


def test_of_a_registry_one_server_that_knows_the_delegation_is_enough(lab: Lab, look: Look) -> None:
    lab.zone("shop.test.", [lab.bind, lab.nsd], records=CHALLENGE)
    look("shop.test", VALUE).is_ready()


# -- the zone itself -----------------------------------------------------------------------------


class SlowOnce(misbehaving.Authoritative):
    """Takes its time for the first question for NS records that comes to each address."""

    def datagrams(self, wire: bytes, address: str) -> list[bytes]:
        replies = super().datagrams(wire, address)
        asked = [q for q in self.asked if q.address == address and q.kind == dns.rdatatype.NS]
        if len(asked) == 1 and self.asked[-1].kind == dns.rdatatype.NS:
            time.sleep(1.4)
        return replies


@pytest.mark.parametrize(
    "kind",
    [
        misbehaving.Authoritative,
        SlowOnce,
        misbehaving.FirstQueryLost,
        misbehaving.FailsOnce,
        misbehaving.Truncates,
    ],
)
@pytest.mark.parametrize("glue", [True, False])
def test_a_name_server_is_asked_though_the_only_one_that_lists_it_answers_late_or_badly(
    lab: Lab,
    look: Look,
    kind: type[misbehaving.Authoritative],
    glue: bool,  # noqa: FBT001 - a column
) -> None:
    pair = lab.addresses()
    host = "odd.shop.test." if glue else "odd.dns.test."
    own = f"\nodd A {pair[0]}\nodd AAAA {pair[1]}" if glue else ""
    if not glue:
        lab.name_addresses(host, pair)
    good = zone_text("shop.test.", [lab.bind, host], CHALLENGE + own)
    more = zone_text("shop.test.", [lab.bind, host, lab.nsd], CHALLENGE + own)
    lab.nsd.put(Hosted(origin="shop.test.", text=zone_text("shop.test.", [lab.nsd])))
    apex = [lab.bind, host]
    lines = [f"{host} A {pair[0]}", f"{host} AAAA {pair[1]}"] if glue else []
    with kind(pair, {"shop.test.": more}):
        lab.zone("shop.test.", {lab.bind: good}, apex=apex, delegation=apex, glue=lines)
        seen = look("shop.test", VALUE)
    lab.nsd.drop("shop.test.")
    assert seen.statuses(lab.nsd) == {"absent"}, seen.told
    assert seen.statuses(host) == {"match"}, seen.told
    assert seen.challenge["outcome"] == "not-ready"


def test_a_server_that_does_not_tell_the_ns_set_is_named(lab: Lab, look: Look) -> None:
    pair = lab.addresses()
    lab.name_addresses("odd.dns.test.", pair)
    apex = [lab.bind, "odd.dns.test."]
    text = zone_text("shop.test.", apex, CHALLENGE)
    with misbehaving.HidesItsNsSet(pair, {"shop.test.": text}):
        lab.zone("shop.test.", {lab.bind: text}, apex=apex, delegation=apex)
        seen = look("shop.test", VALUE, query_timeout=0.5)
        excused = look("shop.test", VALUE, query_timeout=0.5, unreachable=WARN)
    found = seen.fails("nameserver-unreachable", naming=("odd.dns.test",))
    assert found["evidence"]["asked"] == "shop.test."
    assert found["evidence"]["answer"] == "timed out"
    excused.is_ready(warnings=frozenset({"nameserver-unreachable"}))


# -- name servers' addresses ---------------------------------------------------------------------


def test_where_servers_differ_about_a_name_servers_addresses_all_of_them_count(
    lab: Lab, look: Look
) -> None:
    (one, _), (two, _), (with_it, _), (without_it, _) = (lab.addresses() for _ in range(4))
    hosts = ["a.hosts.test.", "b.hosts.test."]
    common = f"a A {one}\nb A {two}\n"
    glue = [f"a.hosts.test. A {one}", f"b.hosts.test. A {two}"]
    lab.delegate("hosts.test.", hosts, glue=glue)
    lab.delegate("shop.test.", ["x.hosts.test."])
    zone = ["x.hosts.test."]
    with (
        serving(one, "hosts.test.", zone_text("hosts.test.", hosts, f"{common}x A {with_it}")),
        serving(two, "hosts.test.", zone_text("hosts.test.", hosts, f"{common}x A {without_it}")),
        serving(with_it, "shop.test.", zone_text("shop.test.", zone, CHALLENGE)),
        serving(without_it, "shop.test.", zone_text("shop.test.", zone)),
    ):
        seen = look("shop.test", VALUE)
    lab.undelegate("hosts.test.")
    lab.undelegate("shop.test.")
    assert {row["address"] for row in seen.challenge["servers"]} == {with_it, without_it}
    assert seen.challenge["outcome"] == "not-ready"


def test_a_denied_aaaa_hides_no_a(lab: Lab, look: Look) -> None:
    (one, _), (with_it, _) = lab.addresses(), lab.addresses()
    text = zone_text("hosts.test.", ["a.hosts.test."], f"a A {one}\nx A {with_it}")
    lab.delegate("hosts.test.", ["a.hosts.test."], glue=[f"a.hosts.test. A {one}"])
    lab.delegate("shop.test.", ["x.hosts.test."])
    look.compares = False  # whether a resolver takes it depends on what it asks first
    with (
        misbehaving.DeniesAaaa([one], {"hosts.test.": text}),
        serving(with_it, "shop.test.", zone_text("shop.test.", ["x.hosts.test."], CHALLENGE)),
    ):
        seen = look("shop.test", VALUE)
    lab.undelegate("hosts.test.")
    lab.undelegate("shop.test.")
    seen.is_ready()
    assert {row["address"] for row in seen.challenge["servers"]} == {with_it}


def test_the_address_that_answered_for_the_child_is_known_without_glue(
    lab: Lab, look: Look
) -> None:
    (address, _) = lab.addresses()
    parent = f"ns A {address}\nsub NS ns.sub"
    child = zone_text("sub.shop.test.", ["ns.sub.shop.test."], f"ns A {address}\n{CHALLENGE}")
    zones = {"shop.test.": zone_text("shop.test.", ["ns.shop.test."], parent)}
    lab.delegate("shop.test.", ["ns.shop.test."], glue=[f"ns.shop.test. A {address}"])
    with misbehaving.Authoritative([address], {**zones, "sub.shop.test.": child}):
        seen = look("sub.shop.test", VALUE)
    lab.undelegate("shop.test.")
    seen.is_ready()
    assert seen.challenge["zone"] == "sub.shop.test."


@pytest.mark.parametrize("circle", [("ns.shop.test.",), ("ns.egg.test.", "ns.shop.test.")])
def test_a_circular_delegation_is_told_as_circular(
    lab: Lab, look: Look, circle: tuple[str, ...]
) -> None:
    for origin, host in zip(("shop.test.", "egg.test."), circle, strict=False):
        lab.delegate(origin, [host])
    seen = look("shop.test", VALUE)
    for origin, _ in zip(("shop.test.", "egg.test."), circle, strict=False):
        lab.undelegate(origin)
    found = seen.fails("nameserver-without-address", naming=(circle[0],))
    (server,) = found["evidence"]["nameservers"]
    assert "circular" in server["failure"]
    assert server["unanswered"] is False


def serving(
    address: str, origin: str, text: str
) -> AbstractContextManager[misbehaving.Authoritative]:
    return misbehaving.Authoritative([address], {origin: text})
