"""For any survey: an error exactly where it is not ready; texts that are safe to print."""

from __future__ import annotations

import json

import dns.name
from hypothesis import given, settings
from hypothesis import strategies as st

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.catalogue import BY_CODE
from certbot_dns_preflight.checks.verdict import is_ready, judge
from certbot_dns_preflight.facts.answers import (
    Absent,
    Alias,
    Endpoint,
    Failing,
    Malformed,
    NoResponseReason,
    NotAsked,
    NotAuthoritative,
    Referral,
    Refused,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import (
    AliasLoop,
    Hop,
    Listing,
    NameServer,
    NoEgress,
    NoSuchDomain,
    Observation,
    OutOfTime,
    Probes,
    Sighting,
    Survey,
    Zone,
)
from certbot_dns_preflight.settings import UnreachablePolicy

from .build import EXPECTED, OTHER, SECOND

NAMES = [
    dns.name.from_text(text)
    for text in ("example.test.", "_acme-challenge.example.test.", "a.other.test.", "b.other.test.")
]
HOSTS = [dns.name.from_text(f"ns{i}.example.net.") for i in range(4)]
ENDPOINTS = [Endpoint(a) for a in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")]

values = st.sampled_from(
    [
        EXPECTED,
        SECOND,
        OTHER,
        EXPECTED[:-3],
        b'"' + EXPECTED + b'"',
        b"a.example.net",
        b"\x1b[2J",
        b"",
    ]
)
right = st.just(Values((EXPECTED, SECOND)))
aliases = st.builds(
    Alias,
    st.sampled_from(NAMES[2:]),
    dname=st.sampled_from([None, NAMES[0]]),
    conflict=st.booleans(),
    texts=st.lists(values, max_size=2).map(tuple),
)
wrong = st.one_of(
    st.builds(Values, st.lists(values, min_size=1, max_size=4).map(tuple)),
    st.builds(Absent, st.booleans(), st.sampled_from([None, NAMES[0]])),
    aliases,
    st.builds(Referral, st.just(NAMES[1]), st.just(frozenset(HOSTS[:1]))),
    st.just(Refused()),
    st.builds(Failing, st.sampled_from(["SERVFAIL", "FORMERR"])),
    st.builds(NotAuthoritative, st.booleans(), st.sampled_from([None, dns.name.root])),
    st.builds(Malformed, st.text(max_size=300)),
    st.builds(Unreachable, st.sampled_from(list(NoResponseReason)), st.text(max_size=20)),
    st.builds(NotAsked, st.text(max_size=20)),
)
listings = st.sets(st.sampled_from(list(Listing)), min_size=1).map(frozenset)
endpoint_lists = st.lists(st.sampled_from(ENDPOINTS), max_size=2).map(tuple)


@st.composite
def hops(draw: st.DrawFn) -> Hop:
    usual = draw(st.sampled_from([right, st.just(Alias(NAMES[2])), wrong]))
    readings = st.one_of(usual, usual, usual, wrong) if draw(st.booleans()) else usual
    observations = draw(
        st.lists(
            st.builds(
                Observation,
                st.just(NAMES[0]),
                st.sampled_from(HOSTS[:3]),
                st.sampled_from(ENDPOINTS),
                listings,
                readings,
                serial=st.sampled_from([None, 0, 41, 42, 2**32 - 1]),
                matched_before=st.sampled_from([False, False, False, True]),
                flips=st.sampled_from([0, 0, 0, 1, 2, 3]),
            ),
            max_size=5,
            unique_by=lambda seen: (seen.nameserver, seen.endpoint),
        )
    )
    heard = [seen.nameserver for seen in observations]
    more = draw(st.lists(st.sampled_from(HOSTS), max_size=1)) if draw(st.booleans()) else []
    servers = tuple(
        draw(st.builds(NameServer, st.just(name), listings, endpoint_lists, endpoint_lists))
        for name in sorted({*heard, *more})
    )
    return Hop(
        draw(st.sampled_from(NAMES[1:])),
        Zone(NAMES[0], NAMES[0].parent(), servers),
        tuple(observations),
    )


obstacles = st.one_of(
    st.builds(NoSuchDomain, st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.lists(st.sampled_from(NAMES), max_size=9).map(lambda chain: AliasLoop(tuple(chain))),
    endpoint_lists.map(NoEgress),
    st.sampled_from(NAMES).map(OutOfTime),
)
endpoint_sets = st.sets(st.sampled_from(ENDPOINTS), max_size=2).map(frozenset)
probes = st.builds(
    Probes,
    sightings=st.lists(
        st.builds(
            Sighting,
            st.sampled_from(NAMES),
            st.sampled_from(["doubled-zone", "missing-label", "parent-label", "beside-alias"]),
            st.sampled_from([EXPECTED, SECOND]),
        ),
        max_size=2,
    ).map(tuple),
    wildcard_alias=st.sampled_from([None, None, NAMES[2]]),
    wildcard_texts=st.sampled_from([frozenset(), frozenset({OTHER})]),
    missing_above=st.sampled_from([None, NAMES[1]]),
    tcp_refused=endpoint_sets,
    edns_broken=endpoint_sets,
    case_changed=endpoint_sets,
    rate_limited=endpoint_sets,
)
surveys = st.builds(
    Survey,
    st.sampled_from([(), (EXPECTED,), (EXPECTED, SECOND)]).map(
        lambda expected: make_challenge("example.test", expected)
    ),
    st.lists(hops(), max_size=3).map(tuple),
    st.one_of(st.none(), st.none(), st.none(), obstacles),
    probes=st.one_of(st.just(Probes()), probes),
)


@settings(max_examples=10 * settings.default.max_examples)
@given(surveys, st.sampled_from(list(UnreachablePolicy)))
def test_findings_and_readiness_say_the_same(
    survey: Survey, unreachable: UnreachablePolicy
) -> None:
    findings = diagnose(survey, unreachable=unreachable)
    errors = [finding.code for finding in findings if finding.severity is Severity.ERROR]
    ready = is_ready(survey, unreachable=unreachable)
    assert bool(errors) != ready
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    verdict = judge(survey, findings, skip=frozenset(), unreachable=unreachable)
    if isinstance(survey.obstacle, NoEgress):
        assert verdict is Verdict.INCONCLUSIVE
        assert errors == ["no-dns-egress"]
    else:
        assert verdict is (Verdict.READY if ready else Verdict.NOT_READY)
    if is_ready(survey, unreachable=UnreachablePolicy.FAIL):
        assert is_ready(survey, unreachable=UnreachablePolicy.WARN)


@settings(max_examples=3 * settings.default.max_examples)
@given(surveys)
def test_every_finding_is_known_single_lined_printable_and_serialisable(survey: Survey) -> None:
    for finding in diagnose(survey):
        assert finding.code in BY_CODE
        assert finding.reference
        for text in (finding.summary, finding.cause, finding.remedy):
            assert text.isprintable()
            assert text.endswith(".")
            assert ".. " not in f"{text} ".replace("... ", "")
            assert len(text) < 1200
        json.dumps(dict(finding.evidence))
