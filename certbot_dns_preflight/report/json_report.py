"""The JSON report, version 1: a public contract, described by the schema beside this file. Pure.

Decides field names, order, types and what is null; `schema-v1.json` states the same for others.
Served data is written as escaped text and never shortened.
"""

from __future__ import annotations

import datetime as dt
import json
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any, assert_never

from certbot_dns_preflight.escaping import presentations, printable, show_name
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.obstacle import AliasLoop
from certbot_dns_preflight.facts.zone import Listing
from certbot_dns_preflight.report import json_text
from certbot_dns_preflight.report.words import address_words, error_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.dnssec import Validation
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage
    from certbot_dns_preflight.facts.survey import Observation, Survey

VERSION = 1
_DISTRIBUTION = "certbot-dns-preflight"
_TO_THE_MILLISECOND = 3
_TO_A_TENTH_OF_IT = 4


def render(outcome: Outcome) -> str:
    """Write the report as ASCII text, indented, with a final line end."""
    return "".join(pieces(outcome))


def pieces(outcome: Outcome) -> Iterator[str]:
    """Write the report as `render` does, in small pieces, and one challenge after the other."""
    return json_text.pieces(_document(outcome, map(challenge_as_json, outcome.challenges)))


def as_json(outcome: Outcome) -> dict[str, Json]:
    """Make the report as JSON values (docs/reference/json-report.md). Times are seconds."""
    return _document(outcome, [challenge_as_json(challenge) for challenge in outcome.challenges])


def _document(outcome: Outcome, challenges: Any) -> dict[str, Any]:  # noqa: ANN401 - also an iterator
    started = outcome.started.astimezone(dt.UTC)
    return {
        "version": VERSION,
        "tool": own_tool(),
        "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "elapsed_seconds": _rounded(outcome.elapsed),
        "vantage": vantage_as_json(outcome.vantage),
        "outcome": outcome.verdict.value,
        "challenges": challenges,
        **({"budgets": [_budget(limit) for limit in outcome.budgets]} if outcome.budgets else {}),
    }


def _budget(limit: LimitMet) -> dict[str, Json]:
    return {
        "budget": limit.budget.value,
        "limit": limit.limit,
        "scope": "run" if limit.whole_run else "zone",
        "zone": None if limit.zone is None else show_name(limit.zone),
    }


def challenge_as_json(judged: ChallengeOutcome) -> dict[str, Json]:
    """Make one challenge object, as it stands in the report and on a line of ``--jsonl``."""
    survey = judged.survey
    asked = survey.challenge
    return {
        "domain": asked.domain,
        "names": list(asked.names),
        "owner_name": show_name(asked.owner),
        "record_name": show_name(_record_name(survey)),
        "alias_chain": [show_name(name) for name in survey.alias_chain],
        "zone": _zone(survey),
        "expected": [*presentations(asked.expected)],
        "outcome": judged.verdict.value,
        "dnssec": _validation(judged.dnssec),
        "rounds": survey.rounds,
        "ready_after_seconds": _rounded(survey.ready_after),
        "servers": [server_as_json(seen) for hop in survey.hops for seen in hop.observations],
        "findings": [_finding(finding) for finding in judged.findings],
    }


def schema() -> dict[str, Any]:
    """Read the JSON Schema (draft 2020-12) of the report."""
    text = resources.files(__package__).joinpath(f"schema-v{VERSION}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def vantage_as_json(vantage: Vantage) -> dict[str, Json]:
    """Make the object that says from where we looked."""
    return {
        "discovery": "resolver" if vantage.resolvers else "root",
        "resolvers": [address_words(endpoint) for endpoint in vantage.resolvers],
        "families": list(vantage.families),
    }


def _record_name(survey: Survey) -> dns.name.Name:
    """Name the place where the record goes: the end of the alias chain, if that has one."""
    if isinstance(survey.obstacle, AliasLoop):
        return survey.challenge.owner
    return next(reversed(survey.alias_chain), survey.challenge.owner)


def _zone(survey: Survey) -> str | None:
    """Name the zone that should hold the record."""
    return None if survey.zone is None else show_name(survey.zone)


def server_as_json(seen: Observation) -> dict[str, Json]:
    """Make one of `servers`: what one address said."""
    return {
        "zone": show_name(seen.zone),
        "nameserver": show_name(seen.nameserver),
        "address": seen.endpoint.address,
        "port": seen.endpoint.port,
        "listed_by": [listing.value for listing in Listing if listing in seen.listed_by],
        "status": seen.status.value,
        "rcode": seen.rcode,
        "authoritative": seen.authoritative,
        "transport": None if seen.transport is None else seen.transport.value,
        "found": [*presentations(_found(seen.reading))],
        "serial": seen.serial,
        "rtt_seconds": _rounded(seen.rtt, _TO_A_TENTH_OF_IT),
        "error": error_words(seen),
        "first_match_seconds": _rounded(seen.first_match),
    }


def _found(reading: Reading) -> tuple[bytes, ...]:
    match reading:
        case answers.Values(texts=texts) | answers.Alias(texts=texts):
            return texts
        case (
            answers.Absent()
            | answers.Referral()
            | answers.Refused()
            | answers.Failing()
            | answers.NotAuthoritative()
            | answers.Malformed()
            | answers.Unreachable()
            | answers.NotAsked()
        ):
            return ()
        case _ as never:
            assert_never(never)


def _validation(dnssec: Validation) -> dict[str, Json]:
    reason = None if dnssec.reason is None else printable(dnssec.reason)
    return {"status": dnssec.trust.value, "reason": reason}


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "nameserver": None if finding.nameserver is None else show_name(finding.nameserver),
        "address": finding.address,
        "summary": printable(finding.summary),
        "remedy": printable(finding.remedy),
        "evidence": dict(finding.evidence),
        "reference": finding.reference,
    }


def _rounded(value: float | None, digits: int = _TO_THE_MILLISECOND) -> float | None:
    return None if value is None else round(value, digits)


def own_tool() -> dict[str, Json]:
    """Say who wrote a document."""
    return {"name": _DISTRIBUTION, "version": metadata.version(_DISTRIBUTION)}
