"""Escape bytes and names from any source as exact, harmless text. Pure.

Everything from the network, or from whoever started the program, passes through here before it
reaches a terminal, a log or a file.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

_FIRST_PRINTABLE, _LAST_PRINTABLE = 0x20, 0x7E
_BACKSLASH = 0x5C
_ESCAPED = {
    byte: f"\\{byte:03d}"
    for byte in range(256)
    if not _FIRST_PRINTABLE <= byte <= _LAST_PRINTABLE or byte == _BACKSLASH
}
_AS_ASCII = operator.methodcaller("decode", "ascii")


def presentation(value: bytes) -> str:
    r"""Escape served data so that it is exact and harmless anywhere (RFC 1035 §5.1).

    Every byte outside printable ASCII, and the backslash, becomes ``\DDD``.
    """
    return value.decode("latin-1").translate(_ESCAPED)


def presentations(values: Sequence[bytes]) -> list[str]:
    """Escape several values; where none needs it, at the cost of one."""
    joined = b"".join(values).decode("latin-1")
    if joined.isascii() and joined.isprintable() and "\\" not in joined:
        return list(map(_AS_ASCII, values))
    return [presentation(value) for value in values]


def printable(text: str) -> str:
    r"""Escape control characters in untrusted text such as errors and arguments."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else presentation(_encoded(character))
        for character in text
    )


def _encoded(character: str) -> bytes:
    """Encode for display; a non-UTF-8 byte of an argument or file name is restored."""
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return character.encode("utf-8", "replace")


def show_name(name: dns.name.Name) -> str:
    r"""Return a name in master file format: escaped, with its trailing dot."""
    return name.to_text()
