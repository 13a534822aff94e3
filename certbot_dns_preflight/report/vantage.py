"""From where a run looked, in words, and what cannot be seen from there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.words import address_words, listing

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import Outcome, Vantage

_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}
_MOST = 3
_SILENT = frozenset({Status.UNREACHABLE, Status.NOT_ASKED})


def resolvers_view(vantage: Vantage) -> str:
    """Say whose view a run has that asked resolvers alone, and what it cannot see."""
    noun = "the resolver" if len(vantage.resolvers) == 1 else "the resolvers"
    return f"This is what {noun} {_view_of(vantage)}; the individual name servers were not queried."


def from_where(outcome: Outcome) -> tuple[str, str]:
    """Say how name servers were found, over what they were asked, and over what not; label first.

    Addresses that were not asked are mostly those of the family left out.
    """
    vantage, skipped = outcome.vantage, not_asked(outcome)
    asked = " and ".join(_FAMILIES.get(f, printable(f)) for f in vantage.families)
    over = f", over {asked}" if asked else ""
    left = " or ".join(_FAMILIES.get(family, printable(family)) for family in vantage.left_out)
    unasked = ""
    if skipped:
        of_it = {"ipv6" if one.ipv6 else "ipv4" for one in skipped} == set(vantage.left_out)
        noun = f"{left} address" if of_it and len(vantage.left_out) == 1 else "address"
        were = "was" if len(skipped) == 1 else "were"
        unasked = f"; {phrases.count(len(skipped), noun)} {were} not checked"
    if asked_nobody(vantage):
        return "checked", "nothing: no server was asked."
    missing = f" This host has no {left} route{unasked}." if left else ""
    through = phrases.listed(map(address_words, vantage.resolvers), most=_MOST)
    if saw_nothing(outcome):
        tried = through or "the root servers"
        return "tried", f"{tried}{over}; nothing could be checked.{missing}"
    if not through:
        return "checked", f"from the root servers down{over}.{missing}"
    return "checked", f"through {through}{over}.{missing}"


def asked_nobody(vantage: Vantage) -> bool:
    """Whether the run ended before anything was to be asked."""
    return not (vantage.families or vantage.left_out)


def saw_nothing(outcome: Outcome) -> bool:
    """Whether nobody could be asked for anything, or nobody answered."""
    return outcome.verdict is Verdict.INCONCLUSIVE and _SILENT.issuperset(
        observation.status
        for challenge in outcome.challenges
        for observation in challenge.survey.observations
    )


def not_asked(outcome: Outcome) -> frozenset[Endpoint]:
    """Collect the addresses that nobody asked."""
    return frozenset(
        observation.endpoint
        for challenge in outcome.challenges
        for observation in challenge.survey.observations
        if observation.status is Status.NOT_ASKED
    )


def _view_of(vantage: Vantage) -> str:
    """Name the resolvers, with the verb."""
    names = [address_words(endpoint) for endpoint in vantage.resolvers]
    if len(names) == 1:
        return f"{names[0]} sees"
    if len(names) <= _MOST:
        return f"{', '.join(names[:-1])} and {names[-1]} see"
    return f"{listing(tuple(names), most=_MOST)} see"
