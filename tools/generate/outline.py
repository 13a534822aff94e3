"""What the command line offers, as plain data: for shell completion and for the man pages.

Reads the parser that parses, so that neither can list an option that does not exist. What an
option takes is read off its metavariable, which its user sees, too.
"""

from __future__ import annotations

import argparse
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = re.compile(r"[a-z0-9-]+(\|[a-z0-9-]+)+")


class Takes(enum.Enum):
    """What kind of value an option or argument takes."""

    NOTHING = enum.auto()
    WORDS = enum.auto()
    LIST_OF_WORDS = enum.auto()
    FILE = enum.auto()
    DIRECTORY = enum.auto()
    PROGRAM = enum.auto()
    ANYTHING = enum.auto()


_KINDS = {
    "FILE": Takes.FILE,
    "DIR": Takes.DIRECTORY,
    "COMMAND": Takes.PROGRAM,
}


@dataclass(frozen=True, slots=True)
class Item:
    """An option (`names` as typed) or an argument (no names). `words` are all it takes."""

    names: tuple[str, ...]
    metavar: str
    help: str
    takes: Takes
    words: tuple[str, ...] = ()
    repeatable: bool = False
    optional: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Options under one title."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: a subcommand, or the whole where `name` is empty.

    `examples` are lines as they are typed, `notes` what the help says after them.
    """

    name: str
    help: str
    description: str
    arguments: tuple[Item, ...]
    groups: tuple[Group, ...]
    examples: tuple[str, ...]
    notes: str

    @property
    def options(self) -> tuple[Item, ...]:
        """All options, in the order of the help."""
        return tuple(item for group in self.groups for item in group.items)


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole command line."""

    program: str
    whole: Command
    commands: tuple[Command, ...]


def of_parser(parser: argparse.ArgumentParser) -> Outline:
    """Read a parser and its subparsers."""
    return Outline(
        parser.prog,
        _command("", "", parser),
        tuple(_command(name, summary, sub) for name, summary, sub in _subcommands(parser)),
    )


def _subcommands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 - argparse gives no other access
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            summaries = {choice.dest: choice.help for choice in action._choices_actions}  # noqa: SLF001 - likewise
            for name, sub in action.choices.items():
                yield name, summaries.get(name) or "", sub


def _command(name: str, summary: str, parser: argparse.ArgumentParser) -> Command:
    groups: list[Group] = []
    arguments: list[Item] = []
    for group in parser._action_groups:  # noqa: SLF001 - argparse gives no other access
        items: list[Item] = []
        for action in group._group_actions:  # noqa: SLF001 - likewise
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
                continue
            if action.help is argparse.SUPPRESS:
                continue  # accepted, and of no use
            (items if action.option_strings else arguments).append(_item(parser, action))
        if items:
            groups.append(Group(group.title or "options", tuple(items)))
    heading, _, rest = (parser.epilog or "").partition("\n")
    shown, _, notes = rest.partition("\n\n")
    if not heading.startswith("example"):
        shown, notes = "", parser.epilog or ""
    examples = tuple(shown.splitlines())
    description = " ".join((parser.description or "").split())
    return Command(name, summary, description, tuple(arguments), tuple(groups), examples, notes)


def _item(parser: argparse.ArgumentParser, action: argparse.Action) -> Item:
    text = parser._get_formatter()._expand_help(action) if action.help else ""  # noqa: SLF001 - likewise
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    takes, words = _takes(action, metavar)
    return Item(
        names=tuple(action.option_strings),
        metavar="" if takes is Takes.NOTHING else metavar,
        help=" ".join(text.split()),
        takes=takes,
        words=words,
        repeatable=isinstance(action, argparse._AppendAction)  # noqa: SLF001 - likewise
        or action.nargs in ("*", "+"),
        optional=bool(action.option_strings) or action.nargs in ("*", "?"),
    )


def _takes(action: argparse.Action, metavar: str) -> tuple[Takes, tuple[str, ...]]:
    if action.nargs == 0:
        return Takes.NOTHING, ()
    if action.choices is not None:
        return Takes.WORDS, tuple(str(choice) for choice in action.choices)
    if _WORDS.fullmatch(metavar):
        return Takes.WORDS, tuple(metavar.split("|"))
    if metavar == "CODE":
        return Takes.WORDS, tuple(Code)
    if metavar.startswith("CODE"):
        return Takes.LIST_OF_WORDS, tuple(Code)
    return _KINDS.get(metavar, Takes.ANYTHING), ()
