from __future__ import annotations

from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from certbot_dns_preflight.facts.zone import Listing, NameServer
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    BOTH,
    NS1,
    at,
    hop,
    name,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
    only_warning,
)

DELEGATION = frozenset({Listing.DELEGATION})


def test_an_ns_name_without_address() -> None:
    servers = (
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),)),
        NameServer(name("gone.example.net."), BOTH, failure="it does not exist"),
    )
    facts = survey(hop(at(NS1, texts()), nameservers=servers))
    found = only_error(facts, "nameserver-without-address")
    assert found.nameserver == name("gone.example.net.")
    assert "it does not exist" in found.cause
    only_warning(facts, "nameserver-without-address", unreachable=UnreachablePolicy.WARN)


def test_a_zone_whose_servers_have_no_address() -> None:
    asked = hop(nameservers=(NameServer(name("gone.example.net."), DELEGATION),))
    only_error(survey(asked), "nameserver-without-address")
