"""What a run still holds of the names that it has decided: next to nothing, so lists may be long.

Counted in a simulated internet: the answers that are alive in this process, without a clock.
"""

from __future__ import annotations

import functools
import gc
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Verdict
from certbot_dns_preflight.facts.survey import Observation
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.run import session, waiting
from certbot_dns_preflight.run.decided_names import DecidedNames
from certbot_dns_preflight.settings import Settings
from tests.simulated import clock
from tests.simulated.internet import RESOLVER, Cable, Internet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.resolve.unneeded import Unneeded

NAMES = 48
ANSWERS_A_NAME = 18
"""About so many answers are kept of a name that is looked at."""


@pytest.fixture(scope="module")
def internet() -> Internet:
    return Internet(NAMES)


@dataclass(frozen=True, slots=True)
class Bench:
    """An internet, and how a run is told of it."""

    internet: Internet
    settings: Settings

    def look(
        self,
        challenges: list[Challenge],
        decided: Callable[[ChallengeOutcome], None],
        *,
        keep: bool = True,
        cache: DelegationCache | None = None,
    ) -> Outcome:
        """Look once at all of them."""

        async def go() -> Outcome:
            request = IssuanceRequest(identities=("letsencrypt.org",))
            extras = waiting.Extras(request=request, keep=keep, cache=cache)
            return await waiting.preflight(
                challenges, self.settings, wait=False, decided=decided, extras=extras
            )

        return clock.run(go)

    @property
    def most_addresses(self) -> int:
        """How many addresses serve the name that most serve."""
        return max(len(self.internet.addresses_of(f"d{n}.com.")) for n in range(NAMES))


@pytest.fixture
def bench(internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    sockets = functools.partial(Sockets, functools.partial(Cable, internet))
    monkeypatch.setattr(session, "Exchange", lambda **how: Exchange(**how, sockets=sockets()))
    monkeypatch.setattr(split_horizon, "own_resolvers", lambda: [Endpoint(RESOLVER)])
    hints, anchor = internet.write_inputs(tmp_path)
    return Bench(internet, Settings(root_hints=hints, trust_anchor=anchor))


def names(*values: bytes) -> list[Challenge]:
    return [make_challenge(f"d{number}.com", values or [b"value"]) for number in range(NAMES)]


@pytest.fixture
def nothing_older() -> None:
    """Leave what there is already out of collections, which would go through it at each count."""
    gc.collect()
    gc.freeze()


class Living:
    """Counts, each time when a challenge is decided, what objects of a type there are."""

    def __init__(self, kind: type) -> None:
        self.counts: list[int] = []
        self._kind = kind
        self._before = self._count()

    def __call__(self, judged: ChallengeOutcome) -> None:
        del judged
        self.counts.append(self._count() - self._before)

    def _count(self) -> int:
        gc.collect()
        return sum(isinstance(one, self._kind) for one in gc.get_objects())


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_older")
def test_the_answers_about_a_name_are_dropped_once_it_is_decided(bench: Bench) -> None:
    living = Living(Response)
    outcome = bench.look(names(), living)
    assert outcome.verdict is Verdict.READY
    assert [one.survey.challenge for one in outcome.challenges] == names()
    assert all(one.survey.observations for one in outcome.challenges)
    assert len(living.counts) == NAMES
    # All begin before the first is decided; in the end the last few names are left.
    assert max(living.counts) > ANSWERS_A_NAME * NAMES / 2
    assert living.counts[-1] < 10 * ANSWERS_A_NAME


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_older")
def test_outcomes_that_are_given_out_and_not_kept_are_dropped(bench: Bench) -> None:
    living = Living(Observation)
    outcome = bench.look(names(), living, keep=False)
    assert outcome.challenges == ()
    assert outcome.verdict is Verdict.READY
    assert len(living.counts) == NAMES
    assert living.counts[-1] < 3 * bench.most_addresses


@pytest.mark.slow
def test_what_is_not_kept_still_decides_the_verdict(bench: Bench) -> None:
    given: list[Verdict] = []
    [first, *others] = names()
    missing = make_challenge(first.domain, [b"another value"])
    outcome = bench.look([missing, *others], lambda one: given.append(one.verdict), keep=False)
    assert Counter(given) == {Verdict.READY: NAMES - 1, Verdict.NOT_READY: 1}
    assert outcome.verdict is Verdict.NOT_READY


@pytest.mark.slow
def test_a_cache_that_later_runs_share_keeps_what_was_learned(bench: Bench) -> None:
    cache = DelegationCache()
    bench.look(names(), lambda _: None, cache=cache)
    assert cache.cuts.keys() >= {dns.name.from_text(one.domain) for one in names()}


# -- when names may go ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A challenge that is looked at, and passes through these names."""

    names: tuple[dns.name.Name, ...]


class Drops:
    """Applies what is dropped to the names of a cache."""

    def __init__(self, *names: str) -> None:
        self.kept = set(names)

    def __call__(self, unneeded: Unneeded) -> None:
        self.kept -= {name for name in self.kept if unneeded(dns.name.from_text(name))}


def test_a_domain_goes_when_all_challenges_in_it_are_decided() -> None:
    drops = Drops("com.", "a.com.", "www.a.com.", "_acme-challenge.a.com.", "ns.host.net.")
    apex, www = make_challenge("a.com"), make_challenge("www.a.com")
    decided = DecidedNames([apex, www], drops, fewest=1)
    decided.note(apex, [])
    assert drops.kept == {"com.", "a.com.", "www.a.com.", "ns.host.net."}
    decided.note(www, [])
    assert drops.kept == {"com.", "ns.host.net."}


def test_a_domain_that_a_running_challenge_passes_through_stays() -> None:
    drops = Drops("a.com.", "_acme-challenge.a.com.", "b.com.")
    a, b = make_challenge("a.com"), make_challenge("b.com")
    decided = DecidedNames([a, b], drops, fewest=1)
    passing = Running((b.owner, a.owner))
    decided.note(a, [passing])  # type: ignore[list-item] # all that is wanted of it
    assert drops.kept == {"a.com.", "_acme-challenge.a.com.", "b.com."}


def test_names_below_a_registry_of_two_labels_do_not_stay_for_each_other() -> None:
    drops = Drops("uk.", "co.uk.", "a.co.uk.", "b.co.uk.")
    a, b = make_challenge("a.co.uk"), make_challenge("b.co.uk")
    DecidedNames([a, b], drops, fewest=1).note(a, [])
    assert drops.kept == {"uk.", "co.uk.", "b.co.uk."}
