"""A world: a few zones below a TLD of its own, the servers that answer for them, and one challenge.

Nothing but values here, so that a world can be compared, made smaller, printed and sent to the
process that serves it. Names are relative to the TLD: "" is the TLD, "shop" a domain in it.
"""

from __future__ import annotations

from dataclasses import dataclass

VALUE = "the-expected-value"

EVERY = ""
"""Of a fault's `at`: at every name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a server does wrong.

    `kinds` are the types of question that it does it for (none: all), `when` the questions (always,
    do, no-do, mixed, udp), `at` the name (and what is below it; "" for every name), `address` the
    one of the server's addresses, counted from 0, that is concerned (None: all of them).
    """

    action: str
    kinds: tuple[str, ...] = ()
    when: str = "always"
    at: str = EVERY
    address: int | None = None

    def __str__(self) -> str:
        """Say it in a few words."""
        words = [self.action]
        words += [f"for {','.join(self.kinds)}"] if self.kinds else []
        words += [f"when {self.when}"] if self.when != "always" else []
        words += [f"at {self.at}"] if self.at else []
        words += [f"on address {self.address}"] if self.address is not None else []
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Server:
    """A name server: its host name, its addresses by family ("4" or "6"), what it has."""

    host: str
    families: tuple[str, ...] = ("4",)
    zones: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        """Say it in a line."""
        faults = "; ".join(map(str, self.faults)) or "well"
        zones = ", ".join(zone or "(TLD)" for zone in self.zones)
        return f"server {self.host} (IPv{', IPv'.join(self.families)}) has {zones}: {faults}"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone: who is told to serve it, how it is signed, and its records ("owner TYPE data").

    `signing` is no, nsec, nsec3 or opt-out; `ds` what its parent has of it; `spoilt` what is wrong
    with its keys or signatures in every copy. `apex` is its own NS set where that differs.
    """

    name: str
    servers: tuple[str, ...]
    signing: str = "no"
    algorithm: int = 13
    ds: str = "right"
    spoilt: str = ""
    delegated: bool = True
    apex: tuple[str, ...] = ()
    records: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a line."""
        signing = self.signing
        if signing == "no":
            signing = "unsigned"
        elif self.name:
            signing += f", DS {self.ds}"
        words = [f"zone {self.name or '(TLD)'} on {', '.join(self.servers)}", signing]
        words += [f"algorithm {self.algorithm}"] if self.algorithm != 13 else []
        words += [self.spoilt] if self.spoilt else []
        words += [] if self.delegated else ["not delegated in its parent"]
        words += [f"apex NS {', '.join(self.apex)}"] if self.apex else []
        return "; ".join([*words, *self.records])


@dataclass(frozen=True, slots=True)
class World:
    """Zones and servers, and the challenge: for `domain`, with its star or without."""

    seed: int
    domain: str
    zones: tuple[Zone, ...]
    servers: tuple[Server, ...]
    star: bool = False

    @property
    def name(self) -> str:
        """The certificate's name without the TLD."""
        return f"*.{self.domain}" if self.star else self.domain

    @property
    def challenge(self) -> str:
        """The challenge's owner name."""
        return f"_acme-challenge.{self.domain}"

    def zone(self, name: str) -> Zone:
        """Find a zone."""
        return next(zone for zone in self.zones if zone.name == name)

    def parent_of(self, zone: Zone) -> Zone | None:
        """Find the closest zone above one."""
        above = [other for other in self.zones if other.name != zone.name and _is_in(zone, other)]
        return max(above, key=lambda other: len(other.name), default=None)

    def describe(self) -> str:
        """Tell all of it, a line for each zone and server."""
        return "\n".join([f"certificate for {self.name}", *map(str, (*self.zones, *self.servers))])


def _is_in(zone: Zone, other: Zone) -> bool:
    return not other.name or zone.name.endswith(f".{other.name}") or zone.name == other.name
