"""What is said of resolvers that are asked in place of the name servers, and with which code."""

from __future__ import annotations

import dataclasses

import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import is_ready
from certbot_dns_preflight.facts.answers import (
    Failing,
    Malformed,
    NoResponseReason,
    NotAsked,
    Reading,
    Unreachable,
)
from certbot_dns_preflight.facts.resolver_sight import ExtendedError
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    NODATA,
    NXDOMAIN,
    OTHER,
    REFUSED,
    SECOND,
    THERE,
    TIMED_OUT,
    VALUE,
    by_resolvers,
    texts,
)
from tests.checks.asserting import only_error, only_warning


def test_a_resolver_that_shows_the_record_is_all_that_is_wanted() -> None:
    facts = by_resolvers(THERE, THERE)
    assert diagnose(facts) == ()
    assert is_ready(facts)


def test_a_miss_is_told_with_how_long_it_stays() -> None:
    found = only_error(by_resolvers(NXDOMAIN, kept=240.4), "record-not-published")
    assert found.summary == (
        "the resolver 192.0.2.1 does not return the record (NXDOMAIN, cached for another 240 s)."
    )
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
    found = only_error(by_resolvers(NODATA, kept=0.0, negative_ttl=None), "record-not-published")
    assert "cached" not in found.cause
    assert found.summary == (
        "the resolver 192.0.2.1 does not return the record (it answers that there is no TXT "
        "record)."
    )
    assert found.remedy == ("Check that the record was created, then try again or raise --timeout.")


def test_one_of_several_is_named_and_the_others_are_counted() -> None:
    found = only_error(by_resolvers(THERE, NXDOMAIN, THERE, kept=9.0), "servers-disagree")
    assert found.summary == (
        "the resolver 192.0.2.2 does not return the record (NXDOMAIN, cached for another 9 s); the "
        "other 2 do."
    )
    assert found.remedy.endswith(
        "If the record is still missing then, check from another host that every name server "
        "has it."
    )


def test_another_value_is_told_with_how_it_differs_and_how_long_it_stays() -> None:
    found = only_error(by_resolvers(texts(OTHER), kept=30.0), "wrong-value")
    assert found.summary == (
        "the resolver 192.0.2.1 does not return the record (it answers with TXT "
        f'"{OTHER.decode()}").'
    )
    assert found.cause.startswith(
        "The resolver has cached this answer and will keep it for another 30 s, even if the "
        "record has been published since. Only resolvers"
    )
    assert found.evidence["nearest_value"] == OTHER.decode()
    assert found.evidence["first_differing_offset"] == 0
    assert found.evidence["edit_distance"] == 43


def test_one_of_two_values_out_of_a_cache_is_not_all_of_them() -> None:
    facts = by_resolvers(texts(VALUE), expected=(VALUE, SECOND), kept=30.0)
    found = only_error(facts, "value-missing")
    assert "does not return all expected values" in found.summary
    assert found.evidence["missing"] == [SECOND.decode()]


def test_values_that_no_resolver_shows_together_are_a_disagreement() -> None:
    facts = by_resolvers(texts(VALUE), texts(SECOND), expected=(VALUE, SECOND))
    assert "do not return all expected values" in only_error(facts, "servers-disagree").summary


def test_what_a_resolver_showed_earlier_in_the_run_has_vanished() -> None:
    facts = by_resolvers(NXDOMAIN, kept=9.0)
    (hop,) = facts.hops
    (seen,) = hop.observations
    had = dataclasses.replace(seen, matched_before=True)
    facts = dataclasses.replace(facts, hops=(dataclasses.replace(hop, observations=(had,)),))
    assert only_error(facts, "record-vanished").summary == (
        "the resolver 192.0.2.1 returned the record earlier in this run, but no longer does "
        "(NXDOMAIN, cached for another 9 s)."
    )


def test_where_it_was_too_early_to_ask_that_is_told() -> None:
    found = only_error(by_resolvers(NotAsked("it is too early to ask")), "nameserver-unreachable")
    assert found.summary == (
        "time ran out before it made sense to query a resolver for the record."
    )


def test_a_value_that_was_mistyped_is_told_as_that_alone() -> None:
    facts = by_resolvers(texts(b'"' + VALUE + b'"'), kept=30.0)
    assert only_error(facts, "mangled-value").evidence["kind"] == "quoted"


def test_what_a_resolver_says_of_its_failure_is_quoted_and_no_name_server_blamed() -> None:
    errors = (ExtendedError(22, "No reachable authority", "at delegation example.test"),)
    found = only_error(by_resolvers(Failing("SERVFAIL"), errors=errors), "nameserver-failing")
    assert found.summary == "the resolver 192.0.2.1 answers SERVFAIL."
    assert found.cause == (
        "The resolver says: No reachable authority (at delegation example.test). This host cannot "
        "tell whether the zone's name servers answer."
    )
    assert found.evidence["extended_errors"] == [
        {"code": 22, "name": "No reachable authority", "text": "at delegation example.test"}
    ]


def test_silence_is_told_with_what_came_of_asking() -> None:
    silent = only_error(by_resolvers(TIMED_OUT), "nameserver-unreachable")
    assert silent.summary == "the resolver 192.0.2.1 does not answer."
    assert silent.cause.startswith("The reason: no answer within 3 s, twice.")


@pytest.mark.parametrize(
    ("reading", "code", "answers"),
    [
        (REFUSED, "nameserver-refuses", "answers REFUSED"),
        (
            Malformed("the reply has an endless chain of aliases"),
            "malformed-answer",
            "answers with a reply that has an endless chain of aliases",
        ),
        (
            Unreachable(NoResponseReason.TRUNCATED, "truncated, and TCP does not answer"),
            "tcp-unavailable",
            "does not answer",
        ),
        (
            Unreachable(NoResponseReason.NO_ROUTE, "no route"),
            "nameserver-unreachable",
            "does not answer",
        ),
    ],
    ids=["refused", "malformed", "truncated", "no route"],
)
def test_each_failure_has_the_code_that_it_has_at_a_name_server(
    reading: Reading, code: str, answers: str
) -> None:
    found = only_error(by_resolvers(reading), code)
    assert found.summary == f"the resolver 192.0.2.1 {answers}."
    only_warning(by_resolvers(THERE, reading), code, unreachable=UnreachablePolicy.WARN)


def test_a_certificate_of_a_private_ca_has_its_remedy() -> None:
    reading = Unreachable(NoResponseReason.UNREACHABLE, "its certificate is not accepted: x")
    found = only_error(by_resolvers(reading), "nameserver-unreachable")
    assert "SSL_CERT_FILE" in found.remedy


def test_one_of_several_is_an_error_unless_that_is_wanted() -> None:
    facts = by_resolvers(THERE, TIMED_OUT)
    only_error(facts, "nameserver-unreachable")
    only_warning(facts, "nameserver-unreachable", unreachable=UnreachablePolicy.WARN)
