"""One server's answer in a few words, and figures with their units. Pure.

Decides how one observation reads in a table cell; it knows no layout and no finding. Everything
that came from outside leaves here escaped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import presentation, printable
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.serials import lag
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.plain_name import plain_name

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import EarlyEnd, Outcome
    from certbot_dns_preflight.facts.survey import Hop, Observation

_MINUTE = 60
_SHORTEST_SHOWN = 0.05
_WHOLE_SECONDS_FROM = 9.95
_SILENCE = {
    answers.NoResponseReason.TIMED_OUT: "timed out",
    answers.NoResponseReason.UNREACHABLE: "unreachable",
    answers.NoResponseReason.NO_ROUTE: "no route from this host",
    answers.NoResponseReason.TRUNCATED: "truncated over UDP, TCP failed",
    answers.NoResponseReason.GARBAGE: "malformed answer",
    answers.NoResponseReason.LIMIT: "not queried",
}


def state_words(
    seen: Observation, expected: tuple[bytes, ...], *, followed: bool = False, timed: bool = True
) -> str:
    """Say what one address answers: "ok after 2.1 s", "NXDOMAIN", "a different value".

    `followed` as in `Hop`; `timed` adds when the values were first seen.
    """
    words = _reading_words(seen, expected, followed=followed)
    if seen.kept_for and seen.kept_for >= 1 and seen.status is not Status.MATCH and expected:
        words = f"{words}, cached for another {seen.kept_for:.0f} s"
    if seen.later is not None:
        words = f"{words}, {_reading_words(replace(seen, reading=seen.later), (), followed=False)}"
        words = f"{words} since"
    state = seen.status
    if state is Status.MATCH and expected:
        return f"{words} {_since(seen.first_match)}".rstrip() if timed else words
    if seen.matched_before and not followed and state not in (Status.MATCH, Status.ALIAS):
        return f"{words} (had it before)"
    return words


def _reading_words(  # noqa: C901, PLR0911 - one flat table over the sum type
    seen: Observation, expected: tuple[bytes, ...], *, followed: bool
) -> str:
    match seen.reading:
        case answers.Values(texts=texts):
            return _value_words(texts, expected, followed=followed)
        case answers.Alias(target=target, conflict=conflict, others=others):
            return f"alias {plain_name(target)}" + _beside(conflict=conflict, others=len(others))
        case answers.Absent(nxdomain=nxdomain):
            return "NXDOMAIN" if nxdomain else "no TXT"
        case answers.Refused():
            return "REFUSED"
        case answers.Failing(rcode=rcode):
            return printable(rcode)
        case answers.Referral(cut=cut):
            return f"not authoritative: refers to {plain_name(cut)}"
        case answers.NotAuthoritative(recursive=recursive, upward=upward):
            return f"not authoritative{_why_not_authoritative(upward, recursive=recursive)}"
        case answers.Malformed(mismatched=True):
            return "reply does not match query"
        case answers.Malformed():
            return "malformed answer"
        case answers.Unreachable(reason=reason):
            return _SILENCE[reason]
        case answers.NotAsked(reason=why):
            return f"not queried: {printable(why)}"
        case _ as never:
            assert_never(never)


def _beside(*, conflict: bool, others: int) -> str:
    if others:
        return f" and {phrases.count(others, 'more alias')}"
    return " alongside TXT" if conflict else ""


def _value_words(texts: tuple[bytes, ...], expected: tuple[bytes, ...], *, followed: bool) -> str:
    if followed:
        return "TXT, not the alias"
    if not expected:
        return phrases.count(len(texts), "TXT value")
    there = sum(value in texts for value in expected)
    if there == len(expected):
        return "ok"
    if there:
        return f"{there} of {len(expected)} values"
    return "a different value" if len(texts) == 1 else f"{len(texts)} other values"


def _why_not_authoritative(upward: dns.name.Name | None, *, recursive: bool) -> str:
    if recursive:
        return " (recursive)"
    return f": upward referral to {_zone_words(upward)}" if upward is not None else ""


def _zone_words(zone: dns.name.Name) -> str:
    return "the root" if len(zone) == 1 else plain_name(zone)


def _since(first_match: float | None) -> str:
    if first_match is None:
        return ""
    return "at once" if first_match < _SHORTEST_SHOWN else f"after {seconds(first_match)}"


def error_words(seen: Observation) -> str | None:
    """Say why an address gave no usable answer; None where it gave one, and that was the last."""
    if seen.later is not None:
        why = error_words(replace(seen, reading=seen.later, later=None))
        return f"no answer since: {why}"
    match seen.reading:
        case answers.Values() | answers.Alias() | answers.Absent():
            return None
        case answers.Malformed(detail=detail):
            return printable(detail) or "malformed"
        case answers.Unreachable(reason=reason, detail=detail):
            return printable(detail) or reason.value
        case answers.NotAsked(reason=why):
            return printable(why) or "not queried"
        case _:
            return _reading_words(seen, (), followed=False)


def seconds(value: float) -> str:
    """Write a duration as precisely as anybody needs: "0.4 s", "11 s", "300 s"."""
    text = f"{value:.1f}" if value < _WHOLE_SECONDS_FROM else f"{value:.0f}"
    return text.removesuffix(".0") + " s"


def waited(outcome: Outcome, early_end: EarlyEnd | None) -> str:
    """Say how long was waited, and why no longer: "waited 30 s of 300 s (…)"."""
    if early_end is None or outcome.timeout is None:
        return f"waited {seconds(outcome.elapsed)}"
    why = "more time changes nothing"
    if early_end.silent_for is not None:
        minutes = early_end.silent_for / _MINUTE
        ago = f"{minutes:.0f} min" if minutes >= 1 else seconds(early_end.silent_for)
        why = f"already silent {ago} ago"
    return f"waited {seconds(early_end.after)} of {seconds(outcome.timeout)} ({why})"


def address_words(endpoint: Endpoint) -> str:
    """Write a server address as options take it; its port only where it is not 53."""
    return printable(endpoint.spelling)


def listing(items: tuple[str, ...], *, most: int) -> str:
    """Write the first few of several items and count the rest."""
    if len(items) <= most + 1:
        return ", ".join(items)
    return ", ".join(items[:most]) + f" and {len(items) - most} more"


def name_listing(names: tuple[dns.name.Name, ...], *, most: int = 13) -> str:
    """Write three names or more of one suffix as "ns1, ns2, ns3.example.net", others in full."""
    suffix = _common_suffix(names)
    if (
        len(names) < _WORTH_SHORTENING
        or suffix < _TELLING_SUFFIX
        or any(len(name.labels) == suffix for name in names)
    ):
        return listing(tuple(plain_name(name) for name in names), most=most)
    shown, last = names[:most], min(most, len(names)) - 1
    parts = [
        plain_name(name) if i == last else plain_name(_head(name, suffix))
        for i, name in enumerate(shown)
    ]
    rest = len(names) - len(shown)
    return ", ".join(parts) + (f" and {rest} more" if rest else "")


_WORTH_SHORTENING = 3  # names
_TELLING_SUFFIX = 3  # two labels and the root: "example.net."


def _head(name: dns.name.Name, suffix: int) -> dns.name.Name:
    return name.split(suffix)[0]


def _common_suffix(names: tuple[dns.name.Name, ...]) -> int:
    if len(names) < 2:  # noqa: PLR2004 - one name has nothing in common with another
        return 0
    columns = zip(*(reversed(name.labels) for name in names), strict=False)
    count = 0
    for labels in columns:
        if len({label.lower() for label in labels}) > 1:
            break
        count += 1
    return count


def shown_value(value: bytes, room: int, ellipsis: str) -> str:
    """Write a served value within `room` columns, and its length where it is cut."""
    text = presentation(value)
    if not text:
        return "(empty)"
    if len(text) <= room:
        return text
    length = f" ({len(value)} bytes)"
    pieces, used = [], len(ellipsis) + len(length)
    for byte in value:
        piece = presentation(bytes([byte]))
        if used + len(piece) > room:
            break
        pieces.append(piece)
        used += len(piece)
    return "".join(pieces) + ellipsis + length


def serials_behind(observation: Observation, hop: Hop) -> int:
    """Count how far the serial lags behind the newest one there; 0 if unknown."""
    mine = observation.serial
    if mine is None:
        return 0
    return max((lag(mine, o.serial) for o in hop.observations if o.serial is not None), default=0)
