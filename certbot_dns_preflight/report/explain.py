"""What a finding means: the rules as text for a terminal and as a page of the docs.

`python -m certbot_dns_preflight.report.explain` writes the page. Only layout is decided here; the
words are the rules'.
"""

from __future__ import annotations

import difflib
import sys
import textwrap
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rules import BY_CODE, RULES
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from certbot_dns_preflight.checks.rule import Rule

_WIDTH = 79
_ALL = tuple(module.RULE for module in RULES)
_PLACEHOLDERS = (
    ("OWNER", "the name that must hold the TXT record: `_acme-challenge.` and the domain"),
    ("ZONE", "the zone that holds it"),
    ("DOMAIN", "the certificate's name"),
    ("TARGET", "the name that the alias leads to"),
    ("NAME", "the name that the finding is about"),
    ("NAMESERVER, ADDRESS", "a name server of the zone and one of its addresses"),
    ("OTHER-ADDRESS", "an address of a name server that answers as it should"),
    ("IPV6-ADDRESS", "an IPv6 address of the name server, if it has one"),
    ("PARENT-ADDRESS", "an address of a name server of the parent zone"),
)


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


def findings_page() -> str:
    """Write the documentation's page of all findings, in Markdown."""
    lines = [
        "# Findings",
        "",
        "Every finding code, what it means, why a CA would refuse (or what it risks), how to",
        "confirm it, and what to do. The same as `dns-preflight explain [CODE]`, and made from the",
        "same source by `python -m certbot_dns_preflight.report.explain`.",
        "",
        "An **error** makes a challenge not ready; a warning or information does not. In the",
        "commands, replace:",
        "",
        *(f"- {name}: {meaning}" for name, meaning in _PLACEHOLDERS),
        "",
        "| code | severity | meaning |",
        "|---|---|---|",
        *(
            f"| [`{rule.code}`](#{rule.code}) | {rule.severity.value} | {rule.meaning} |"
            for rule in _ALL
        ),
    ]
    for rule in _ALL:
        lines += ["", *_section(rule)]
    return "\n".join(lines) + "\n"


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


def _section(rule: Rule) -> list[str]:
    note = f" {rule.note}" if rule.note else ""
    return [
        f"## {rule.code}",
        "",
        f"**{rule.meaning}** ({rule.severity.value}; {rule.reference}){note}",
        "",
        rule.explanation,
        "",
        f"*Why the CA would refuse, or what it risks:* {rule.refusal}",
        "",
        "Confirm it:",
        "",
        "```sh",
        *rule.confirm,
        "```",
        "",
        "What to do:",
        "",
        *(f"- *{remedy.cause}*: {remedy.action}" for remedy in rule.remedies),
    ]


def _unknown(code: str) -> str:
    near = difflib.get_close_matches(code.strip().lower(), BY_CODE, n=1, cutoff=0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "; all codes: dns-preflight explain"
    return f'unknown finding code "{printable(code)}"{hint}'


if __name__ == "__main__":
    sys.stdout.write(findings_page())
