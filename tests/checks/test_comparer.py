"""What all comparisons of a run cost is bounded; counted in steps, not timed."""

from __future__ import annotations

import pytest

from certbot_dns_preflight import checks
from certbot_dns_preflight.checks import comparer, edit_distance, manglings, txt_difference
from certbot_dns_preflight.checks.comparer import LEAST_STEPS, STEPS_A_RUN, Comparer
from certbot_dns_preflight.checks.evidence import MOST_ANSWERS
from certbot_dns_preflight.checks.manglings import Kind
from certbot_dns_preflight.checks.txt_difference import MOST_STEPS
from certbot_dns_preflight.facts.limits import Budget, LimitMet
from tests.builders.survey import SECOND, VALUE, at, hop, survey, texts

NAMES, SERVERS, VALUES = 12, 20, 1200
MET = (LimitMet(Budget.COMPARISONS, STEPS_A_RUN, None, whole_run=True),)


def crowd(name: int, server: int = 0, values: int = VALUES) -> list[bytes]:
    return [f"{name}.{server}.{number}".encode().rjust(43, b"x") for number in range(values)]


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the steps that are really made."""
    steps = [0]

    def measured(left: bytes, right: bytes) -> int | None:
        steps[0] += edit_distance.steps(left, right)
        return edit_distance.edit_distance(left, right)

    def looked_for(value: bytes, other: bytes, *, typos: bool) -> Kind | None:
        steps[0] += txt_difference._A_PAIR + len(value) + len(other)
        return manglings.kind_of(value, other, typos=typos)

    real = txt_difference._Alike.likeness

    def glanced(self: txt_difference._Alike, value: bytes) -> int:
        steps[0] += txt_difference._A_GLANCE
        return real(self, value)

    monkeypatch.setattr(txt_difference, "edit_distance", measured)
    monkeypatch.setattr(txt_difference, "kind_of", looked_for)
    monkeypatch.setattr(txt_difference._Alike, "likeness", glanced)
    return steps


@pytest.mark.heavy
def test_what_many_names_with_many_values_at_many_servers_cost_is_bounded(
    spent: list[int],
) -> None:
    """Each server has other values: all that can be compared of a name are five sets."""
    of = Comparer()
    for name in range(NAMES):
        rows = [
            at(f"192.0.2.{server}", texts(*crowd(name, server))) for server in range(1, SERVERS + 1)
        ]
        (found,) = checks.diagnose(survey(hop(*rows), expected=(VALUE, SECOND)), comparer=of)
        assert found.code == "wrong-value"
        assert isinstance(found.evidence["not_compared"], int)
        assert SERVERS * VALUES - 64 <= found.evidence["not_compared"] < SERVERS * VALUES
        assert "most like it were compared" in found.cause
    assert of.limits == MET
    sets = NAMES * (1 + MOST_ANSWERS)
    assert STEPS_A_RUN / 2 < spent[0] <= STEPS_A_RUN + MOST_STEPS + sets * LEAST_STEPS


def test_values_that_are_others_in_every_round_are_compared_under_the_same_bound(
    spent: list[int],
) -> None:
    of = Comparer()
    rounds = 60
    for number in range(rounds):
        of.compare([VALUE], crowd(number))
    assert of.limits == MET
    assert STEPS_A_RUN / 2 < spent[0] <= STEPS_A_RUN + MOST_STEPS + rounds * LEAST_STEPS


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparer, "MOST_REMEMBERED", 5000)
    of = Comparer()
    for number in range(10):
        of.compare([VALUE], crowd(number))
        of.compare([VALUE], crowd(0))
        values = sum(len(each.missing) + len(each.unexpected) for each in of._known)
        assert values == of._remembered <= comparer.MOST_REMEMBERED
    assert len(of._known) == comparer.MOST_REMEMBERED // (VALUES + 1)


def test_the_same_two_sets_are_compared_once(spent: list[int]) -> None:
    of = Comparer()
    first = of.compare([VALUE], crowd(1))
    once = spent[0]
    assert once > 0
    assert of.compare([VALUE], crowd(1)) == first == txt_difference.compare([VALUE], crowd(1))
    assert spent[0] == 2 * once  # the second time by `txt_difference` itself, which forgets


def test_where_others_have_spent_all_a_mangled_value_is_found_nevertheless() -> None:
    of = Comparer()
    of._left = 0
    beside = crowd(999, values=9)
    found = of.compare([VALUE], [*beside, VALUE.swapcase()])
    assert found.nearest is not None
    assert (found.nearest.served, found.nearest.kind) == (VALUE.swapcase(), Kind.CASE)
    few = of.compare([VALUE], beside[:4])
    assert (few.not_compared, len(few.comparisons)) == (0, 4)
    assert of.compare([VALUE], crowd(998)).not_compared > VALUES - 64
    assert of.limits == MET


@pytest.mark.heavy
def test_names_with_few_values_spend_nothing_of_the_run() -> None:
    of = Comparer()
    for number in range(2 * STEPS_A_RUN // LEAST_STEPS):
        found = of.compare([VALUE, b"another"], crowd(number, values=3))
        assert found.not_compared == 0
    assert of._left == STEPS_A_RUN
    assert of.limits == ()
