from __future__ import annotations

import dns.name

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.caa import AliasTo, CaaAnswer, Climb, Failed, Look, NotAskable
from certbot_dns_preflight.facts.finding import Severity
from tests.checks.asserting import LETS_ENCRYPT, of_caa
from tests.checks.climbs import EMPTY, ZONE, answers, climbed, only, props


def test_a_failure_closer_than_the_deciding_set_is_told() -> None:
    failed = (Failed("SERVFAIL", otherwise_fine=True),) * 2
    found = only(climbed(props("0 issue letsencrypt.org"), at_www=failed))
    assert found.code == "caa-unanswerable"
    assert found.summary == (
        f"CAA at www.example.com cannot be read: {phrases.everyone(2)} of example.com "
        "fail to answer CAA queries."
    )
    assert "SERVFAIL from ns1.example.net and ns2.example.net" in found.cause
    assert "the same servers answer other queries" in found.cause
    assert found.evidence["name"] == "www.example.com."


def test_a_failure_farther_than_the_deciding_set_does_not_matter() -> None:
    allowing = (props("0 issue letsencrypt.org"),)
    assert not list(of_caa(climbed(Failed("SERVFAIL"), at_www=allowing), LETS_ENCRYPT))


def test_one_server_that_fails_beside_one_that_answers_does_not_matter() -> None:
    assert not list(of_caa(climbed(Failed("REFUSED"), EMPTY), LETS_ENCRYPT))


def test_a_dead_zone_that_another_finding_tells_is_not_told_again() -> None:
    climb = climbed(EMPTY, at_www=(Failed("no answer within 3 s"),))
    assert [f.code for f in of_caa(climb, LETS_ENCRYPT)] == ["caa-unanswerable"]
    assert not list(of_caa(climb, LETS_ENCRYPT, already_reported={ZONE}))
    own = climbed(EMPTY, at_www=(Failed("SERVFAIL", otherwise_fine=True),))
    assert list(of_caa(own, LETS_ENCRYPT, already_reported={ZONE}))


def test_an_address_that_cannot_be_asked_from_here_proves_nothing() -> None:
    assert not list(of_caa(climbed(NotAskable("no route"), EMPTY), LETS_ENCRYPT))
    assert not list(of_caa(climbed(NotAskable("no route")), LETS_ENCRYPT))


def test_aliases_without_an_end_are_told_as_that() -> None:
    www = dns.name.from_text("www", ZONE)
    circle = CaaAnswer(www, www, None, None, Failed("the alias leads in a circle", endless=True))
    looks = (
        Look(www, (*answers(www, AliasTo(www)), circle)),
        Look(ZONE, answers(ZONE, props("0 issue letsencrypt.org"))),
    )
    found = only(Climb(www, looks))
    assert found.code == "caa-unanswerable"
    assert found.summary == ("CAA at www.example.com cannot be read: the alias leads in a circle.")
    assert (
        found.remedy == "Remove the CNAME at www.example.com, or point it to a name that has none."
    )


def test_a_registry_that_fails_is_not_the_users_to_mend() -> None:
    com, www = dns.name.from_text("com."), dns.name.from_text("www", ZONE)
    failed = CaaAnswer(com, com, None, None, Failed("none of its servers gives a usable answer"))
    looks = (Look(www, answers(www, EMPTY)), Look(ZONE, answers(ZONE, EMPTY)), Look(com, (failed,)))
    found = only(Climb(www, looks))
    assert (found.code, found.severity) == ("caa-unanswerable", Severity.ERROR)
    assert found.summary == "CAA at com cannot be read: the registry's servers for com fail."
    assert found.remedy == (
        "The registry's servers fail; nothing to fix on your side. Try again later."
    )


def test_a_resolver_that_fails_is_not_taken_for_the_registry() -> None:
    com, www = dns.name.from_text("com."), dns.name.from_text("www", ZONE)
    refusing, silent = Endpoint("192.0.2.53"), Endpoint("192.0.2.54")
    failed = (
        CaaAnswer(com, com, None, refusing, Failed("REFUSED")),
        CaaAnswer(com, com, None, silent, Failed("no answer within 3 s")),
    )
    looks = (Look(www, answers(www, EMPTY)), Look(ZONE, answers(ZONE, EMPTY)))
    found = only(Climb(www, (*looks, Look(com, failed[:1]))))
    assert found.summary == (
        "CAA at com cannot be read: the resolver 192.0.2.53 gives no usable answer (REFUSED)."
    )
    assert found.remedy == (
        "Make sure that 192.0.2.53 is recursive (not a name server of some zones) and answers CAA "
        "queries from this host, or use --resolver to specify another resolver."
    )
    found = only(Climb(www, (*looks, Look(com, failed))))
    assert found.summary == (
        "CAA at com cannot be read: the resolvers 192.0.2.53 and 192.0.2.54 give no usable answer "
        "(REFUSED and no answer within 3 s)."
    )
    assert "registry" not in found.remedy


def test_servers_that_only_the_zone_lists_do_not_help_a_resolver() -> None:
    failed = Failed("FORMERR", otherwise_fine=True, others=True)
    found = only(climbed(EMPTY, at_www=(failed,)))
    assert found.summary == (
        "CAA at www.example.com cannot be read: the only name server in the delegation of "
        "example.com fails to answer CAA queries."
    )
