"""Each target, on its seeds, on the corpus, and on what hypothesis makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certbot_dns_preflight.facts.dnssec import Status
from tests.fuzz import targets
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
LARGEST_CORPUS = 200_000  # bytes
LARGEST_MESSAGE = 65535


def kept(target: str) -> list[bytes]:
    """Give the seeds of a target, and what is in its corpus."""
    return [*SEEDS[target], *(path.read_bytes() for path in sorted((CORPUS / target).glob("*")))]


@st.composite
def mutated(draw: st.DrawFn, target: str) -> bytes:
    """Take what is kept, and exchange, insert, drop or repeat some of it."""
    data = bytearray(draw(st.sampled_from(kept(target))))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["exchange", "insert", "drop", "repeat"])):
            case "exchange":
                data[at : at + 1] = draw(st.binary(max_size=1))
            case "insert":
                data[at:at] = draw(st.binary(max_size=24))
            case "drop":
                del data[at : at + draw(st.integers(1, 40))]
            case "repeat":
                piece = bytes(data[at : at + draw(st.integers(1, 60))])
                data[at:at] = piece * draw(st.integers(1, 30))
    return bytes(data[:LARGEST_MESSAGE])


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept_is_read_and_shown(name: str) -> None:
    for data in kept(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_hypothesis_makes_of_it_is_too(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(st.one_of(mutated(name), st.binary(max_size=300))))


def test_the_seeds_are_what_they_are_meant_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the fuzzer would only ever see the first refusal of a validator or a parser."""
    assessed: list[Status] = []
    validate = targets.validate

    def watched(*rest: object, **more: object) -> object:
        found = validate(*rest, **more)  # type: ignore[arg-type]
        assessed.append(found.zones[-1].status)
        return found

    monkeypatch.setattr(targets, "validate", watched)
    for seed in SEEDS["dnssec"]:
        targets.dnssec(seed)
    assert assessed[0] is Status.SECURE

    read: list[str] = []
    read_txt = targets.read_txt

    def listed(*rest: object) -> object:
        found = read_txt(*rest)  # type: ignore[arg-type]
        read.append(type(found).__name__)
        return found

    monkeypatch.setattr(targets, "read_txt", listed)
    for seed in SEEDS["message"]:
        targets.message(seed)
    assert {"Values", "Alias", "Absent", "Referral", "Refused", "Failing"} <= set(read)


def test_the_corpus_is_small() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_CORPUS
    assert {path.parent.name for path in files} <= set(TARGETS)
