"""How name servers without a usable answer are named, and how they would leave a zone. Pure.

`trouble` decides which they are, and why; the rules use these words in their sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import observations, phrases
from certbot_dns_preflight.facts.answers import NoResponseReason, NotAsked, Unreachable
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.zone import Listing

if TYPE_CHECKING:
    from collections.abc import Collection

    import dns.name

    from certbot_dns_preflight.facts.survey import Observation, Survey
    from certbot_dns_preflight.facts.zone import Zone

EXCUSABLE = "A warning with `--unreachable warn`, while another delegated name server answers."
"""The note of the rules whose severity `trouble` decides."""
_SILENT = frozenset({NoResponseReason.TIMED_OUT, NoResponseReason.UNREACHABLE})
"""The reasons that mean silence; any other is more than "did not reply"."""


@dataclass(frozen=True, slots=True)
class Named:
    """The subject of a sentence about name servers in trouble, or about some of their addresses.

    `who` is the subject and `number` its grammatical number; `hosts`, `addresses` and `zone` name
    what they say; `take_out` says how to have a zone without these servers; `registry`: the zone is
    a registry's, and nothing in it is the user's to fix.
    """

    who: str
    number: int
    hosts: str
    servers: int
    addresses: str
    zone: str
    take_out: str
    registry: bool

    def does(self, singular: str, plural: str) -> str:
        """Choose the verb's form."""
        return phrases.verb(self.number, singular, plural)


def named(at: tuple[Observation, ...], survey: Survey, *, by_address: bool = False) -> Named:
    """Name the servers of some addresses; `by_address`: only those addresses are meant."""
    names = observations.nameservers(at)
    hosts = phrases.listed(map(phrases.host, names))
    whole_zone = _is_whole_zone(at, survey)
    if by_address:
        subjects = phrases.subjects(at, survey.observations)
        who, number = phrases.listed(subjects), len(subjects)
    else:
        who = f"{phrases.everyone(len(names))} ({hosts})" if whole_zone else hosts
        number = len(names)
    zone = phrases.listed(phrases.owner(observation.zone) for observation in at)
    if whole_zone:
        take_out = f"correct the delegation of {zone} at its registrar"
    else:
        hop = next(h for h in survey.hops if h.zone.apex == at[0].zone)
        take_out = removal(names, hop.zone)
    return Named(
        who=who,
        number=number,
        hosts=hosts,
        servers=len(names),
        addresses=phrases.listed(observation.endpoint.address for observation in at),
        zone=zone,
        take_out=take_out,
        registry=all(is_registry(observation.zone) for observation in at),
    )


def removal(names: Collection[dns.name.Name], zone: Zone) -> str:
    """Say how to have a zone without some of its name servers: there only where they are listed."""
    listed = {where for s in zone.nameservers if s.name in names for where in s.listed_by}
    known = {where for server in zone.nameservers for where in server.listed_by}
    it = phrases.verb(len(names), "it", "them")
    server = phrases.verb(len(names), "that server", "those servers")
    if known == set(Listing) and listed == {Listing.DELEGATION}:
        in_delegation = phrases.in_delegation(zone.parent, zone.apex)
        return f"remove {server} from {in_delegation} (the zone itself does not list {it})"
    if known == set(Listing) and listed == {Listing.APEX}:
        return (
            f"remove {server} from the NS records of the zone (the delegation does not list {it})"
        )
    if zone.parent is None or is_registry(zone.parent):
        delegation = "the delegation at the registrar"
    else:
        delegation = f"the delegation in {phrases.host(zone.parent)}"
    return f"remove {server} from the zone's NS records and from {delegation}"


def _is_whole_zone(at: tuple[Observation, ...], survey: Survey) -> bool:
    """Whether these are all of several name servers of one zone."""
    names = observations.nameservers(at)
    zones = {observation.zone for observation in at}
    everybody = {
        server.name
        for hop in survey.hops
        for server in hop.zone.nameservers
        if hop.zone.apex in zones
    }
    return len(zones) == 1 and len(names) > 1 and everybody == set(names)


def no_reply(at: tuple[Observation, ...]) -> str:
    """Say that addresses are silent: "Neither 192.0.2.1 nor 192.0.2.2 replied (timed out)."."""
    reasons = {o.reading.reason for o in at if isinstance(o.reading, Unreachable)}
    silent = all(isinstance(o.reading, Unreachable) for o in at) and _SILENT.issuperset(reasons)
    if len(reasons) > 1 or not silent:
        return f"No usable reply: {silences(at)}."
    why = next(iter(reasons)).value
    addresses = list(dict.fromkeys(observation.endpoint.address for observation in at))
    match addresses:
        case [one]:
            return f"{one} did not reply ({why})."
        case [one, other]:
            return f"Neither {one} nor {other} replied ({why})."
        case _:
            return f"None of {phrases.listed(addresses)} replied ({why})."


def silences(at: tuple[Observation, ...]) -> str:
    """List how each address is silent: "192.0.2.1 (timed out) and 192.0.2.2 (unreachable)"."""
    words = []
    for observation in at:
        match observation.reading:
            case Unreachable(reason=reason):
                words.append(f"{observation.endpoint.address} ({reason.value})")
            case NotAsked(reason=reason):
                words.append(
                    f"{observation.endpoint.address} (not queried: {phrases.bounded(reason)})"
                )
            case reading:
                words.append(f"{observation.endpoint.address} (answers {phrases.answer(reading)})")
    return phrases.listed(words)
