"""What a finding means: the catalogue of codes as text for a terminal and as a page of the docs.

`python -m certbot_dns_preflight.report.explain` writes the page. Only layout is decided here; the
words are the catalogue's.
"""

from __future__ import annotations

import difflib
import sys
import textwrap
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.catalogue import BY_CODE, ENTRIES
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from certbot_dns_preflight.checks.catalogue import Entry

_WIDTH = 79
_PLACEHOLDERS = (
    ("OWNER", "the name that must hold the TXT record: `_acme-challenge.` and the domain"),
    ("ZONE", "the zone that holds it"),
    ("DOMAIN", "the certificate's name"),
    ("TARGET", "the name that the alias leads to"),
    ("NAMESERVER, ADDRESS", "a name server of the zone and one of its addresses"),
    ("PARENT-ADDRESS", "an address of a name server of the parent zone"),
)


class UnknownCodeError(ValueError):
    """A code that the catalogue does not have; the message is one line, with the nearest one."""


def explain(code: str | None) -> str:
    """Explain one finding code, or list them all; the text ends with a line end.

    Raises `UnknownCodeError`.
    """
    if code is None:
        return _table()
    entry = BY_CODE.get(code.strip().lower())
    if entry is None:
        raise UnknownCodeError(_unknown(code))
    return _one(entry)


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
        *(f"| [`{e.code}`](#{e.code}) | {e.severity.value} | {e.meaning} |" for e in ENTRIES),
    ]
    for entry in ENTRIES:
        lines += ["", *_section(entry)]
    return "\n".join(lines) + "\n"


def _table() -> str:
    widest = max(len(entry.code) for entry in ENTRIES)
    lines = []
    for entry in ENTRIES:
        head = f"{entry.code:<{widest}}  {entry.severity.value:<7}  "
        lines += textwrap.wrap(
            entry.meaning, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
        )
    return "\n".join([*lines, "", "More about one: dns-preflight explain CODE"]) + "\n"


def _one(entry: Entry) -> str:
    lines = [f"{entry.code} ({entry.severity.value})", *_wrapped(entry.meaning), ""]
    if entry.note:
        lines += [*_wrapped(entry.note), ""]
    lines += ["What it means", *_wrapped(entry.explanation), ""]
    lines += ["Why the CA would refuse, or what it risks", *_wrapped(entry.refusal), ""]
    lines += ["How to confirm it", *(f"  {command}" for command in entry.confirm), ""]
    lines += ["What to do"]
    for remedy in entry.remedies:
        lines += _wrapped(f"- {remedy.cause}:", hanging=2)
        lines += _wrapped(remedy.action, indent=6)
    lines += ["", f"Reference: {entry.reference}"]
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


def _section(entry: Entry) -> list[str]:
    note = f" {entry.note}" if entry.note else ""
    return [
        f"## {entry.code}",
        "",
        f"**{entry.meaning}** ({entry.severity.value}; {entry.reference}){note}",
        "",
        entry.explanation,
        "",
        f"*Why the CA would refuse, or what it risks:* {entry.refusal}",
        "",
        "Confirm it:",
        "",
        "```sh",
        *entry.confirm,
        "```",
        "",
        "What to do:",
        "",
        *(f"- *{remedy.cause}*: {remedy.action}" for remedy in entry.remedies),
    ]


def _unknown(code: str) -> str:
    near = difflib.get_close_matches(code.strip().lower(), BY_CODE, n=1, cutoff=0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "; all codes: dns-preflight explain"
    return f'there is no finding code "{printable(code)}"{hint}'


if __name__ == "__main__":
    sys.stdout.write(findings_page())
