"""Show the records to make, ready to paste, for certbot's `manual` without hooks.

Replaces certbot's own text, which asks for one record after another and advises looking each up
with a web tool, too early: that tool's resolver, and the CA's, may then cache the absence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot.display import util as display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.run.record_location import RecordLocation


def show(records: Sequence[tuple[RecordLocation, str]], *, asks_resolvers: bool = False) -> None:
    """Show the records, each a place and a value, and wait for Enter.

    `asks_resolvers` means that only resolvers are asked, which cache what they are asked too early.
    """
    several = len(records) > 1
    parts = [f"Make {'these DNS records' if several else 'this DNS record'}:"]
    parts.extend(_record(place, value) for place, value in records)
    names = [place.record for place, _ in records]
    if len(set(names)) < len(names):
        parts.append("Records of one name are needed side by side: add each, replace none.")
    parts.append(_when_saved(several=several) if asks_resolvers else _at_once(several=several))
    display.notification("\n\n".join(parts), wrap=False, force_interactive=True)


def _when_saved(*, several: bool) -> str:
    they = "the records" if several else "the record"
    are = "are" if several else "is"
    return (
        f"Press Enter once {they} {are} saved: dns-preflight asks the resolvers only then, and\n"
        f"goes on when each of them shows {they}. What is looked up too early stays in their\n"
        "caches."
    )


def _at_once(*, several: bool) -> str:
    return (
        "Press Enter at once: dns-preflight watches all authoritative name servers, and goes on\n"
        "when every one of them shows "
        f"{'the records' if several else 'the record'}. Looking it up elsewhere too early makes\n"
        "resolvers remember that it is not there."
    )


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
