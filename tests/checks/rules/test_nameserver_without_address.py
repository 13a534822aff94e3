from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from certbot_dns_preflight.facts.zone import NO_SUCH_NAME, Listing, NameServer
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

CODE = "nameserver-without-address"
APEX = frozenset({Listing.APEX})
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


def test_a_circular_delegation_needs_glue_and_no_other_record() -> None:
    why = "the delegation is circular"
    servers = (
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),)),
        NameServer(name("ns.egg.test."), BOTH, failure=why, circular=True),
    )
    facts = survey(hop(at(NS1, texts()), nameservers=servers))
    assert only_error(facts, "nameserver-without-address").remedy == (
        "Add glue (address records) for ns.egg.test at the registrar for its domain, or use a name "
        "server under another domain."
    )


def test_the_only_name_server_is_not_to_be_removed() -> None:
    gone = NameServer(name("gone.example.net."), BOTH, failure=NO_SUCH_NAME)
    found = only_error(survey(hop(nameservers=(gone,))), "nameserver-without-address")
    assert found.summary == (
        "the only name server of example.test, gone.example.net, has no address (the name does not "
        "exist)."
    )
    assert "emove" not in found.remedy
    assert found.cause == (
        "The zone's only name server has no A or AAAA record, so no resolver can query the zone."
    )


def test_a_domain_that_anybody_may_register_is_left_or_given_an_address_soon() -> None:
    gone = NameServer(name("ns1.gone.example."), BOTH, failure=NO_SUCH_NAME)
    other = NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),))
    then = (
        ". Or, if gone.example is still yours or your DNS provider's, add an address record for "
        "ns1.gone.example (not a CNAME). Do one of these soon: if gone.example is not registered, "
        "anyone can register it and answer for example.test."
    )
    alone = only_error(survey(hop(nameservers=(gone,))), CODE)
    assert alone.remedy == (
        "At the registrar, set name servers for example.test that serve the zone and whose names "
        f"have A or AAAA records{then}"
    )
    one = only_error(survey(hop(at(NS1, texts()), nameservers=(other, gone))), CODE)
    assert one.remedy == (
        "Remove that server from the zone's NS records and from the delegation at the "
        f"registrar{then}"
    )


def test_a_name_in_the_zones_own_domain_is_nobody_elses_to_register() -> None:
    gone = NameServer(name("ns1.example.test."), BOTH, failure=NO_SUCH_NAME)
    assert only_error(survey(hop(nameservers=(gone,))), CODE).remedy == (
        "At the registrar, set name servers for example.test that serve the zone and whose names "
        "have A or AAAA records. Alternatively, add an address record for ns1.example.test (not a "
        "CNAME)."
    )


def test_what_nobody_answered_is_not_said_to_be_absent() -> None:
    lost = [
        NameServer(name(f"ns{i}.example.net."), BOTH, failure="silent", unanswered=True)
        for i in (1, 2)
    ]
    assert only_error(survey(hop(nameservers=(lost[0],))), CODE).cause == (
        "The zone's only name server has no known A or AAAA record, so no resolver can query the "
        "zone."
    )
    assert only_error(survey(hop(nameservers=tuple(lost))), CODE).cause == (
        "None of the zone's 2 name servers has a known A or AAAA record, so no resolver can query "
        "the zone. ns1.example.net: silent; ns2.example.net: silent."
    )


def test_a_server_is_removed_where_it_is_listed() -> None:
    gone, other = name("gone.example.net."), name("ns1.example.net.")
    for listed, where in (
        (DELEGATION, "the name servers at your registrar (the zone itself does not list it)"),
        (APEX, "the NS records of the zone (the delegation does not list it)"),
        (BOTH, "the zone's NS records and from the delegation at the registrar"),
    ):
        servers = (
            NameServer(other, BOTH, own=(Endpoint(NS1),)),
            NameServer(gone, listed, failure="it does not exist"),
        )
        facts = survey(hop(at(NS1, texts()), nameservers=servers))
        (found,) = [f for f in diagnose(facts) if f.code == "nameserver-without-address"]
        assert found.remedy.endswith(f"or remove that server from {where}.")
