"""Name servers in trouble: silent, refusing, failing, without authority, talking nonsense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.settings import UnreachablePolicy
from tests.lab import Hosted, Unbound, misbehaving, zone_text
from tests.scenarios.values import CHALLENGE, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab import Delegated, Lab, NameServer
    from tests.lab.misbehaving import Authoritative
    from tests.scenarios.seen import Look

    Shop = Callable[..., Delegated]

pytestmark = pytest.mark.thorough

HOST = "twofold.dns.test."
PATIENCE = 1.0
"""Seconds for one try, where a server keeps silent or answers what cannot be read."""


@pytest.fixture(params=["bind", "nsd", "knot", "pdns"])
def one(request: pytest.FixtureRequest, lab: Lab) -> NameServer:
    """Give one of the four servers, the one that will be in trouble."""
    server: NameServer = getattr(lab, request.param)
    return server


# -- unreachable ---------------------------------------------------------------------------------


def test_a_server_that_is_down_is_unreachable(
    lab: Lab, shop: Shop, look: Look, one: NameServer
) -> None:
    shop(CHALLENGE)
    one.kill()
    seen = look("shop.test", VALUE)
    found = seen.fails("nameserver-unreachable", naming=(one,))
    assert found["nameserver"] == one.host
    assert seen.statuses(one) == {"unreachable"}
    others = [server for server in lab.nameservers if server is not one]
    assert all(seen.statuses(server) == {"match"} for server in others)


def test_a_server_that_keeps_silent_is_unreachable(lab: Lab, shop: Shop, look: Look) -> None:
    shop(CHALLENGE)
    lab.knot.freeze()
    seen = look("shop.test", VALUE, query_timeout=PATIENCE)
    lab.knot.thaw()
    seen.fails("nameserver-unreachable", naming=(lab.knot,))
    assert {
        row["error"] for row in seen.challenge["servers"] if row["nameserver"] == lab.knot.host
    } != {None}


@pytest.mark.slow
def test_all_servers_down_are_one_finding(lab: Lab, shop: Shop, look: Look) -> None:
    shop(CHALLENGE)
    for server in lab.nameservers:
        server.kill()
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-unreachable", naming=lab.nameservers)
    assert seen.everywhere() == {"unreachable"}


def test_a_server_that_is_down_in_the_zone_of_the_alias_is_named(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop("_acme-challenge CNAME shop.aim.test.", [lab.bind, lab.nsd])
    lab.zone("aim.test.", [lab.bind], records=f"shop TXT {VALUE}")
    lab.nsd.kill()
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-unreachable", naming=(lab.nsd,))
    assert seen.statuses(lab.nsd) == {"unreachable"}


def test_the_record_may_be_wrong_and_a_server_down(lab: Lab, shop: Shop, look: Look) -> None:
    # Two causes are two findings; that the dead one lacks the record is not a third.
    shop("")
    lab.nsd.kill()
    seen = look("shop.test", VALUE)
    seen.fails("record-not-published", also=frozenset({"nameserver-unreachable"}))


@pytest.mark.parametrize("family", [4, 6])
def test_one_dead_address_beside_a_live_one_is_a_warning(lab: Lab, look: Look, family: int) -> None:
    four, six = lab.addresses()
    dead = lab.addresses()
    live = four if family == 4 else six
    text = zone_text("shop.test.", [HOST], CHALLENGE)
    gone = dead[1] if family == 4 else dead[0]
    lab.name_addresses(HOST, (live, gone))
    with misbehaving.Authoritative((live,), {"shop.test.": text}):
        lab.zone("shop.test.", [], apex=[HOST], delegation=[HOST])
        seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"address-unreachable"}))
    assert seen.finding("address-unreachable")["address"] == gone
    assert seen.statuses(HOST) == {"match", "unreachable"}


# -- refusing, failing, without authority, nonsense ---------------------------------------------


def test_a_server_that_is_not_configured_for_the_zone_refuses(
    lab: Lab, look: Look, one: NameServer
) -> None:
    others = [server for server in lab.nameservers if server is not one]
    everyone = lab.nameservers
    lab.zone("shop.test.", others, records=CHALLENGE, apex=everyone, delegation=everyone)
    seen = look("shop.test", VALUE)
    found = seen.fails("nameserver-refuses", naming=(one,))
    assert found["nameserver"] == one.host
    assert seen.statuses(one) == {"refused"}


def test_all_servers_refusing_are_one_finding(lab: Lab, look: Look) -> None:
    lab.delegate("shop.test.", lab.nameservers)
    seen = look("shop.test", VALUE)
    lab.undelegate("shop.test.")
    seen.fails("nameserver-refuses", naming=lab.nameservers)
    assert seen.everywhere() == {"refused"}


@pytest.mark.parametrize("kind", ["bind", "nsd", "knot"])
def test_a_server_that_could_not_load_the_zone_fails(lab: Lab, look: Look, kind: str) -> None:
    bad: NameServer = getattr(lab, kind)
    pair = [lab.pdns, bad]
    texts: dict[NameServer, str | None] = {lab.pdns: None, bad: "no zone at all\n"}
    lab.zone("shop.test.", texts, records=CHALLENGE, apex=pair, wait=False)
    lab.pdns.wait_ready(["shop.test."])
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-failing", naming=(bad, "SERVFAIL"))
    assert seen.statuses(bad) == {"failing"}
    assert seen.statuses(lab.pdns) == {"match"}


@pytest.mark.parametrize("kind", ["bind", "nsd", "knot"])
def test_a_secondary_that_never_got_the_zone_fails(lab: Lab, look: Look, kind: str) -> None:
    orphan = lab.daemon(kind)
    pair = [lab.pdns, orphan]
    lab.zone("shop.test.", [lab.pdns], records=CHALLENGE, apex=pair, delegation=pair)
    orphan.put(Hosted(origin="shop.test.", primary=lab.names), wait=False)
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-failing", naming=(orphan,))
    assert seen.statuses(orphan) == {"failing"}


@pytest.mark.parametrize("access", ["allow", "allow_snoop"])
def test_a_recursive_resolver_listed_as_name_server_is_no_authority(
    lab: Lab, look: Look, tmp_path: Path, access: str
) -> None:
    # Unbound's own default refuses who does not want recursion; others answer from the cache.
    code, status = {
        "allow": ("nameserver-refuses", "refused"),
        "allow_snoop": ("not-authoritative", "not-authoritative"),
    }[access]
    host = "resolver.dns.test."
    resolver = Unbound(lab.addresses(), directory=tmp_path, root_hints=lab.root_hints)
    lines = (f"  access-control: {net} {access}" for net in ("127.0.0.0/8", "fd00::/16"))
    resolver.extra_configuration = "\n".join(lines)
    lab.name_addresses(host, (resolver.address4, resolver.address6))
    pair = [lab.bind, host]
    lab.zone("shop.test.", [lab.bind], records=CHALLENGE, apex=pair, delegation=pair)
    resolver.start()
    try:
        resolver.wait_ready()
        seen = look("shop.test", VALUE)
    finally:
        resolver.kill()
    seen.fails(code, naming=(host,))
    assert seen.statuses(host) == {status}
    if access == "allow_snoop":
        # It refers to the root from its cache, and yet is no authority that is set up wrongly.
        assert "recursive" in next(f.cause for f in seen.outcome.challenges[0].findings)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (misbehaving.Silent, "nameserver-unreachable", "unreachable"),
        (misbehaving.Refusing, "nameserver-refuses", "refused"),
        (misbehaving.ServFail, "nameserver-failing", "failing"),
        (misbehaving.FormErr, "nameserver-failing", "failing"),
        (misbehaving.NotImp, "nameserver-failing", "failing"),
        (misbehaving.RecursiveLooking, "not-authoritative", "not-authoritative"),
        (misbehaving.UpwardReferral, "not-authoritative", "not-authoritative"),
        (misbehaving.Garbage, "malformed-answer", "malformed"),
        (misbehaving.CutShort, "malformed-answer", "malformed"),
        (misbehaving.EmptyDatagram, "malformed-answer", "malformed"),
        (misbehaving.WrongId, "malformed-answer", "malformed"),
        (misbehaving.WrongQuestion, "malformed-answer", "malformed"),
        (misbehaving.NoQuestion, "malformed-answer", "malformed"),
        (misbehaving.EchoesQuery, "malformed-answer", "malformed"),
        (misbehaving.WrongOwner, "malformed-answer", "malformed"),
    ],
)
def test_one_server_in_trouble_is_an_error_or_with_leniency_a_warning(
    beside: Callable[..., str], look: Look, kind: type[Authoritative], code: str, status: str
) -> None:
    host = beside(kind, CHALLENGE)
    seen = look("shop.test", VALUE, query_timeout=PATIENCE)
    seen.fails(code, naming=(host,))
    assert seen.statuses(host) == {status}
    # Unbound takes half a minute to give up a server whose answers it must drop.
    look.compares = status not in {"unreachable", "malformed"}
    lenient = look("shop.test", VALUE, unreachable=UnreachablePolicy.WARN, query_timeout=PATIENCE)
    lenient.is_ready(warnings=frozenset({code}))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [misbehaving.Silent, misbehaving.Refusing])
def test_leniency_does_not_excuse_all_servers(
    beside: Callable[..., str], look: Look, kind: type[Authoritative]
) -> None:
    beside(kind, CHALLENGE, servers=[])
    seen = look("shop.test", VALUE, unreachable=UnreachablePolicy.WARN, query_timeout=PATIENCE)
    assert seen.challenge["outcome"] == "not-ready"
    assert len(seen.codes("error")) == 1, seen.told


def test_a_server_that_refuses_at_one_address_and_is_dead_at_the_other_refuses(
    beside: Callable[..., str], lab: Lab, look: Look
) -> None:
    four, six = lab.addresses()
    host = beside(misbehaving.Refusing, CHALLENGE, addresses=(four,))
    lab.name_addresses(host, (four, six))
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-refuses", naming=(host,), warnings=frozenset({"address-unreachable"}))
    assert seen.statuses(host) == {"refused", "unreachable"}


def test_stray_datagrams_before_the_answer_do_no_harm(
    beside: Callable[..., str], look: Look
) -> None:
    beside(misbehaving.AnswersTwice, CHALLENGE)
    look.compares = False  # Unbound closes the port at the first datagram
    look("shop.test", VALUE).is_ready()


def test_thirteen_name_servers_with_two_addresses_each_are_all_asked(lab: Lab, look: Look) -> None:
    hosts = [f"many{number}.dns.test." for number in range(13)]
    places = [lab.addresses() for _ in hosts]
    right = zone_text("shop.test.", hosts, CHALLENGE, serial=2)
    old = zone_text("shop.test.", hosts, "", serial=1)
    for host, pair in zip(hosts, places, strict=True):
        lab.name_addresses(host, pair)
    good = misbehaving.Authoritative(
        [address for pair in places[:-1] for address in pair], {"shop.test.": right}
    )
    with good, misbehaving.Authoritative(places[-1], {"shop.test.": old}):
        lab.zone("shop.test.", [], apex=hosts, delegation=hosts)
        seen = look("shop.test", VALUE)
    seen.fails("secondary-behind", naming=(hosts[-1], "the other 12 name servers"))
    assert len(seen.challenge["servers"]) == 26
    assert seen.statuses(hosts[-1]) == {"absent"}
    assert all(seen.statuses(host) == {"match"} for host in hosts[:-1])
