"""The value is there, but for a mistake that has a name; each kind is a row of `MANGLINGS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.manglings import Kind
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


@dataclass(frozen=True, slots=True)
class Mangling:
    """A way to get a value wrong: what is shown, why, what to do, and what `explain` advises.

    In braces: `place` of the first difference, characters `served`, `expected` and `lost`, the
    `distance` as "2 characters", the `target` that must hold the value.
    """

    what: str
    why: str
    remedy: str
    advice: str


MANGLINGS = {
    Kind.QUOTED: Mangling(
        what="the value with quotation marks in it",
        why="The quotation marks were saved as part of the value",
        remedy="Replace it with the value without quotation marks.",
        advice="Enter the value without quotation marks, or escape it only once.",
    ),
    Kind.WHITESPACE: Mangling(
        what="the value with a space or line break in it",
        why="A space or line break was saved with the value",
        remedy="Replace it with the value without spaces and line breaks.",
        advice="Enter it without spaces and line breaks. In a script, strip the line break "
        "(`printf %s`, not `echo`).",
    ),
    Kind.CASE: Mangling(
        what="the value with upper and lower case changed",
        why="The letter case was changed, first {place}",
        remedy="Replace it, using a tool that preserves letter case.",
        advice="Use a tool or panel that preserves letter case.",
    ),
    Kind.TRUNCATED: Mangling(
        what="only part of the value",
        why="{served} of {expected} characters are there; {lost} {were} cut off, perhaps by a "
        "length "
        "limit (panel, API, hook)",
        remedy="Replace it with the whole value.",
        advice="Copy the whole value. It has 43 characters.",
    ),
    Kind.TYPO: Mangling(
        what="a value that differs from the expected one in {distance}",
        why="The value was mistyped or miscopied, first {place}",
        remedy="Replace it. Copy the value instead of typing it.",
        advice="Copy the value instead of typing it: 0 and O, l and I look alike.",
    ),
    Kind.KEY_AUTHORIZATION: Mangling(
        what="the key authorization instead of its digest",
        why="The key authorization itself (token, dot, account key thumbprint) was published. That "
        "is correct only for HTTP-01",
        remedy="Replace it with its digest, the expected value. certbot passes it to hooks as "
        "CERTBOT_VALIDATION.",
        advice="Publish the SHA-256 digest of the key authorization, in base64url without padding. "
        "The key authorization itself is for HTTP-01.",
    ),
    Kind.HOSTNAME: Mangling(
        what="a host name instead of a value",
        why="The target of an alias was entered as TXT data",
        remedy="Replace the TXT record at {target} with a CNAME record to that name, and create "
        "the "
        "TXT record there. Or replace it with the expected value.",
        advice="Make it a CNAME record, not TXT.",
    ),
}

RULE = Rule(
    code=Code.MANGLED_VALUE,
    severity=Severity.ERROR,
    meaning="The value is there, but it was changed before it was saved; `kind` says how.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Reported instead of wrong-value if the mistake is recognised. Kinds: quoted (quotation "
        "marks became part of the data), whitespace, case, truncated, typo (one or two "
        "characters), key-authorization (token.thumbprint where its SHA-256 digest belongs), "
        "hostname (an alias target entered as text)."
    ),
    refusal=(
        "The CA joins a TXT record's character-strings and compares them exactly, including letter "
        "case and spaces."
    ),
    confirm=("dig +norec +short @ADDRESS OWNER TXT",),
    remedies=tuple(Remedy(kind.value, mangling.advice) for kind, mangling in MANGLINGS.items()),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report a mangled value: at all servers, or at some while others are right."""
    nearest = context.nearest
    if nearest is not None and nearest.kind is not None:
        telling = nearest.kind is not Kind.HOSTNAME or not context.partly_served
        if context.nobody_has_all and not context.misplaced and telling:
            at = tuple(o for o in context.lacking if nearest.served in observations.texts(o))
            yield _finding(context, nearest, nearest.kind, at)
    for part in context.partitions:
        if part.mangled and part.nearest is not None and part.nearest.kind is not None:
            yield _finding(context, part.nearest, part.nearest.kind, part.mangled)


def _finding(
    context: Context, nearest: Comparison, kind: Kind, at: tuple[Observation, ...]
) -> Finding:
    servers = len(observations.nameservers(at))
    if len(at) == len(context.usable):
        who = value_words.everyone(context, servers)
    else:
        who = phrases.listed(phrases.subjects(at, context.usable))
    mangling = MANGLINGS[kind]
    figures = {
        "place": f"at character {nearest.position} of {len(nearest.expected)}",
        "served": len(nearest.served),
        "expected": len(nearest.expected),
        "lost": len(nearest.expected) - len(nearest.served),
        "were": phrases.verb(len(nearest.expected) - len(nearest.served), "was", "were"),
        "distance": phrases.count(nearest.distance or 0, "character"),
        "target": phrases.owner(context.target),
    }
    return RULE.finding(
        summary=f"{who} {phrases.verb(servers, 'serves', 'serve')} "
        + mangling.what.format_map(figures),
        cause=mangling.why.format_map(figures),
        remedy=mangling.remedy.format_map(figures),
        about=at,
        evidence={
            **evidence.comparison(nearest),
            **evidence.served(context),
            **evidence.compared(context.comparisons or [nearest]),
        },
        records=[phrases.txt_record(context.target, nearest.expected)],
    )
