"""Looks up CAA from a domain name to its top-level domain at the authoritative servers.

Decides which names to query, and follows aliases as a resolver would (RFC 8659 section 3: the climb
continues from the name itself, not from its alias's target). `caa_servers` sends the queries, never
for the challenge's TXT. The `caa` package decides what the records mean.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot_dns_preflight.caa.relevant_set import read_at, unread
from certbot_dns_preflight.facts.caa import AliasTo, CaaAnswer, Climb, Failed, Look, NotAskable
from certbot_dns_preflight.facts.registry import is_top_level
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.unneeded import drop

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.caa import Content
    from certbot_dns_preflight.facts.dnssec import SignedReplies
    from certbot_dns_preflight.resolve.caa_servers import CaaServers
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.resolver_environment import ResolverCaa
    from certbot_dns_preflight.resolve.unneeded import Unneeded

_MOST_HOPS = 16
_NOT_SOONER_AGAIN = 4.0  # seconds: names of one order share ancestors


@dataclass(slots=True)
class _Looking:
    """A lookup in progress: the owner names reached and the answers so far."""

    owners: list[dns.name.Name] = field(default_factory=list)
    answers: list[CaaAnswer] = field(default_factory=list)

    def so_far(self, name: dns.name.Name, content: Content) -> Look:
        """Return what is known; names without any answer get `content`."""
        heard = {answer.owner for answer in self.answers}
        targets = [a.content.target for a in self.answers if isinstance(a.content, AliasTo)]
        missing = [o for o in dict.fromkeys((*self.owners, *targets)) if o not in heard]
        return Look(
            name,
            (*self.answers, *(CaaAnswer(owner, owner, None, None, content) for owner in missing)),
        )


class CaaSearch:
    """Searches for several domains; shared ancestors are queried once."""

    def __init__(
        self,
        exchange: Exchange,
        servers: CaaServers | ResolverCaa,
    ) -> None:
        """Set whom to ask: every name server of a zone, or only the resolvers."""
        self._exchange = exchange
        self._servers = servers
        self._looks: SingleFlight[dns.name.Name, Look] = SingleFlight()
        self._looking: dict[dns.name.Name, _Looking] = {}
        self._looked_at: dict[dns.name.Name, float] = {}

    @property
    def signed(self) -> SignedReplies:
        """What each address answered to queries with DO, by zone and owner name."""
        return self._servers.signed

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what was learned of names that no challenge needs any more."""
        drop(self._looks.results, unneeded)
        drop(self._looking, unneeded)
        drop(self._servers.signed, lambda place: unneeded(place[1]))

    async def climb(self, domain: dns.name.Name) -> Climb:
        """Query the domain and each ancestor except the root, all at once."""
        return Climb(domain, tuple(await together(map(self._look_once, _upwards(domain)))))

    async def again(self, climb: Climb) -> Climb:
        """Query again the names that no server has answered for, unless that was just done.

        Whatever has been answered stays, and is not queried again.
        """
        found = await together(map(self._look_again, unread(climb)))
        latest = {look.name: look for look in found}
        return Climb(climb.domain, tuple(latest.get(look.name, look) for look in climb.looks))

    def so_far(self, domain: dns.name.Name, *, seconds: float) -> Climb | None:
        """Return what is known after this many seconds; None if nothing was started.

        Servers that have not answered count as failed, unless this host got no answer from anyone.
        """
        content: Content = NotAskable("nothing answers from this host")
        if self._exchange.answered:
            content = Failed(f"no answer within {max(1, round(seconds))} s")
        done = self._looks.results
        names = [name for name in _upwards(domain) if name in done or name in self._looking]
        if not names:
            return None
        looks = [
            done[name] if name in done else self._looking[name].so_far(name, content)
            for name in names
        ]
        return Climb(domain, tuple(looks), unfinished=not all(name in done for name in names))

    async def _look_once(self, name: dns.name.Name) -> Look:
        self._looking.setdefault(name, _Looking([name]))
        return await self._looks.get(name, lambda: self._look(name))

    async def _look_again(self, known: Look) -> Look:
        name, now = known.name, asyncio.get_running_loop().time()
        latest = self._looks.results.get(name)
        if latest is not None:
            if latest != known or now < self._looked_at.get(name, now) + _NOT_SOONER_AGAIN:
                return latest
            del self._looks.results[name]
        return await self._looks.get(name, lambda: self._look(name, known))

    async def _look(self, name: dns.name.Name, known: Look | None = None) -> Look:
        looking = self._looking[name] = _Looking()
        answers: list[CaaAnswer] = []
        todo = [name]
        while todo:
            owner = todo.pop(0)
            if owner in looking.owners or len(looking.owners) > _MOST_HOPS:
                circle = owner in looking.owners
                why = "the alias leads in a circle" if circle else "too many aliases"
                answers.append(CaaAnswer(owner, owner, None, None, Failed(why, endless=True)))
                break
            looking.owners.append(owner)
            asked = [] if known is None else [*read_at(known, owner)]
            asked = asked or await self._servers.ask(owner, name, looking.answers.append)
            answers += asked
            targets = (a.content.target for a in asked if isinstance(a.content, AliasTo))
            todo += dict.fromkeys(targets)
        self._looked_at[name] = asyncio.get_running_loop().time()
        return Look(name, tuple(answers))


def _upwards(domain: dns.name.Name) -> list[dns.name.Name]:
    """List a domain and its ancestors, up to the top-level domain."""
    names = [domain]
    while not is_top_level(names[-1]):
        names.append(names[-1].parent())
    return names
