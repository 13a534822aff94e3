from __future__ import annotations

import pytest

from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    Failing,
    Reading,
)
from certbot_dns_preflight.facts.obstacle import ParentFails
from certbot_dns_preflight.facts.outcome import Verdict
from tests.builders.survey import NS1, NS2, OWNER, at, hop, name, survey, texts
from tests.checks.asserting import (
    a_warning_while_another_shows_it,
    an_error_where_no_server_answers,
    one_error_with_its_name,
    only_error,
)

READINGS = [Failing("SERVFAIL"), Failing("FORMERR")]


@pytest.mark.parametrize("reading", READINGS)
def test_a_server_that_does_is_one_error_with_its_name(reading: Reading) -> None:
    one_error_with_its_name(reading, "nameserver-failing")


@pytest.mark.parametrize("reading", READINGS)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(reading: Reading) -> None:
    a_warning_while_another_shows_it(reading, "nameserver-failing")


@pytest.mark.parametrize("reading", READINGS)
def test_it_stays_an_error_where_no_server_answers(reading: Reading) -> None:
    an_error_where_no_server_answers(reading, "nameserver-failing")


def test_a_server_that_does_not_understand_the_query_has_no_zone_to_reload() -> None:
    remedies, causes = {}, {}
    for rcode in ("SERVFAIL", "FORMERR"):
        facts = survey(hop(at(NS1, texts()), at(NS2, Failing(rcode))))
        found = only_error(facts, "nameserver-failing")
        remedies[rcode] = found.remedy
        causes[rcode] = found.cause
    assert causes["SERVFAIL"] == (
        f"{NS2} answers SERVFAIL. Usually the zone is not loaded there or has expired, or the "
        "server's backend is down."
    )
    assert causes["FORMERR"] == f"{NS2} answers FORMERR: the server did not understand the query."
    assert remedies["SERVFAIL"].startswith("Check the log on ns2.example.net. Reload the zone")
    assert remedies["FORMERR"].startswith("Update the DNS software on ns2.example.net, ")


ABOVE = "192.0.2.77"


def test_servers_above_that_do_not_refer_the_query_are_one_error() -> None:
    obstacle = ParentFails(
        name("example.test."), name(OWNER), ((Endpoint(ABOVE), "NOTIMP"),), heard=True
    )
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), obstacle=obstacle)
    found = only_error(facts, "nameserver-failing")
    assert found.summary == (
        "none of the servers of the parent zone example.test answers the query for "
        "_acme-challenge.example.test TXT."
    )
    assert f"The servers returned NOTIMP ({ABOVE})" in found.cause
    assert found.remedy.startswith("Make sure that these servers answer TXT queries")
    skipping = frozenset({"nameserver-failing"})
    assert judge(facts, [found], skip=skipping) is Verdict.READY


def test_servers_above_that_serve_the_zone_too_are_reported_once() -> None:
    obstacle = ParentFails(name("test."), name(OWNER), ((Endpoint(NS2), "NOTIMP"),), heard=True)
    facts = survey(hop(at(NS1, texts()), at(NS2, Failing("NOTIMP"))), obstacle=obstacle)
    found = only_error(facts, "nameserver-failing")
    assert found.summary == "ns2.example.net answers NOTIMP for example.test."
