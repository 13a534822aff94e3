"""What a finding means: the rules as text for a terminal.

Only layout is decided here; the words are the rules'.
"""

from __future__ import annotations

import difflib
import textwrap
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rules import BY_CODE, RULES
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from certbot_dns_preflight.checks.rule import Rule

_WIDTH = 79
_ALL = tuple(module.RULE for module in RULES)


class UnknownCodeError(PreflightError, ValueError):
    """A code that no rule has; the message is one line, with the nearest one."""


def explain(code: str | None) -> str:
    """Explain one finding code, or list them all; the text ends with a line end.

    Raises `UnknownCodeError`.
    """
    if code is None:
        return _table()
    rule = BY_CODE.get(code.strip().lower())
    if rule is None:
        raise UnknownCodeError(_unknown(code))
    return _one(rule)


def _table() -> str:
    widest = max(len(rule.code) for rule in _ALL)
    lines = []
    for rule in _ALL:
        head = f"{rule.code:<{widest}}  {rule.severity.value:<7}  "
        lines += textwrap.wrap(
            rule.meaning, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
        )
    return "\n".join([*lines, "", "More about one: dns-preflight explain CODE"]) + "\n"


def _one(rule: Rule) -> str:
    lines = [f"{rule.code} ({rule.severity.value})", *_wrapped(rule.meaning), ""]
    if rule.note:
        lines += [*_wrapped(rule.note), ""]
    lines += ["What it means", *_wrapped(rule.explanation), ""]
    lines += ["Why the CA would refuse, or what it risks", *_wrapped(rule.refusal), ""]
    lines += ["How to confirm it", *(f"  {command}" for command in rule.confirm), ""]
    lines += ["What to do"]
    for remedy in rule.remedies:
        lines += _wrapped(f"- {remedy.cause}:", hanging=2)
        lines += _wrapped(remedy.action, indent=6)
    lines += ["", f"Reference: {rule.reference}"]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, *, indent: int = 2, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _unknown(code: str) -> str:
    near = difflib.get_close_matches(code.strip().lower(), BY_CODE, n=1, cutoff=0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "; all codes: dns-preflight explain"
    return f'unknown finding code "{printable(code)}"{hint}'
