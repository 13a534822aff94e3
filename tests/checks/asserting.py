"""What twin tests of rules assert: that error, and no other; how rules about the rest are run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.checks import diagnose, with_environment
from certbot_dns_preflight.checks.context import read
from certbot_dns_preflight.checks.rules import (
    caa_forbids,
    caa_unanswerable,
    dnssec_bogus,
    dnssec_expiring,
)
from certbot_dns_preflight.checks.verdict import is_ready, judge
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Hop, Survey
from certbot_dns_preflight.facts.zone import Listing, NameServer
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
    NS2_V6,
    TARGET,
    VALUE,
    alias,
    at,
    hop,
    name,
    survey,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import dns.name

    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.caa import Climb
    from certbot_dns_preflight.facts.dnssec import Assessment
    from certbot_dns_preflight.facts.survey import Observation

LETS_ENCRYPT = IssuanceRequest(("letsencrypt.org",), "https://ca.example/acct/1")


def codes(found: tuple[Finding, ...], severity: Severity) -> list[str]:
    return [finding.code for finding in found if finding.severity is severity]


def only_error(facts: Survey, code: str, *, warnings: tuple[str, ...] = ()) -> Finding:
    found = diagnose(facts)
    assert codes(found, Severity.ERROR) == [code]
    assert codes(found, Severity.WARNING) == list(warnings)
    assert judge(facts, found, skip=frozenset()) is Verdict.NOT_READY
    return found[0]


def only_warning(
    facts: Survey, code: str, unreachable: UnreachablePolicy = UnreachablePolicy.FAIL
) -> Finding:
    found = diagnose(facts, unreachable=unreachable)
    assert codes(found, Severity.ERROR) == []
    assert codes(found, Severity.WARNING) == [code]
    assert judge(facts, found, skip=frozenset(), unreachable=unreachable) is Verdict.READY
    return found[0]


def aliased(*final: Observation, first: Hop | None = None, **more: object) -> Survey:
    """A survey whose owner name is an alias: its zone, then the target's."""
    return survey(
        first or hop(at(NS1, alias()), at(NS2, alias())),
        hop(*final, owner=TARGET, zone="other.test."),
        **more,  # type: ignore[arg-type]
    )


# -- a name server in trouble --------------------------------------------------------------------


def one_error_with_its_name(reading: Reading, code: str) -> None:
    found = only_error(survey(hop(at(NS1, texts()), at(NS2, reading), at(NS2_V6, reading))), code)
    assert found.nameserver == name("ns2.example.net.")
    assert found.address is None
    assert "ns2.example.net" in found.summary


def a_warning_while_another_shows_it(reading: Reading, code: str) -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, reading)))
    only_warning(facts, code, unreachable=UnreachablePolicy.WARN)


def an_error_where_no_server_answers(reading: Reading, code: str) -> None:
    only_error(survey(hop(at(NS1, reading))), code)
    facts = survey(hop(at(NS1, reading), at(NS2, reading)))
    found = diagnose(facts, unreachable=UnreachablePolicy.WARN)
    assert codes(found, Severity.ERROR) == [code]
    skipped = judge(facts, found, skip=frozenset({code}), unreachable=UnreachablePolicy.WARN)
    assert skipped is Verdict.NOT_READY
    # One that only the zone itself lists is unknown to a resolver, to which the others say nothing.
    listed = [
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),)),
        NameServer(name("ns2.example.net."), frozenset({Listing.APEX}), own=(Endpoint(NS2),)),
    ]
    facts = survey(hop(at(NS1, reading), at(NS2, texts()), nameservers=tuple(listed)))
    found = diagnose(facts, unreachable=UnreachablePolicy.WARN)
    assert codes(found, Severity.ERROR) == [code]
    assert not is_ready(facts, unreachable=UnreachablePolicy.WARN)
    skipped = judge(facts, found, skip=frozenset({code}), unreachable=UnreachablePolicy.WARN)
    assert skipped is Verdict.NOT_READY


# -- what is around the record -------------------------------------------------------------------


def only_remark(environment: DomainEnvironment, code: str, severity: Severity) -> Finding:
    """The one finding that an environment adds to a record that is ready."""
    facts = survey(hop(at(NS1, texts())))
    (found,) = with_environment(diagnose(facts), facts, environment, request=LETS_ENCRYPT)
    assert (found.code, found.severity) == (code, severity)
    return found


def of_caa(
    climb: Climb,
    request: IssuanceRequest,
    *,
    wildcard: Collection[bool] = (False,),
    already_reported: Collection[dns.name.Name] = (),
) -> Iterator[Finding]:
    """Run the rules about CAA; `already_reported` are zones whose servers' trouble is told."""
    names = tuple(f"{'*.' if wild else ''}example.test" for wild in wildcard)
    facts = Survey(
        make_challenge("example.test", (VALUE,), names=names),
        tuple(hop(zone=apex.to_text()) for apex in already_reported),
    )
    context = read(
        facts,
        environment=DomainEnvironment(climb=climb),
        request=request,
        survey_failed=bool(already_reported),
    )
    yield from caa_forbids.check(facts, context)
    yield from caa_unanswerable.check(facts, context)


def of_dnssec(assessment: Assessment) -> Iterator[Finding]:
    """Run the rules about DNSSEC."""
    facts = survey()
    context = read(facts, environment=DomainEnvironment(signatures=assessment))
    yield from dnssec_bogus.check(facts, context)
    yield from dnssec_expiring.check(facts, context)
