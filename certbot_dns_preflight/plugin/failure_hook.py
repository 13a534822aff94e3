"""Run the user's `failure-hook` command after a failed preflight.

Decides what the command learns and how long it may run. If the command itself fails, that is a
warning. Nothing is inserted into the command's text: all facts are in its environment, and the
report is its standard input.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot import util

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome

logger = logging.getLogger(__name__)

_MOST_SECONDS = 60.0
_MOST_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What failed. `report` is the text; `domains` are the names that are not ready.

    `in_file` means that the requested report file describes this failure, not an earlier run.
    """

    outcome: str
    domains: tuple[str, ...]
    codes: tuple[str, ...]
    report: str
    in_file: bool = False

    @classmethod
    def of(
        cls, result: Outcome, domains: tuple[str, ...], report: str, *, in_file: bool
    ) -> Failure:
        """Return the failure that an outcome describes."""
        codes = dict.fromkeys(
            finding.code
            for judged in result.challenges
            for finding in judged.findings
            if finding.severity is Severity.ERROR
        )
        return cls(
            outcome=result.verdict.value,
            domains=domains,
            codes=tuple(codes),
            report=report,
            in_file=in_file,
        )


def run(
    command: str,
    failure: Failure,
    *,
    lineage: str | None,
    report: Path | None,
    seconds: float = _MOST_SECONDS,
) -> None:
    """Run `command` in the shell, for at most `seconds`; never raises, whatever it does."""
    variables = {
        "DNS_PREFLIGHT_OUTCOME": failure.outcome,
        "DNS_PREFLIGHT_DOMAINS": ",".join(failure.domains),
        "DNS_PREFLIGHT_CODES": ",".join(failure.codes),
        "DNS_PREFLIGHT_LINEAGE": lineage or "",
        "DNS_PREFLIGHT_REPORT": str(report) if report and failure.in_file else "",
    }
    try:
        # Files, not pipes: what the hook leaves running in the background must not delay this.
        with tempfile.TemporaryFile() as report_file, tempfile.TemporaryFile() as output_file:
            report_file.write(f"{failure.report}\n".encode())
            report_file.seek(0)
            process = subprocess.Popen(  # noqa: S602 - the user's own, as certbot's hooks are
                command,
                shell=True,
                stdin=report_file,
                stdout=output_file,
                stderr=subprocess.STDOUT,
                env={**util.env_no_snap_for_external_calls(), **variables},
                start_new_session=True,
            )
            _wait(process, seconds)
            output_file.seek(0)
            output = output_file.read(_MOST_WORDS)
    except (OSError, ValueError) as error:
        logger.warning("The failure hook cannot be run: %s", printable(str(error)))
        return
    except subprocess.TimeoutExpired:
        logger.warning("The failure hook has not ended after %g s, and is killed", seconds)
        return
    words = printable("; ".join(output.decode(errors="replace").strip().splitlines()))
    if process.returncode != 0:
        logger.warning(
            "The failure hook exited with status %d%s",
            process.returncode,
            f": {words}" if words else "",
        )
    elif words:
        logger.debug("The failure hook said: %s", words)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for its end; on a timeout or an interrupt, kill it with all that it started."""
    try:
        process.wait(timeout=seconds)
    except BaseException:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
