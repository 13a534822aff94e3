"""A remedy beside its records: what is on a line of its own is not in the sentence too. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.report.sentences import without_final_dot
from certbot_dns_preflight.report.surface import Surface

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding


_QUOTED = "quoted"  # the kind of a value that has the quotes in it
_AFTERWARDS = re.compile(r" (Alternatively, |If the change just needs more time ).*$")


def beside_records(finding: Finding, surface: Surface = Surface.COMMAND) -> tuple[str, str]:
    """Word the remedy before the finding's records, each alone on its line, and after them.

    What can be done in place of publishing them, or of waiting, comes after them, so that they
    belong to what they follow.
    """
    remedy = finding.remedy
    if not finding.records:
        return remedy, ""
    last = _AFTERWARDS.search(remedy)
    after = last[0].strip() if last else ""
    remedy = remedy.removesuffix(last[0]) if last else remedy
    for record in finding.records:
        remedy = remedy.replace(record, "this record")
    if "this record" in remedy:
        return f"{without_final_dot(remedy)}:", after
    several = len(finding.records) > 1
    if finding.evidence.get("kind") == _QUOTED:
        what = "records" if several else "record"
        note = "the quotes are not part of the value"
        return f"{remedy} In a zone file, write the {what} like this ({note}):", after
    what = "The records" if several else "The record"
    quoted = any(' TXT "' in record for record in finding.records)
    note = "leave out the quotes in a web form"
    if surface is Surface.CERTBOT:
        note = "for this run only; certbot's next run needs another value"
    return f"{remedy} {what}{f' ({note})' if quoted else ''}:", after
