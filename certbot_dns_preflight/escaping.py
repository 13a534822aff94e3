"""Bytes and names from anywhere, as text that is exact and harmless. Pure.

Whatever came from the network, or from whoever started the program, passes through here before it
reaches a terminal, a log or a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

_FIRST_PRINTABLE, _LAST_PRINTABLE = 0x20, 0x7E
_BACKSLASH = 0x5C
_ESCAPED = {
    byte: f"\\{byte:03d}"
    for byte in range(256)
    if not _FIRST_PRINTABLE <= byte <= _LAST_PRINTABLE or byte == _BACKSLASH
}


def presentation(value: bytes) -> str:
    r"""Write served data so that it is exact and harmless anywhere (RFC 1035 §5.1).

    Every byte outside printable ASCII, and the backslash, becomes ``\DDD``.
    """
    return value.decode("latin-1").translate(_ESCAPED)


def printable(text: str) -> str:
    r"""Write text that others may have chosen (errors, arguments) without control characters."""
    return "".join(
        character if character.isprintable() else presentation(_encoded(character))
        for character in text
    )


def _encoded(character: str) -> bytes:
    """Encode for show; a byte of an argument or file name that is no UTF-8 is that byte again."""
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return character.encode("utf-8", "replace")


def show_name(name: dns.name.Name) -> str:
    r"""Write a name as master files do: escaped, with its final dot."""
    return name.to_text()
