"""Files that are made from the code: completion, explanations, man pages, the page of findings.

`python -m tools.generate` (script/generate) writes them; the tests see that they are current.
"""

from __future__ import annotations

from pathlib import Path

from certbot_dns_preflight.cli import commands
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.report import explain
from tools.generate import completion, findings, man_pages, outline

ROOT = Path(__file__).parents[2]
DATA = ROOT / "certbot_dns_preflight" / "cli" / "data"
MAN = ROOT / "contrib" / "man"
FINDINGS = ROOT / "docs" / "reference" / "findings.md"
_PAGE_END = "\f\n"


def files() -> dict[Path, str]:
    """Give every generated file with the text that it should have."""
    line = outline.of_parser(commands.make_parser(commands.NAMES))
    return {
        DATA / "dns-preflight.bash": completion.bash(line),
        DATA / "_dns-preflight": completion.zsh(line),
        DATA / "dns-preflight.fish": completion.fish(line),
        DATA / "explanations.txt": _PAGE_END.join(map(explain.explain, (None, *Code))),
        FINDINGS: findings.page(),
        **{MAN / name: text for name, text in man_pages.pages(line).items()},
    }
