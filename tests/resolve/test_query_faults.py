"""What a single lost datagram may not say about a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import dns.message
import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Response,
    Transport,
)
from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.resolve.query_faults import FaultFinder, Place

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.queries import QueryOptions

OWNER = dns.name.from_text("_acme-challenge.example.")
SERVER = ServerAddress(dns.name.from_text("ns1.example."), Endpoint("192.0.2.1"))
PLACE = Place(dns.name.from_text("example."), SERVER, OWNER, dns.rdatatype.TXT, OWNER)
LOST = NoResponse(NoResponseReason.TIMED_OUT, "no answer within 3 s", 3.0)


class Scripted:
    """Answers in lower case, and in mixed case what the script has next."""

    def __init__(self, *mixed: Reply) -> None:
        self.faults: dict[object, object] = {}
        self.mixed = list(mixed)
        self.tries: list[int] = []

    async def ask(self, *_: object, how: QueryOptions) -> Reply:
        if not how.mixed_case:
            return answer()
        self.tries.append(how.tries)
        return self.mixed.pop(0)


def answer() -> Response:
    question = dns.message.make_query(OWNER, "TXT")
    return Response(dns.message.make_response(question), Transport.UDP, 0.01)


def content(reply: Reply) -> object:
    return "answered" if isinstance(reply, Response) else None


def compare(known: object, *mixed: Reply) -> tuple[bool, Scripted]:
    exchange = Scripted(*mixed)
    finder = FaultFinder(cast("Exchange", exchange))
    return asyncio.run(finder.compare(PLACE, content=content, known=known)), exchange


def test_one_lost_answer_is_no_letter_case() -> None:
    found, exchange = compare(None, LOST, answer())
    assert not found
    assert exchange.tries == [1, 2]
    assert exchange.faults == {}


def test_silence_that_lasts_is() -> None:
    found, exchange = compare(None, LOST, LOST)
    assert found
    assert len(exchange.faults) == 1


def test_silence_says_nothing_of_a_question_that_was_answered() -> None:
    found, exchange = compare("something else", LOST, LOST)
    assert not found
    assert exchange.faults == {}


@pytest.mark.parametrize(("mixed", "faults"), [((LOST, answer()), 0), ((LOST, LOST), 1)])
def test_a_failure_is_explained_only_if_it_lasts(mixed: tuple[Reply, ...], faults: int) -> None:
    exchange = Scripted(*mixed)
    finder = FaultFinder(cast("Exchange", exchange))
    asyncio.run(finder.explain(PLACE, LOST, sound=lambda reply: reply is not LOST))
    assert len(exchange.faults) == faults
