"""Every metric that there is: name, meaning and labels. A public contract; a table, no code."""

from __future__ import annotations

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.metrics.exposition import Family

READY = Family(
    "dns_preflight_ready",
    "Whether the last run found the domain's challenge ready (1) or not (0).",
    ("domain",),
)
OUTCOME = Family(
    "dns_preflight_outcome",
    "The outcome of the last run: 1 for the one it had, 0 for the others.",
    ("domain", "outcome"),
)
READY_AFTER = Family(
    "dns_preflight_ready_after_seconds",
    "How long the last run waited until the challenge was ready; absent where it was not.",
    ("domain",),
)
FIRST_MATCH = Family(
    "dns_preflight_nameserver_first_match_seconds",
    "How long the last run waited until a name server showed the values at all of its addresses "
    "that answer; absent where it did not.",
    ("domain", "nameserver"),
)
FINDINGS = Family(
    "dns_preflight_findings",
    "How many findings of a code the last run had; absent where none.",
    ("domain", "code", "severity"),
)
DURATION = Family(
    "dns_preflight_run_duration_seconds",
    "How long the last run took in which the domain was looked at.",
    ("domain",),
)
LAST_RUN = Family(
    "dns_preflight_last_run_timestamp_seconds",
    "When the last run ended, in seconds since the epoch.",
    ("domain",),
)
LAST_SUCCESS = Family(
    "dns_preflight_last_success_timestamp_seconds",
    "When the last run that found the challenge ready ended, in seconds since the epoch.",
    ("domain",),
)
CAN_PASS = Family(
    "dns_preflight_renewal_can_pass",
    "Whether the lineage's next DNS-01 renewal could pass when it was last checked.",
    ("lineage",),
)
RENEWAL_OUTCOME = Family(
    "dns_preflight_renewal_outcome",
    "The outcome of the lineage's last check: 1 for the one it had, 0 for the others.",
    ("lineage", "outcome"),
)
RENEWAL_FINDINGS = Family(
    "dns_preflight_renewal_findings",
    "How many findings of a code the lineage's last check had; absent where none.",
    ("lineage", "code", "severity"),
)
EXPIRY = Family(
    "dns_preflight_renewal_certificate_expiry_timestamp_seconds",
    "When the lineage's certificate ends, in seconds since the epoch.",
    ("lineage",),
)
RENEWAL_LAST_RUN = Family(
    "dns_preflight_renewal_last_run_timestamp_seconds",
    "When the lineage was last checked, in seconds since the epoch.",
    ("lineage",),
)
RENEWAL_LAST_SUCCESS = Family(
    "dns_preflight_renewal_last_success_timestamp_seconds",
    "When the lineage's renewal was last found able to pass, in seconds since the epoch.",
    ("lineage",),
)
RENEWALS_RUN = Family(
    "dns_preflight_renewals_last_run_timestamp_seconds",
    "When dns-preflight renewals last ran to its end, in seconds since the epoch.",
)
BUILD = Family(
    "dns_preflight_build_info", "The release that wrote this file last; always 1.", ("version",)
)
# What there is most of comes last: of a file that is too large, the beginning is read.
FAMILIES = (
    *(READY, OUTCOME, LAST_RUN, LAST_SUCCESS, READY_AFTER, DURATION),
    *(CAN_PASS, RENEWAL_OUTCOME, RENEWAL_LAST_RUN, RENEWAL_LAST_SUCCESS, EXPIRY),
    *(RENEWALS_RUN, BUILD, FINDINGS, RENEWAL_FINDINGS, FIRST_MATCH),
)
# For each kind of subject, what dates it, and what outlives a run that fails.
DATED = {"domain": (LAST_RUN, LAST_SUCCESS), "lineage": (RENEWAL_LAST_RUN, RENEWAL_LAST_SUCCESS)}
WORDS = {
    "code": frozenset(Code),
    "severity": frozenset(severity.value for severity in Severity),
    "outcome": frozenset(verdict.value for verdict in Verdict),
}
