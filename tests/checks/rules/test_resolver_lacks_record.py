from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import is_ready
from certbot_dns_preflight.facts.answers import NotAsked
from tests.builders.survey import (
    NODATA,
    NXDOMAIN,
    OTHER,
    SECOND,
    THERE,
    VALUE,
    by_resolvers,
    texts,
)
from tests.checks.asserting import only_error

CODE = "resolver-lacks-record"


def test_a_resolver_that_shows_the_record_is_all_that_is_wanted() -> None:
    facts = by_resolvers(THERE, THERE)
    assert diagnose(facts) == ()
    assert is_ready(facts)


def test_a_miss_is_told_with_how_long_it_stays() -> None:
    found = only_error(by_resolvers(NXDOMAIN, kept=240.4), CODE)
    assert found.summary == "the resolver 192.0.2.1 does not show the record (NXDOMAIN)."
    assert found.cause == (
        "The resolver has cached this answer and will keep it for another 240 s, even if the "
        "record has been published since (negative answers from this zone are cached for 300 s). "
        "Only resolvers can be queried from this host, so it is not known whether any name server "
        "lacks the record."
    )
    assert found.remedy == (
        "Try again in 240 s, or raise --timeout by at least that much. Meanwhile, check that the "
        "record was created."
    )
    assert found.evidence["kept_seconds"] == 240
    assert found.evidence["negative_ttl"] == 300
    assert found.evidence["resolvers"] == [
        {"resolver": "192.0.2.1", "answer": "NXDOMAIN", "kept_seconds": 240}
    ]


def test_a_miss_that_stays_nowhere_is_told_without_a_time() -> None:
    found = only_error(by_resolvers(NODATA, kept=0.0, negative_ttl=None), CODE)
    assert "cached" not in found.cause
    assert found.remedy == ("Check that the record was created, then try again or raise --timeout.")


def test_one_of_several_is_named_and_the_others_are_counted() -> None:
    found = only_error(by_resolvers(THERE, NXDOMAIN, THERE, kept=9.0), CODE)
    assert found.summary == (
        "the resolver 192.0.2.2 does not show the record (NXDOMAIN); the other 2 do."
    )
    assert found.remedy.endswith(
        "If the record is still missing then, check from another host that every name server "
        "has it."
    )


def test_an_older_value_out_of_a_cache_is_no_wrong_value() -> None:
    found = only_error(by_resolvers(texts(OTHER), kept=30.0), CODE)
    assert "has cached this answer and will keep it for another 30 s" in found.cause


def test_one_of_two_values_out_of_a_cache_is_not_all_of_them() -> None:
    facts = by_resolvers(texts(VALUE), expected=(VALUE, SECOND), kept=30.0)
    assert "does not show all expected values" in only_error(facts, CODE).summary


def test_where_it_was_too_early_to_ask_that_is_told() -> None:
    found = only_error(by_resolvers(NotAsked("it is too early to ask")), CODE)
    assert found.summary == (
        "time ran out before it made sense to query a resolver for the record."
    )


def test_a_value_that_was_mistyped_is_told_as_that_alone() -> None:
    facts = by_resolvers(texts(b'"' + VALUE + b'"'), kept=30.0)
    assert only_error(facts, "mangled-value").evidence["kind"] == "quoted"
