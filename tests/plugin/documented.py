"""The command lines of certbot in the documentation that run in the lab, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_RUNS = re.compile(
    r"certbot (?:certonly --authenticator dns-preflight "
    r"(?:--dns-preflight-authenticator dns-rfc2136|--manual-auth-hook)|reconfigure )"
)


def _lines() -> list[str]:
    found = dict.fromkeys(
        " ".join(line.split())
        for page in PAGES
        for line in page.read_text().replace("\\\n", " ").split("\n")
    )
    return [line for line in found if _RUNS.match(line)]


LINES = _lines()
