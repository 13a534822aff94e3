from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.zone import Listing, NameServer
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
    NS2_V6,
    NS3,
    OTHER,
    alias,
    at,
    hop,
    name,
    nodata,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Hop

CODE = "secondary-behind"


def test_a_secondary_with_an_older_zone_is_behind() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), 41), at(NS3, texts(), 42)))
    found = only_error(facts, "secondary-behind")
    assert found.summary == (
        "ns2.example.net does not have the record yet; the other 2 name servers do."
    )
    assert found.cause == (
        "ns2.example.net serves zone serial 41 and answers NXDOMAIN; the others serve 42. "
        "ns2.example.net has not transferred the change."
    )
    assert found.nameserver == name("ns2.example.net.")
    behind = found.evidence["behind"]
    assert isinstance(behind, list)
    assert behind[0] == {
        "nameserver": "ns2.example.net.",
        "address": NS2,
        "port": 53,
        "zone": "example.test.",
        "serial": 41,
        "answer": "NXDOMAIN",
    }


def test_serials_are_compared_around_their_end() -> None:
    only_error(survey(hop(at(NS1, texts(), 3), at(NS2, nxdomain(), 2**32 - 5))), "secondary-behind")


def test_a_secondary_that_shows_an_older_value_is_behind() -> None:
    only_error(survey(hop(at(NS1, texts(), 42), at(NS2, texts(OTHER), 41))), "secondary-behind")


def test_without_serials_it_is_behind() -> None:
    only_error(survey(hop(at(NS1, texts()), at(NS2, nodata()))), "secondary-behind")


def test_one_address_of_a_server_behind_is_named_with_its_address() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(), 42), at(NS2_V6, nxdomain(), 41)))
    found = only_error(facts, "secondary-behind")
    assert found.address == NS2_V6
    assert "ns2.example.net at 2001:db8::2 does not have the record yet" in found.summary


def test_without_an_expected_value_a_server_with_an_older_zone_is_behind() -> None:
    facts = survey(hop(at(NS1, texts(OTHER), 42), at(NS2, nodata(), 41)), expected=())
    only_error(facts, "secondary-behind")


def test_a_lagging_server_of_the_alias_target_is_behind() -> None:
    only_error(aliased(at(NS1, texts(), 42), at(NS3, nxdomain(), 41)), "secondary-behind")


def test_a_server_of_the_alias_zone_with_an_older_zone_is_behind() -> None:
    first = hop(at(NS1, alias(), 7), at(NS2, nxdomain(), 6))
    found = only_error(aliased(at(NS3, texts()), first=first), "secondary-behind")
    assert found.address == NS2


def moved(*old: str, parent: str = "test.") -> Hop:
    """ns1 and ns3 have the newer copy and list each other; `old` list ns2, which is behind."""
    new = frozenset({Endpoint(NS1), Endpoint(NS3)})
    servers = (
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),), apex_from=new),
        NameServer(
            name("ns2.example.net."),
            frozenset({Listing.DELEGATION, *([Listing.APEX] if old else [])}),
            own=(Endpoint(NS2),),
            apex_from=frozenset(map(Endpoint, old)),
        ),
        NameServer(name("ns3.example.net."), BOTH, own=(Endpoint(NS3),), apex_from=new),
    )
    made = hop(
        at(NS1, texts(), 42), at(NS2, nxdomain(), 41), at(NS3, texts(), 42), nameservers=servers
    )
    return replace(made, zone=replace(made.zone, parent=name(parent)))


@pytest.mark.parametrize("old", [(), (NS2,)], ids=["lists-nothing", "lists-itself"])
def test_a_server_that_only_the_registry_still_lists_is_to_go_there(old: tuple[str, ...]) -> None:
    found, *others = diagnose(survey(moved(*old)))
    assert found.code == CODE
    assert [other.code for other in others] == ["delegation-mismatch"]
    assert found.summary == (
        "ns2.example.net still gets queries for example.test, but no longer belongs to it."
    )
    assert found.remedy == "Remove ns2.example.net from the name servers at your registrar."
    assert others[0].remedy.startswith("At your registrar, remove ns2.example.net; or ")


def test_below_a_zone_of_ones_own_the_old_server_is_to_go_there() -> None:
    found = diagnose(survey(moved(NS2, parent="own.example.")))[0]
    assert found.remedy == (
        "Remove ns2.example.net from the NS records for example.test in the zone own.example."
    )
    assert found.cause.startswith("The zone own.example still delegates to ns2.example.net; ")


def test_a_server_that_the_newest_copy_lists_is_a_secondary_that_is_behind() -> None:
    found = diagnose(survey(moved(NS1, NS2)))[0]
    assert found.remedy.startswith(
        "Check that NOTIFY from the primary reaches ns2.example.net, and that the primary allows "
        "it to transfer the zone. If it only polls, "
    )


def test_several_that_are_behind_are_spoken_of_in_the_plural() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), 41), at(NS3, nxdomain(), 41)))
    found = only_error(facts, CODE)
    assert found.summary.endswith(" do not have the record yet; the other name server does.")
    assert found.cause.endswith(
        "; the other serves 42. ns2.example.net and ns3.example.net have not transferred the "
        "change."
    )
    assert found.remedy.endswith(
        "If they only poll, set --timeout to more than the zone's refresh interval, or shorten "
        "that interval."
    )


def test_one_address_behind_beside_one_that_is_not() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(), 42), at(NS2_V6, nxdomain(), 41)))
    assert only_error(facts, CODE).summary == (
        "ns2.example.net at 2001:db8::2 does not have the record yet; its other address and the "
        "other name server do."
    )
