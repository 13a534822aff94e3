from __future__ import annotations

from tests.builders.survey import (
    NS2,
    NS2_V6,
    at,
    hop,
    name,
    silent,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_warning,
)


def test_an_unreachable_address_beside_an_answering_one_is_a_warning() -> None:
    found = only_warning(survey(hop(at(NS2, texts()), at(NS2_V6, silent()))), "address-unreachable")
    assert (found.nameserver, found.address) == (name("ns2.example.net."), NS2_V6)
    assert found.summary == (
        "ns2.example.net does not answer at 2001:db8::2, but does at its other address."
    )
