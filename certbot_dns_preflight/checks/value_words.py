"""The words that rules about the record itself share: who answers, and how near a value comes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import extra_characters, observations, phrases

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.facts.survey import Observation

_CLOSE = 10  # beyond that many edits, the distance tells nobody anything
_PAIR = 2
_DIGEST = re.compile(rb"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256 digest (RFC 8555 section 8.4)


def everyone(context: Context, servers: int) -> str:
    """Name all that answer; where some of the zone's servers do not, say so."""
    if context.survey.sight is not None:
        return phrases.verb(servers, "the resolver asked", "all resolvers asked")
    total = len(context.final.zone.nameservers) if context.final else servers
    words = phrases.everyone(servers)
    respond = phrases.verb(servers, "responds", "respond")
    return words if servers >= total else f"{words} that {respond}"


def answers(some: Sequence[Observation], subjects: int, expected: tuple[bytes, ...]) -> str:
    """Say what some addresses answer; of those that show part of what is expected, what lacks."""
    parts = [set(expected).difference(observations.texts(observation)) for observation in some]
    if all(0 < len(missing) < len(expected) for missing in parts):
        missing = [value for value in expected if any(value in part for part in parts)]
        return (
            f"{phrases.verb(subjects, 'lacks', 'lack')} "
            f"{phrases.listed(map(phrases.value, missing))}"
        )
    return f"{phrases.verb(subjects, 'answers', 'answer')} {phrases.distinct_answers(some)}"


def lacks(
    some: Sequence[Observation],
    subjects: int,
    expected: tuple[bytes, ...],
    thing: str,
    *,
    yet: bool = True,
) -> str:
    """Say that some addresses do not have the record yet, or not all of several values."""
    end = " yet" if yet else ""
    parts = [set(expected).difference(observations.texts(observation)) for observation in some]
    if all(0 < len(missing) < len(expected) for missing in parts):
        return f"{phrases.verb(subjects, 'does', 'do')} not have all expected values{end}"
    return f"{phrases.verb(subjects, 'does', 'do')} not have {thing}{end}"


def the_others(
    lacking: Sequence[Observation],
    right: Sequence[Observation],
    does: tuple[str, str] = ("does", "do"),
    *,
    among: Collection[dns.name.Name] = (),
) -> str:
    """Begin to say what the rest has: other servers, or other addresses of the same ones.

    `among` are all name servers of the zone: some may be neither `lacking` nor `right`.
    """
    names = set(observations.nameservers(lacking))
    good = len([name for name in observations.nameservers(right) if name not in names])
    same = len([o for o in right if o.nameserver in names])
    address = phrases.verb(same, "other address", "other addresses")
    parts = [f"{phrases.verb(len(names), 'its', 'their')} {address}"] if same else []
    all_others = max(good, len(set(among) - names))
    if good < all_others:
        parts.append(f"{good} of the other {all_others} name servers")
    elif good:
        one = phrases.verb(good, "name server", "name servers")
        parts.append(f"the other {one}" if good == 1 else f"the other {good} {one}")
    return f"{phrases.listed(parts)} {phrases.verb(same + good, *does)}"


def around(nearest: Comparison) -> str:
    """Say what stands before and after the expected value, which the served one contains."""
    at = nearest.served.index(nearest.expected)
    ends = ((nearest.served[:at], "start"), (nearest.served[at + len(nearest.expected) :], "end"))
    return phrases.listed(
        f"{extra_characters.named(data)} added at the {end}" for data, end in ends if data
    )


def wrong_because(nearest: Comparison, context: Context) -> str:
    """Say how far the nearest value is from the expected one, with a hint where there is one."""
    if context.only_from_wildcard:
        return (
            "A wildcard TXT record answers for this name; the record itself was not created. "
            f"The wildcard has "
            f"{phrases.listed(map(phrases.value, context.served), most=2)}."
        )
    if nearest.contains:
        extra = b"".join(nearest.served.split(nearest.expected, 1))
        unprintable = not extra_characters.is_printable(extra)
        return (
            f"The value was published with {around(nearest)}"
            f"{' (some of them unprintable)' if unprintable else ''}. Probably the panel, API "
            "or hook that wrote it is at fault."
        )
    bound = ""
    if context.not_compared:
        compared = len(context.served) - context.not_compared
        bound = f"Of so many values, only the {compared} most like it were compared. "
    far = nearest.distance is None or nearest.distance > _CLOSE
    if far and not nearest.foreign_key_authorization:
        return bound + _unlike(context.served)
    words = f"{bound}The {'closest ' if len(context.served) > 1 else ''}published"
    words += f" value differs from the expected one, starting at character {nearest.position}"
    if not far:
        words += f" (edit distance {nearest.distance})"
    if nearest.foreign_key_authorization:
        return f"{words}. It looks like the key authorization of another challenge."
    if _DIGEST.fullmatch(nearest.served):
        return f"{words}. It is probably left over from another attempt."
    return f"{words}. It does not look like a challenge value."


def _unlike(served: Sequence[bytes]) -> str:
    """Say of values that are nothing like the expected one what they may be."""
    one = len(served) == 1
    challenges = [value for value in served if _DIGEST.fullmatch(value)]
    if one:
        words = "The published value does not resemble the expected one"
    elif len(served) == _PAIR:
        words = "Neither of the published values resembles the expected one"
    else:
        words = f"None of the {len(served)} published values resembles the expected one"
    if not challenges:
        it, them = ("it does", "it") if one else ("they do", "them")
        words += (
            f", and {it} not look like {'a challenge value' if one else 'challenge values'}, so "
            f"something other than an ACME client probably created {them}"
        )
    elif len(challenges) == len(served):
        words += f"; {'it is' if one else 'they are'} probably left over from another attempt"
    return f"{words}. The expected value was never added, or it was overwritten."
