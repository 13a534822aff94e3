"""What no waiting mends stops an order before a record is made, and ends a wait early."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.message
import dns.name
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.run import inputs, permanence, precheck, record_location, waiting
from certbot_dns_preflight.run.assess import Assessor
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import OnFailure, Settings
from tests.clock import run as clocked
from tests.lab.laboratory import zone_text
from tests.lab.misbehaving import Authoritative, Question, Refusing, Silent
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.facts.outcome import Progress
    from certbot_dns_preflight.run.record_location import RecordLocation
    from tests.clock import Clock
    from tests.lab import Lab

pytestmark = pytest.mark.slow

N = dns.name.from_text
ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
NONE: frozenset[str] = frozenset()
OWNER = "_acme-challenge.example.test."
LONG = [f"l{n}.example.test. CNAME l{n + 1}.example.test." for n in range(20)]


@pytest.fixture
def settings(lab: Lab) -> Settings:
    return Settings(root_hints=lab.root_hints, query_timeout=5, timeout=300)


def place(settings: Settings, domain: str = "example.test") -> RecordLocation:
    wanted = make_challenge(domain, [b"v"])
    patient = Timings(record_location=HANG)
    found = asyncio.run(record_location.find([wanted], settings, timings=patient))
    return found[wanted.owner]


def stopped_by(found: RecordLocation, settings: Settings) -> set[str]:
    if found.survey is None:
        return set()
    assessor = Assessor(settings, inputs.load(settings), ANYBODY)
    judged = assessor.assess(found.survey, DomainEnvironment(), confirmed=True)
    return {f.code for f in permanence.permanent_errors(judged, skip=NONE)}


def publish(lab: Lab, *records: str) -> None:
    lab.update(lab.primary, "example.test.", add=list(records))
    lab.wait_synchronous()


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([f"{OWNER} CNAME a.example.test.", f"a.example.test. CNAME {OWNER}"], "alias-loop"),
        ([f"{OWNER} CNAME {OWNER}"], "alias-loop"),
        ([f"{OWNER} CNAME l0.example.test.", *LONG], "alias-loop"),
        ([f"{OWNER} CNAME here.nosuchtld."], "alias-dangling"),
        ([f"{OWNER} CNAME nosuchtld."], "alias-dangling"),
        ([f"{OWNER} CNAME gone-example.test."], "alias-dangling"),
        ([f"{OWNER} CNAME x.y.gone-example.test."], "alias-dangling"),
        (
            [f"{OWNER} CNAME a.example.test.", "a.example.test. CNAME gone-example.test."],
            "alias-dangling",
        ),
    ],
)
def test_an_alias_that_leads_nowhere_stops_it(
    lab: Lab, settings: Settings, records: list[str], code: str
) -> None:
    publish(lab, *records)
    found = place(settings)
    assert (found.record, found.zone) == (N(OWNER), None)
    assert stopped_by(found, settings) == {code}


@pytest.mark.parametrize(
    "records",
    [
        [],
        [f"{OWNER} CNAME not-yet.example.test."],
        [f"{OWNER} CNAME not.yet.target.test."],
        # Whatever a wildcard shows, a record at the name takes the name out of it.
        ["*.example.test. CNAME gone-example.test."],
    ],
)
def test_what_making_the_record_mends_stops_nothing(
    lab: Lab, settings: Settings, records: list[str]
) -> None:
    publish(lab, *records)
    assert stopped_by(place(settings), settings) == set()


def test_a_zone_that_is_not_served_until_the_record_is_made_stops_nothing(
    lab: Lab, settings: Settings
) -> None:
    """As where the authenticator itself answers for the target, or has its service make it."""
    addresses = lab.addresses()
    lab.name_addresses("own.dns.test.", addresses)
    lab.delegate("own.test.", ["own.dns.test."])
    lab._undo.append(lambda: lab.undelegate("own.test."))
    publish(lab, f"{OWNER} CNAME token.own.test.")
    with Refusing(addresses, {}):
        assert stopped_by(place(settings), settings) == set()


def test_an_alias_that_one_server_has_lost_already_stops_nothing(
    lab: Lab, settings: Settings
) -> None:
    records = ("_acme-challenge CNAME gone-example.test.\n", "_acme-challenge CNAME ok.test.\n")
    hosts = ["nsa.dns.test.", "nsb.dns.test."]
    servers = []
    for host, text in zip(hosts, records, strict=True):
        address, _ = lab.addresses()
        lab.name_addresses(host, [address])
        servers.append(Authoritative([address], {"two.test.": zone_text("two.test.", hosts, text)}))
    lab.delegate("two.test.", hosts)
    lab._undo.append(lambda: lab.undelegate("two.test."))
    with servers[0], servers[1]:
        for _ in range(3):  # whichever is asked first
            assert stopped_by(place(settings, "two.test"), settings) == set()


# -- a zone that nobody serves --------------------------------------------------------------------


class RefusingAtFirst(Authoritative):
    """Refuses what it is asked first, as a server does that is loading its zones."""

    def respond(self, question: Question) -> dns.message.Message:
        if len(self.asked) > 6:
            return super().respond(question)
        return Refusing.respond(self, question)  # type: ignore[arg-type]

    rcode = Refusing.rcode


@pytest.mark.parametrize(
    ("kinds", "stopped"),
    [
        ((Refusing, Refusing), {"nameserver-refuses"}),
        ((Refusing, Silent), set()),
        ((Refusing, Authoritative), set()),
        ((RefusingAtFirst, RefusingAtFirst), set()),
    ],
)
def test_a_domain_that_all_its_servers_refuse_stops_it(
    lab: Lab,
    settings: Settings,
    kinds: tuple[type[Authoritative], type[Authoritative]],
    stopped: set[str],
) -> None:
    hosts = ["nsa.dns.test.", "nsb.dns.test."]
    servers = []
    for host, kind in zip(hosts, kinds, strict=True):
        address, _ = lab.addresses()
        lab.name_addresses(host, [address])
        servers.append(kind([address], {"lame.test.": zone_text("lame.test.", hosts)}))
    lab.delegate("lame.test.", hosts)
    lab._undo.append(lambda: lab.undelegate("lame.test."))
    with servers[0], servers[1]:
        patient = Timings(precheck=HANG)
        if Silent in kinds:
            settings = replace(settings, query_timeout=0.5)
        wanted = [make_challenge("lame.test", [b"v"])]
        facts = asyncio.run(precheck.check(wanted, settings, timings=patient))
        (judged,) = facts.judged(settings, ANYBODY).challenges
    assert {f.code for f in permanence.permanent_errors(judged, skip=NONE)} == stopped


# -- the wait -------------------------------------------------------------------------------------


def wait(
    settings: Settings,
    domain: str,
    watch: Callable[[Clock, Progress], None] = lambda _clock, _progress: None,
    *,
    request: IssuanceRequest | None = None,
) -> Outcome:
    async def go(clock: Clock) -> Outcome:
        def watched(progress: Progress) -> None:
            clock.call_soon(clock.move_on, progress.next_round_in)
            watch(clock, progress)

        return await waiting.preflight(
            [make_challenge(domain, [b"v"])],
            settings,
            wait=True,
            watch=watched,
            extras=waiting.Extras(request=request),
        )

    return clocked(go)


def codes(outcome: Outcome) -> set[str]:
    return {finding.code for judged in outcome.challenges for finding in judged.findings}


@pytest.mark.parametrize(
    ("domain", "records", "code"),
    [
        ("example.test", [f"{OWNER} CNAME {OWNER}"], "alias-loop"),
        ("example.test", [f"{OWNER} CNAME x.gone-example.test."], "alias-dangling"),
        ("gone-example.test", [], "no-such-domain"),
        ("example.test", ['example.test. CAA 0 issue "other-ca.example"'], "caa-forbids"),
    ],
)
def test_a_wait_for_what_cannot_come_ends_after_ten_seconds(
    lab: Lab, settings: Settings, domain: str, records: list[str], code: str
) -> None:
    publish(lab, *records)
    outcome = wait(settings, domain, request=ANYBODY)
    assert outcome.verdict is Verdict.NOT_READY
    assert code in codes(outcome)
    (judged,) = outcome.challenges
    assert judged.early_end is not None
    assert 10 <= judged.early_end.after < 60


def test_a_wait_for_a_domain_that_all_refuse_ends_early(lab: Lab, settings: Settings) -> None:
    lame = lab.daemon("nsd")
    lab.delegate("lame.test.", [lame])
    lab._undo.append(lambda: lab.undelegate("lame.test."))
    outcome = wait(settings, "lame.test")
    assert codes(outcome) == {"nameserver-refuses"}
    assert outcome.challenges[0].early_end is not None


@pytest.mark.parametrize(
    "asked_for", [{"on_failure": OnFailure.CONTINUE}, {"skip": ("alias-loop",)}]
)
def test_who_wants_to_go_on_waits_to_the_end(
    lab: Lab, settings: Settings, asked_for: dict[str, object]
) -> None:
    publish(lab, f"{OWNER} CNAME {OWNER}")
    outcome = wait(replace(settings, timeout=60, **asked_for), "example.test")  # type: ignore[arg-type]
    assert outcome.challenges[0].early_end is None
    assert outcome.elapsed >= 60 - Timings().after_last_round(60)


def test_what_is_mended_within_the_ten_seconds_is_seen(lab: Lab, settings: Settings) -> None:
    publish(lab, f"{OWNER} CNAME {OWNER}")
    mended = False

    def mend(_clock: Clock, progress: Progress) -> None:
        nonlocal mended
        if progress.surveys[0].rounds == 3 and not mended:
            mended = True
            lab.update(lab.primary, "example.test.", delete=[OWNER])
            publish(lab, f'{OWNER} TXT "v"')

    assert wait(settings, "example.test", mend).verdict is Verdict.READY
    assert mended


def test_a_server_that_is_down_is_waited_for(lab: Lab, settings: Settings) -> None:
    publish(lab, f'{OWNER} TXT "v"')
    lab.knot.kill()
    outcome = wait(replace(settings, timeout=60), "example.test")
    assert codes(outcome) == {"nameserver-unreachable"}
    assert outcome.challenges[0].early_end is None
    assert outcome.elapsed >= 60 - Timings().after_last_round(60)
