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
    meaning="An internal error in dns-preflight prevented the check of this name.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "dns-preflight failed while it checked this name. Its other findings, if any, are left out "
        "because they may be wrong. The other names of the run are checked as usual. What the CA "
        "would see is unknown, so the name is not ready, whatever codes are skipped."
    ),
    refusal="It may not refuse: this says nothing about the record.",
    confirm=("dig OWNER TXT",),
    remedies=(
        Remedy(
            "a bug in dns-preflight",
            "Send us the report and the log (`--verbose`, or certbot's letsencrypt.log), and try "
            "again.",
        ),
        Remedy(
            "the certificate cannot wait",
            "Answer the challenge without the check (`--on-failure continue`).",
        ),
    ),
)


def tell(exception: str, message: str, *, where: str) -> Finding:
    """Tell that a fault of ours kept a challenge from being judged, and what to send us."""
    message = phrases.bounded(message)
    return RULE.finding(
        summary=f"internal error in dns-preflight ({exception} at {where}); please send us this "
        "report and the log (--verbose, or certbot's letsencrypt.log)",
        cause=f"This name could not be checked: {exception}{f': {message}' if message else ''}",
        remedy="Report it with this report and the log. Then try again, or continue without the "
        f"check ({phrases.option('on-failure')} continue).",
        evidence={"exception": exception, "message": message, "where": where},
    )


def check(_survey: Survey, _context: Context) -> Iterator[Finding]:
    """Find nothing: the answers do not show it, the run does."""
    return iter(())
