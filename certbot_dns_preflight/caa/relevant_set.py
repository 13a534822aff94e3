"""The CAA RRsets that count: the closest ones of a climb, and failures that hide closer ones. Pure.

Several RRsets may count if servers disagree. `policy` decides whether they permit issuance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.caa import AliasTo, Failed, NoProperties, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.facts.caa import CaaAnswer, Climb, Look, Property


_USEFUL = Properties | NoProperties | AliasTo


@dataclass(frozen=True, slots=True)
class RelevantSet:
    """An RRset that counts, its owner name, and the addresses that serve it, out of all queried."""

    name: dns.name.Name
    owner: dns.name.Name
    properties: tuple[Property, ...]
    served_by: tuple[CaaAnswer, ...]
    asked: tuple[CaaAnswer, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A name of the climb for which every server of a zone fails."""

    name: dns.name.Name
    answers: tuple[CaaAnswer, ...]


def relevant(climb: Climb) -> Iterator[RelevantSet | Unanswered]:
    """Find the closest RRsets: several if servers disagree. A failure ends the climb."""
    for look in climb.counting:
        by_owner: dict[dns.name.Name, list[CaaAnswer]] = {}
        for answer in look.answers:
            by_owner.setdefault(answer.owner, []).append(answer)
        for answers in by_owner.values():
            useful = Properties | NoProperties if any(map(_is_endless, answers)) else _USEFUL
            if any(isinstance(a.content, useful) for a in answers):
                continue
            failed = tuple(a for a in answers if isinstance(a.content, Failed))
            if failed:
                yield Unanswered(look.name, failed)
            return
        yield from _sets(look)


def unread(climb: Climb) -> tuple[Look, ...]:
    """Return the looks at which no server of some zone has answered, if the climb reaches one."""
    if not any(map(_is_unread, climb.counting)):
        return ()
    return tuple(filter(_is_unread, climb.looks))


def read_at(look: Look, owner: dns.name.Name) -> tuple[CaaAnswer, ...]:
    """Return what is known of an owner name; empty if no server has answered."""
    answers = tuple(answer for answer in look.answers if answer.owner == owner)
    return answers if any(isinstance(a.content, _USEFUL) for a in answers) else ()


def _is_unread(look: Look) -> bool:
    """Return whether an owner name of a look has no answer, and may have one later."""
    owners = {answer.owner for answer in look.answers}
    return not any(map(_is_endless, look.answers)) and not all(
        read_at(look, owner) for owner in owners
    )


def _is_endless(answer: CaaAnswer) -> bool:
    """Return whether the answer says that the aliases leading to its owner name never end."""
    return isinstance(answer.content, Failed) and answer.content.endless


def _sets(look: Look) -> Iterator[RelevantSet]:
    groups: dict[tuple[dns.name.Name, tuple[Property, ...]], list[CaaAnswer]] = {}
    for answer in look.answers:
        if isinstance(answer.content, Properties):
            groups.setdefault((answer.owner, answer.content.properties), []).append(answer)
    for (owner, properties), served_by in groups.items():
        asked = tuple(
            a
            for a in look.answers
            if a.owner == owner and isinstance(a.content, Properties | NoProperties | AliasTo)
        )
        yield RelevantSet(look.name, owner, properties, tuple(served_by), asked)
