from __future__ import annotations

import dataclasses

from certbot_dns_preflight.checks.rules import unconfirmed
from tests.builders.survey import NS1, at, hop, nxdomain, survey


def test_it_says_how_many_rounds_there_were_and_should_have_been() -> None:
    facts = dataclasses.replace(survey(hop(at(NS1, nxdomain())), expected=()), rounds=3)
    found = unconfirmed.tell(facts, 1)
    assert found.code == "unconfirmed"
    assert found.summary == (
        "every name server answers correctly, but time ran out before a complete round confirmed "
        "it."
    )
    assert found.cause.startswith("There was time for 3 rounds;")
    assert found.evidence == {"rounds": 3, "confirmations": 1}


def test_it_says_that_signatures_were_not_looked_at() -> None:
    facts = dataclasses.replace(survey(hop(at(NS1, nxdomain()))), rounds=2)
    found = unconfirmed.tell_unvalidated(facts)
    assert found.code == "unconfirmed"
    assert found.summary == (
        "every name server has the record, but time ran out before the DNSSEC signatures were "
        "checked."
    )
    assert found.evidence == {"rounds": 2, "validated": False}
