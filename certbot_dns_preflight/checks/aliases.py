"""Findings about the CNAME or DNAME that the owner name leads through, and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.checks.records import from_wildcard, wrong_because
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import AliasLoop, NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


def conflict(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell of a CNAME together with other data."""
    at = context.conflicts
    if not at:
        return
    beside = [t for s in at if isinstance(s.reading, Alias) for t in s.reading.texts]
    served = set(beside).intersection(survey.challenge.expected)
    yield finding(
        "alias-conflict",
        summary=f"{phrases.owner(survey.challenge.owner)} has {phrases.distinct_answers(at)} and a "
        "TXT record beside it",
        cause="A name that is an alias must hold nothing else: resolvers follow the CNAME and "
        "may never see the TXT" + (", though the expected value is there." if served else "."),
        remedy="Keep one of the two: the TXT record alone, if that is where records are made; or "
        "the CNAME, with the TXT record at its target.",
        about=at,
        evidence={
            "beside": phrases.values(dict.fromkeys(beside)),
            "addresses": phrases.places(at),
        },
    )


def wildcard(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that the owner name is caught by a wildcard alias."""
    target = survey.probes.wildcard_alias
    if target is None or context.misplaced:
        return  # made at its right name, the record takes it out of the wildcard
    caught = context.caught_by_wildcard
    name = phrases.owner(survey.challenge.owner)
    yield finding(
        "alias-wildcard",
        severity=Severity.ERROR if caught else Severity.WARNING,
        summary=f"{name} has no record of its own; a wildcard CNAME answers for it and leads to "
        f"{phrases.owner(target)}"
        + (", where the value is not" if caught and survey.challenge.expected else ""),
        cause="Any other name beside it is answered with the same CNAME"
        + (": the record itself was not written there." if caught else "."),
        remedy=f"Make the TXT record at {name} itself, which takes it out of the wildcard; or a "
        "CNAME of its own to where the record is.",
        evidence={"target": target.to_text()},
    )


def target_lacks(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that the alias's target lacks the value, on all servers."""
    if context.final is None:
        return
    unfollowed = bool(context.lacking) and all(
        isinstance(observation.reading, Alias) for observation in context.usable
    )
    agreed = len({s.reading.target for s in context.usable if isinstance(s.reading, Alias)}) == 1
    if unfollowed and agreed and not context.conflicts and not context.caught_by_wildcard:
        yield finding(
            "alias-target-lacks-record",
            summary=f"{phrases.owner(context.target)} is "
            f"{phrases.distinct_answers(context.usable)}, and what is there was not seen",
            cause="The run ended before the alias's target could be asked for.",
            remedy="Look again, with a longer timeout.",
            about=context.usable,
            evidence={"addresses": phrases.places(context.usable)},
        )
        return
    if not context.through_alias or not context.nobody_has_all or context.misplaced:
        return
    nearest = context.nearest
    if context.partly_served or (nearest and nearest.kind):
        return
    target, owner = phrases.owner(context.target), phrases.owner(survey.challenge.owner)
    above = survey.probes.missing_above
    if nearest:
        lacks = "has other TXT values only"
        why = wrong_because(nearest, context.served, wildcard=from_wildcard(survey, context))
    else:
        lacks = "has no TXT record"
        why = f"All its name servers answer {phrases.distinct_answers(context.lacking)}."
    yield finding(
        "alias-target-lacks-record",
        summary=f"{owner} is an alias of {target}, and that {lacks}",
        cause=f"The CA follows the alias, so {target} must have the record. {why}"
        + (
            f" Not even {phrases.owner(above)} exists: if it is a domain that is registered no "
            "more, whoever registers it could get certificates for this one."
            if above
            else ""
        ),
        remedy=f"Make the record at {target}, in the zone {phrases.owner(context.final.zone.apex)} "
        f"(see that the plugin may write there); or make it at {owner}, in place of the CNAME",
        about=context.lacking,
        evidence={
            "target": context.target.to_text(),
            "alias_chain": [name.to_text() for name in survey.alias_chain],
            "expected": phrases.values(survey.challenge.expected),
            "missing_above": above.to_text() if above else None,
            "addresses": phrases.places(context.lacking, expected=context.expected),
        },
    )


def dangling(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that the alias leads to a zone that does not exist."""
    if not survey.hops or context.caught_by_wildcard or context.conflicts or context.misplaced:
        return
    if not isinstance(survey.obstacle, NoSuchDomain):
        return
    where, zone = survey.obstacle.name, survey.obstacle.zone
    target = survey.alias_chain[-1] if survey.alias_chain else where
    owner = phrases.owner(survey.challenge.owner)
    yield finding(
        "alias-dangling",
        summary=f"{owner} is an alias of {phrases.owner(target)}, which leads nowhere",
        cause=f"{phrases.owner(zone)} says that {phrases.owner(where)} does not exist.",
        remedy=f"Correct or remove the alias at {phrases.owner(survey.hops[-1].owner)}: whoever "
        "registers the missing zone could get certificates for this domain.",
        about=survey.hops[-1].observations,
        evidence={
            "target": target.to_text(),
            "missing": where.to_text(),
            "alias_chain": [name.to_text() for name in survey.alias_chain],
        },
    )


def loop(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that the chain of aliases comes back or does not end."""
    if not isinstance(survey.obstacle, AliasLoop) or context.caught_by_wildcard:
        return
    if context.conflicts:
        return
    chain = survey.obstacle.chain
    back = len(set(chain)) < len(chain) or survey.challenge.owner in chain
    owner = phrases.owner(survey.challenge.owner)
    yield finding(
        "alias-loop",
        summary=f"{owner} leads {'into a loop of' if back else f'through {len(chain)}'} aliases",
        cause=f"The chain: {' -> '.join([owner, *map(phrases.owner, chain[:_SHOWN])])}"
        + (f" and {len(chain) - _SHOWN} more" if len(chain) > _SHOWN else ""),
        remedy="End the chain: put the TXT record in place of one of these CNAMEs, or let one "
        "of them lead to a name that holds it.",
        evidence={"alias_chain": [name.to_text() for name in chain]},
    )


_SHOWN = 6
