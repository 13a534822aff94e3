"""Surveys and outcomes made by hypothesis.

`OUTCOMES` and what they are made of may hold anything: any bytes, any names, any readings, for
what is shown. `PLAUSIBLE_SURVEYS` are of few names, servers and values, which meet often, for what
is judged.
"""

from __future__ import annotations

import dataclasses

import dns.name
from hypothesis import strategies as st

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.obstacle import (
    AliasLoop,
    Intercepted,
    NoEgress,
    NoSuchDomain,
    OutOfTime,
    RegistryFails,
)
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage, Verdict
from certbot_dns_preflight.facts.probes import MissingDot, Probes, SeenHere, Sighting
from certbot_dns_preflight.facts.survey import Hop, Observation, Status, Survey
from certbot_dns_preflight.facts.zone import Listing, NameServer, ParentAnswer, Unheard, Zone
from tests.builders.survey import OTHER, SECOND, STARTED, VALUE, measured

NAMES = st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=4).map(
    lambda labels: dns.name.Name((*labels, b""))
)
VALUES = st.one_of(st.just(VALUE), st.binary(max_size=90), st.binary(min_size=300, max_size=310))
DETAILS = st.text(max_size=20)
SECONDS = st.one_of(st.none(), st.floats(0, 4000))
READINGS = st.one_of(
    st.builds(answers.Values, st.lists(VALUES, min_size=1, max_size=9).map(tuple)),
    st.builds(answers.Alias, NAMES, st.none() | NAMES, st.booleans(), st.lists(VALUES).map(tuple)),
    st.builds(answers.Absent, st.booleans(), st.none() | NAMES),
    st.builds(answers.Referral, NAMES, st.frozensets(NAMES, max_size=2)),
    st.builds(answers.Refused),
    st.builds(answers.Failing, st.sampled_from(["SERVFAIL", "FORMERR", "NOTIMP"])),
    st.builds(answers.NotAuthoritative, st.booleans(), st.none() | NAMES),
    st.builds(answers.Malformed, DETAILS),
    st.builds(answers.Unreachable, st.sampled_from(answers.NoResponseReason), DETAILS),
    st.builds(answers.NotAsked, DETAILS),
)
ENDPOINTS = st.builds(
    Endpoint,
    st.ip_addresses().map(str),
    st.one_of(st.just(53), st.integers(1, 65535)),
)


def _as_answered(seen: Observation) -> Observation:
    """A usable answer came with authority, over something, with an RCODE."""
    usable = answers.Values | answers.Alias | answers.Absent
    if not isinstance(seen.reading, usable):
        return seen
    return dataclasses.replace(
        seen,
        rcode=seen.rcode or "NOERROR",
        authoritative=True,
        transport=seen.transport or answers.Transport.UDP,
    )


def _as_measured(survey: Survey) -> Survey:
    """What was read has been measured against what was expected."""
    hops = measured(survey.hops, survey.challenge.expected)
    return dataclasses.replace(survey, hops=hops)


def _as_timed(judged: ChallengeOutcome) -> ChallengeOutcome:
    """What is ready has been so since some moment."""
    if judged.verdict is not Verdict.READY or judged.survey.ready_after is not None:
        return judged
    return dataclasses.replace(judged, survey=dataclasses.replace(judged.survey, ready_after=1.0))


