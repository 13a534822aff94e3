"""What a search for CAA asks for again: the names that nobody has answered for, and only once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.caa import AliasTo, CaaAnswer, Climb, Failed, NoProperties
from certbot_dns_preflight.resolve.caa import CaaSearch
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.tasks import together
from tests.simulated import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.facts.caa import Content

NONE, FAILED = NoProperties(nxdomain=False), Failed("SERVFAIL")
ELSEWHERE = AliasTo(dns.name.from_text("elsewhere.example."))


@dataclass
class Servers:
    """Each name has one server, that answers as is written here."""

    content: dict[str, Content]
    asked: list[str] = field(default_factory=list)
    signed: dict[object, object] = field(default_factory=dict)

    async def ask(
        self, owner: dns.name.Name, name: dns.name.Name, heard: Callable[[CaaAnswer], None]
    ) -> list[CaaAnswer]:
        del name, heard
        self.asked.append(owner.to_text(omit_final_dot=True))
        content = self.content.get(self.asked[-1], NONE)
        return [CaaAnswer(owner, owner, owner, Endpoint("192.0.2.1"), content)]


def search(servers: Servers) -> CaaSearch:
    return CaaSearch(Exchange(query_timeout=1), servers)  # type: ignore[arg-type]


def climbs(of: CaaSearch, *domains: str) -> list[Climb]:
    async def go() -> list[Climb]:
        return await together(of.climb(dns.name.from_text(domain)) for domain in domains)

    return clock.run(go)


def again(of: CaaSearch, known: list[Climb], *, after: float) -> list[Climb]:
    async def go() -> list[Climb]:
        await asyncio.sleep(after)
        return await together(map(of.again, known))

    return clock.run(go)


def test_names_of_one_order_ask_again_for_what_they_share_once() -> None:
    servers = Servers({"example.com": FAILED})
    of = search(servers)
    known = climbs(of, "a.example.com", "b.example.com")
    servers.asked.clear()
    known = again(of, known, after=60)
    assert servers.asked == ["example.com"]
    servers.content.clear()
    latest = again(of, known, after=120)
    assert servers.asked == ["example.com"] * 2
    assert [one.looks[1].answers[0].content for one in latest] == [NONE, NONE]
    again(of, latest, after=180)
    assert servers.asked == ["example.com"] * 2


def test_what_was_just_asked_for_is_not_asked_for_again() -> None:
    servers = Servers({"example.com": FAILED})
    of = search(servers)
    known = climbs(of, "example.com")
    servers.asked.clear()
    again(of, known, after=1)
    assert servers.asked == []


def test_an_alias_that_has_been_read_is_followed_again_without_a_question() -> None:
    servers = Servers({"www.example.com": ELSEWHERE, "elsewhere.example": FAILED})
    of = search(servers)
    known = climbs(of, "www.example.com")
    servers.asked.clear()
    servers.content["elsewhere.example"] = NONE
    (latest,) = again(search(servers), known, after=60)
    assert servers.asked == ["elsewhere.example"]
    assert [answer.content for answer in latest.looks[0].answers] == [ELSEWHERE, NONE]


def test_aliases_that_never_end_are_not_asked_for_again() -> None:
    servers = Servers({"www.example.com": AliasTo(dns.name.from_text("www.example.com."))})
    of = search(servers)
    known = climbs(of, "www.example.com")
    servers.asked.clear()
    assert again(of, known, after=60) == known
    assert servers.asked == []
