"""The text reports of the scenarios as plain files, for a reader who knows nothing else.

With DNS_PREFLIGHT_GALLERY=DIRECTORY in the environment, every look that is not ready writes the
report that a user would get to DIRECTORY/NUMBER.txt: one for each cause. What the cause is, and
which test made it, is in DIRECTORY/answers.txt alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.findings import Severity
from certbot_dns_preflight.outcome import Verdict
from certbot_dns_preflight.report import text

if TYPE_CHECKING:
    from certbot_dns_preflight.outcome import Outcome

_VARIABLE = "DNS_PREFLIGHT_GALLERY"


def keep(outcome: Outcome) -> None:
    """Write the report, if a gallery is wanted and has none of this cause yet."""
    wanted = os.environ.get(_VARIABLE)
    if not wanted or outcome.verdict is Verdict.READY:
        return
    directory = Path(wanted)
    directory.mkdir(parents=True, exist_ok=True)
    answers = directory / "answers.txt"
    known = answers.read_text().splitlines() if answers.exists() else []
    cause = cause_of(outcome)
    if any(line.split("\t")[1] == cause for line in known):
        return
    number = f"{len(known) + 1:02}"
    (directory / f"{number}.txt").write_text(text.render(outcome, width=80))
    test = os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
    answers.write_text("".join(f"{line}\n" for line in [*known, f"{number}\t{cause}\t{test}"]))


def cause_of(outcome: Outcome) -> str:
    """Name the errors with their kinds."""
    errors = (
        f"{finding.code} {finding.evidence.get('kind') or ''}".strip()
        for challenge in outcome.challenges
        for finding in challenge.findings
        if finding.severity is Severity.ERROR
    )
    return ", ".join(dict.fromkeys(errors))
