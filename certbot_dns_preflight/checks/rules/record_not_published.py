"""No server has the name or any TXT there, at one serial: not written, or not written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Absent
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.RECORD_NOT_PUBLISHED,
    severity=Severity.ERROR,
    meaning="No name server has a TXT record at the owner name.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Every name server of the zone gave an authoritative negative answer: the name does not "
        "exist, or exists without TXT. As the zone's serial is the same everywhere, this is no "
        "transfer that is still under way."
    ),
    refusal=(
        "The CA's resolver gets the same negative answer and reports NXDOMAIN or that no TXT "
        "record was found. The authorization is spent at once."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
        "dig +trace ZONE NS",
    ),
    remedies=(
        Remedy(
            "nothing was written",
            "Read the log of the authenticator or hook that makes the record; "
            "see that its credentials may write to this zone.",
        ),
        Remedy(
            "it was written to another account, provider or view",
            "Compare the name servers that the provider's panel shows for the zone with "
            "those in the report: only the latter count.",
        ),
        Remedy(
            "it was saved but the zone was not loaded",
            "Raise the serial and reload the zone on the primary (`rndc reload ZONE`, "
            "`knotc zone-reload ZONE`, `pdns_control reload`), and read its log.",
        ),
        Remedy(
            "the zone file has the record below a zone cut",
            "If the report names a child zone, make the record there: data below "
            "a delegation is never served by the parent.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that no server has any TXT there."""
    if not context.nobody_has_all or context.misplaced or context.through_alias or context.served:
        return
    servers = len(observations.nameservers(context.lacking))
    denied = all(isinstance(o.reading, Absent) and o.reading.nxdomain for o in context.lacking)
    target, zone = phrases.owner(context.target), context.lacking[0].zone
    above = survey.probes.missing_above
    yield RULE.finding(
        summary=f"{value_words.everyone(context, servers)} "
        f"{phrases.verb(servers, 'says', 'say')} "
        f"that {target} {'does not exist' if denied else 'has no TXT record'}",
        cause=f"{_serials(context, servers)}the record was not written, or not to these name "
        "servers." + (f" Not even {phrases.owner(above)} exists there." if above else ""),
        remedy="See whether the program that makes the record reported an error, and that it "
        f"writes to the zone {phrases.owner(zone)} on these name servers." + _spelt(above, zone),
        about=context.lacking,
        evidence={
            **evidence.served(context),
            "missing_above": above.to_text() if above else None,
        },
    )


def _serials(context: Context, servers: int) -> str:
    """Say what the serials tell: that no transfer is due."""
    known = {
        observation.serial for observation in context.lacking if observation.serial is not None
    }
    serial = phrases.serials(context.lacking)
    if len(known) == 1:
        who = phrases.verb(servers, "It serves", "All of them serve")
        return f"{who} {serial}, so none is behind another: "
    if known:
        return f"They serve {serial}, and even the newest zone lacks it: "
    return ""


def _spelt(above: dns.name.Name | None, zone: dns.name.Name) -> str:
    if above is None:
        return ""
    return (
        f" See that {phrases.host(above)} is spelt right, and registered if {phrases.owner(zone)} "
        "is a registry's zone."
    )
