"""An address had the record in an earlier round of this run and has lost it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.serials import is_older

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.RECORD_VANISHED,
    severity=Severity.ERROR,
    meaning="An address had the record earlier in this run and has it no longer.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "The values were there in an earlier round and are gone now. With `--ask resolvers`: a "
        "resolver returned them, and no longer does."
    ),
    refusal="By the time the CA looks, the record is gone.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec @OTHER-ADDRESS ZONE SOA",
    ),
    shown=3,
    remedies=(
        Remedy(
            "a clean-up came too early",
            "The record must stay until the CA has validated. Find out what removes it "
            "(for example, a background hook, a parallel run, or an expiry at the provider).",
        ),
        Remedy(
            "the zone was regenerated",
            "Configuration management or a zone file export overwrote a dynamic update. Exempt "
            "`_acme-challenge`, or delegate it to a zone of its own.",
        ),
        Remedy(
            "a name server went back to an older copy of the zone",
            "Compare the serials. If that server is behind, find out why (for example, a "
            "restored backup, or a restart with an old zone file), and transfer the zone again.",
        ),
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report an address that had the values in an earlier round and lacks them now."""
    at = tuple(o for o in context.unsteady if not observations.is_unstable(o, context.expected))
    if not at or not context.expected:
        return
    subjects = phrases.subjects(at, context.usable)
    names = len(subjects)
    yield RULE.finding(
        summary=f"{phrases.listed(subjects)} had the record earlier in this run, but no longer "
        f"{phrases.verb(names, 'returns', 'return')} it",
        cause=f"{phrases.listed(subjects)} now {phrases.verb(names, 'answers', 'answer')} "
        f"{phrases.distinct_answers(at)}. {_cause(at, context, subjects)}",
        remedy=_remedy(at, context, subjects),
        about=at,
        evidence={"addresses": evidence.places(at)},
    )


def _cause(at: Sequence[Observation], context: Context, subjects: Sequence[str]) -> str:
    """Say what happened as far as the serials tell: an older copy came back, or a newer came."""
    if not context.holding:
        return "The record was removed, or the zone overwritten, during this run."
    others = phrases.subjects(context.holding, context.usable)
    holders = (
        f"{phrases.listed(others)} still {phrases.verb(len(others), 'has', 'have')} the record"
    )
    who, number = phrases.listed(subjects), len(subjects)
    theirs, ours = phrases.serials(at), phrases.serials(context.holding)
    match _compared(at, context.holding):
        case -1:
            return (
                f"{holders}, at {ours}. {who} {phrases.verb(number, 'serves', 'serve')} {theirs}: "
                "probably an older copy of the zone has come back, or several servers share an "
                "address and one of them still has the older copy."
            )
        case 1:
            return (
                f"{holders}, at {ours}. {who} {phrases.verb(number, 'serves', 'serve')} {theirs}: "
                "the record has been removed in the newer copy, and the other name servers will "
                "lose it too."
            )
        case _:
            return (
                f"{holders}. Probably {who} {phrases.verb(number, 'has', 'have')} gone back to an "
                "older copy of the zone, or the record has since been removed and the other name "
                "servers will lose it too."
            )


def _remedy(at: Sequence[Observation], context: Context, subjects: Sequence[str]) -> str:
    who, number = phrases.listed(subjects), len(subjects)
    removed = (
        "Find out what removed the record: for example, a clean-up that ran too early, a second "
        "client, or configuration management that regenerates the zone."
    )
    order = _compared(at, context.holding) if context.holding else 1
    if order == 1:
        return removed
    rolled_back = (
        f"Find out why {who} {phrases.verb(number, 'serves', 'serve')} an older copy (for "
        "example, a restored backup, a restart with an old zone file, or another server behind "
        "the same address), and transfer the zone again from the primary."
    )
    if order == -1:
        return rolled_back
    behind = f"{who} {phrases.verb(number, 'is', 'are')} behind"
    return f"Compare the serials. If {behind}: {rolled_back} If not: {removed}"


def _compared(at: Sequence[Observation], holding: Sequence[Observation]) -> int:
    """Tell whether those without it have older serials, -1, or newer ones, 1; 0 where unknown."""
    theirs = [o.serial for o in at if o.serial is not None]
    ours = [o.serial for o in holding if o.serial is not None]
    if len(theirs) < len(at) or not ours:
        return 0
    if all(is_older(mine, one) for mine in theirs for one in ours):
        return -1
    return 1 if all(is_older(one, mine) for mine in theirs for one in ours) else 0
