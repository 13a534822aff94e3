from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS2,
    NS3,
    OTHER,
    VALUE,
    at,
    hop,
    survey,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


@pytest.mark.parametrize(
    ("served", "kind"),
    [
        (b'"' + VALUE + b'"', "quoted"),
        (VALUE + b"\n", "whitespace"),
        (VALUE.lower(), "case"),
        (VALUE[:30], "truncated"),
        (VALUE.replace(b"L0p", b"LOp"), "typo"),
        (b"target.other.test.", "hostname"),
    ],
)
def test_a_mangled_value_is_named_by_its_kind(served: bytes, kind: str) -> None:
    facts = survey(hop(at(NS1, texts(OTHER, served)), at(NS2, texts(OTHER, served))))
    found = only_error(facts, "mangled-value")
    assert found.evidence["kind"] == kind
    assert found.summary.startswith("both name servers serve ")


def test_a_mangled_value_at_an_alias_target_is_mangled() -> None:
    only_error(aliased(at(NS3, texts(VALUE.lower()))), "mangled-value")


def test_a_value_that_one_server_mangles_beside_one_that_is_right_is_mangled() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(VALUE.lower()), 42)))
    found = only_error(facts, "mangled-value")
    assert found.summary == "ns2.example.net serves the value with upper and lower case changed."
    assert found.address == NS2
