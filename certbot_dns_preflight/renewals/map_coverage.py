"""Whether each record of a lineage has an authenticator, where only certain zones have one. Pure.

Where a record goes is known only once its aliases have been followed, so this judges an outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals import zone_map
from certbot_dns_preflight.renewals.lineages import Obstacle, Problem, Trouble

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.renewals.lineages import Lineage


def problem_of(lineage: Lineage, outcome: Outcome) -> Problem | None:
    """Return the first record that no authenticator would make, as a problem."""
    for judged in outcome.challenges:
        places = _places(judged, guessed=lineage.settings.asks_resolvers)
        if not places or any(zone_map.choose(lineage.zones, each.to_text()) for each in places):
            continue
        record = places[0].to_text(omit_final_dot=True)
        zones = ", ".join(map(str, lineage.zones))
        return Problem(
            Trouble.BROKEN,
            printable(f"no authenticator is named for {record} ({zones})"),
            Obstacle.OPTIONS,
            "Add one for its zone, or one without a zone for all others: certbot reconfigure with "
            "--dns-preflight-authenticator.",
        )
    return None


def _places(judged: ChallengeOutcome, *, guessed: bool) -> tuple[dns.name.Name, ...]:
    """Return where the record may go: one name, or more where that was not seen for certain."""
    survey = judged.survey
    if not survey.hops:
        return ()
    end = next(reversed(survey.alias_chain), survey.challenge.owner)
    # The name itself has the record where an alias leads nowhere or comes from a wildcard.
    stays = (
        guessed
        or survey.obstacle is not None
        or any(finding.code == Code.ALIAS_WILDCARD for finding in judged.findings)
    )
    return tuple(dict.fromkeys((end, survey.challenge.owner) if stays else (end,)))
