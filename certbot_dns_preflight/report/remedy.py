"""A remedy beside its records: what is on a line of its own is not in the sentence too. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.report.words import unended

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding


def beside_records(finding: Finding) -> str:
    """Word the remedy so that the finding's records can follow, each alone on its line."""
    remedy = finding.remedy
    if not finding.records:
        return remedy
    for record in finding.records:
        remedy = remedy.replace(record, "this record")
    if "this record" in remedy:
        return f"{unended(remedy)}:"
    what = "The records" if len(finding.records) > 1 else "The record"
    quoted = any(' TXT "' in record for record in finding.records)
    return f"{remedy} {what}{' (in a web form, without the quotes)' if quoted else ''}:"
