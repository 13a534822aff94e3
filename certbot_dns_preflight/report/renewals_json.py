"""A check of renewals as JSON: a public contract, which the schema beside this file describes."""

from __future__ import annotations

import datetime as dt
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.report.json_report import challenge_as_json, own_tool

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.renewals.lineages import Check, Problem, Renewal

VERSION = 1


def render(check: Check) -> str:
    """Write the check as ASCII JSON, indented, with a final line end."""
    return json.dumps(as_json(check), indent=2, allow_nan=False) + "\n"


def lines(check: Check) -> str:
    """Write each lineage's object on a line of its own, worst first."""
    written = (json.dumps(_as_json(renewal, check), allow_nan=False) for renewal in check.renewals)
    return "".join(f"{line}\n" for line in written)


def as_json(check: Check) -> dict[str, Json]:
    """Make the check as JSON values; challenges are the report's own objects."""
    return {
        "version": VERSION,
        "tool": own_tool(),
        "started": _moment(check.started),
        "elapsed_seconds": round(check.elapsed, 3),
        "config_dir": printable(str(check.directory)),
        "outcome": check.verdict.value,
        "problem": _problem_as_json(check.problem),
        "lineages": [_as_json(renewal, check) for renewal in check.renewals],
        "others": [
            {"name": printable(other.name), "authenticator": printable(other.authenticator or "")}
            for other in check.others
        ],
    }


def schema() -> dict[str, Any]:
    """Read the JSON Schema (draft 2020-12) of the check; it refers to the report's."""
    file = resources.files(__package__).joinpath(f"renewals-schema-v{VERSION}.json")
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded


def _as_json(renewal: Renewal, check: Check) -> dict[str, Json]:
    lineage = renewal.lineage
    judged = renewal.outcome.challenges if renewal.outcome is not None else ()
    return {
        "name": printable(lineage.name),
        "renewal_file": printable(str(lineage.file)),
        "authenticator": None
        if lineage.authenticator is None
        else printable(lineage.authenticator),
        "through_preflight": lineage.through_preflight,
        "names": [printable(name) for name in lineage.names],
        "not_after": None if lineage.not_after is None else _moment(lineage.not_after),
        "days_left": lineage.days_left(check.started),
        "outcome": renewal.verdict.value,
        "problem": _problem_as_json(lineage.problem),
        "notes": [printable(note) for note in lineage.all_notes],
        "challenges": [challenge_as_json(challenge) for challenge in judged],
    }


def _problem_as_json(problem: Problem | None) -> Json:
    if problem is None:
        return None
    return {
        "kind": problem.trouble.value,
        "summary": printable(problem.reason),
        "code": problem.code.value,
        "remedy": printable(problem.fix),
    }


def _moment(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
