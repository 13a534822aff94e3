"""Two values side by side, the first difference marked under the character. Pure.

Decides how an expected and a served value are laid out within a width; its caller decides which
pair is worth comparing. Positions are counted in bytes, marks in columns: a byte that is written as
an escape is marked under its whole escape.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from certbot_dns_preflight.checks.edit_distance import common_prefix
from certbot_dns_preflight.checks.extra_characters import Extra, first_extra, named, placed
from certbot_dns_preflight.escaping import presentation

_MANY_BYTES = 20
_LOOK_ALIKE = tuple(map(frozenset, (b"0Oo", b"1Il", b"2Zz", b"5Ss", b"6Gb", b"8B", b"9gq", b"-_")))
_KINDS = {b"-": "hyphen", b"_": "underscore"}


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Lines of at most the width asked for, without labels; `marks` stand under `served`.

    `expected_mark` and `served_mark` are the columns of the first character that differs.
    """

    expected: str
    served: str
    marks: tuple[str, ...]
    expected_mark: tuple[int, int]
    served_mark: tuple[int, int]


def side_by_side(expected: bytes, served: bytes, *, room: int, ellipsis: str = "...") -> SideBySide:
    """Lay out two different values within `room` columns each."""
    offset = common_prefix(expected, served)
    whole = all(len(presentation(value[: room + 1])) <= room for value in (expected, served))
    window_at = 0 if whole else _window_start(expected[:offset], room, ellipsis)
    lead = ellipsis if window_at else ""
    column = len(lead) + len(presentation(expected[window_at:offset]))
    there = lead + _fitted(served[window_at:], room - len(lead), ellipsis)
    marked = len(presentation(served[offset : offset + 1])) or 1
    inserted = first_extra(expected, served, offset)
    if inserted is not None:
        # All that is too many, as far as it is in view.
        in_view = len(there) - column - (len(ellipsis) if there.endswith(ellipsis) else 0)
        marked = max(marked, min(len(presentation(inserted.data)), in_view))
    return SideBySide(
        expected=lead + _fitted(expected[window_at:], room - len(lead), ellipsis),
        served=there or "(empty)",
        marks=_marked(column, marked, _note(expected, served, offset), room),
        expected_mark=(column, column + len(presentation(expected[offset : offset + 1]))),
        served_mark=(column, column + marked if offset < len(served) else column),
    )


def _window_start(prefix: bytes, room: int, ellipsis: str) -> int:
    """Find where to begin so that the difference stands in view, with some of what follows."""
    if len(presentation(prefix)) <= room * 3 // 4:
        return 0
    start, used = len(prefix), len(ellipsis)
    while start and used + len(presentation(prefix[start - 1 : start])) <= room // 2:
        start -= 1
        used += len(presentation(prefix[start : start + 1]))
    return start


def _fitted(value: bytes, room: int, ellipsis: str) -> str:
    text = presentation(value[: room + 1])
    if len(text) <= room:
        return text
    pieces, used = [], len(ellipsis)
    for byte in value:
        piece = presentation(bytes([byte]))
        if used + len(piece) > room:
            break
        pieces.append(piece)
        used += len(piece)
    return "".join(pieces) + ellipsis


def _note(expected: bytes, served: bytes, offset: int) -> str:
    if offset == len(served):
        missing = expected[offset:]
        what = f'"{presentation(missing)}"' if len(missing) <= _MANY_BYTES else "the rest"
        return f"ends after character {len(served)} of {len(expected)}: {what} is missing"
    inserted = first_extra(expected, served, offset)
    if inserted is not None:
        end = _at_the_end(expected, served, inserted)
        return f"extra: {placed(inserted, expected)}{f' and {end} at the end' if end else ''}"
    there, wanted = served[offset : offset + 1], expected[offset : offset + 1]
    alike = _look_alike(there, wanted)
    words = [
        f"{_kind(one) if alike else ''}{_quoted(presentation(one))}" for one in (there, wanted)
    ]
    return f"character {offset + 1} of {len(expected)}: {words[0]} instead of {words[1]}"


def _look_alike(one: bytes, other: bytes) -> bool:
    """Whether two characters are easily taken for each other in some typeface."""
    pair = frozenset(one + other)
    return one.lower() == other.lower() or any(pair <= alike for alike in _LOOK_ALIKE)


def _kind(character: bytes) -> str:
    """Name the kind of a character, as it may look like one of another kind."""
    if character in _KINDS:
        return f"{_KINDS[character]} "
    if character.isdigit():
        return "digit "
    return "capital letter " if character.isupper() else "small letter "


def _at_the_end(expected: bytes, served: bytes, inserted: Extra) -> str:
    """Name what is too many at the end too, where the first extra is at the start."""
    rest = served[len(inserted.data) + len(expected) :]
    if inserted.after or not rest or not served.startswith(inserted.data + expected):
        return ""
    return "another" if rest == inserted.data else named(rest)


def _quoted(text: str) -> str:
    return f"'{text}'" if text == '"' else f'"{text}"'


def _marked(column: int, marked: int, note: str, room: int) -> tuple[str, ...]:
    mark = "^" * marked
    if column + marked + 1 + len(note) <= room:
        return (f"{' ' * column}{mark} {note}",)
    if len(note) + 1 <= column:
        return (f"{' ' * (column - len(note) - 1)}{note} {mark}",)
    return (f"{' ' * column}{mark}", *textwrap.wrap(note, room, break_on_hyphens=False))
