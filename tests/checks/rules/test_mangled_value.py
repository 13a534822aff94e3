# ruff: noqa: ISC004 - a table of long sentences

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


@pytest.mark.parametrize(
    ("served", "cause"),
    [
        (
            VALUE[:20] + b"\r\n" + VALUE[20:],
            "The published value has a line break (CR LF) after character 20, saved as part of the "
            "value.",
        ),
        (
            VALUE + b"  ",
            "The published value has 2 spaces at the end, saved as part of the value.",
        ),
        (
            b"\t" + VALUE,
            "The published value has a tab at the start, saved as part of the value.",
        ),
        (
            VALUE[:9] + b" " + VALUE[9:20] + b" " + VALUE[20:],
            "The published value has a space or line break in it, saved as part of the value.",
        ),
        (
            b'"' + VALUE + b'"',
            'The published value includes literal quotation marks (dig prints them as \\"): '
            "they were saved as part of it.",
        ),
        (
            VALUE[:40],
            "The published value stops after character 40 of 43. Perhaps the panel, API or hook "
            "has a length limit.",
        ),
        (
            VALUE[3:],
            "The published value lacks the first 3 characters of 43. Perhaps the panel, API or "
            "hook has a length limit.",
        ),
        (
            VALUE.replace(b"L0p", b"LOp"),
            "The value was mistyped or miscopied: character 22 of 43 is wrong.",
        ),
        (
            VALUE[:20] + VALUE[21:],
            "The value was mistyped or miscopied: character 21 of 43 is missing.",
        ),
        (
            VALUE[:20] + b"-" + VALUE[20:],
            'The value was mistyped or miscopied: it has "-" after character 20 that does not '
            "belong there.",
        ),
        (
            VALUE.replace(b"L0p", b"LOP"),
            "The value was mistyped or miscopied: the first difference is at character 22 of 43.",
        ),
    ],
)
def test_the_cause_says_what_was_changed_and_where(served: bytes, cause: str) -> None:
    facts = survey(hop(at(NS1, texts(served)), at(NS2, texts(served))))
    found = only_error(facts, "mangled-value")
    assert found.cause == cause
    assert "leave other values alone" in found.remedy
