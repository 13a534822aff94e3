"""The value is there, but for a mistake that has a name; each kind is a row of `MANGLINGS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import (
    evidence,
    extra_characters,
    observations,
    phrases,
    value_words,
)
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

    In braces: `place` of the first difference, what is `wrong` there, `blank` characters that are
    too many, how much `is_left`, the `distance` as "2 characters", the `target` that must hold the
    value.
    """

    what: str
    why: str
    remedy: str
    advice: str


_REPLACE = "Replace the wrong value with the expected one; leave other values alone. "
_CUT_OFF = (
    "If it is cut off again, whatever writes it has a length limit: raise that limit, or create "
    "the record another way."
)

MANGLINGS = {
    Kind.QUOTED: Mangling(
        what="the value with quotation marks in it",
        why='The published value includes literal quotation marks (dig prints them as \\"): they '
        "were saved as part of it",
        remedy=_REPLACE + "Enter the value without quotation marks in a web form.",
        advice="Enter the value without quotation marks, or escape it only once.",
    ),
    Kind.WHITESPACE: Mangling(
        what="the value with {blank}",
        why="The published value has {blank}, saved as part of the value",
        remedy=_REPLACE + "Enter it without spaces or line breaks.",
        advice="Enter it without spaces or line breaks. In a script, strip the line break "
        "(`printf %s`, not `echo`).",
    ),
    Kind.CASE: Mangling(
        what="the value with upper and lower case changed",
        why="The letter case was changed, first {place}",
        remedy=_REPLACE + "Use a tool that preserves letter case.",
        advice="Use a tool or panel that preserves letter case.",
    ),
    Kind.TRUNCATED: Mangling(
        what="only part of the value ({is_left})",
        why="The published value {ends}. Perhaps the panel, API or hook has a length limit",
        remedy=_REPLACE + "Copy the whole value. " + _CUT_OFF,
        advice="Copy the whole value. It has 43 characters. " + _CUT_OFF,
    ),
    Kind.TYPO: Mangling(
        what="a value that differs from the expected one in {distance}",
        why="The value was mistyped or miscopied: {wrong}",
        remedy=_REPLACE + "Copy the value instead of typing it.",
        advice="Copy the value instead of typing it: 0 and O, l and I look alike.",
    ),
    Kind.KEY_AUTHORIZATION: Mangling(
        what="the key authorization instead of its digest",
        why="The key authorization itself (token, dot, account key thumbprint) was published. That "
        "is correct only for HTTP-01",
        remedy=_REPLACE + "It is the digest of what is published; certbot passes it to hooks as "
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
        "wrong": _what_is_wrong(nearest),
        "blank": _blank(nearest),
        "is_left": f"{len(nearest.served)} of {len(nearest.expected)} characters",
        "ends": _ends(nearest),
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


def _blank(nearest: Comparison) -> str:
    """Name the blank characters that are too many, and where; there may be more than one place."""
    extra = extra_characters.first_extra(nearest.expected, nearest.served, nearest.offset)
    if extra is None or extra.data.strip():
        return "a space or line break in it"
    return extra_characters.placed(extra, nearest.expected)


def _ends(nearest: Comparison) -> str:
    """Say which end of the expected value is missing."""
    if nearest.expected.startswith(nearest.served):
        return f"stops after character {len(nearest.served)} of {len(nearest.expected)}"
    lost = len(nearest.expected) - len(nearest.served)
    return f"lacks the first {phrases.count(lost, 'character')} of {len(nearest.expected)}"


def _what_is_wrong(nearest: Comparison) -> str:
    """Name the one character that is changed, or where the first of several changes is."""
    extra = extra_characters.first_extra(nearest.expected, nearest.served, nearest.offset)
    if extra is not None and nearest.distance == len(extra.data):
        return (
            f"it has {extra_characters.placed(extra, nearest.expected)} that does not belong there"
        )
    place = f"character {nearest.position} of {len(nearest.expected)}"
    if nearest.distance != 1:
        return f"the first difference is at {place}"
    return f"{place} is {'wrong' if len(nearest.served) == len(nearest.expected) else 'missing'}"
