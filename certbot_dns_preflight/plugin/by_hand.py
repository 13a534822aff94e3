"""certbot's `manual` without hooks: the records to make, shown ready to paste.

In place of certbot's own words, which ask for one record after the other and advise to look each up
with a web tool, too early: that tool's resolver, and the CA's, may then keep the absence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot.display import util as display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.run.record_location import RecordLocation


def show(records: Sequence[tuple[RecordLocation, str]]) -> None:
    """Show the records, each a place and a value, and wait for Enter."""
    several = len(records) > 1
    parts = [f"Make {'these DNS records' if several else 'this DNS record'}:"]
    parts.extend(_record(place, value) for place, value in records)
    names = [place.record for place, _ in records]
    if len(set(names)) < len(names):
        parts.append("Records of one name are needed side by side: add each, replace none.")
    parts.append(
        "Press Enter at once: dns-preflight watches all authoritative name servers, and goes on\n"
        "when every one of them shows "
        f"{'the records' if several else 'the record'}. Looking it up elsewhere too early makes\n"
        "resolvers remember that it is not there."
    )
    display.notification("\n\n".join(parts), wrap=False, force_interactive=True)


def _record(place: RecordLocation, value: str) -> str:
    name = place.record.to_text()
    lines = [f"  name   {name}"]
    if place.relative is not None and place.zone is not None:
        zone = place.zone.to_text()
        lines.append(f"         {place.relative}   in the zone {zone}")
    if place.is_alias:
        lines.append(f"         (where {place.owner.to_text()} leads to)")
    lines += ["  type   TXT", f"  value  {value}"]
    return "\n".join(lines)
