"""Show the records to make, ready to paste, for certbot's `manual` without hooks.

Replaces certbot's own text, which asks for one record after another and advises looking each up
with a web tool, too early: that tool's resolver, and the CA's, may then cache the absence. Where
certbot alone would wait for as long as it takes, so does this: after the timeout the person is
asked whether to go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot import errors
from certbot.display import util as display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.run.record_location import RecordLocation

REMOVE = "Remove the records that you made by hand; another run needs other values."
UNATTENDED = (
    "dns-preflight: whatever is said above, this certificate cannot be renewed automatically, as "
    "its DNS records are made by hand. To renew it, run the same command again before it expires, "
    "or give --manual-auth-hook or --dns-preflight-authenticator. The TXT records can be removed "
    "now."
)
# What findings say of whoever made the record, and the same where that was a person.
_WORDS = {
    "Check the log of whatever creates the record (certbot DNS plugin or hook script). Make sure "
    "it writes to the copy": "Make sure that the record was saved, in the copy",
    "Check the log of whatever should have created the record (certbot DNS plugin or hook "
    "script). ": "",
    "the plugin or hook adds to the TXT RRset instead of overwriting it": (
        "each value is added to the TXT RRset and overwrites no other"
    ),
    ", and make sure that the plugin or hook is allowed to write there, and that it writes there "
    "rather than at the alias": " rather than at the alias",
    "panel, API or hook": "panel",
    "; certbot passes it to hooks as CERTBOT_VALIDATION": "; certbot showed it with the name",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """For how many seconds the records are watched; `asks_again`: then a person may go on."""

    seconds: float
    asks_again: bool


NO_LONGER = Limit(300.0, asks_again=False)


def show(
    records: Sequence[tuple[RecordLocation, str]],
    limit: Limit,
    *,
    asks_resolvers: bool = False,
) -> None:
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
    parts.append(_until(limit))
    display.notification("\n\n".join(parts), wrap=False, force_interactive=True)


def ask_again(report: str, limit: Limit) -> bool:
    """Show what is missing, and return once the person wants to go on; False if nobody is there."""
    try:
        display.notification(
            f"{report}\n\nNothing is lost yet: the values stay valid, and the CA has not been "
            f"told.\nCorrect what is missing and press Enter to go on for {limit.seconds:g} s, or "
            "stop with Ctrl-C.",
            wrap=False,
            force_interactive=True,
        )
    except errors.SignalExit:
        raise
    except (EOFError, OSError, errors.Error):
        return False
    return True


def reworded(result: Outcome) -> Outcome:
    """Return the outcome in words for a person who made the records: there is no plugin or hook."""
    return replace(
        result,
        challenges=tuple(
            replace(one, findings=tuple(map(_reworded, one.findings))) for one in result.challenges
        ),
    )


def _reworded(finding: Finding) -> Finding:
    cause, remedy = finding.cause, finding.remedy
    for words, by_hand in _WORDS.items():
        cause, remedy = cause.replace(words, by_hand), remedy.replace(words, by_hand)
    return replace(finding, cause=cause, remedy=remedy)


def _until(limit: Limit) -> str:
    if limit.asks_again:
        return (
            f"If that takes longer than {limit.seconds:g} s, it shows what is missing and asks "
            "whether to go on."
        )
    return (
        f"It watches for at most {limit.seconds:g} s (--dns-preflight-timeout). Another run needs\n"
        "other values."
    )


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
