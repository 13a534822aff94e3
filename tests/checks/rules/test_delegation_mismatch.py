from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from certbot_dns_preflight.facts.zone import Listing, NameServer
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
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

DELEGATION, APEX = frozenset({Listing.DELEGATION}), frozenset({Listing.APEX})


def test_ns_sets_that_differ() -> None:
    servers = (
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),)),
        NameServer(name("ns2.example.net."), DELEGATION, own=(Endpoint(NS2),)),
        NameServer(name("ns3.example.net."), APEX, own=(Endpoint(NS3),)),
    )
    facts = survey(hop(*(at(a, texts()) for a in (NS1, NS2, NS3)), nameservers=servers))
    found = only_warning(facts, "delegation-mismatch")
    assert "ns2.example.net only in the delegation" in found.summary
    assert "ns3.example.net only in the zone itself" in found.summary


def test_one_unknown_ns_set_is_no_difference() -> None:
    servers = (NameServer(name("ns1.example.net."), DELEGATION, glue=(Endpoint(NS1),)),)
    assert diagnose(survey(hop(at(NS1, texts()), nameservers=servers))) == ()
