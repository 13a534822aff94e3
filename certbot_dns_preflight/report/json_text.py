"""Writes JSON values as indented ASCII text: what `json.dumps` does in Python for each value. Pure.

A report may hold a hundred thousand values, and is written when the time is already up. So it can
be had in pieces, its items made one at a time: whole, it would be the most that a run holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certbot_dns_preflight.facts.finding import Json

    Lazy: TypeAlias = Json | Iterator[Json]
    """An iterator is an array, whose items are made when they are written."""

_STEP = "  "
_scalar = json.JSONEncoder(allow_nan=False).encode


def write(value: Json) -> str:
    """Write a value, with a final line end; refuses figures that JSON does not have."""
    return "".join(pieces(value))


def pieces(value: Lazy | Mapping[str, Lazy]) -> Iterator[str]:
    """Write a value as `write` does, in many small pieces."""
    yield from _written(value, "\n")
    yield "\n"


def _written(value: Lazy | Mapping[str, Lazy], line: str) -> Iterator[str]:
    """Write a value in pieces; `line` begins a line of the same depth."""
    if isinstance(value, dict) and value:
        yield from _object(value, line)
    elif isinstance(value, list) and value:
        yield from _array(value, line)
    elif isinstance(value, Iterator):
        yield from _items(value, line)
    else:
        yield _scalar(value)


def _object(value: Mapping[str, Lazy], line: str) -> Iterator[str]:
    inner, before = line + _STEP, "{"
    for key, item in value.items():
        yield f"{before}{inner}{encode_basestring_ascii(key)}: "
        yield from _written(item, inner)
        before = ","
    yield line + "}"


def _array(value: Sequence[Json], line: str) -> Iterator[str]:
    if set(map(type, value)) == {str}:  # as the values served are
        inner = line + _STEP
        texts = cast("Sequence[str]", value)
        yield f"[{inner}" + f",{inner}".join(map(encode_basestring_ascii, texts)) + f"{line}]"
    else:
        yield from _items(iter(value), line)


def _items(items: Iterator[Json], line: str) -> Iterator[str]:
    inner, before = line + _STEP, "["
    for item in items:
        yield before + inner
        yield from _written(item, inner)
        before = ","
    yield "[]" if before == "[" else line + "]"
