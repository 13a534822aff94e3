from __future__ import annotations

from certbot_dns_preflight.facts.survey import (
    AliasLoop,
)
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
    assert f"{OWNER} -> {TARGET} -> {OWNER}"[:-1] in found.cause
