"""TCP/53 does not answer; an error where a truncated answer cannot be had without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, probed
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble_words import named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Unreachable
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.TCP_UNAVAILABLE,
    severity=Severity.WARNING,
    meaning="TCP port 53 does not answer.",
    reference="RFC 7766 section 5",
    explanation=(
        "DNS needs TCP for answers that do not fit into a UDP packet, so name servers must support "
        "it."
    ),
    refusal=(
        "If the TXT RRset does not fit into UDP, the resolver cannot get the whole answer: "
        "SERVFAIL."
    ),
    confirm=(
        "dig +norec +tcp @ADDRESS OWNER TXT",
        "dig +norec +ignore +bufsize=1232 @ADDRESS OWNER TXT",
    ),
    remedies=(
        Remedy(
            "a firewall lets UDP through only",
            "Open TCP port 53 in the firewall of the server, or of this host.",
        ),
        Remedy(
            "many TXT values make the answer too large",
            "Remove those that no order in progress needs.",
        ),
    ),
    note=(
        "An error if an answer was truncated and is not available over TCP (with `--unreachable "
        "warn`, a warning while another name server answers)."
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report truncated answers that TCP does not complete, and addresses without TCP."""
    for trouble in context.troubles_with(RULE.code):
        yield _truncated(trouble, survey)
    reachable = {
        o.endpoint
        for o in map(observations.now, survey.observations)
        if not isinstance(o.reading, Unreachable)
    }
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.tcp_refused & reachable),
        what=("does not answer over TCP", "do not answer over TCP"),
        cause="DNS requires TCP as well as UDP; larger answers need it.",
        remedy="Query this address over TCP from another network first: a firewall may be blocking "
        "only this host. If that works, allow TCP connections from this host to port 53 of the "
        "server. If that fails too, open TCP port 53 on the server.",
    )


def _truncated(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey, by_address=True)
    return RULE.finding(
        severity=trouble.severity,
        summary=f"{it.who} {it.does('truncates its UDP answer', 'truncate their UDP answers')}, "
        f"and TCP to {it.does('it', 'them')} fails",
        cause="The UDP answer is truncated (it is too large, or the server is rate-limiting its "
        "responses), so the full answer needs TCP, and TCP failed.",
        remedy=f"Query {it.addresses} over TCP from another network first: a firewall may be "
        "blocking only this host. If that works, allow TCP connections from this host to port 53 "
        f"of the server. If that fails too, make sure that {it.hosts} "
        f"{phrases.verb(it.servers, 'listens', 'listen')} on TCP port 53 and that "
        f"{phrases.verb(it.servers, 'its firewall allows', 'their firewalls allow')} it.",
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )
