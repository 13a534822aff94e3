"""Man pages, written from the parser: one for the whole, one for each command.

``python -m certbot_dns_preflight.cli.generate.man_pages DIRECTORY`` writes them; `contrib/man` has
them ready.
They bear no release and not the day on which they were made: what is the same stays the same.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli import commands
from certbot_dns_preflight.cli.generate import outline
from certbot_dns_preflight.cli.generate.outline import Takes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certbot_dns_preflight.cli.generate.outline import Command, Item, Outline

_PROJECT = "certbot-dns-preflight"
_DATE = "2026-11-25"  # when the pages last said something else; readers expect one
_WIDTH = 72
_STATUSES = (
    ("0", "Ready: the CA may look."),
    ("1", "Not ready."),
    ("2", "Misuse: an option or argument that is not accepted."),
    ("3", "Inconclusive: nothing could be asked from here."),
)
_ENVIRONMENT = (
    ("NO_COLOR", "If set and not empty, nothing is coloured unless --color=always is given."),
)


def main(arguments: list[str] | None = None) -> int:
    """Write all pages into a directory."""
    args = sys.argv[1:] if arguments is None else arguments
    if len(args) != 1:
        sys.stderr.write(f"usage: python -m {__spec__.name} DIRECTORY\n")
        return 2
    for name, text in pages(outline.of_parser(commands.make_parser())).items():
        Path(args[0], name).write_text(text, encoding="utf-8")
    return 0


def pages(line: Outline) -> dict[str, str]:
    """Give every page by its file name."""
    made = {f"{line.program}.1": "\n".join(_whole(line)) + "\n"}
    for command in line.commands:
        made[f"{line.program}-{command.name}.1"] = "\n".join(_one(line, command)) + "\n"
    return made


def _whole(line: Outline) -> Iterator[str]:
    yield from _head(line.program, "look before the certificate authority is told to")
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
    for name, told in _ENVIRONMENT:
        yield from _tagged(f".B {name}", told)
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


def _head(name: str, told: str) -> Iterator[str]:
    yield '.\\" Made by script/generate from the parser; changes here are lost.'
    yield f'.TH {name.upper()} 1 "{_DATE}" {_PROJECT} "User Commands"'
    yield ".SH NAME"
    yield f"{_text(name)} \\- {_text(told)}"


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
    for status, told in _STATUSES:
        yield from _tagged(f".B {status}", told)


def _also(names: Iterable[str]) -> Iterator[str]:
    yield ".SH SEE ALSO"
    *others, last = [*names, "certbot"]
    yield from (f".BR {_text(name)} (1)," for name in others)
    yield f".BR {_text(last)} (1)"


def _tagged(tag: str, told: str) -> Iterator[str]:
    yield ".TP"
    yield tag
    yield from _filled(told)


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


if __name__ == "__main__":
    sys.exit(main())
