"""What the scenarios share: looks, a zone of their own, servers that get one thing wrong."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.lab import zone_text
from tests.scenarios.seen import Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.lab import Delegated, Lab, NameServer
    from tests.lab.misbehaving import Authoritative


@pytest.fixture
def look(lab: Lab) -> Look:
    """Give a way to look at names in the lab."""
    return Look(lab)


@pytest.fixture
def shop(lab: Lab) -> Callable[..., Delegated]:
    """Make the zone shop.test. with these records, on all four servers unless told otherwise."""

    def make(records: str = "", servers: Sequence[NameServer] = ()) -> Delegated:
        return lab.zone("shop.test.", servers or lab.nameservers, records=records)

    return make


@pytest.fixture
def beside(lab: Lab) -> Iterator[Callable[..., str]]:
    """Serve shop.test. on a misbehaving server too, and give that server's name."""
    with contextlib.ExitStack() as stack:
        numbers = iter(range(1000))

        def make(
            kind: type[Authoritative],
            records: str = "",
            *,
            servers: Sequence[NameServer] | None = None,
            addresses: Sequence[str] = (),
        ) -> str:
            pair = tuple(addresses) or lab.addresses()
            host = f"odd{next(numbers)}-{pair[0].rpartition('.')[2]}.dns.test."
            lab.name_addresses(host, pair)
            good = [lab.bind] if servers is None else list(servers)
            text = zone_text("shop.test.", [*good, host], records)
            stack.enter_context(kind(pair, {"shop.test.": text}))
            everyone = [*good, host]
            lab.zone("shop.test.", good, records=records, apex=everyone, delegation=everyone)
            return host

        yield make