LISTINGS = st.frozensets(st.sampled_from(Listing))
OBSERVATIONS = st.builds(
    Observation,
    zone=NAMES,
    nameserver=NAMES,
    endpoint=ENDPOINTS,
    listed_by=LISTINGS,
    reading=READINGS,
    status=st.just(Status.NOT_ASKED),
    rcode=st.sampled_from([None, "NOERROR", "NXDOMAIN"]),
    authoritative=st.none() | st.booleans(),
    transport=st.none() | st.sampled_from(answers.Transport),
    rtt=SECONDS,
    serial=st.none() | st.integers(0, 2**32 - 1),
    first_match=SECONDS,
    matched_before=st.booleans(),
).map(_as_answered)
NAMESERVERS = st.builds(
    NameServer,
    NAMES,
    LISTINGS,
    own=st.lists(ENDPOINTS, max_size=2).map(tuple),
    failure=st.none() | DETAILS,
)
ZONES = st.builds(Zone, NAMES, st.none() | NAMES, st.lists(NAMESERVERS, max_size=3).map(tuple))
SEEN = st.lists(OBSERVATIONS, max_size=20).map(tuple)
OBSTACLES = st.one_of(
    st.none(),
    st.builds(NoSuchDomain, NAMES, NAMES),
    st.builds(AliasLoop, st.lists(NAMES, max_size=3).map(tuple)),
    st.builds(NoEgress, st.lists(ENDPOINTS, max_size=2).map(tuple)),
    st.builds(Intercepted, st.just(()), st.booleans()),
    st.builds(RegistryFails, NAMES, st.just(()), st.booleans()),
    st.builds(OutOfTime, NAMES),
)
CHALLENGES = st.builds(
    make_challenge,
    st.sampled_from(
        ["example.com", "*.example.org", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}.de"]
    ),
    st.lists(VALUES, max_size=3),
)
SURVEYS = st.builds(
    Survey,
    CHALLENGES,
    st.lists(st.builds(Hop, NAMES, ZONES, SEEN), max_size=3).map(tuple),
    OBSTACLES,
    st.integers(0, 99),
    SECONDS,
).map(_as_measured)
FINDINGS = st.builds(
    Finding,
    code=st.sampled_from(["wrong-value", "secondary-behind", "caa-forbids"]),
    severity=st.sampled_from(Severity),
    summary=st.text(min_size=1, max_size=120),
    cause=st.text(max_size=120),
    remedy=st.text(max_size=120),
    reference=st.just("RFC 1034"),
    nameserver=st.none() | NAMES,
    address=st.none() | st.ip_addresses().map(str),
    evidence=st.dictionaries(st.sampled_from(["kind", "serial"]), st.none() | DETAILS),
)
VANTAGES = st.builds(
    Vantage,
    st.lists(ENDPOINTS, max_size=2).map(tuple),
    st.sampled_from([("ipv4",), ("ipv6",), ("ipv4", "ipv6"), ()]),
    st.sampled_from([(), ("ipv6",)]),
)
OUTCOMES = st.builds(
    Outcome,
    st.just(STARTED),
    st.floats(0, 4000),
    VANTAGES,
    st.lists(
        st.builds(
            ChallengeOutcome,
            SURVEYS,
            st.sampled_from(Verdict),
            st.lists(FINDINGS, max_size=3).map(tuple),
        ).map(_as_timed),
        max_size=4,
    ).map(tuple),
    SECONDS,
)

# -- of few names, that meet often ----------------------------------------------------------------

