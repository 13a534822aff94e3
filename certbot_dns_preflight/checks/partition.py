"""How the addresses of one zone that answer fall into groups: right, behind, mangled, different.

Serials are compared in RFC 1982 arithmetic. Behind needs an older (or unreadable) serial; where
the serials say that no transfer is due, servers disagree. Sorts only; the rules word it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.manglings import Kind
from certbot_dns_preflight.checks.observations import (
    answer_key,
    shows_alias,
    texts,
    usable,
)
from certbot_dns_preflight.facts.answers import Alias, Values
from certbot_dns_preflight.facts.serials import is_older
from certbot_dns_preflight.facts.survey import agreed_alias
from certbot_dns_preflight.facts.zone import Listing

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.checks.comparer import Comparer
    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.facts.survey import Hop, Observation
    from certbot_dns_preflight.facts.zone import Zone


@dataclass(frozen=True, slots=True)
class Partition:
    """The addresses of one zone at one owner name, where they do not all answer alike.

    `right` show what they should (`thing`: the record, the alias, or the newest answer);
    `behind` have an older zone; `mangled` show a mangled value, `nearest` says how; `disagreeing`
    are the rest. `undecided`: nobody can say that `right` are right. `expected` are the values that
    the addresses are measured against, none where an alias or nothing is expected. `leftover` are
    the name servers that are delegated to, though those that are right do not list them: the zone
    has moved on without them, whatever NS records they have themselves. `parent` is the zone that
    delegates to them. `servers` are all name servers of the zone, also those that do not answer.
    """

    owner: dns.name.Name
    thing: str
    right: tuple[Observation, ...] = ()
    behind: tuple[Observation, ...] = ()
    mangled: tuple[Observation, ...] = ()
    nearest: Comparison | None = None
    disagreeing: tuple[Observation, ...] = ()
    undecided: bool = False
    expected: tuple[bytes, ...] = ()
    leftover: frozenset[dns.name.Name] = frozenset()
    parent: dns.name.Name | None = None
    servers: frozenset[dns.name.Name] = frozenset()


def of_values(
    owner: dns.name.Name,
    right: tuple[Observation, ...],
    wrong: tuple[Observation, ...],
    expected: tuple[bytes, ...],
    *,
    comparer: Comparer,
) -> Partition:
    """Split those that lack what others of the final zone show, by what may be the cause."""
    behind, others = _split_by_serial(wrong, right)
    nearest = comparer.compare(
        expected, (text for observation in others for text in texts(observation))
    ).nearest
    mangled: tuple[Observation, ...] = ()
    if nearest and nearest.kind not in (None, Kind.HOSTNAME):
        mangled = tuple(o for o in others if nearest.served in texts(o))
        others = tuple(o for o in others if o not in mangled)
    return Partition(
        owner,
        "the record" if expected else "the answer",
        right=right,
        behind=behind,
        mangled=mangled,
        nearest=nearest,
        disagreeing=others,
        expected=expected,
    )


def of_scattered(
    owner: dns.name.Name,
    wrong: tuple[Observation, ...],
    served: tuple[bytes, ...],
    expected: tuple[bytes, ...],
) -> Partition | None:
    """Check, if no server has all values, whether the servers differ nevertheless."""
    aliases = [observation for observation in wrong if isinstance(observation.reading, Alias)]
    if (
        len(aliases) not in (0, len(wrong))
        or len({answer_key(observation) for observation in aliases}) > 1
        or set(served).issuperset(expected)
    ):
        return Partition(owner, "the record", disagreeing=wrong, expected=expected)
    return None


def of_alias(hop: Hop, expected: tuple[bytes, ...]) -> Partition | None:
    """Split the servers of an alias's zone: those that show the alias that was followed, or not."""
    answering = usable(hop)
    alias = agreed_alias(hop, expected)
    right = tuple(o for o in answering if alias and shows_alias(o, alias))
    wrong = tuple(o for o in answering if o not in right)
    if not wrong:
        return None
    behind, others = _split_by_serial(wrong, right) if right else ((), wrong)
    return Partition(
        hop.owner,
        "the alias",
        right=right,
        behind=behind,
        disagreeing=others,
        # Where others hold a TXT record, nobody can say which of the two was meant.
        undecided=any(isinstance(observation.reading, Values) for observation in others),
    )


def with_leftover(part: Partition, zone: Zone) -> Partition:
    """Add the zone's servers, and which of them its newest own NS records do not list."""
    part = replace(part, servers=frozenset(server.name for server in zone.nameservers))
    wrong = {o.nameserver for o in (*part.behind, *part.disagreeing)}
    right = {o.nameserver for o in part.right} - wrong
    trusted = {e for server in zone.nameservers if server.name in right for e in server.endpoints}
    if part.undecided or not any(server.apex_from & trusted for server in zone.nameservers):
        return part
    return replace(
        part,
        parent=zone.parent,
        leftover=frozenset(
            server.name
            for server in zone.nameservers
            if server.name in wrong
            and Listing.DELEGATION in server.listed_by
            and not server.apex_from & trusted
        ),
    )


def by_newest(
    answering: tuple[Observation, ...],
) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
    """Split addresses, with no value expected: those that answer as the newest zone, and the rest.

    Where the serials do not decide it, the answer of most addresses counts as the newest.
    """
    groups: dict[object, list[Observation]] = {}
    for observation in answering:
        groups.setdefault(answer_key(observation), []).append(observation)
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


def _split_by_serial(
    wrong: tuple[Observation, ...], right: tuple[Observation, ...]
) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
    """Split off those whose serial is unknown, or older than that of every server that has it."""
    ours = [observation.serial for observation in right if observation.serial is not None]
    behind = tuple(
        observation
        for observation in wrong
        if observation.serial is None
        or not ours
        or all(is_older(observation.serial, one) for one in ours)
    )
    return behind, tuple(observation for observation in wrong if observation not in behind)
