from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS3,
    OTHER,
    TARGET,
    at,
    nodata,
    nxdomain,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


@pytest.mark.parametrize("there", [nxdomain(), nodata(), texts(OTHER)])
def test_an_alias_target_lacks_the_record(there: object) -> None:
    found = only_error(aliased(at(NS3, there)), "alias-target-lacks-record")
    assert found.evidence["target"] == TARGET
