from __future__ import annotations

from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_warning,
)


def test_one_address_that_does_is_a_warning() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), rate_limited=frozenset({Endpoint(NS2)}))
    assert only_warning(facts, "rate-limited").address == NS2


def test_several_that_do_are_spoken_of_in_the_plural() -> None:
    both = frozenset({Endpoint(NS1), Endpoint(NS2)})
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), rate_limited=both)
    assert only_warning(facts, "rate-limited").summary == (
        "ns1.example.net and ns2.example.net limit the rate of their responses to this host."
    )
