"""Zone texts that differ from server to server, for the scenarios' usual zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab import Hosted, zone_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab import NameServer

SHOP = "shop.test."


def shop_text(records: str, nameservers: Sequence[NameServer | str], *, serial: int = 1) -> str:
    """Write shop.test. with these records."""
    return zone_text(SHOP, nameservers, records, serial=serial)


def hosted(origin: str, nameservers: Sequence[NameServer | str], records: str = "") -> Hosted:
    """Make a zone that a server may be given without a delegation in test."""
    return Hosted(origin=origin, text=zone_text(origin, nameservers, records))
