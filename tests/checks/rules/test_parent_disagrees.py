from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.zone import ParentAnswer
from tests.builders.survey import NS1, at, hop, name, survey, texts
from tests.checks.asserting import only_error, only_warning

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Survey

A, B = name("a.parent.test."), name("b.parent.test.")
LISTED = frozenset({name("ns1.example.net.")})


def told(*answers: ParentAnswer, parent: str = "parent.test.") -> Survey:
    one = hop(at(NS1, texts()))
    zone = dataclasses.replace(one.zone, parent=name(parent), parent_answers=answers)
    return survey(dataclasses.replace(one, zone=zone))


def test_a_server_that_denies_the_delegation() -> None:
    facts = told(
        ParentAnswer(A, Endpoint("192.0.2.1"), LISTED),
        ParentAnswer(B, Endpoint("192.0.2.2"), None, "NXDOMAIN", referral=False),
    )
    found = only_error(facts, "parent-disagrees")
    assert found.nameserver == B
    assert found.summary == (
        "b.parent.test, a name server of parent.test, has no delegation for example.test."
    )


def test_servers_that_list_other_name_servers() -> None:
    facts = told(
        ParentAnswer(A, Endpoint("192.0.2.1"), LISTED),
        ParentAnswer(B, Endpoint("192.0.2.2"), LISTED | {name("ns2.example.net.")}),
    )
    found = only_warning(facts, "parent-disagrees")
    assert "b.parent.test lists ns1.example.net and ns2.example.net" in found.cause


def test_a_registry_is_not_the_users_to_mend() -> None:
    facts = told(
        ParentAnswer(A, Endpoint("192.0.2.1"), LISTED),
        ParentAnswer(B, Endpoint("192.0.2.2"), None, "NODATA", referral=False),
        parent="test.",
    )
    assert "nothing to fix on your side" in only_error(facts, "parent-disagrees").remedy


def test_a_server_that_holds_the_zone_itself_need_not_refer() -> None:
    own = ParentAnswer(B, Endpoint("192.0.2.2"), LISTED | {B}, referral=False)
    assert diagnose(told(ParentAnswer(A, Endpoint("192.0.2.1"), LISTED), own)) == ()
    assert diagnose(told(own)) == ()


def test_where_nobody_knows_the_delegation_any_more_nobody_disagrees() -> None:
    denial = ParentAnswer(B, Endpoint("192.0.2.2"), None, "NXDOMAIN", referral=False)
    assert diagnose(told(denial)) == ()
