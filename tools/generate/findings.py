"""The documentation's page of all findings, made from the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rules import RULES

if TYPE_CHECKING:
    from certbot_dns_preflight.checks.rule import Rule

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


def page() -> str:
    """Write the page, in Markdown."""
    rules = tuple(module.RULE for module in RULES)
    lines = [
        "# Findings",
        "",
        "Every finding code, what it means, why a CA would refuse (or what it risks), how to",
        "confirm it, and what to do. The same as `dns-preflight explain [CODE]`, and made from the",
        "same source by `script/generate`.",
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
            for rule in rules
        ),
    ]
    for rule in rules:
        lines += ["", *_section(rule)]
    return "\n".join(lines) + "\n"


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
