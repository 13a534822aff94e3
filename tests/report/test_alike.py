"""Words of the first of several names that failed alike, put for all of them."""

from __future__ import annotations

from certbot_dns_preflight.facts.obstacle import AliasLoop
from certbot_dns_preflight.report import text
from certbot_dns_preflight.report.alike import Alike
from certbot_dns_preflight.report.grouping import pictures
from tests.builders.survey import NODATA, alias, hop, judged, name, run, seen, texts
from tests.report import scenarios


def alike(*challenges: object) -> Alike:
    (picture,) = pictures(run(*challenges))  # type: ignore[arg-type]
    return Alike(picture)


def looping(number: int) -> object:
    """A name whose alias points to one that points back."""
    domain = f"host{number}.example.com"
    there = seen("ns1.example.net.", "192.0.2.1", alias("a.example.com."))
    back = seen("ns1.example.net.", "192.0.2.1", alias(f"_acme-challenge.{domain}."))
    hops = (
        hop(there, owner=f"_acme-challenge.{domain}."),
        hop(back, owner="a.example.com."),
    )
    chain = (name("a.example.com."), name(f"_acme-challenge.{domain}."))
    return scenarios.told(judged(hops=hops, domain=domain, obstacle=AliasLoop(chain)))


def aliased(number: int) -> object:
    """A name whose alias points to a target of its own, which has no record."""
    there = seen("ns1.example.net.", "192.0.2.1", alias(f"t{number}.example.org."))
    target = seen("ns.example.org.", "192.0.2.9", NODATA, zone="example.org.")
    domain = f"host{number}.example.com"
    hops = (
        hop(there, owner=f"_acme-challenge.{domain}."),
        hop(target, owner=f"t{number}.example.org."),
    )
    return scenarios.told(judged(hops=hops, domain=domain))


def test_a_sentence_that_names_the_first_says_that_it_holds_for_the_others() -> None:
    page = " ".join(text.render(run(*map(looping, range(12)))).split())  # type: ignore[arg-type]
    assert page.startswith(
        "Not ready: 12 of 12 names; _acme-challenge.host0.example.com is in a CNAME loop: it "
        "points to a.example.com, which points back (likewise for the other 11 names)."
    )
    assert "Example: host0.example.com" in page


def test_a_target_of_the_first_alone_is_said_to_be_an_example() -> None:
    words = alike(aliased(0), aliased(1))
    assert words.of("Create the record at t0.example.org.") == (
        "Create the record at t0.example.org (likewise for the other name)."
    )
    assert words.of("Create it in the zone example.org.") == "Create it in the zone example.org."


def test_what_belongs_to_each_of_several_zones_is_put_for_all() -> None:
    words = Alike(pictures(scenarios.hundred_zones())[0])
    assert words.of("Usually the zone is not loaded there, has expired, or it is down.") == (
        "Usually the zones are not loaded there, have expired, or it is down."
    )
    assert words.of("The zone's only name server has no address.") == (
        "The zones' only name server has no address."
    )
    assert words.of("Make sure it writes to the copy of the zone host0.example there.") == (
        "Make sure it writes to the copy of each zone there."
    )


def test_several_zones_are_spoken_of_in_the_plural() -> None:
    words = Alike(pictures(scenarios.hundred_zones())[0])
    assert words.of("ns2 refuses queries for host0.example (REFUSED).") == (
        "ns2 refuses queries for 94 zones (REFUSED)."
    )
    assert words.of("remove it from the name servers (the zone itself does not list it)") == (
        "remove it from the name servers (the zones themselves do not list it)"
    )
    assert words.of("wait until the zone's refresh interval") == (
        "wait until the zone's refresh interval"
    )


def test_values_of_the_first_name_are_an_example_where_each_has_its_own() -> None:
    def typed(number: int) -> object:
        expected = b"%02d" % number + b"x" * 41
        served = scenarios.three_servers(texts(expected[:-1] + b"y"))
        domain = f"host{number}.example.com"
        return scenarios.told(judged(*served, domain=domain, expected=(expected,)))

    page = text.render(run(typed(0), typed(1)))  # type: ignore[arg-type]
    assert "  Example: host0.example.com\n  expected  00xx" in page
    missing = text.render(scenarios.hundred_names())
    assert "  expected  " not in missing
