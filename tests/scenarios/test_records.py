"""The record itself: not there, wrong, mangled, elsewhere, one of two, with others beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.report import text
from tests.lab import misbehaving
from tests.scenarios.values import CHALLENGE, KEY_AUTHORIZATION, OLD, OTHER, VALUE, digest
from tests.scenarios.zones import hosted, shop_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Delegated, Lab, NameServer
    from tests.scenarios.seen import Look, Seen

    Shop = Callable[..., Delegated]

SECOND = f'_acme-challenge TXT "{OTHER}"'


# -- not there -----------------------------------------------------------------------------------


def test_a_record_that_nobody_has_was_not_published(shop: Shop, look: Look) -> None:
    shop("www A 192.0.2.1")
    seen = look("shop.test", VALUE)
    seen.fails("record-not-published", naming=("NXDOMAIN", "_acme-challenge.shop.test"))
    assert seen.everywhere() == {"absent"}


def test_each_daemons_own_nxdomain_reads_the_same(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop("", [each_server])
    seen = look("shop.test", VALUE)
    seen.fails("record-not-published")
    assert {row["rcode"] for row in seen.challenge["servers"]} == {"NXDOMAIN"}


@pytest.mark.parametrize(
    "records",
    ["_acme-challenge A 192.0.2.1", "below._acme-challenge TXT x"],
    ids=["another-type", "empty-non-terminal"],
)
def test_nodata_is_as_absent_as_nxdomain(
    shop: Shop, look: Look, each_server: NameServer, records: str
) -> None:
    shop(records, [each_server])
    seen = look("shop.test", VALUE)
    seen.fails("record-not-published", naming=("there is no TXT record",))
    assert {row["rcode"] for row in seen.challenge["servers"]} == {"NOERROR"}


def test_a_txt_below_a_zone_cut_in_the_parents_file_does_not_count(
    lab: Lab, shop: Shop, look: Look
) -> None:
    # The parent's servers refer to the child, where nothing is (RFC 2181 section 6.1: occluded).
    shop(f"sub NS {lab.knot.host}\n_acme-challenge.sub TXT {VALUE}", [lab.bind, lab.nsd])
    lab.knot.put(hosted("sub.shop.test.", [lab.knot]))
    seen = look("sub.shop.test", VALUE)
    lab.knot.drop("sub.shop.test.")
    seen.fails("record-not-published")
    assert seen.challenge["zone"] == "sub.shop.test."


# -- wrong ---------------------------------------------------------------------------------------


def test_a_left_over_value_is_a_wrong_value(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(f"_acme-challenge TXT {OLD}", [each_server])
    seen = look("shop.test", VALUE)
    found = seen.fails("wrong-value", naming=(each_server,))
    assert seen.everywhere() == {"mismatch"}
    assert found["evidence"]["nearest_value"] == OLD
    assert found["evidence"]["first_differing_offset"] == 0
    assert found["evidence"]["edit_distance"] > 20


def test_bytes_of_any_kind_are_compared_whole_and_shown_escaped(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop('_acme-challenge TXT "\\000\\027[2Jgr\\252\\195\\188n\\\\\\255"', [each_server])
    seen = look("shop.test", VALUE)
    seen.fails("wrong-value")
    assert seen.challenge["servers"][0]["found"] == ["\\000\\027[2Jgr\\252\\195\\188n\\092\\255"]
    assert look("shop.test", b"\0\x1b[2Jgr\xfc\xc3\xbcn\\\xff").challenge["outcome"] == "ready"


def test_an_empty_string_is_a_wrong_value(shop: Shop, look: Look, each_server: NameServer) -> None:
    shop('_acme-challenge TXT ""', [each_server])
    seen = look("shop.test", VALUE)
    seen.fails("wrong-value")
    assert seen.challenge["servers"][0]["found"] == [""]


def test_of_many_values_the_nearest_is_told(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    near = f"{VALUE[:20]}-----{VALUE[25:]}"
    many = [*(digest(f"order {n}") for n in range(59)), near]
    shop("".join(f"_acme-challenge TXT {value}\n" for value in many), [each_server])
    seen = look("shop.test", VALUE)
    found = seen.fails("wrong-value")
    assert found["evidence"]["nearest_value"] == near
    assert found["evidence"]["first_differing_offset"] == 20
    assert found["evidence"]["edit_distance"] == 5
    assert {row["transport"] for row in seen.challenge["servers"]} == {"tcp"}
    assert {len(row["found"]) for row in seen.challenge["servers"]} == {60}


def test_a_wildcard_txt_of_something_else_is_a_wrong_value(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop('* TXT "v=spf1 -all"', [each_server])
    look("shop.test", VALUE).fails("wrong-value")


# -- mangled -------------------------------------------------------------------------------------


def _typo(value: str) -> str:
    return f"{value[:21]}{'O' if value[21] != 'O' else '0'}{value[22:]}"


MANGLED = {
    "quoted": (rf'"\"{VALUE}\""', "quoted"),
    "quoted-on-one-side": (rf'"\"{VALUE}"', "quoted"),
    "trailing-blank": (f'"{VALUE} "', "whitespace"),
    "line-end": (rf'"{VALUE}\013\010"', "whitespace"),
    "broken-in-two": (f'"{VALUE[:20]} {VALUE[20:]}"', "whitespace"),
    "lower-case": (f'"{VALUE.lower()}"', "case"),
    "cut-off": (f'"{VALUE[:32]}"', "truncated"),
    "last-letter-lost": (f'"{VALUE[:-1]}"', "truncated"),
    "first-letter-lost": (f'"{VALUE[1:]}"', "truncated"),
    "one-letter": (f'"{_typo(VALUE)}"', "typo"),
    "two-letters-swapped": (f'"{VALUE[:9]}{VALUE[10]}{VALUE[9]}{VALUE[11:]}"', "typo"),
    "not-digested": (f'"{KEY_AUTHORIZATION}"', "key-authorization"),
    "alias-target": ('"shop.test.acme.example.net."', "hostname"),
}


@pytest.mark.parametrize("how", MANGLED)
def test_a_mangled_value_is_told_with_its_kind(shop: Shop, look: Look, how: str) -> None:
    data, kind = MANGLED[how]
    shop(f"_acme-challenge TXT {data}")
    seen = look("shop.test", VALUE)
    seen.fails("mangled-value", kind=kind)
    assert seen.everywhere() == {"mismatch"}


def test_a_mangled_value_on_one_server_is_told_of_that_server(
    lab: Lab, look: Look, each_server: NameServer
) -> None:
    others = [server for server in lab.nameservers if server is not each_server]
    texts: dict[NameServer, str | None] = dict.fromkeys(others)
    texts[each_server] = shop_text(f"_acme-challenge TXT {_typo(VALUE)}", lab.nameservers)
    lab.zone("shop.test.", texts, records=CHALLENGE, apex=lab.nameservers)
    seen = look("shop.test", VALUE)
    seen.fails("mangled-value", kind="typo", naming=(each_server,))
    assert seen.statuses(each_server) == {"mismatch"}
    assert all(seen.statuses(server) == {"match"} for server in others)


# -- elsewhere -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("_acme-challenge.www.shop.test.shop.test.", "doubled-zone"),
        ("www.shop.test.", "missing-label"),
        ("_acme-challenge.shop.test.", "parent-label"),
    ],
)
def test_a_record_at_another_name_is_found_there(
    shop: Shop, look: Look, each_server: NameServer, where: str, kind: str
) -> None:
    shop(f"www A 192.0.2.1\n{where} TXT {VALUE}", [each_server])
    seen = look("www.shop.test", VALUE)
    seen.fails("misplaced-record", kind=kind, naming=(where,))
    assert seen.everywhere() == {"absent"}


def test_a_record_beside_the_alias_is_found_there(shop: Shop, look: Look) -> None:
    shop(f"_acme-challenge CNAME to\nto A 192.0.2.1\n_acme-challenge.to TXT {VALUE}")
    seen = look("shop.test", VALUE)
    seen.fails("misplaced-record", kind="beside-alias")
    assert seen.everywhere() == {"alias", "absent"}


def test_a_record_at_the_doubled_name_of_the_aliass_target_is_found_there(
    shop: Shop, look: Look
) -> None:
    shop(f"_acme-challenge CNAME to.shop.test.\nto.shop.test.shop.test. TXT {VALUE}")
    look("shop.test", VALUE).fails("misplaced-record", kind="doubled-zone")


def test_a_wildcard_with_the_value_is_where_it_belongs(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(f"* TXT {VALUE}", [each_server])
    look("shop.test", VALUE).is_ready()


def test_a_wildcard_elsewhere_is_no_misplaced_record(shop: Shop, look: Look) -> None:
    # Whatever is asked for below shop.test.shop.test. exists: that tells nothing.
    shop(f"*.shop.test TXT {VALUE}")
    look("shop.test", VALUE).fails("record-not-published")


# -- several values ------------------------------------------------------------------------------


def test_apex_and_wildcard_need_both_values(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(CHALLENGE, [each_server])
    seen = look("shop.test", VALUE, OTHER)
    found = seen.fails("value-missing", naming=(OTHER,))
    assert found["evidence"]["missing"] == [OTHER]
    assert seen.everywhere() == {"partial"}


def test_one_of_two_values_on_one_server_each_is_a_disagreement(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    lab.zone(
        "shop.test.",
        {lab.bind: None, lab.nsd: shop_text(SECOND, pair)},
        records=CHALLENGE,
        apex=pair,
    )
    seen = look("shop.test", VALUE, OTHER)
    seen.fails("servers-disagree", naming=tuple(pair))
    assert seen.everywhere() == {"partial"}


def test_one_of_two_values_mangled_is_told_as_mangled(shop: Shop, look: Look) -> None:
    shop(f"{CHALLENGE}\n_acme-challenge TXT {_typo(OTHER)}")
    seen = look("shop.test", VALUE, OTHER)
    seen.fails("mangled-value", kind="typo")
    assert seen.everywhere() == {"partial"}


def test_a_stale_value_beside_does_no_harm(shop: Shop, look: Look, each_server: NameServer) -> None:
    shop(f"{CHALLENGE}\n_acme-challenge TXT {OLD}", [each_server])
    seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"stale-values"}))
    assert seen.finding("stale-values")["evidence"]["unexpected"] == [OLD]


def test_a_value_in_several_character_strings_is_one_value(
    shop: Shop, look: Look, each_server: NameServer
) -> None:
    shop(f'_acme-challenge TXT "{VALUE[:10]}" "" "{VALUE[10:30]}" "{VALUE[30:]}"', [each_server])
    look("shop.test", VALUE).is_ready()


def test_a_server_that_splits_each_value_is_right(beside: Callable[..., str], look: Look) -> None:
    beside(misbehaving.MultiStringTxt, CHALLENGE)
    look("shop.test", VALUE).is_ready()


# -- the words for what is served ------------------------------------------------------------------


def cause_of(seen: Seen) -> str:
    return seen.outcome.challenges[0].findings[0].cause


def test_a_wildcards_txt_is_not_called_left_over(shop: Shop, look: Look) -> None:
    shop('* TXT "v=spf1 -all"')
    seen = look("shop.test", VALUE)
    found = seen.fails("wrong-value")
    assert found["evidence"]["from_wildcard"] is True
    assert "A wildcard TXT record answers" in cause_of(seen)
    assert "remove" not in found["remedy"]


def test_only_what_looks_like_a_challenges_value_is_called_left_over(
    shop: Shop, look: Look
) -> None:
    zone = shop(f"_acme-challenge TXT {OLD}")
    assert "left over" in cause_of(look("shop.test", VALUE))
    del zone
    shop('_acme-challenge TXT "google-site-verification=x"')
    assert "something other than an ACME client probably created it" in cause_of(
        look("shop.test", VALUE)
    )


def test_a_domain_that_no_registry_below_a_tld_knows_is_told_with_the_record(
    lab: Lab, look: Look
) -> None:
    lab.zone("co.test.", [lab.nsd])
    seen = look("nosuch.co.test", VALUE)
    found = seen.fails("record-not-published")
    assert found["evidence"]["missing_above"] == "nosuch.co.test."
    assert "nosuch.co.test does not exist there either" in cause_of(seen)


def test_different_values_are_told_server_by_server(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    lab.zone(
        "shop.test.",
        {lab.bind: None, lab.nsd: shop_text(f"_acme-challenge TXT {OLD}", pair)},
        records=f"_acme-challenge TXT {OTHER}",
        apex=pair,
    )
    seen = look("shop.test", VALUE)
    found = seen.fails("wrong-value", naming=tuple(pair))
    nearest = {row["nameserver"]: row["nearest_value"] for row in found["evidence"]["addresses"]}
    assert nearest == {lab.bind.host: OTHER, lab.nsd.host: OLD}
    page = text.render(seen.outcome)
    assert f"a different value: {OTHER[:10]}" in page
    assert f"a different value: {OLD[:10]}" in page


def test_a_value_that_one_server_lacks_is_named(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    lab.zone(
        "shop.test.",
        {lab.bind: None, lab.nsd: shop_text(CHALLENGE, pair)},
        records=f"{CHALLENGE}\n{SECOND}",
        apex=pair,
    )
    seen = look("shop.test", VALUE, OTHER)
    found = seen.fails("servers-disagree", naming=(f'lacks "{OTHER}"',))
    lacking = [row for row in found["evidence"]["addresses"] if "missing" in row]
    assert {row["nameserver"] for row in lacking} == {lab.nsd.host}
    assert all(row["missing"] == [OTHER] for row in lacking)


def test_a_typo_on_one_server_is_marked_under_the_character(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    odd = shop_text(f"_acme-challenge TXT {_typo(VALUE)}", pair)
    lab.zone("shop.test.", {lab.bind: None, lab.nsd: odd}, records=CHALLENGE, apex=pair)
    seen = look("shop.test", VALUE)
    seen.fails("mangled-value", kind="typo", naming=(lab.nsd,))
    lines = text.render(seen.outcome).splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("served"))
    assert lines[at].endswith(_typo(VALUE))
    assert lines[at + 1].index("^") == lines[at].index(_typo(VALUE)) + 21


def test_a_value_is_bounded_as_it_is_written(shop: Shop, look: Look) -> None:
    shop('_acme-challenge TXT "' + "\\200" * 120 + '"')
    seen = look("shop.test", VALUE)
    seen.fails("wrong-value")
    assert max(map(len, text.render(seen.outcome).splitlines())) <= 80
    assert len(seen.challenge["servers"][0]["found"][0]) == 480
