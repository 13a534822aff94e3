"""No server has the name or any TXT there: not written, not written here, or not here yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.resolver_answers import KEPT_MISS
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Absent
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.registry import is_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey

_MOST_WORDS = 1200

RULE = Rule(
    code=Code.RECORD_NOT_PUBLISHED,
    severity=Severity.ERROR,
    meaning="No name server has a TXT record at the owner name.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Every name server of the zone gave an authoritative negative answer: the name does not "
        "exist, or exists without a TXT record. No name server in the report has a copy of the "
        "zone with the record. A primary that is not among them (a hidden primary) may have one. "
        "Also reported with this code: whatever creates the record failed, so no name server was "
        "queried (evidence: `not_made`, its words). "
        "With `--ask resolvers`: no resolver named returns one, perhaps out of its cache; "
        "evidence: `kept_seconds`."
    ),
    refusal=(
        "The CA's resolver gets the same negative answer and reports NXDOMAIN, or that it found no "
        "TXT record. The authorization fails at once."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
        "dig +trace ZONE NS",
    ),
    remedies=(
        Remedy(
            "nothing was written",
            "Check the log of the authenticator or hook that creates the record. Make sure its "
            "credentials are allowed to write to this zone.",
        ),
        Remedy(
            "it was written to another account, provider or view",
            "Compare the name servers in your provider's panel with those in the report. Only "
            "those in the report count.",
        ),
        Remedy(
            "it was written to a hidden primary, and no name server has transferred it",
            "Compare the serial on the primary with the one in the report. Check NOTIFY and zone "
            "transfers from the primary, or raise `--timeout`.",
        ),
        Remedy(
            "it was saved but the zone was not loaded",
            "Raise the serial and reload the zone on the primary (`rndc reload ZONE`, `knotc "
            "zone-reload ZONE`, `pdns_control reload`), and read its log.",
        ),
        Remedy(
            "the zone file has the record below a zone cut",
            "If the report names a child zone, create the record there. The parent zone never "
            "serves data below a delegation.",
        ),
        KEPT_MISS,
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that no server has any TXT there."""
    if not context.nobody_has_all or context.misplaced or context.through_alias or context.served:
        return
    servers = len(observations.nameservers(context.lacking))
    denied = all(isinstance(o.reading, Absent) and o.reading.nxdomain for o in context.lacking)
    target, zone = phrases.owner(context.target), context.lacking[0].zone
    above = survey.probes.missing_above
    yield RULE.finding(
        summary=f"{value_words.everyone(context, servers)} "
        f"{phrases.verb(servers, 'answers', 'answer')} "
        f"{'NXDOMAIN' if denied else 'that there is no TXT record'} for {target}",
        cause=f"{_serials(context, servers)}Usually the record was never created, or it "
        "was created somewhere else, or the change has not reached "
        f"{_any_of(servers)} yet."
        + (f" {phrases.owner(above)} does not exist there either." if above else ""),
        remedy="Check the log of whatever creates the record (certbot DNS plugin or hook script). "
        f"Make sure it writes to the copy of the zone {phrases.owner(zone)} that "
        f"{phrases.verb(servers, 'this name server serves', 'these name servers serve')}."
        f"{_spelt(above, zone)} If the change just needs more time to reach the name "
        f"{phrases.verb(servers, 'server', 'servers')}, raise {phrases.option('timeout')}.",
        records=[phrases.txt_record(context.target, value) for value in context.expected],
        about=context.lacking,
        evidence={
            **evidence.served(context),
            "missing_above": above.to_text() if above else None,
        },
    )


def not_made(words: str) -> Finding:
    """Tell that whatever creates the record failed, in its own `words`, so nobody was asked."""
    words = phrases.bounded(words.rstrip("."), _MOST_WORDS)
    return RULE.finding(
        summary=words,
        cause="The record was not created, so no name server was queried for it",
        remedy="Fix what the message says. The log of the authenticator or hook may say more",
        evidence={"not_made": words},
    )


def _any_of(servers: int) -> str:
    if servers == 1:
        return "this name server"
    return f"{phrases.verb(servers - 1, 'either', 'any')} of the servers"


def _serials(context: Context, servers: int) -> str:
    """Say which serials there are; a hidden primary may have a newer one."""
    known = {
        observation.serial for observation in context.lacking if observation.serial is not None
    }
    serial = phrases.serials(context.lacking)
    if len(known) == 1:
        return f"{phrases.all_of_them(servers)} {serial}. "
    if known:
        return f"The name servers serve {serial}, and even the newest copy lacks the record. "
    return ""


def _spelt(above: dns.name.Name | None, zone: dns.name.Name) -> str:
    if above is None:
        return ""
    return f" Check the spelling of {phrases.host(above)}" + (
        ", and that it is registered." if is_registry(zone) else "."
    )
