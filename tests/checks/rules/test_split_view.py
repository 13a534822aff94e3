from __future__ import annotations

import pytest

from certbot_dns_preflight.checks import with_environment
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.environment import DomainEnvironment, ResolverView, ViewOf
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from tests.builders.survey import name, survey
from tests.checks.asserting import LETS_ENCRYPT, only_remark


def view(what: ViewOf) -> DomainEnvironment:
    apex = name("example.test.")
    shown = ResolverView(Endpoint("127.0.0.53"), apex, ("10.0.0.1",), ("192.0.2.80",), what, apex)
    return DomainEnvironment(resolver_view=shown)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (ViewOf.NAME_SERVERS, "other name servers for example.test"),
        (ViewOf.PRIMARY, "another primary name server for example.test"),
        (ViewOf.SERVER_ADDRESSES, "other addresses of the name server example.test"),
        (ViewOf.ADDRESSES, "other addresses of example.test"),
    ],
)
def test_each_difference_is_a_warning_in_its_own_words(what: ViewOf, words: str) -> None:
    found = only_remark(view(what), "split-view", Severity.WARNING)
    assert found.summary == (f"this host's resolver 127.0.0.53 shows {words} than the public DNS.")
    assert found.cause == "The resolver says 10.0.0.1; the public DNS says 192.0.2.80."
    assert found.evidence["what"] == what.value


def test_of_a_domain_that_does_not_exist_nothing_is_told() -> None:
    facts = survey(obstacle=NoSuchDomain(name("example.test."), name("test.")))
    assert with_environment((), facts, view(ViewOf.PRIMARY), request=LETS_ENCRYPT) == ()
