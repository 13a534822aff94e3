"""The value is there, but for a mistake that has a name; each kind is a row of `MANGLINGS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.txt_difference import Kind
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
        why="Quotation marks became data",
        remedy="Publish the value without quotation marks, in place of the served one.",
        advice="Enter the value without quotation marks, or escape it only once.",
    ),
    Kind.WHITESPACE: Mangling(
        what="the value with blanks in it",
        why="Blanks or line ends became data",
        remedy="Publish the value without blanks and line ends, in place of the served one.",
        advice="Enter it without blanks and line ends; in a script, strip the line end "
        "(`printf %s`, not `echo`).",
    ),
    Kind.CASE: Mangling(
        what="the value in other letter case",
        why="Upper and lower case were changed, first {place}",
        remedy="Replace the served value, and have it written by something that keeps upper and "
        "lower case.",
        advice="Use a tool or panel that keeps upper and lower case.",
    ),
    Kind.TRUNCATED: Mangling(
        what="only a part of the value",
        why="{served} of {expected} characters are there, {lost} "
        "were cut off, perhaps by a limit on the way (panel, API, hook)",
        remedy="Publish the whole value, in place of the served one.",
        advice="Copy the whole value: it has 43 characters.",
    ),
    Kind.TYPO: Mangling(
        what="a value that differs in {distance}",
        why="A mistake of whoever typed, copied or processed it, first {place}",
        remedy="Copy the value instead of typing it; replace the served one.",
        advice="Copy the value instead of typing it; 0/O and l/I look alike.",
    ),
    Kind.KEY_AUTHORIZATION: Mangling(
        what="the key authorization instead of its digest",
        why="The key authorization (token, dot, thumbprint of the account's key) was published "
        "as it is, which is right for http-01 alone",
        remedy="Publish its digest, the expected value; certbot gives that to hooks as "
        "CERTBOT_VALIDATION, other clients by a name of their own.",
        advice="Publish the base64url form, without padding, of the key authorization's SHA-256 "
        "digest; the plain key authorization is http-01's.",
    ),
    Kind.HOSTNAME: Mangling(
        what="a host name as text",
        why="An alias target was entered as TXT data",
        remedy="At {target} make a CNAME record to that name instead, "
        "and the TXT there; or publish the expected value.",
        advice="Make it a CNAME record, not TXT.",
    ),
}

RULE = Rule(
    code=Code.MANGLED_VALUE,
    severity=Severity.ERROR,
    meaning="The value is there, but changed on its way in; `kind` says how.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Instead of wrong-value where the mistake can be named. Kinds: quoted (quotation marks "
        "became part of the data), whitespace, case, truncated, typo (one or two characters), "
        "key-authorization (token.thumbprint where its SHA-256 digest belongs), hostname (an "
        "alias target entered as text)."
    ),
    refusal=(
        "The CA joins a TXT record's character-strings and compares them exactly; letter case and "
        "blanks count."
    ),
    confirm=("dig +norec +short @ADDRESS OWNER TXT",),
    remedies=tuple(Remedy(kind.value, mangling.advice) for kind, mangling in MANGLINGS.items()),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell of a mangled value: at all servers, or at some beside others that are right."""
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
        "place": f"at position {nearest.position} of {len(nearest.expected)}",
        "served": len(nearest.served),
        "expected": len(nearest.expected),
        "lost": len(nearest.expected) - len(nearest.served),
        "distance": phrases.count(nearest.distance or 0, "character"),
        "target": phrases.owner(context.target),
    }
    return RULE.finding(
        summary=f"{who} {phrases.verb(servers, 'shows', 'show')} "
        + mangling.what.format_map(figures),
        cause=mangling.why.format_map(figures),
        remedy=mangling.remedy.format_map(figures),
        about=at,
        evidence={**evidence.comparison(nearest), **evidence.served(context)},
    )
