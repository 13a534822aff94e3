"""Findings where the servers of one zone answer differently: who lags, who is of another mind.

Serials are compared in RFC 1982 arithmetic. `secondary-behind` needs an older (or unreadable)
serial; where the serials say that no transfer is due, it is `servers-disagree`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import context as seen_as
from certbot_dns_preflight.checks import phrases, txt_difference
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.checks.records import mangled_at
from certbot_dns_preflight.checks.txt_difference import Kind
from certbot_dns_preflight.facts.answers import Alias, Values
from certbot_dns_preflight.facts.survey import agreed_alias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey

_HALF, _WHOLE = 2**31, 2**32


def is_older(serial: int, other: int) -> bool:
    """Tell whether `serial` comes before `other` (RFC 1982 section 3.2)."""
    return 0 < (other - serial) % _WHOLE < _HALF


def values_differ(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that in the final zone some addresses show all expected values, others do not."""
    right, wrong = context.holding, context.lacking
    if context.final is None or context.conflicts:
        return
    if not context.expected:
        right, wrong = _by_newest(context.usable)
    if right and wrong:
        yield from _split(survey, context, right, wrong)
    elif wrong and context.expected and not context.unsteady:
        aliases = [observation for observation in wrong if isinstance(observation.reading, Alias)]
        scattered = set(context.served).issuperset(context.expected)
        if len(aliases) not in (0, len(wrong)) or len(_answers(aliases)) > 1 or scattered:
            yield _disagree(wrong, context.final.owner, expected=context.expected)


