"""The way down: domains that are not there, NS sets that differ, glue, names without address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.lab import misbehaving, namespace, zone_text
from tests.scenarios.values import CHALLENGE, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab import Delegated, Lab
    from tests.scenarios.seen import Look

    Shop = Callable[..., Delegated]


# -- the domain ----------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["nobody.test", "www.nobody.test"])
def test_a_domain_that_nobody_registered_does_not_exist(look: Look, domain: str) -> None:
    seen = look(domain, VALUE)
    found = seen.fails("no-such-domain", naming=("nobody.test",))
    assert found["evidence"] == {"name": "nobody.test.", "zone": "test."}
    assert seen.challenge["servers"] == []


def test_a_top_level_domain_that_does_not_exist(look: Look) -> None:
    seen = look("www.shop.invalid", VALUE)
    found = seen.fails("no-such-domain")
    assert found["evidence"]["zone"] == "."


def test_a_host_that_is_missing_in_a_domain_that_is_there_needs_no_such_finding(
    shop: Shop, look: Look
) -> None:
    shop("")
    look("www.shop.test", VALUE).fails("record-not-published")


# -- NS sets -------------------------------------------------------------------------------------


def test_a_server_that_only_the_zone_names_is_asked_too(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    lab.zone("shop.test.", pair, records=CHALLENGE, delegation=[lab.bind])
    seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"delegation-mismatch"}))
    evidence = seen.finding("delegation-mismatch")["evidence"]
    assert evidence["delegation"] == [lab.bind.host]
    assert evidence["apex"] == [lab.bind.host, lab.nsd.host]
    listed = {r["nameserver"]: r["listed_by"] for r in seen.challenge["servers"]}
    assert listed == {lab.bind.host: ["delegation", "apex"], lab.nsd.host: ["apex"]}


def test_a_server_that_only_the_parent_names_is_asked_too(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    lab.zone("shop.test.", [lab.bind], records=CHALLENGE, delegation=pair)
    seen = look("shop.test", VALUE)
    seen.fails(
        "nameserver-refuses",
        naming=(lab.nsd,),
        warnings=frozenset({"delegation-mismatch"}),
    )
    assert seen.statuses(lab.nsd) == {"refused"}


def test_sets_with_nothing_in_common_are_both_asked(lab: Lab, look: Look) -> None:
    both = [lab.bind, lab.knot]
    lab.zone("shop.test.", both, records=CHALLENGE, apex=[lab.knot], delegation=[lab.bind])
    seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"delegation-mismatch"}))
    assert seen.statuses(lab.knot) == seen.statuses(lab.bind) == {"match"}


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("nowhere.dns.test.", "does not exist"),
        ("ns.nobody.test.", "does not exist"),
        ("text-only.dns.test.", "neither A nor AAAA"),
        ("renamed.dns.test.", "alias"),
        ("ns.shop.test.", "itself"),
    ],
)
def test_a_name_server_without_address_is_named_with_the_reason(
    lab: Lab, look: Look, host: str, why: str
) -> None:
    lab.update(
        lab.names,
        "dns.test.",
        add=["text-only.dns.test. TXT x", f"renamed.dns.test. CNAME {lab.nsd.host}"],
    )
    pair = [lab.knot, host]  # BIND would not load the zone with such a name below it
    lab.zone("shop.test.", [lab.knot], records=CHALLENGE, apex=pair, delegation=pair)
    seen = look("shop.test", VALUE)
    found = seen.fails("nameserver-without-address", naming=(host,))
    assert found["nameserver"] == host
    if host != "ns.shop.test.":
        assert why in found["evidence"]["nameservers"][0]["failure"]
    look("shop.test", VALUE, unreachable=UnreachablePolicy.WARN).is_ready(
        warnings=frozenset({"nameserver-without-address"})
    )


def test_glue_that_is_not_the_servers_own_address(lab: Lab, look: Look) -> None:
    moved, now = lab.addresses(), lab.addresses()
    host = "ns.shop.test."
    own = f"{CHALLENGE}\nns A {now[0]}\nns AAAA {now[1]}"
    text = zone_text("shop.test.", [host], own)
    with misbehaving.Authoritative((*moved, *now), {"shop.test.": text}):
        glue = [f"{host} A {moved[0]}", f"{host} AAAA {moved[1]}"]
        lab.zone("shop.test.", [], apex=[host], delegation=[host], glue=glue)
        seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"glue-mismatch"}))
    found = seen.finding("glue-mismatch")
    assert found["nameserver"] == host
    assert found["evidence"] == {"glue": sorted(moved), "own": sorted(now)}
    # Resolvers may use either: all four addresses were asked.
    assert {row["address"] for row in seen.challenge["servers"]} == {*moved, *now}


def test_an_old_server_behind_stale_glue_is_asked_and_named(lab: Lab, look: Look) -> None:
    moved, now = lab.addresses(), lab.addresses()
    host = "ns.shop.test."
    own = f"ns A {now[0]}\nns AAAA {now[1]}"
    old = misbehaving.Authoritative(moved, {"shop.test.": zone_text("shop.test.", [host], own)})
    new_text = zone_text("shop.test.", [host], f"{CHALLENGE}\n{own}", serial=2)
    with old, misbehaving.Authoritative(now, {"shop.test.": new_text}):
        glue = [f"{host} A {moved[0]}", f"{host} AAAA {moved[1]}"]
        lab.zone("shop.test.", [], apex=[host], delegation=[host], glue=glue)
        seen = look("shop.test", VALUE)
    seen.fails("secondary-behind", naming=(moved[0],), warnings=frozenset({"glue-mismatch"}))


# -- nothing can be asked ------------------------------------------------------------------------


def test_root_hints_that_lead_to_nobody_are_inconclusive(
    lab: Lab, look: Look, tmp_path: Path
) -> None:
    four, six = lab.addresses()
    hints = tmp_path / "hints"
    hints.write_text(
        f". 60 NS a.root.invalid.\na.root.invalid. 60 A {four}\na.root.invalid. 60 AAAA {six}\n"
    )
    seen = look("example.test", VALUE, root_hints=hints)
    assert seen.challenge["outcome"] == "inconclusive"
    assert seen.codes("error") == {"no-dns-egress"}
    assert {t["address"] for t in seen.finding("no-dns-egress")["evidence"]["tried"]} == {four, six}


def test_a_resolver_that_does_not_answer_is_inconclusive(lab: Lab, look: Look) -> None:
    four, _ = lab.addresses()
    seen = look("example.test", VALUE, resolver=(Recursive(four, 53),))
    assert seen.challenge["outcome"] == "inconclusive"
    assert seen.codes("error") == {"no-dns-egress"}


def test_a_family_without_a_route_is_not_asked_and_does_no_harm(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop(CHALLENGE)
    addresses = [lab.root, lab.tld, lab.names, *lab.nameservers]
    for server in addresses:
        namespace.remove_address(server.address6)
    namespace.remove_address(namespace.RESOLVER6)
    try:
        seen = look("shop.test", VALUE)
    finally:
        namespace.add_addresses(*(s.address6 for s in addresses), namespace.RESOLVER6)
    seen.is_ready()
    assert seen.everywhere() == {"match", "not-asked"}
    assert {r["status"] for r in seen.challenge["servers"] if ":" in r["address"]} == {"not-asked"}
    assert seen.outcome.vantage.families == ("ipv4",)
    assert seen.outcome.vantage.left_out == ("ipv6",)


def test_a_zone_behind_ipv6_alone_cannot_be_asked_over_ipv4(lab: Lab, look: Look) -> None:
    host = "six.dns.test."
    _, six = lab.addresses()
    lab.name_addresses(host, (six,))
    text = zone_text("shop.test.", [host], CHALLENGE)
    with misbehaving.Authoritative((six,), {"shop.test.": text}):
        lab.zone("shop.test.", [], apex=[host], delegation=[host])
        look("shop.test", VALUE, family="6").is_ready()
        seen = look("shop.test", VALUE, family="4")
    assert seen.challenge["outcome"] != "ready"
    assert seen.codes("error") == {"nameserver-unreachable"}
    assert seen.statuses(host) == {"not-asked"}


def test_a_zone_below_one_that_is_delegated_elsewhere_is_reached_by_nobody(
    lab: Lab, look: Look
) -> None:
    # The parent's server holds the lower zone, too; a resolver goes down label by label.
    pair = lab.addresses()
    lab.name_addresses("above.dns.test.", pair)
    zones = {
        "up.test.": zone_text(
            "up.test.", ["above.dns.test."], f"shop NS {lab.nsd.host}\n", serial=1
        ),
        "_acme-challenge.shop.up.test.": zone_text(
            "_acme-challenge.shop.up.test.", ["above.dns.test."], f'@ TXT "{VALUE}"\n'
        ),
    }
    lab.delegate("up.test.", ["above.dns.test."])
    with misbehaving.Authoritative(pair, zones):
        lab.zone("shop.up.test.", [lab.nsd], delegation=[])
        seen = look("shop.up.test", VALUE)
    lab.undelegate("up.test.")
    seen.fails("record-not-published")
    assert seen.statuses(lab.nsd) == {"absent"}
