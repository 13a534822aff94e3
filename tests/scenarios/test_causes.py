"""Causes that lie elsewhere: final dots, internal copies, old copies, addresses nobody reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.resolve import split_horizon
from tests.lab import misbehaving, zone_text
from tests.scenarios.values import CHALLENGE, OLD, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Delegated, Lab, NameServer
    from tests.scenarios.seen import Look

    Shop = Callable[..., Delegated]


# -- the final dot -------------------------------------------------------------------------------


def test_an_aliass_target_without_its_final_dot_is_recognised(
    lab: Lab, shop: Shop, look: Look
) -> None:
    lab.update(lab.primary, "target.test.", add=[f"shop.target.test. TXT {VALUE}"])
    shop("_acme-challenge CNAME shop.target.test")
    found = look("shop.test", VALUE).fails("alias-target-lacks-record")
    assert found["evidence"]["kind"] == "missing-final-dot"
    assert found["evidence"]["target"] == "shop.target.test.shop.test."
    assert found["evidence"]["meant"] == "shop.target.test."
    assert '"shop.target.test."' in found["remedy"]


def test_an_aliass_target_without_its_final_dot_is_recognised_where_a_wildcard_catches_it(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    lab.zone("aim.test.", [lab.bind])
    shop("_acme-challenge CNAME x.aim.test\n* A 127.53.9.9", [each_server])
    found = look("shop.test", VALUE).fails("alias-target-lacks-record")
    assert found["evidence"]["kind"] == "missing-final-dot"
    assert found["evidence"]["meant"] == "x.aim.test."


def test_a_target_in_the_zone_itself_gets_it_doubled(shop: Shop, look: Look) -> None:
    shop(f"_acme-challenge CNAME acme.shop.test\nacme TXT {VALUE}")
    found = look("shop.test", VALUE).fails("alias-target-lacks-record")
    assert found["evidence"]["meant"] == "acme.shop.test."


def test_a_target_that_is_merely_missing_lacks_no_dot(shop: Shop, look: Look) -> None:
    shop("_acme-challenge CNAME acme.nowhere")
    found = look("shop.test", VALUE).fails("alias-target-lacks-record")
    assert "meant" not in found["evidence"]


def test_a_name_servers_name_without_its_final_dot_is_recognised(lab: Lab, look: Look) -> None:
    wrong = f"{lab.nsd.host}shop.test."
    apex = [lab.bind, wrong]
    text = zone_text("shop.test.", apex, CHALLENGE)
    pair = lab.addresses()
    lab.name_addresses("good.dns.test.", pair)
    with misbehaving.Authoritative(pair, {"shop.test.": text}):
        lab.zone("shop.test.", [], apex=apex, delegation=["good.dns.test."])
        seen = look("shop.test", VALUE)
    (found,) = [f for f in seen.challenge["findings"] if f["code"] == "nameserver-without-address"]
    told = {server["nameserver"]: server for server in found["evidence"]["nameservers"]}
    assert told[wrong]["kind"] == "missing-final-dot"
    assert told[wrong]["meant"] == lab.nsd.host
    assert f'"{lab.nsd.host}"' in found["remedy"]


# -- this host's own resolver --------------------------------------------------------------------


@pytest.fixture
def own_resolver(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> misbehaving.Authoritative:
    """A resolver that knows an internal copy of shop.test. with the record."""
    text = zone_text("shop.test.", [lab.bind], CHALLENGE)
    resolver = misbehaving.RecursiveLooking(lab.addresses(), {"shop.test.": text})
    own = [Endpoint(resolver.addresses[0])]
    monkeypatch.setattr(split_horizon, "own_resolvers", lambda: own)
    return resolver


@pytest.mark.parametrize("wait", [False, True])
def test_a_record_that_only_this_hosts_resolver_shows_is_in_an_internal_copy(
    shop: Shop,
    look: Look,
    own_resolver: misbehaving.Authoritative,
    wait: bool,  # noqa: FBT001 - a column
) -> None:
    shop(f"_acme-challenge TXT {OLD}")
    options = {"wait": True, "timeout": 3.0} if wait else {}
    with own_resolver as resolver:
        seen = look("shop.test", VALUE, **options)
    seen.fails("wrong-value", warnings=frozenset({"split-view"}))
    found = seen.finding("split-view")
    assert found["evidence"] == {
        "resolver": resolver.addresses[0],
        "what": "record",
        "name": "_acme-challenge.shop.test.",
        "local": [VALUE],
        "public": [],
    }


def test_a_record_beside_a_public_alias_is_in_the_internal_copy_too(
    lab: Lab, shop: Shop, look: Look, own_resolver: misbehaving.Authoritative
) -> None:
    shop("_acme-challenge CNAME x.aim.test.")
    lab.zone("aim.test.", [lab.bind])
    with own_resolver:
        seen = look("shop.test", VALUE)
    seen.fails("alias-target-lacks-record", warnings=frozenset({"split-view"}))
    assert seen.finding("split-view")["evidence"]["name"] == "_acme-challenge.shop.test."


def test_a_domain_that_only_this_hosts_resolver_knows_has_its_record_there(
    look: Look, own_resolver: misbehaving.Authoritative
) -> None:
    with own_resolver:
        seen = look("shop.test", VALUE)
    seen.fails("no-such-domain", warnings=frozenset({"split-view"}))
    assert seen.finding("split-view")["evidence"]["local"] == [VALUE]


def test_before_a_failure_this_hosts_resolver_is_not_asked_for_the_record(
    shop: Shop, look: Look, own_resolver: misbehaving.Authoritative
) -> None:
    shop(CHALLENGE)
    with own_resolver as resolver:
        look("shop.test", VALUE, wait=True).is_ready()
    assert not [q for q in resolver.asked if q.kind == dns.rdatatype.TXT]


def test_what_this_hosts_resolver_lacks_too_is_no_other_view(
    shop: Shop, look: Look, own_resolver: misbehaving.Authoritative
) -> None:
    shop(f"_acme-challenge TXT {OLD}")
    with own_resolver:
        look("shop.test", OLD[::-1]).fails("wrong-value")


# -- an old copy of the zone ---------------------------------------------------------------------


def test_what_only_an_old_copy_lists_at_the_apex_is_the_delegations_alone(
    lab: Lab, look: Look
) -> None:
    pair = lab.addresses()
    lab.name_addresses("old.dns.test.", pair)
    before = zone_text("shop.test.", ["old.dns.test.", lab.bind], serial=1)
    now = zone_text("shop.test.", [lab.bind, lab.nsd], CHALLENGE, serial=2)
    with misbehaving.Authoritative(pair, {"shop.test.": before}):
        lab.zone(
            "shop.test.",
            {lab.bind: now, lab.nsd: now},
            apex=[lab.bind, lab.nsd],
            delegation=["old.dns.test.", lab.bind],
        )
        seen = look("shop.test", VALUE)
    found = seen.fails("secondary-behind", warnings=frozenset({"delegation-mismatch"}))
    assert found["remedy"] == "Remove old.dns.test from the name servers at your registrar."
    listed = {row["nameserver"]: row["listed_by"] for row in seen.challenge["servers"]}
    assert listed == {
        "old.dns.test.": ["delegation"],
        lab.bind.host: ["delegation", "apex"],
        lab.nsd.host: ["apex"],
    }
    assert seen.finding("delegation-mismatch")["evidence"]["apex"] == [
        lab.bind.host,
        lab.nsd.host,
    ]


@pytest.mark.parametrize("serial", [2, 2024])
def test_an_old_provider_that_lists_itself_is_told_from_a_secondary(
    lab: Lab, look: Look, serial: int
) -> None:
    """Its serials are its own: they tell nothing about a transfer."""
    pair = lab.addresses()
    lab.name_addresses("old.dns.test.", pair)
    before = zone_text("shop.test.", ["old.dns.test."], serial=serial)
    now = zone_text("shop.test.", [lab.bind, lab.nsd], CHALLENGE, serial=2)
    with misbehaving.Authoritative(pair, {"shop.test.": before}):
        lab.zone(
            "shop.test.",
            {lab.bind: now, lab.nsd: now},
            apex=[lab.bind, lab.nsd],
            delegation=["old.dns.test.", lab.bind],
        )
        seen = look("shop.test", VALUE)
    found = seen.fails(
        "servers-disagree",
        naming=("old.dns.test gets queries for shop.test, but has its own copy of the zone",),
        warnings=frozenset({"delegation-mismatch"}),
    )
    assert found["nameserver"] == "old.dns.test."
    assert found["remedy"].startswith(
        "If the zone was moved to another provider, remove old.dns.test from the name servers at "
        "your registrar."
    )
    assert seen.finding("delegation-mismatch")["evidence"]["apex"] == [
        lab.bind.host,
        lab.nsd.host,
    ]


# -- addresses that nobody outside can reach -----------------------------------------------------


def test_a_loopback_address_that_does_not_answer_is_named_as_such(lab: Lab, look: Look) -> None:
    (four, _) = lab.addresses()
    lab.name_addresses("inside.dns.test.", (four,))
    apex = [lab.bind, "inside.dns.test."]
    with misbehaving.Silent([four], {}):
        lab.zone("shop.test.", [lab.bind], records=CHALLENGE, apex=apex, delegation=apex)
        seen = look("shop.test", VALUE, query_timeout=0.5)
    found = seen.fails("nameserver-unreachable", naming=("inside.dns.test",))
    assert found["evidence"]["private_addresses"] == [four]
    told = seen.outcome.challenges[0].findings[0]
    assert f"{four} is a loopback address: no resolver outside can reach it." in told.cause