def aliases_differ(_survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that in an alias's zone some addresses show the alias, others do not."""
    for hop in context.followed:
        answering = seen_as.usable(hop)
        alias = agreed_alias(hop, context.expected)
        right = tuple(
            observation for observation in answering if alias and _shows(observation, alias)
        )
        wrong = tuple(observation for observation in answering if observation not in right)
        if not wrong:
            continue
        behind = _behind(wrong, right) if right else ()
        others = tuple(observation for observation in wrong if observation not in behind)
        if behind:
            yield _lagging(behind, right, hop.owner, "the alias")
        if others:
            # Where others hold a TXT record, nobody can say which of the two was meant.
            told = any(isinstance(observation.reading, Values) for observation in others)
            yield _disagree((*right, *others), hop.owner, right=() if told else right)


def _split(
    survey: Survey,
    context: Context,
    right: tuple[Observation, ...],
    wrong: tuple[Observation, ...],
) -> Iterable[Finding]:
    owner = right[0].zone if context.final is None else context.final.owner
    behind = _behind(wrong, right)
    others = tuple(observation for observation in wrong if observation not in behind)
    if behind:
        thing = "the record" if context.expected else "the answer"
        yield _lagging(behind, right, owner, thing, expected=context.expected)
    nearest = txt_difference.compare(
        context.expected, (text for observation in others for text in seen_as.texts(observation))
    ).nearest
    if nearest and nearest.kind not in (None, Kind.HOSTNAME):
        mangled = tuple(
            observation for observation in others if nearest.served in seen_as.texts(observation)
        )
        others = tuple(observation for observation in others if observation not in mangled)
        yield mangled_at(survey, context, nearest, at=mangled)
    if others:
        yield _disagree((*right, *others), owner, right=right, expected=context.expected)


def _lagging(
    behind: tuple[Observation, ...],
    right: tuple[Observation, ...],
    owner: dns.name.Name,
    thing: str,
    *,
    expected: tuple[bytes, ...] = (),
) -> Finding:
    everybody = (*right, *behind)
    late = phrases.subjects(behind, everybody)
    servers = len(seen_as.nameservers(everybody))
    good = servers - len(seen_as.nameservers(behind))
    theirs, ours = phrases.serials(behind), phrases.serials(right)
    told = f", {theirs}, the others {ours.split(' ', 1)[1]}" if theirs and ours else ""
    name = phrases.listed(late)
    if good:
        summary = f"{good} of {servers} name servers {phrases.verb(good, 'shows', 'show')} {thing}"
    else:
        summary = f"not every address of {phrases.listed(phrases.subjects(right, right))} shows it"
    if theirs and ours:
        cause = (
            f"{name} {phrases.verb(len(late), 'serves', 'serve')} the zone "
            f"{phrases.owner(behind[0].zone)} with {theirs}; where the record is, it is {ours}: "
            "the change has not been transferred."
        )
    else:
        cause = (
            f"{name} {phrases.verb(len(late), 'lacks', 'lack')} {thing} at {phrases.owner(owner)} "
            "that others already have; the serials that would tell why could not be read."
        )
    return finding(
        "secondary-behind",
        summary=f"{summary}; {name} {_does(behind, len(late), expected)}{told}",
        cause=cause,
        remedy=f"On {name}, see that NOTIFY from the primary arrives and that the zone "
        "may be transferred. If it only polls: wait for its refresh, or raise the timeout.",
        about=behind,
        evidence={
            "behind": phrases.places(behind, expected=expected),
            "up_to_date": phrases.places(right),
        },
    )


def _does(some: Sequence[Observation], subjects: int, expected: tuple[bytes, ...]) -> str:
    """Say what some addresses answer; of those that show part of what is expected, what lacks."""
    parts = [set(expected).difference(seen_as.texts(observation)) for observation in some]
    if all(0 < len(missing) < len(expected) for missing in parts):
        missing = [value for value in expected if any(value in part for part in parts)]
        return (
            f"{phrases.verb(subjects, 'lacks', 'lack')} "
            f"{phrases.listed(map(phrases.value, missing))}"
        )
    return f"{phrases.verb(subjects, 'answers', 'answer')} {phrases.distinct_answers(some)}"


def _disagree(
    some: tuple[Observation, ...],
    owner: dns.name.Name,
    *,
    right: tuple[Observation, ...] = (),
    expected: tuple[bytes, ...] = (),
) -> Finding:
    others = tuple(observation for observation in some if observation not in right)
    servers = len(seen_as.nameservers(some))
    who = phrases.listed(phrases.subjects(others, some))
    if right:
        good = servers - len(seen_as.nameservers(others))
        summary = (
            f"{good} of {servers} name servers {phrases.verb(good, 'has', 'have')} it; "
            f"{who} {_does(others, len(phrases.subjects(others, some)), expected)}"
        )
    else:
        summary = (
            f"the name servers disagree about {phrases.owner(owner)}: "
            f"{phrases.listed(f'{who_} {what}' for who_, what in _told(some))}"
        )
    return finding(
        "servers-disagree",
        summary=summary,
        cause=_why(others, right),
        remedy="Find out which of them is the primary. If it has the record, raise its serial and "
        "transfer the zone anew; if not, make the record there. Copies that are independent "
        "of it need the record each.",
        about=others if right else some,
        evidence={
            "owner_name": owner.to_text(),
            "addresses": phrases.places(some, expected=expected),
        },
    )


def _why(others: tuple[Observation, ...], right: tuple[Observation, ...]) -> str:
    dname = any(
        isinstance(observation.reading, Alias) and observation.reading.dname
        for observation in (*others, *right)
    )
    if dname:
        return "A DNAME leads away here, and not every server processes DNAME."
    theirs = {observation.serial for observation in others} - {None}
    ours = {observation.serial for observation in right} - {None}
    everything = {observation.serial for observation in (*others, *right)}
    if right and theirs and ours and theirs == ours:
        return (
            f"All serve {phrases.serials(others)}: no transfer is due. The zone was changed "
            "without a new serial, they hold separate copies, or a cached negative answer is "
            "still given."
        )
    if right and theirs and ours:
        return (
            f"Those without it serve {phrases.serials(others)}, the others "
            f"{phrases.serials(right)}: the newer zone does not have it, so it was removed or "
            "overwritten, or there are separate copies."
        )
    if everything == {None}:
        return "The answers differ, and no serials could be read that would tell which is newer."
    return (
        f"The answers differ, at {phrases.serials((*others, *right))}, "
        "and no server shows everything that is expected."
    )


def _told(some: Sequence[Observation]) -> Iterable[tuple[str, str]]:
    answers: dict[str, list[Observation]] = {}
    for observation in some:
        answers.setdefault(phrases.answer(observation.reading), []).append(observation)
    for what, group in answers.items():
        names = phrases.subjects(group, some)
        yield phrases.listed(names), f"{phrases.verb(len(names), 'answers', 'answer')} {what}"


def _behind(
    wrong: tuple[Observation, ...], right: tuple[Observation, ...]
) -> tuple[Observation, ...]:
    """Of those without it, the addresses whose serial is older than that of any that has it."""
    ours = [observation.serial for observation in right if observation.serial is not None]
    return tuple(
        observation
        for observation in wrong
        if observation.serial is None
        or not ours
        or all(is_older(observation.serial, one) for one in ours)
    )


def _by_newest(
    answering: tuple[Observation, ...],
) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
    """With no value expected: those that answer as the newest zone does, and the others.

    Where no serial tells, the majority stands for the newest.
    """
    groups: dict[object, list[Observation]] = {}
    for observation in answering:
        groups.setdefault(_key(observation), []).append(observation)
    if not groups:
        return (), ()

    def standing(group: list[Observation]) -> tuple[int, int]:
        serials = [observation.serial for observation in group if observation.serial is not None]
        known = [observation.serial for observation in answering if observation.serial is not None]
        behind = sum(all(is_older(mine, other) for mine in serials) for other in known)
        return (-behind if serials else -len(known), len(group))

    newest = max(groups.values(), key=standing)
    return tuple(newest), tuple(
        observation for observation in answering if observation not in newest
    )


def _answers(some: Iterable[Observation]) -> set[object]:
    return {_key(observation) for observation in some}


def _key(observation: Observation) -> object:
    match observation.reading:
        case Values(texts=texts):
            return frozenset(texts)
        case Alias(target=target):
            return target
        case _:
            return frozenset()


def _shows(observation: Observation, alias: Alias) -> bool:
    return isinstance(observation.reading, Alias) and observation.reading.target == alias.target
