"""Whether a lineage's report and metrics can be written when it is renewed. Writes nothing."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals.lineages import Obstacle, Problem, Trouble
from certbot_dns_preflight.report import atomic_file
from certbot_dns_preflight.report.metrics import exposition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.renewals.lineages import Lineage


def problem_of(lineage: Lineage) -> Problem | None:
    """Return the first output that the plugin would refuse, as a problem.

    Another user than root cannot tell what root, who renews, is refused.
    """
    reason = next(_reasons(lineage), None) if os.geteuid() == 0 else None
    if reason is None:
        return None
    return Problem(
        Trouble.BROKEN,
        printable(f"{lineage.file}: --dns-preflight-{reason}"),
        Obstacle.OPTIONS,
        "Name another file there, or see that this one can be written: certbot reconfigure.",
    )


def _reasons(lineage: Lineage) -> Iterator[str]:
    for option, path in lineage.outputs:
        try:
            with atomic_file.place(path):
                pass
        except atomic_file.ReportFileError as error:
            if error.errno != errno.EACCES:  # which root meets only without its capabilities
                yield f"{option}: {error}"
        try:
            if option == "metrics":
                exposition.require_client()
        except exposition.MissingClientError as error:
            yield f"{option}: {error}"
