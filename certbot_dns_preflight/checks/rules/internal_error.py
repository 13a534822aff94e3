"""A fault of ours kept a challenge from being judged; the others are."""

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
    code=Code.INTERNAL_ERROR,
    severity=Severity.ERROR,
    subject=Subject.RUN,
    meaning="A fault of dns-preflight kept this name from being checked.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Something went wrong inside dns-preflight, at this name. Its other findings, if any, are "
        "left out, as they may be wrong; the other names of the run are checked as usual. What "
        "the CA would see is not known, so the name is not ready, whatever codes are skipped."
    ),
    refusal="It may well not: this says nothing about the record.",
    confirm=("dig OWNER TXT",),
    remedies=(
        Remedy(
            "a fault in dns-preflight",
            "Send us the report and the log (--verbose; certbot keeps it in letsencrypt.log), "
            "and try again.",
        ),
        Remedy(
            "the certificate cannot wait",
            "Answer the challenge unchecked (on-failure continue).",
        ),
    ),
)


def tell(exception: str, message: str, *, where: str) -> Finding:
    """Tell that a fault of ours kept a challenge from being judged, and what to send us."""
    message = phrases.bounded(message)
    return RULE.finding(
        summary=f"an error inside dns-preflight ({exception} at {where}) kept this name from "
        "being checked: please send us this report and the log (--verbose, or certbot's "
        "letsencrypt.log)",
        cause=f"A fault of dns-preflight: {exception}{f': {message}' if message else ''}",
        remedy="Report it with the report and the log; then try again, or go on unchecked with "
        "on-failure continue.",
        evidence={"exception": exception, "message": message, "where": where},
    )


def check(_survey: Survey, _context: Context) -> Iterator[Finding]:
    """Find nothing: the answers do not show it, the run does."""
    return iter(())
