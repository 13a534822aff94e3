"""Writes JSON values as indented ASCII text: what `json.dumps` does in Python for each value. Pure.

A report may hold a hundred thousand values, and is written when the time is already up.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot_dns_preflight.facts.finding import Json

_STEP = "  "
_scalar = json.JSONEncoder(allow_nan=False).encode


def write(value: Json) -> str:
    """Write a value, with a final line end; refuses figures that JSON does not have."""
    return "".join((*_written(value, "\n"), "\n"))


def _written(value: Json, line: str) -> Iterator[str]:
    """Write a value in pieces; `line` begins a line of the same depth."""
    if isinstance(value, dict) and value:
        yield from _object(value, line)
    elif isinstance(value, list) and value:
        yield from _array(value, line)
    else:
        yield _scalar(value)


def _object(value: Mapping[str, Json], line: str) -> Iterator[str]:
    inner, before = line + _STEP, "{"
    for key, item in value.items():
        yield f"{before}{inner}{encode_basestring_ascii(key)}: "
        yield from _written(item, inner)
        before = ","
    yield line + "}"


def _array(value: Sequence[Json], line: str) -> Iterator[str]:
    inner = line + _STEP
    if set(map(type, value)) == {str}:  # as the values served are
        texts = cast("Sequence[str]", value)
        yield f"[{inner}" + f",{inner}".join(map(encode_basestring_ascii, texts)) + f"{line}]"
        return
    before = "["
    for item in value:
        yield before + inner
        yield from _written(item, inner)
        before = ","
    yield line + "]"
