"""CNAME and DNAME: where they lead, where they end, and what stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import misbehaving
from tests.scenarios.values import CHALLENGE, OLD, VALUE
from tests.scenarios.zones import shop_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Delegated, Lab, NameServer
    from tests.scenarios.seen import Look

    Shop = Callable[..., Delegated]

pytestmark = pytest.mark.thorough

TO_AIM = "_acme-challenge CNAME shop.aim.test."


# -- the target lacks the value ------------------------------------------------------------------


def test_an_alias_whose_target_has_nothing(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(TO_AIM, [each_server])
    lab.zone("aim.test.", lab.nameservers)
    seen = look("shop.test", VALUE)
    found = seen.fails("alias-target-lacks-record", naming=("shop.aim.test",))
    assert found["evidence"]["target"] == "shop.aim.test."
    assert seen.challenge["alias_chain"] == ["shop.aim.test."]
    assert seen.challenge["zone"] == "aim.test."
    assert seen.everywhere(zone="shop.test.") == {"alias"}
    assert seen.everywhere(zone="aim.test.") == {"absent"}


def test_an_alias_whose_target_has_an_old_value(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    # Target and alias in one zone: servers add the target's records, which must not confuse.
    shop(f"_acme-challenge CNAME to\nto TXT {OLD}", [each_server])
    seen = look("shop.test", VALUE)
    seen.fails("alias-target-lacks-record", naming=("to.shop.test",))
    assert seen.everywhere() == {"alias", "mismatch"}


def test_a_target_whose_secondary_is_behind_is_told_as_that(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop(TO_AIM)
    lab.zone(
        "aim.test.",
        {lab.bind: None, lab.knot: _aim_text(lab, "", serial=4)},
        records=f"shop TXT {VALUE}",
        serial=5,
    )
    seen = look("shop.test", VALUE)
    seen.fails("secondary-behind", naming=(lab.knot,))
    assert seen.statuses(lab.knot, zone="aim.test.") == {"absent"}


def test_a_target_with_a_mangled_value_is_told_as_that(lab: Lab, shop: Shop, look: Look) -> None:
    shop(TO_AIM)
    lab.zone("aim.test.", lab.nameservers, records=f"shop TXT {VALUE.lower()}")
    look("shop.test", VALUE).fails("mangled-value", kind="case")


def test_a_dname_whose_target_has_nothing(lab: Lab, shop: Shop, look: Look) -> None:
    shop("sub DNAME aim.test.", [lab.bind, lab.nsd, lab.knot])
    lab.zone("aim.test.", [lab.bind])
    seen = look("www.sub.shop.test", VALUE)
    found = seen.fails("alias-target-lacks-record")
    assert found["evidence"]["target"] == "_acme-challenge.www.aim.test."


def test_a_dname_that_one_server_does_not_process_is_a_disagreement(
    lab: Lab, shop: Shop, look: Look
) -> None:
    # PowerDNS processes DNAME only where it is told to (dname-processing).
    shop("sub DNAME aim.test.")
    lab.zone("aim.test.", [lab.bind], records=f"_acme-challenge.www TXT {VALUE}")
    seen = look("www.sub.shop.test", VALUE)
    seen.fails("servers-disagree", naming=(lab.pdns,))
    assert seen.statuses(lab.pdns, zone="shop.test.") == {"absent"}
    assert seen.statuses(lab.knot, zone="shop.test.") == {"alias"}


# -- the alias leads nowhere ---------------------------------------------------------------------


def test_an_alias_into_a_domain_that_does_not_exist_dangles(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop("_acme-challenge CNAME shop.gone.test.", [each_server])
    seen = look("shop.test", VALUE)
    found = seen.fails("alias-dangling", naming=("shop.gone.test",))
    assert found["evidence"]["missing"] == "gone.test."
    assert seen.everywhere() == {"alias"}


def test_an_alias_into_a_top_level_domain_that_does_not_exist_dangles(
    shop: Shop, look: Look
) -> None:
    shop("_acme-challenge CNAME shop.acme.invalid.")
    found = look("shop.test", VALUE).fails("alias-dangling")
    assert found["evidence"]["missing"] == "invalid."


def test_an_alias_into_a_zone_that_is_served_but_not_delegated_dangles(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop("_acme-challenge CNAME shop.private.test.", [lab.bind])
    lab.zone("private.test.", [each_server], records=f"shop TXT {VALUE}", delegation=[])
    look("shop.test", VALUE).fails("alias-dangling")


def test_an_alias_into_a_zone_that_its_servers_refuse_is_told_of_these_servers(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop("_acme-challenge CNAME shop.lapsed.test.")
    lab.delegate("lapsed.test.", [lab.nsd, lab.knot])
    seen = look("shop.test", VALUE)
    lab.undelegate("lapsed.test.")
    seen.fails("nameserver-refuses", naming=(lab.nsd, lab.knot, "lapsed.test"))
    assert seen.everywhere(zone="lapsed.test.") == {"refused"}
    assert seen.everywhere(zone="shop.test.") == {"alias"}


def test_an_alias_into_a_zone_whose_servers_have_no_address_is_told_of_these_servers(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop("_acme-challenge CNAME shop.lapsed.test.")
    lab.delegate("lapsed.test.", ["nowhere.dns.test.", "neither.gone.test."])
    seen = look("shop.test", VALUE)
    lab.undelegate("lapsed.test.")
    seen.fails("nameserver-without-address", naming=("lapsed.test",))


def test_an_alias_to_a_name_missing_from_a_zone_that_is_there_does_not_dangle(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop("_acme-challenge CNAME shop.deep.down.aim.test.")
    lab.zone("aim.test.", [lab.bind])
    look("shop.test", VALUE).fails("alias-target-lacks-record")


# -- loops ---------------------------------------------------------------------------------------


def test_a_loop_inside_one_zone(shop: Shop, look: Look, each_server: NameServer) -> None:
    # BIND and PowerDNS answer SERVFAIL beside the chain, NSD and Knot NOERROR.
    shop("_acme-challenge CNAME one\none CNAME two\ntwo CNAME one", [each_server])
    seen = look("shop.test", VALUE)
    found = seen.fails("alias-loop")
    assert found["evidence"]["alias_chain"] == [
        "one.shop.test.",
        "two.shop.test.",
        "one.shop.test.",
    ]
    assert seen.everywhere() == {"alias"}
    rcode = {"bind": "SERVFAIL", "pdns": "SERVFAIL"}.get(each_server.kind, "NOERROR")
    assert {row["rcode"] for row in seen.challenge["servers"]} == {rcode}


def test_an_alias_of_itself(shop: Shop, look: Look, each_server: NameServer) -> None:
    shop("_acme-challenge CNAME _acme-challenge", [each_server])
    look("shop.test", VALUE).fails("alias-loop")


def test_a_loop_across_zones(lab: Lab, shop: Shop, look: Look) -> None:
    shop(TO_AIM, [lab.nsd, lab.knot])
    lab.zone("aim.test.", [lab.bind], records="shop CNAME _acme-challenge.shop.test.")
    seen = look("shop.test", VALUE)
    seen.fails("alias-loop")
    assert seen.everywhere() == {"alias"}


def test_a_chain_of_seventeen_is_too_long(shop: Shop, look: Look) -> None:
    shop(_chain(17))
    look("shop.test", VALUE).fails("alias-loop", naming=("17",))


def _chain(hops: int) -> str:
    links = [f"h{n} CNAME h{n + 1}" for n in range(1, hops)]
    return "\n".join(["_acme-challenge CNAME h1", *links, f"h{hops} TXT {VALUE}"])


# -- other data beside ---------------------------------------------------------------------------


def test_a_cname_and_a_txt_at_one_name_conflict(beside: Callable[..., str], look: Look) -> None:
    host = beside(misbehaving.CnameBesideTxt, CHALLENGE, servers=[])
    seen = look("shop.test", VALUE)
    seen.fails("alias-conflict", naming=("elsewhere.test",))
    assert seen.statuses(host) == {"alias"}


def test_powerdns_serves_the_cname_alone_where_a_txt_stands_beside(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop(f"{CHALLENGE}\n{TO_AIM}", [lab.pdns])
    lab.zone("aim.test.", [lab.bind])
    seen = look("shop.test", VALUE)
    seen.fails("alias-target-lacks-record")
    assert seen.statuses(lab.pdns, zone="shop.test.") == {"alias"}


@pytest.mark.parametrize("kind", ["bind", "nsd", "knot"])
def test_other_daemons_refuse_the_zone_with_a_cname_beside_a_txt(
    lab: Lab, look: Look, kind: str
) -> None:
    server: NameServer = getattr(lab, kind)
    lab.zone("shop.test.", [server], records=f"{CHALLENGE}\n{TO_AIM}", wait=False)
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-failing", naming=(server, "SERVFAIL"))
    assert seen.everywhere() == {"failing"}


# -- wildcards -----------------------------------------------------------------------------------


def test_a_wildcard_alias_that_catches_the_name(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop("* CNAME www.aim.test.", [each_server])
    lab.zone("aim.test.", [lab.bind], records="www A 192.0.2.1")
    seen = look("shop.test", VALUE)
    seen.fails("alias-wildcard", naming=("www.aim.test", "_acme-challenge.shop.test"))
    assert seen.everywhere(zone="shop.test.") == {"alias"}


@pytest.mark.parametrize("target", ["shop.gone.test.", "loop.shop.test."])
def test_a_wildcard_alias_that_leads_nowhere_is_told_as_wildcard(
    shop: Shop, look: Look, target: str
) -> None:
    shop(f"* CNAME {target}\nloop CNAME loop")
    look("shop.test", VALUE).fails("alias-wildcard")


def test_a_wildcard_alias_to_the_value_is_right(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop("* CNAME shop.aim.test.", [each_server])
    lab.zone("aim.test.", [lab.bind], records=f"shop TXT {VALUE}")
    look("shop.test", VALUE).is_ready()


def test_a_wildcard_alias_with_the_value_on_some_servers_is_a_warning(
    lab: Lab, shop: Shop, look: Look
) -> None:
    shop("* CNAME shop.aim.test.")
    lab.zone(
        "aim.test.",
        {lab.bind: None, lab.knot: _aim_text(lab, "", serial=4)},
        records=f"shop TXT {VALUE}",
        serial=5,
    )
    seen = look("shop.test", VALUE)
    seen.fails("secondary-behind", naming=(lab.knot,), warnings=frozenset({"alias-wildcard"}))


def test_an_alias_of_its_own_that_is_like_the_wildcards_is_not_taken_for_that(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop("* CNAME www.aim.test.\n_acme-challenge CNAME www.aim.test.", [each_server])
    lab.zone("aim.test.", [lab.bind], records="www A 192.0.2.1")
    seen = look("shop.test", VALUE)
    seen.fails("alias-target-lacks-record", naming=("www.aim.test", "_acme-challenge.shop.test"))


def test_an_alias_of_its_own_that_leads_to_no_zone_is_dangling_beside_such_a_wildcard(
    shop: Shop, look: Look
) -> None:
    shop("* CNAME shop.gone.test.\n_acme-challenge CNAME shop.gone.test.")
    look("shop.test", VALUE).fails("alias-dangling", naming=("shop.gone.test",))


def test_an_old_value_of_its_own_that_is_the_wildcards_too_is_no_wildcards(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(f"* TXT {OLD}\n_acme-challenge TXT {OLD}", [each_server])
    found = look("shop.test", VALUE).fails("wrong-value")
    assert found["evidence"]["from_wildcard"] is False


def test_a_record_of_its_own_stands_before_the_wildcard(
    lab: Lab, shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(f"* CNAME www.aim.test.\n{CHALLENGE}", [each_server])
    lab.zone("aim.test.", [lab.bind])
    look("shop.test", VALUE).is_ready()


def _aim_text(lab: Lab, records: str, *, serial: int) -> str:
    text = shop_text(records, [lab.bind, lab.knot], serial=serial)
    return text.replace("$ORIGIN shop.test.", "$ORIGIN aim.test.")


def test_a_secondary_that_still_has_the_wildcards_alias_is_behind(
    lab: Lab, look: Look, each_server: NameServer
) -> None:
    wildcard = "* CNAME www.aim.test."
    lab.zone("aim.test.", [lab.bind], records="www A 192.0.2.1")
    others = [server for server in lab.nameservers if server is not each_server]
    texts: dict[NameServer, str | None] = dict.fromkeys(others)
    texts[each_server] = shop_text(wildcard, lab.nameservers, serial=4)
    right = f"{wildcard}\n{CHALLENGE}"
    lab.zone("shop.test.", texts, records=right, apex=lab.nameservers, serial=5)
    seen = look("shop.test", VALUE)
    seen.fails("secondary-behind", naming=(each_server,))
    assert seen.statuses(each_server) == {"alias"}
    assert all(seen.statuses(server) == {"match"} for server in others)
    assert seen.challenge["alias_chain"] == []


def test_a_secondary_that_still_has_the_alias_before_the_record_is_behind(
    lab: Lab, look: Look
) -> None:
    lab.zone("aim.test.", [lab.bind])
    pair = [lab.bind, lab.knot]
    lab.zone(
        "shop.test.",
        {lab.bind: None, lab.knot: shop_text(TO_AIM, pair, serial=4)},
        records=CHALLENGE,
        apex=pair,
        serial=5,
    )
    look("shop.test", VALUE).fails("secondary-behind", naming=(lab.knot,))


def test_a_doubled_name_behind_a_wildcard_alias_to_nowhere_is_one_error(
    shop: Shop, look: Look
) -> None:
    shop(f"* CNAME www.nowhere.test.\n_acme-challenge.shop.test.shop.test. TXT {VALUE}")
    look("shop.test", VALUE).fails("misplaced-record", kind="doubled-zone")


def test_a_target_below_a_domain_that_is_gone_is_told_as_such(
    lab: Lab, shop: Shop, look: Look
) -> None:
    lab.zone("co.test.", [lab.nsd])  # registers domains, as co.uk does
    shop("_acme-challenge CNAME x.gone.co.test.")
    found = look("shop.test", VALUE).fails("alias-target-lacks-record")
    assert found["evidence"]["missing_above"] == "gone.co.test."
