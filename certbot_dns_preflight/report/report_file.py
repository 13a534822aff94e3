"""What a report file holds: an HTML page where its name ends in .html, else JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.report import html_report, json_report
from certbot_dns_preflight.report.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome

_HTML = frozenset({".html", ".htm"})


def is_html(path: Path | None) -> bool:
    """Whether a report at this path is an HTML page."""
    return path is not None and path.suffix.lower() in _HTML


def content(
    outcome: Outcome, path: Path | None, *, surface: Surface = Surface.COMMAND
) -> Iterable[str]:
    """Write the report as the file at `path` is to hold it, in pieces."""
    if is_html(path):
        return (html_report.render(outcome, surface=surface),)
    return json_report.pieces(outcome)
