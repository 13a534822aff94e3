from __future__ import annotations

import pytest

from certbot_dns_preflight.facts.obstacle import AliasLoop
from tests.builders.survey import (
    NS1,
    OWNER,
    TARGET,
    alias,
    at,
    hop,
    name,
    survey,
)
from tests.checks.asserting import (
    only_error,
)


def test_an_alias_loop() -> None:
    chain = (name(TARGET), name(OWNER))
    facts = survey(
        hop(at(NS1, alias())),
        hop(at(NS1, alias(OWNER)), owner=TARGET),
        obstacle=AliasLoop(chain),
    )
    found = only_error(facts, "alias-loop")
    assert found.summary == (
        "_acme-challenge.example.test is in a CNAME loop: it points to record.other.test, which "
        "points back."
    )
    assert found.cause == (
        "The chain: _acme-challenge.example.test -> record.other.test -> "
        "_acme-challenge.example.test. A loop never reaches a TXT record: every resolver gives up; "
        "this program does so after at most 16 aliases."
    )
    assert found.evidence["kind"] is None
    assert found.remedy.endswith(", or replace one of the CNAMEs with the TXT record.")


def test_a_chain_that_is_too_long_names_the_limit() -> None:
    chain = tuple(name(f"a{number}.example.test.") for number in range(17))
    facts = survey(hop(at(NS1, alias("a0.example.test."))), obstacle=AliasLoop(chain))
    found = only_error(facts, "alias-loop")
    assert found.summary == (
        "the CNAME chain from _acme-challenge.example.test is too long "
        "(at least 17 aliases; this program follows 16)."
    )
    assert found.remedy == (
        "Point _acme-challenge.example.test straight at the name that holds the TXT record."
    )
    assert found.cause.endswith(
        " and 11 more. This program follows at most 16 aliases; some resolvers stop after 11."
    )
    assert found.evidence["kind"] == "too-long"


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ((OWNER,), "is in a CNAME loop: it points to itself"),
        (("a.test.", "b.test.", OWNER), "is in a CNAME loop"),
        (("a.test.", "b.test.", "a.test."), "points into a CNAME loop"),
    ],
)
def test_a_name_beside_a_loop_is_not_said_to_be_in_it(chain: tuple[str, ...], words: str) -> None:
    facts = survey(hop(at(NS1, alias(chain[0]))), obstacle=AliasLoop(tuple(map(name, chain))))
    assert only_error(facts, "alias-loop").summary == f"_acme-challenge.example.test {words}."


def test_where_a_dname_leads_around_no_cname_is_to_be_replaced() -> None:
    renamed = alias(dname=name("example.test."))
    facts = survey(hop(at(NS1, renamed)), obstacle=AliasLoop((name(TARGET), name(OWNER))))
    remedy = only_error(facts, "alias-loop").remedy
    assert "change the DNAME" in remedy
    assert "CNAME" not in remedy
