"""Seen everywhere, but not for as many rounds in a row as are asked for, or not validated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.UNCONFIRMED,
    severity=Severity.ERROR,
    subject=Subject.RUN,
    meaning=("Every name server has the record, but there was no time left to confirm it."),
    reference="RFC 8555 section 8.4",
    explanation=(
        "A name is ready when several complete rounds in a row agree (`--confirmations`). The "
        "record appeared so late that the timeout left no room for them, or for a look at the "
        "DNSSEC signatures."
    ),
    refusal=(
        "It may well accept. But a single round may have seen the record by chance, or just before "
        "it was replaced."
    ),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy("the record took almost as long as the timeout", "Raise `--timeout`."),
        Remedy(
            "the name servers answer slowly",
            "Raise `--timeout`, or lower `--confirmations`.",
        ),
    ),
)


def tell(survey: Survey, confirmations: int) -> Finding:
    """Tell that all looks well, but not for as many rounds in a row as are asked for."""
    who = "name server" if survey.sight is None else "resolver asked"
    rounds = phrases.verb(
        confirmations, "a complete round", f"{confirmations} complete rounds in a row"
    )
    return RULE.finding(
        summary=f"every {who} {_does(survey)}, but time ran out before {rounds} confirmed it",
        cause=f"There was time for {phrases.count(survey.rounds, 'round')}; the last answers came "
        "too late for more.",
        remedy=_try_again(),
        evidence={"rounds": survey.rounds, "confirmations": confirmations},
    )


def tell_unvalidated(survey: Survey) -> Finding:
    """Tell that all looks well, but that nobody knows whether a validator believes it."""
    return RULE.finding(
        summary=f"every name server {_does(survey)}, but time ran out before the DNSSEC "
        "signatures were checked",
        cause="The last answers came too late for that, or this host is too busy.",
        remedy=_try_again(),
        evidence={"rounds": survey.rounds, "validated": False},
    )


def _does(survey: Survey) -> str:
    return "has the record" if survey.challenge.expected else "answers correctly"


def _try_again() -> str:
    return f"Try again. If it takes this long every time, raise {phrases.option('timeout')}."


def check(_survey: Survey, _context: Context) -> Iterator[Finding]:
    """Find nothing: the answers do not show it, the run does."""
    return iter(())
