"""How a finding's sentence begins and ends: label, capital, final dot, and code. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding

_LABELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_HARMLESS = frozenset({Code.STALE_VALUES})


def label(finding: Finding) -> str:
    """Name what a finding is to its reader; a warning that says it is harmless is a note."""
    warning = finding.severity is Severity.WARNING
    return "note" if warning and finding.code in _HARMLESS else _LABELS[finding.severity]


def capitalised(words: str) -> str:
    """Begin a sentence with a capital letter, unless it begins with a name."""
    first = words.partition(" ")[0]
    return words[:1].upper() + words[1:] if first.isalpha() else words


def with_code(words: str, code: str) -> str:
    """Put a code behind a sentence without its dot; into its last brackets where it has some."""
    return f"{words[:-1]}; {code})" if words.endswith(")") else f"{words} ({code})"


def without_final_dot(words: str) -> str:
    """Leave out the final dot of a sentence."""
    return printable(words).rstrip().removesuffix(".")
