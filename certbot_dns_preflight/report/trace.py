"""A walk as a tree that a person can follow. Pure; `trace_json` is for programs.

The answer comes first: which zone holds the challenge name, and on how many servers. Then each
owner name with the zones above it, its servers and what each address said, and at the end the
domain's own addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.answers import Values
from certbot_dns_preflight.facts.obstacle import (
    AliasLoop,
    AliasToRoot,
    Intercepted,
    NoEgress,
    NoSuchDomain,
    OutOfTime,
    ParentFails,
    RegistryFails,
)
from certbot_dns_preflight.facts.survey import Status, agreed_alias, measure
from certbot_dns_preflight.facts.zone import Listing
from certbot_dns_preflight.report import styles
from certbot_dns_preflight.report.page import Page
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.words import address_words, listing, shown_value, state_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.obstacle import Obstacle
    from certbot_dns_preflight.facts.survey import Hop, Survey
    from certbot_dns_preflight.facts.trace import Destination, Leg, Step, Trail
    from certbot_dns_preflight.facts.zone import NameServer

_MOST_VALUES = 4
_LONGEST_VALUE = 60


@dataclass(slots=True)
class _Node:
    """A line of the tree: its text, what is noted beside it in a colour, and what hangs below."""

    text: str
    note: str = ""
    below: list[_Node] = field(default_factory=list)
    style: str = ""


def render(trail: Trail, *, width: int = 80, colour: bool = False, unicode: bool = False) -> str:
    """Write the tree, without a final line end; the answer before it is folded at `width`."""
    page = Page(width, colour=colour, unicode=unicode)
    page.paragraph(_headline(trail.survey))
    for number, leg in enumerate(trail.legs):
        hop = trail.survey.hops[number] if number < len(trail.survey.hops) else None
        last = number == len(trail.legs) - 1
        about = "alias target" if number else "challenge name"
        page.blank()
        page.add(f"{plain_name(leg.owner)}   {about}")
        _draw(page, _tree(leg, hop, trail.survey, last=last))
    if trail.destinations:
        page.blank()
        page.add(f"{plain_name(trail.destinations[0].name)}   the domain itself")
        _draw(page, _destinations(trail.destinations))
    left = " or ".join(trail.vantage.left_out).replace("ipv", "IPv")
    if left:
        page.blank()
        page.add(f"This host has no {left} route.")
    page.blank()
    page.add(f"{trail.elapsed:.2f} s in all")
    return page.text()


def obstacle_words(obstacle: Obstacle) -> str:  # noqa: PLR0911 - one return a case
    """Say where the walk ended before its end."""
    match obstacle:
        case NoSuchDomain(name=name, zone=zone):
            return f"{plain_name(name)} does not exist (NXDOMAIN from the servers of {_zone(zone)})"
        case AliasLoop(chain=chain):
            return f"CNAME loop or chain too long: {listing(tuple(map(plain_name, chain)), most=4)}"
        case AliasToRoot(owner=name):
            return f"{plain_name(name)} is an alias of the root, where nobody can create a record"
        case NoEgress(tried=tried):
            shown = listing(tuple(address_words(endpoint) for endpoint in tried), most=3)
            return f"no server answers this host ({shown})"
        case Intercepted(answers=answers):
            shown = listing(tuple(address_words(endpoint) for endpoint, _ in answers), most=3)
            return f"something answers in place of the root servers ({shown})"
        case RegistryFails(zone=zone):
            return f"the servers of {_zone(zone)} give no usable answer"
        case ParentFails(zone=zone, owner=name):
            return f"the servers of {_zone(zone)} do not pass on queries for {plain_name(name)} TXT"
        case OutOfTime(at=name):
            return f"time ran out at {plain_name(name)}"
        case _ as never:
            assert_never(never)


# -- the tree --------------------------------------------------------------------------------------


def _headline(survey: Survey) -> str:
    owner = plain_name(survey.challenge.owner)
    if survey.obstacle is not None:
        return f"{owner} cannot be resolved: {obstacle_words(survey.obstacle)}."
    zone = survey.hops[-1].zone
    servers = phrases.count(len(zone.nameservers), "name server")
    addresses = phrases.count(len({e for s in zone.nameservers for e in s.endpoints}), "address")
    alias = f", an alias of {plain_name(survey.hops[-1].owner)}," if len(survey.hops) > 1 else ""
    return f"{owner}{alias} is in the zone {plain_name(zone.apex)} ({servers}, {addresses})."


def _tree(leg: Leg, hop: Hop | None, survey: Survey, *, last: bool) -> _Node:
    """Hang the zones below each other, and the servers below the last one."""
    end: list[_Node] = []
    if hop is not None:
        end = [_server(server, hop, survey) for server in hop.zone.nameservers]
    if last and survey.obstacle is not None:
        end.append(_Node(f"! {obstacle_words(survey.obstacle)}"))
    for step in reversed(leg.steps):
        end = [_Node(plain_name(step.zone), _referred(step), end)]
    return end[0] if len(end) == 1 else _Node("", below=end)


def _referred(step: Step) -> str:
    if step.endpoint is None:
        return ""
    by = "" if step.by is None else f"{plain_name(step.by)} "
    took = "" if step.seconds is None else f", {_milliseconds(step.seconds)}"
    return f"by {by}{address_words(step.endpoint)}{took}"


def _server(server: NameServer, hop: Hop, survey: Survey) -> _Node:
    expected, hop = survey.challenge.expected, towards_alias(hop)
    node = _Node(plain_name(server.name), _listed(server))
    for seen in hop.observations:
        if seen.nameserver == server.name:
            words = state_words(seen, expected, followed=hop.followed, timed=False)
            took = "" if seen.rtt is None else f"   {_milliseconds(seen.rtt)}"
            node.below.append(
                _Node(
                    address_words(seen.endpoint),
                    f"{words}{took}",
                    _values(seen.reading),
                    styles.of_status(seen.status) if expected else _style(seen.status),
                )
            )
    if not server.endpoints:
        node.below.append(_Node("no address", server.failure or "", style=styles.BAD))
    return node


def towards_alias(hop: Hop) -> Hop:
    """Measure a hop by the alias that its servers show, also where that led to nothing."""
    if hop.followed or agreed_alias(hop) is None:
        return hop
    return replace(
        hop,
        observations=tuple(
            replace(seen, status=measure(seen.reading, (), followed=True))
            for seen in hop.observations
        ),
        followed=True,
    )


def _values(reading: Reading) -> list[_Node]:
    """Show the values that are served, as many as a tree has room for."""
    texts = reading.texts if isinstance(reading, Values) else ()
    shown = [_Node(shown_value(text, _LONGEST_VALUE, "...")) for text in texts[:_MOST_VALUES]]
    rest = len(texts) - len(shown)
    return [*shown, *([_Node(f"and {phrases.count(rest, 'more value')}")] if rest else [])]


def _listed(server: NameServer) -> str:
    if server.listed_by == {Listing.DELEGATION}:
        return "in the delegation only"
    return "in the zone only" if server.listed_by == {Listing.APEX} else ""


def _destinations(seen: tuple[Destination, ...]) -> _Node:
    """Hang what an alias leads to below the alias."""
    below: list[_Node] = []
    for one in reversed(seen):
        took = "" if one.seconds is None else f"   {_milliseconds(one.seconds)}"
        where = "" if one.zone is None else f"zone {plain_name(one.zone)}{took}"
        said = [_Node(address) for address in one.addresses]
        if one.missing:
            said.append(_Node(f"! {one.missing}"))
        about = f"alias of {plain_name(one.alias)}   {where}" if one.alias is not None else where
        below = [_Node(plain_name(one.name), about, [*said, *below])]
    return below[0]


def _draw(page: Page, node: _Node) -> None:
    """Put the tree on the page, the notes in one column and coloured."""
    rows = list(_rows(node, "", "", unicode=page.unicode)) if node.text else []
    if not node.text:
        for number, child in enumerate(node.below):
            lead, hanging = _branch("", number, len(node.below), page.unicode)
            rows += _rows(child, lead, hanging, unicode=page.unicode)
    column = max((len(text) for text, note, _ in rows if note), default=0)
    for text, note, style in rows:
        lead = f"  {text:<{column}}  "
        page.add(f"{lead}{note}", style, start=len(lead))


def _rows(node: _Node, lead: str, hanging: str, *, unicode: bool) -> Iterator[tuple[str, str, str]]:
    yield lead + node.text, node.note, node.style
    for number, child in enumerate(node.below):
        branch, further = _branch(hanging, number, len(node.below), unicode)
        yield from _rows(child, branch, further, unicode=unicode)


def _zone(zone: dns.name.Name) -> str:
    return "the root" if len(zone) == 1 else plain_name(zone)


def _style(status: Status) -> str:
    """Colour an answer where no value is expected: any with authority is as good as another."""
    fine = (Status.MATCH, Status.PARTIAL, Status.MISMATCH, Status.ABSENT, Status.ALIAS)
    return styles.PLAIN if status in fine else styles.of_status(status)


def _branch(hanging: str, number: int, count: int, unicode: bool) -> tuple[str, str]:  # noqa: FBT001 - a drawing style
    last = number == count - 1
    if unicode:
        return hanging + ("└─ " if last else "├─ "), hanging + ("   " if last else "│  ")
    return hanging + ("`- " if last else "|- "), hanging + ("   " if last else "|  ")


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 0.01 else f"{value * 1000:.0f} ms"  # noqa: PLR2004 - digits
