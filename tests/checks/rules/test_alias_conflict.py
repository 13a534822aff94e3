from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS3,
    VALUE,
    alias,
    at,
    hop,
    nxdomain,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


@pytest.mark.parametrize("there", [texts(), nxdomain()])
def test_data_beside_an_alias_conflicts(there: object) -> None:
    first = hop(at(NS1, alias(conflict=True, texts=(VALUE,))))
    only_error(aliased(at(NS3, there), first=first), "alias-conflict")
