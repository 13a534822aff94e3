"""Man pages, written from the parser: one for the whole, one for each command.

They bear no release and not the day on which they were made: what is the same stays the same.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tools.generate.outline import Takes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.generate.outline import Command, Item, Outline

_PROJECT = "certbot-dns-preflight"
_DATE = "2026-11-27"  # when the pages last said something else; readers expect one
_WIDTH = 72
_STATUSES = (
    ("0", "Ready: the CA may look."),
    ("1", "Not ready."),
    ("2", "Misuse: an option or argument that is not accepted."),
    ("3", "Inconclusive: nothing could be asked from here."),
)
_ENVIRONMENT = (
    ("NO_COLOR", "If set and not empty, nothing is coloured unless --color=always is given."),
    (
        "DNS_PREFLIGHT_LOG_WHOLE",
        "If set and not empty, --verbose shortens no line and leaves none out.",
    ),
)


def pages(line: Outline) -> dict[str, str]:
    """Give every page by its file name."""
    written = {f"{line.program}.1": "\n".join(_whole(line)) + "\n"}
    for command in line.commands:
        written[f"{line.program}-{command.name}.1"] = "\n".join(_one(line, command)) + "\n"
    return written


def _whole(line: Outline) -> Iterator[str]:
    yield from _head(line.program, "check DNS-01 records before the CA does")
    yield ".SH SYNOPSIS"
    yield f".B {_text(line.program)}"
    yield f"{_italic('COMMAND')} [{_italic('options')}]"
    yield ".SH DESCRIPTION"
    yield from _filled(line.whole.description)
    yield ".SH COMMANDS"
    for command in line.commands:
        yield from _tagged(
            f".BR {_text(f'{line.program}-{command.name}')} (1)", command.help.capitalize()
        )
    yield from _options(line.whole)
    yield from _statuses()
    yield ".SH ENVIRONMENT"
    for name, words in _ENVIRONMENT:
        yield from _tagged(f".B {name}", words)
    yield from _also([f"{line.program}-{command.name}" for command in line.commands])


def _one(line: Outline, command: Command) -> Iterator[str]:
    yield from _head(f"{line.program}-{command.name}", command.help)
    yield ".SH SYNOPSIS"
    yield f".B {_text(f'{line.program} {command.name}')}"
    yield " ".join([*map(_argument, command.arguments), f"[{_italic('options')}]"])
    yield ".SH DESCRIPTION"
    yield from _filled(command.description)
    for paragraph in command.notes.split("\n\n") if command.notes else ():
        yield ".PP"
        yield from _filled(paragraph)
    if command.arguments:
        yield ".SH ARGUMENTS"
        for item in command.arguments:
            yield from _tagged(_italic(item.metavar), _sentence(item))
    yield from _options(command)
    yield from _statuses()
    if command.examples:
        yield ".SH EXAMPLES"
        yield ".EX"
        yield from map(_text, command.examples)
        yield ".EE"
    others = [f"{line.program}-{other.name}" for other in line.commands if other is not command]
    yield from _also([line.program, *others])


def _head(name: str, words: str) -> Iterator[str]:
    yield '.\\" Made by script/generate from the parser; changes here are lost.'
    yield f'.TH {name.upper()} 1 "{_DATE}" {_PROJECT} "User Commands"'
    yield ".SH NAME"
    yield f"{_text(name)} \\- {_text(words)}"


def _options(command: Command) -> Iterator[str]:
    yield ".SH OPTIONS"
    for group in command.groups:
        if group is not command.groups[0]:
            yield f'.SS "{_text(group.title)}"'
        for item in group.items:
            names = ", ".join(f"\\fB{_text(name)}\\fR" for name in item.names)
            value = "" if item.takes is Takes.NOTHING else f" {_italic(item.metavar)}"
            yield from _tagged(names + value, _sentence(item))


def _statuses() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for status, words in _STATUSES:
        yield from _tagged(f".B {status}", words)


def _also(names: Iterable[str]) -> Iterator[str]:
    yield ".SH SEE ALSO"
    *others, last = [*names, "certbot"]
    yield from (f".BR {_text(name)} (1)," for name in others)
    yield f".BR {_text(last)} (1)"


def _tagged(tag: str, words: str) -> Iterator[str]:
    yield ".TP"
    yield tag
    yield from _filled(words)


def _filled(text: str) -> Iterator[str]:
    lines = textwrap.wrap(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )
    yield from map(_text, lines)


def _sentence(item: Item) -> str:
    """Begin with a capital, unless it is a word to be typed that stands first."""
    first = item.help.partition(" ")[0].rstrip(",;")
    return item.help if first in item.words else item.help[:1].upper() + item.help[1:]


def _argument(item: Item) -> str:
    shown = _italic(item.metavar) + ("..." if item.repeatable else "")
    return f"[{shown}]" if item.optional else shown


def _italic(text: str) -> str:
    return f"\\fI{_text(text)}\\fR"


def _text(text: str) -> str:
    """Escape what roff would take for its own; a hyphen stays one that can be copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
