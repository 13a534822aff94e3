"""Output files of a run: checked before any query is sent, written at the end."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.cli.exits import Exit, MisuseError, of_verdict
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.report import atomic_file, report_file
from certbot_dns_preflight.report.metrics import record
from certbot_dns_preflight.run import unlooked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.settings import Settings

_MODE = 0o644


def check(settings: Settings, *, pages: bool = True) -> None:
    """Check that report and metrics can be written; raises `MisuseError`.

    Without `pages`, the report can only be JSON.
    """
    if not pages and report_file.is_html(settings.report):
        raise MisuseError("--report: this command writes JSON, and no HTML page")
    try:
        if settings.report is not None:
            atomic_file.check_writable(settings.report)
    except atomic_file.ReportFileError as error:
        raise MisuseError(f"--report: {printable(str(error))}") from error
    try:
        if settings.metrics is not None:
            record.check(settings.metrics)
    except record.MetricsError as error:
        raise MisuseError(f"--metrics: {printable(str(error))}") from error


def write_report(settings: Settings, outcome: Outcome) -> Exit:
    """Write the report and metrics of a run, and return the exit status."""
    return write(
        settings,
        lambda: report_file.content(outcome, settings.report),
        lambda path: record.record(path, outcome),
        of_verdict(outcome.verdict),
    )


def write(
    settings: Settings,
    report: Callable[[], str | Iterable[str]],
    keep_metrics: Callable[[Path], None],
    status: Exit,
) -> Exit:
    """Write a report's text and the metrics to their paths, and return the exit status.

    The text, which is large for a long list, is built only if a report is wanted. A file that turns
    out not to be writable is reported on stderr, and the exit status is not success.
    """
    failed = False
    try:
        if settings.report is not None:
            atomic_file.write_atomically(settings.report, report(), mode=_MODE)
    except atomic_file.ReportFileError as error:
        _complain(f"--report: {error}")
        failed = True
    try:
        if settings.metrics is not None:
            keep_metrics(settings.metrics)
    except record.MetricsError as error:
        _complain(f"--metrics: {error}")
        failed = True
    return max(status, Exit.NOT_READY) if failed else status


@contextlib.contextmanager
def none_if_stopped(settings: Settings, domains: Iterable[str]) -> Iterator[None]:
    """Record a failure if the run is stopped: it has no result, but it was no success.

    Otherwise whoever reads report or metrics would take the previous run for the latest.
    """
    try:
        yield
    except (KeyboardInterrupt, OSError):  # a signal, or the reader has gone
        fail(settings, domains)
        raise


def fail(settings: Settings, domains: Iterable[str]) -> None:
    """Record in report and metrics that nothing could be checked."""
    names = tuple(dict.fromkeys(domains))
    if not names:  # an HTTP-01 challenge
        return
    nothing = unlooked.outcome(map(unlooked.unknown, map(make_challenge, names)), settings)
    write(
        settings,
        lambda: report_file.content(nothing, settings.report),
        lambda path: record.record_failure(path, names),
        Exit.INCONCLUSIVE,
    )


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"dns-preflight: {printable(message)}\n")
