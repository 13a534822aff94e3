from __future__ import annotations

import pytest

from certbot_dns_preflight.checks import diagnose, with_environment
from certbot_dns_preflight.facts.answers import Alias, Endpoint, NotAsked
from certbot_dns_preflight.facts.environment import DomainEnvironment, ResolverView, ViewOf
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.probes import SeenHere
from tests.builders.survey import NS1, VALUE, at, hop, name, nxdomain, survey
from tests.checks.asserting import LETS_ENCRYPT, only_remark


def view(what: ViewOf) -> DomainEnvironment:
    apex = name("example.test.")
    shown = ResolverView(Endpoint("127.0.0.53"), apex, ("10.0.0.1",), ("192.0.2.80",), what, apex)
    return DomainEnvironment(resolver_view=shown)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (ViewOf.NAME_SERVERS, "different name servers for example.test"),
        (ViewOf.PRIMARY, "a different primary name server for example.test"),
        (ViewOf.SERVER_ADDRESSES, "different addresses of the name server example.test"),
        (ViewOf.ADDRESSES, "different addresses of example.test"),
    ],
)
def test_each_difference_is_a_warning_in_its_own_words(what: ViewOf, words: str) -> None:
    found = only_remark(view(what), "split-view", Severity.WARNING)
    assert found.summary == (f"this host's resolver 127.0.0.53 shows {words} than the public DNS.")
    assert found.cause == "The resolver says 10.0.0.1; the public DNS says 192.0.2.80."
    assert found.evidence["what"] == what.value


@pytest.mark.parametrize("asked", [True, False])
def test_what_nobody_in_public_was_asked_for_they_are_not_said_to_lack(
    asked: bool,  # noqa: FBT001 - a table's column
) -> None:
    apex = name("_acme-challenge.example.test.")
    here = SeenHere(Endpoint("127.0.0.53"), apex, (VALUE,))
    reading = nxdomain() if asked else NotAsked("IPv6 was left out")
    codes = [found.code for found in diagnose(survey(hop(at(NS1, reading)), seen_here=here))]
    assert ("split-view" in codes) is asked


@pytest.mark.parametrize("beside", [True, False])
def test_a_value_beside_a_public_alias_is_not_said_to_be_internal(
    beside: bool,  # noqa: FBT001 - a table's column
) -> None:
    apex = name("_acme-challenge.example.test.")
    here = SeenHere(Endpoint("127.0.0.53"), apex, (VALUE,))
    alias = Alias(name("x.test."), conflict=True, texts=(VALUE,) if beside else (b"other",))
    codes = [found.code for found in diagnose(survey(hop(at(NS1, alias)), seen_here=here))]
    assert ("split-view" in codes) is not beside


def test_of_a_domain_that_does_not_exist_nothing_is_told() -> None:
    facts = survey(obstacle=NoSuchDomain(name("example.test."), name("test.")))
    assert with_environment((), facts, view(ViewOf.PRIMARY), request=LETS_ENCRYPT) == ()
