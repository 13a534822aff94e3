from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS3,
    VALUE,
    alias,
    at,
    hop,
    name,
    nxdomain,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


def test_two_cnames_conflict_and_both_targets_are_named() -> None:
    both = alias("b.test.", conflict=True, others=(name("c.test."),))
    found = only_error(aliased(at(NS3, texts()), first=hop(at(NS1, both))), "alias-conflict")
    assert "a CNAME to b.test and another one to c.test" in found.summary
    assert found.evidence["other_targets"] == ["c.test."]
    assert "one of the CNAMEs" in found.remedy


def test_two_dnames_above_conflict_too() -> None:
    both = alias("b.test.", dname=name("test."), conflict=True, others=(name("c.test."),))
    found = only_error(aliased(at(NS3, texts()), first=hop(at(NS1, both))), "alias-conflict")
    assert found.evidence["other_targets"] == ["c.test."]
    assert "one of the DNAMEs" in found.remedy


@pytest.mark.parametrize("there", [texts(), nxdomain()])
def test_data_beside_an_alias_conflicts(there: object) -> None:
    first = hop(at(NS1, alias(conflict=True, texts=(VALUE,))))
    only_error(aliased(at(NS3, there), first=first), "alias-conflict")
