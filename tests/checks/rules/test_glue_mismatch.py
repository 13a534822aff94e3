from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from certbot_dns_preflight.facts.zone import NameServer
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
    NS2_V6,
    NS3,
    at,
    hop,
    name,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_warning,
)


def test_glue_that_differs() -> None:
    server = NameServer(name("ns1.example.net."), BOTH, glue=(Endpoint(NS3),), own=(Endpoint(NS1),))
    facts = survey(
        hop(
            at(NS1, texts()),
            at(NS3, texts(), nameserver=name("ns1.example.net.")),
            nameservers=(server,),
        )
    )
    only_warning(facts, "glue-mismatch")


def test_glue_without_the_second_family_is_no_mismatch() -> None:
    server = NameServer(
        name("ns2.example.net."), BOTH, (Endpoint(NS2),), (Endpoint(NS2), Endpoint(NS2_V6))
    )
    facts = survey(hop(at(NS2, texts()), at(NS2_V6, texts()), nameservers=(server,)))
    assert diagnose(facts) == ()
