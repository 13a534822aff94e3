from __future__ import annotations

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
        "_acme-challenge.example.test points into a CNAME loop (limit 16 aliases)."
    )
    assert found.cause == (
        "The chain: _acme-challenge.example.test -> record.other.test -> "
        "_acme-challenge.example.test."
    )
    assert found.remedy.endswith(", or replace one of the CNAMEs with the TXT record.")


def test_a_chain_that_is_too_long_names_the_limit() -> None:
    chain = tuple(name(f"a{number}.example.test.") for number in range(17))
    facts = survey(hop(at(NS1, alias("a0.example.test."))), obstacle=AliasLoop(chain))
    assert only_error(facts, "alias-loop").summary == (
        "the CNAME chain from _acme-challenge.example.test is too long (17; limit 16)."
    )


def test_where_a_dname_leads_around_no_cname_is_to_be_replaced() -> None:
    renamed = alias(dname=name("example.test."))
    facts = survey(hop(at(NS1, renamed)), obstacle=AliasLoop((name(TARGET), name(OWNER))))
    remedy = only_error(facts, "alias-loop").remedy
    assert "change the DNAME" in remedy
    assert "CNAME" not in remedy