_FEW_NAMES = [
    dns.name.from_text(text)
    for text in ("example.test.", "_acme-challenge.example.test.", "a.other.test.", "b.other.test.")
]
_HOSTS = [dns.name.from_text(f"ns{i}.example.net.") for i in range(4)]
_FEW_ENDPOINTS = [Endpoint(a) for a in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")]

_FEW_VALUES = st.sampled_from(
    [
        VALUE,
        SECOND,
        OTHER,
        VALUE[:-3],
        b'"' + VALUE + b'"',
        b"a.example.net",
        b"\x1b[2J",
        b"",
    ]
)
_RIGHT = st.just(answers.Values((VALUE, SECOND)))
_ALIASES = st.builds(
    answers.Alias,
    st.sampled_from(_FEW_NAMES[2:]),
    dname=st.sampled_from([None, _FEW_NAMES[0]]),
    conflict=st.booleans(),
    texts=st.lists(_FEW_VALUES, max_size=2).map(tuple),
)
_WRONG = st.one_of(
    st.builds(answers.Values, st.lists(_FEW_VALUES, min_size=1, max_size=4).map(tuple)),
    st.builds(answers.Absent, st.booleans(), st.sampled_from([None, _FEW_NAMES[0]])),
    _ALIASES,
    st.builds(answers.Referral, st.just(_FEW_NAMES[1]), st.just(frozenset(_HOSTS[:1]))),
    st.just(answers.Refused()),
    st.builds(answers.Failing, st.sampled_from(["SERVFAIL", "FORMERR"])),
    st.builds(answers.NotAuthoritative, st.booleans(), st.sampled_from([None, dns.name.root])),
    st.builds(answers.Malformed, st.text(max_size=300)),
    st.builds(answers.Unreachable, st.sampled_from(answers.NoResponseReason), st.text(max_size=20)),
    st.builds(answers.NotAsked, st.text(max_size=20)),
)
_LISTED = st.sets(st.sampled_from(list(Listing)), min_size=1).map(frozenset)
_PARENT_ANSWERS = st.lists(
    st.one_of(
        st.builds(
            ParentAnswer,
            st.sampled_from(_HOSTS),
            st.sampled_from(_FEW_ENDPOINTS),
            st.sampled_from([frozenset(_HOSTS[:1]), frozenset(_HOSTS[:2])]),
            referral=st.booleans(),
        ),
        st.builds(
            ParentAnswer,
            st.sampled_from(_HOSTS),
            st.sampled_from(_FEW_ENDPOINTS),
            st.none(),
            st.sampled_from(["NXDOMAIN", "NODATA"]),
            st.just(value=False),
        ),
    ),
    max_size=3,
).map(tuple)
_ENDPOINT_LISTS = st.lists(st.sampled_from(_FEW_ENDPOINTS), max_size=2).map(tuple)
_UNHEARD = st.lists(
    st.builds(
        Unheard,
        st.sampled_from([_FEW_NAMES[0], _FEW_NAMES[0].parent()]),
        st.sampled_from(_HOSTS),
        _ENDPOINT_LISTS,
        st.text(max_size=20),
    ),
    max_size=2,
).map(tuple)


@st.composite
def _hops(draw: st.DrawFn) -> Hop:
    usual = draw(st.sampled_from([_RIGHT, st.just(answers.Alias(_FEW_NAMES[2])), _WRONG]))
    readings = st.one_of(usual, usual, usual, _WRONG) if draw(st.booleans()) else usual
    observations = draw(
        st.lists(
            st.builds(
                Observation,
                st.just(_FEW_NAMES[0]),
                st.sampled_from(_HOSTS[:3]),
                st.sampled_from(_FEW_ENDPOINTS),
                _LISTED,
                readings,
                st.just(Status.NOT_ASKED),
                serial=st.sampled_from([None, 0, 41, 42, 2**32 - 1]),
                matched_before=st.sampled_from([False, False, False, True]),
                flips=st.sampled_from([0, 0, 0, 1, 2, 3]),
            ),
            max_size=5,
            unique_by=lambda seen: (seen.nameserver, seen.endpoint),
        )
    )
    heard = [seen.nameserver for seen in observations]
    more = draw(st.lists(st.sampled_from(_HOSTS), max_size=1)) if draw(st.booleans()) else []
    servers = tuple(
        draw(st.builds(NameServer, st.just(name), _LISTED, _ENDPOINT_LISTS, _ENDPOINT_LISTS))
        for name in sorted({*heard, *more})
    )
    return Hop(
        draw(st.sampled_from(_FEW_NAMES[1:])),
        Zone(
            _FEW_NAMES[0],
            _FEW_NAMES[0].parent(),
            servers,
            parent_answers=draw(st.one_of(st.just(()), _PARENT_ANSWERS)),
            unheard=draw(st.one_of(st.just(()), _UNHEARD)),
        ),
        tuple(observations),
    )


_ANSWERS = st.lists(
    st.tuples(st.sampled_from(_FEW_ENDPOINTS), st.text(max_size=20)), max_size=2
).map(tuple)
_OBSTACLES = st.one_of(
    st.builds(NoSuchDomain, st.sampled_from(_FEW_NAMES), st.sampled_from(_FEW_NAMES)),
    st.lists(st.sampled_from(_FEW_NAMES), max_size=9).map(lambda chain: AliasLoop(tuple(chain))),
    _ENDPOINT_LISTS.map(NoEgress),
    st.builds(Intercepted, _ANSWERS, st.booleans()),
    st.builds(RegistryFails, st.sampled_from(_FEW_NAMES), _ANSWERS, st.booleans()),
    st.sampled_from(_FEW_NAMES).map(OutOfTime),
)
_ENDPOINT_SETS = st.sets(st.sampled_from(_FEW_ENDPOINTS), max_size=2).map(frozenset)
_PROBES = st.builds(
    Probes,
    sightings=st.lists(
        st.builds(
            Sighting,
            st.sampled_from(_FEW_NAMES),
            st.sampled_from(["doubled-zone", "missing-label", "parent-label", "beside-alias"]),
            st.sampled_from([VALUE, SECOND]),
        ),
        max_size=2,
    ).map(tuple),
    wildcard_alias=st.sampled_from([None, None, _FEW_NAMES[2]]),
    wildcard_texts=st.sampled_from([frozenset(), frozenset({OTHER})]),
    missing_above=st.sampled_from([None, _FEW_NAMES[1]]),
    tcp_refused=_ENDPOINT_SETS,
    edns_broken=_ENDPOINT_SETS,
    case_changed=_ENDPOINT_SETS,
    rate_limited=_ENDPOINT_SETS,
    missing_dots=st.lists(
        st.builds(
            MissingDot,
            st.sampled_from([*_FEW_NAMES, *_HOSTS]),
            st.sampled_from(_FEW_NAMES),
            st.sampled_from(["CNAME", "NS"]),
            st.sampled_from(_FEW_NAMES),
        ),
        max_size=2,
    ).map(tuple),
    seen_here=st.none()
    | st.builds(
        SeenHere,
        st.sampled_from(_FEW_ENDPOINTS),
        st.sampled_from(_FEW_NAMES),
        st.just((VALUE,)),
    ),
)
PLAUSIBLE_SURVEYS = st.builds(
    Survey,
    st.sampled_from([(), (VALUE,), (VALUE, SECOND)]).map(
        lambda expected: make_challenge("example.test", expected)
    ),
    st.lists(_hops(), max_size=3).map(tuple),
    st.one_of(st.none(), st.none(), st.none(), _OBSTACLES),
    probes=st.one_of(st.just(Probes()), _PROBES),
).map(_as_measured)
