"""Servers of one zone that are not of one mind: secondaries behind, copies that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.settings import UnreachablePolicy
from tests.lab import misbehaving
from tests.scenarios.values import CHALLENGE, OLD, VALUE
from tests.scenarios.zones import shop_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab, NameServer
    from tests.scenarios.seen import Look

pytestmark = pytest.mark.thorough

EXAMPLE = "_acme-challenge.example.test."


@pytest.fixture(params=["nsd", "knot", "pdns"])
def secondary(request: pytest.FixtureRequest, lab: Lab) -> NameServer:
    server: NameServer = getattr(lab, request.param)
    return server


@pytest.fixture(params=["bind", "nsd", "knot", "pdns"])
def odd_one(request: pytest.FixtureRequest, lab: Lab) -> NameServer:
    server: NameServer = getattr(lab, request.param)
    return server


def serve(lab: Lab, odd_one: NameServer, *, odd: str, right: str = CHALLENGE, serial: int) -> None:
    """Serve shop.test. at serial 5 on all servers, and something else on one of them."""
    texts: dict[NameServer, str | None] = dict.fromkeys(lab.nameservers)
    texts[odd_one] = shop_text(odd, lab.nameservers, serial=serial)
    lab.zone("shop.test.", texts, records=right, apex=lab.nameservers, serial=5)


@pytest.mark.parametrize("before", ["", OLD], ids=["nothing-before", "an-old-value-before"])
def test_a_secondary_that_missed_the_change_is_behind(
    lab: Lab, look: Look, secondary: NameServer, before: str
) -> None:
    if before:
        lab.update(lab.primary, "example.test.", add=[f"{EXAMPLE} TXT {before}"])
        lab.wait_synchronous()
    lab.pause_transfers(secondary)
    lab.update(lab.primary, "example.test.", delete=[EXAMPLE], add=[f"{EXAMPLE} TXT {VALUE}"])
    current = lab.primary.serial("example.test.")
    for server in lab.secondaries:
        if server is not secondary:
            server.wait_serial("example.test.", current or 0)
    seen = look("example.test", VALUE)
    found = seen.fails("secondary-behind", naming=(secondary,))
    assert seen.statuses(secondary) == {"mismatch" if before else "absent"}
    assert all(
        seen.statuses(server) == {"match"} for server in lab.nameservers if server is not secondary
    )
    assert {row["serial"] for row in found["evidence"]["up_to_date"]} == {current}
    assert {row["serial"] for row in found["evidence"]["behind"]} == {
        secondary.serial("example.test.")
    }


def test_all_secondaries_behind_are_one_finding(lab: Lab, look: Look) -> None:
    for server in lab.secondaries:
        lab.pause_transfers(server)
    lab.update(lab.primary, "example.test.", add=[f"{EXAMPLE} TXT {VALUE}"])
    seen = look("example.test", VALUE)
    found = seen.fails("secondary-behind", naming=lab.secondaries)
    assert found["nameserver"] is None
    assert seen.statuses(lab.primary) == {"match"}


def test_a_secondary_that_catches_up_is_waited_for(lab: Lab, look: Look) -> None:
    lab.pause_transfers(lab.knot)
    lab.update(lab.primary, "example.test.", add=[f"{EXAMPLE} TXT {VALUE}"])
    lab.nsd.wait_serial("example.test.", lab.primary.serial("example.test.") or 0)
    lab.pdns.wait_serial("example.test.", lab.primary.serial("example.test.") or 0)
    caught_up = False

    def watch(progress: object) -> None:
        nonlocal caught_up
        if not caught_up and getattr(progress, "elapsed", 0.0) > 0.3:
            caught_up = True
            lab.refresh(lab.knot)

    seen = look("example.test", VALUE, wait=True, watch=watch)
    seen.is_ready()
    late = [r for r in seen.challenge["servers"] if r["nameserver"] == lab.knot.host]
    early = [r for r in seen.challenge["servers"] if r["nameserver"] == lab.primary.host]
    assert min(r["first_match_seconds"] for r in late) > max(
        r["first_match_seconds"] for r in early
    )


def test_the_same_serial_with_other_data_is_a_disagreement(
    lab: Lab, look: Look, odd_one: NameServer
) -> None:
    serve(lab, odd_one, odd="", serial=5)
    seen = look("shop.test", VALUE)
    seen.fails("servers-disagree", naming=(odd_one,))
    assert seen.statuses(odd_one) == {"absent"}


def test_a_newer_zone_without_the_record_is_a_disagreement(
    lab: Lab, look: Look, odd_one: NameServer
) -> None:
    # Nothing is behind: whoever has the newest zone has lost the record.
    serve(lab, odd_one, odd="", serial=6)
    look("shop.test", VALUE).fails("servers-disagree", naming=(odd_one,))


def test_an_old_value_at_the_same_serial_is_a_disagreement(
    lab: Lab, look: Look, odd_one: NameServer
) -> None:
    serve(lab, odd_one, odd=f"_acme-challenge TXT {OLD}", serial=5)
    seen = look("shop.test", VALUE)
    seen.fails("servers-disagree", naming=(odd_one,))
    assert seen.statuses(odd_one) == {"mismatch"}


def test_serials_wrap_around(lab: Lab, look: Look) -> None:
    pair = [lab.bind, lab.nsd]
    texts = {
        lab.bind: shop_text(CHALLENGE, pair, serial=5),
        lab.nsd: shop_text("", pair, serial=4294967290),
    }
    lab.zone("shop.test.", texts, apex=pair)
    look("shop.test", VALUE).fails("secondary-behind", naming=(lab.nsd,))


def test_an_alias_on_one_server_alone_is_a_disagreement(
    lab: Lab, look: Look, odd_one: NameServer
) -> None:
    lab.zone("aim.test.", [lab.bind], records=f"shop TXT {VALUE}")
    serve(lab, odd_one, odd="_acme-challenge CNAME shop.aim.test.", serial=5)
    seen = look("shop.test", VALUE)
    seen.fails("servers-disagree", naming=(odd_one, "CNAME"))
    assert seen.statuses(odd_one, zone="shop.test.") == {"alias"}


def test_an_alias_that_a_secondary_lacks_is_a_secondary_behind(
    lab: Lab, look: Look, odd_one: NameServer
) -> None:
    lab.zone("aim.test.", [lab.bind], records=f"shop TXT {VALUE}")
    serve(lab, odd_one, odd="", right="_acme-challenge CNAME shop.aim.test.", serial=4)
    seen = look("shop.test", VALUE)
    seen.fails("secondary-behind", naming=(odd_one,))
    assert seen.statuses(odd_one, zone="shop.test.") == {"absent"}
    assert seen.statuses(lab.bind, zone="aim.test.") == {"match"}


def test_an_alias_to_another_target_is_a_disagreement(
    lab: Lab, look: Look, odd_one: NameServer
) -> None:
    lab.zone("aim.test.", [lab.bind], records=f"shop TXT {VALUE}\nold TXT {OLD}")
    alias = "_acme-challenge CNAME {}.aim.test."
    serve(lab, odd_one, odd=alias.format("old"), right=alias.format("shop"), serial=5)
    seen = look("shop.test", VALUE)
    seen.fails("servers-disagree", naming=("old.aim.test",))


def test_a_server_that_denies_everything_disagrees(beside: Callable[..., str], look: Look) -> None:
    host = beside(misbehaving.NxdomainForEverything, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.fails("servers-disagree", naming=(host,))
    assert seen.statuses(host) == {"absent"}
    # A wrong answer with authority is no trouble that unreachable=warn would excuse.
    look("shop.test", VALUE, unreachable=UnreachablePolicy.WARN).fails("servers-disagree")


def test_one_address_of_a_server_that_differs_from_its_other_is_named(lab: Lab, look: Look) -> None:
    host = "twofold.dns.test."
    first, second = lab.addresses(), lab.addresses()
    lab.name_addresses(host, (first[0], second[0]))
    right = misbehaving.Authoritative((first[0],), {"shop.test.": shop_text(CHALLENGE, [host])})
    wrong = misbehaving.Authoritative((second[0],), {"shop.test.": shop_text("", [host])})
    with right, wrong:
        lab.zone("shop.test.", [], apex=[host], delegation=[host])
        seen = look("shop.test", VALUE)
    seen.fails("servers-disagree", naming=(second[0],))
    assert seen.statuses(host) == {"match", "absent"}
