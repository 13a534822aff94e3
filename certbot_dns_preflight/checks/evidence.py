"""The machine-readable facts that findings share: addresses, values, how near they come. Exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases, private_addresses
from certbot_dns_preflight.checks.comparer import Comparer
from certbot_dns_preflight.escaping import presentation, presentations, show_name
from certbot_dns_preflight.facts import answers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.caa import CaaAnswer
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.survey import Observation


MOST_ANSWERS = 4
"""Different answers of one finding's addresses that are compared with what is expected."""


def served(context: Context) -> dict[str, Json]:
    """Give what is expected where, and what each address that lacks it serves instead."""
    return {
        "owner_name": context.target.to_text(),
        "expected": values(context.survey.challenge.expected),
        "addresses": places(context.lacking, expected=context.expected, comparer=context.comparer),
        **compared(context.comparisons),
    }


def compared(comparisons: Iterable[Comparison]) -> dict[str, Json]:
    """Give the pairs of values that are worth showing side by side, the most telling one first."""
    pairs: list[Json] = [comparison(one) for one in comparisons]
    return {"comparisons": pairs} if pairs else {}


def places(
    observations: Iterable[Observation],
    *,
    expected: tuple[bytes, ...] = (),
    comparer: Comparer | None = None,
) -> list[Json]:
    """Give each address with its serial and what it answered, exact.

    With `expected`, also how near what it serves comes to what it lacks: answers that are alike are
    compared once, and no more than `MOST_ANSWERS` different ones.
    """
    compared: dict[Reading, dict[str, Json]] = {}
    comparer = comparer or Comparer()
    return [
        {
            "nameserver": show_name(observation.nameserver),
            "address": observation.endpoint.address,
            "port": observation.endpoint.port,
            "zone": show_name(observation.zone),
            "serial": observation.serial,
            "answer": _exact(observation.reading),
            **_against(expected, observation.reading, compared, comparer),
        }
        for observation in observations
    ]


def _against(
    expected: tuple[bytes, ...],
    reading: Reading,
    compared: dict[Reading, dict[str, Json]],
    comparer: Comparer,
) -> dict[str, Json]:
    match reading:
        case answers.Values(texts=texts) if expected and not set(texts).issuperset(expected):
            if reading in compared:
                return compared[reading]
        case _:
            return {}
    if len(compared) >= MOST_ANSWERS:
        present = set(texts)
        missing = [value for value in expected if value not in present]
        return {"missing": values(missing), "not_compared": len(present.difference(expected))}
    found = comparer.compare(expected, texts)
    facts: dict[str, Json] = {"missing": values(found.missing)}
    if found.nearest:
        facts.update(comparison(found.nearest))
    if found.not_compared:
        facts["not_compared"] = found.not_compared
    compared[reading] = facts
    return facts


def comparison(nearest: Comparison) -> dict[str, Json]:
    """Give the nearest served value beside the expected one, exact."""
    return {
        "kind": nearest.kind.value if nearest.kind else None,
        "expected_value": presentation(nearest.expected),
        "nearest_value": presentation(nearest.served),
        "first_differing_offset": nearest.offset,
        "edit_distance": nearest.distance,
    }


def unroutable(addresses: Iterable[str]) -> dict[str, Json]:
    """Give the addresses that nobody outside can reach, if there are any."""
    inside = private_addresses.internal(addresses)
    return {"private_addresses": [*inside]} if inside else {}


def values(data: Iterable[bytes]) -> list[Json]:
    """Give values in presentation form, uncut."""
    return [*presentations(tuple(data))]


def _exact(reading: Reading) -> str:
    match reading:
        case answers.Values(texts=texts):
            return 'TXT "' + '" "'.join(presentations(texts)) + '"'
        case answers.Alias(target=target, dname=None):
            return f"CNAME {show_name(target)}"
        case answers.Alias(target=target):
            return f"DNAME {show_name(target)}"
        case answers.Absent(nxdomain=nxdomain):
            return "NXDOMAIN" if nxdomain else "NODATA"
        case _:
            return phrases.answer(reading)


def caa_place(answer: CaaAnswer) -> dict[str, Json]:
    """Give the address that an answer about CAA came from, if it came from one."""
    return {
        "nameserver": show_name(answer.nameserver) if answer.nameserver else None,
        "address": answer.endpoint.address if answer.endpoint else None,
        "port": answer.endpoint.port if answer.endpoint else None,
    }
