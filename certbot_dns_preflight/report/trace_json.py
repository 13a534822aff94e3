"""A walk as JSON, and the schema of that. Pure but for reading the schema."""

from __future__ import annotations

import datetime as dt
import json
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.report.json_report import server_as_json, vantage_as_json
from certbot_dns_preflight.report.trace import obstacle_words, towards_alias

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.trace import Destination, Step, Trail

VERSION = 1


def as_json(trail: Trail) -> dict[str, Json]:
    """Make the walk as JSON values (`trace-schema-v1.json`). Times are seconds."""
    judged = trail.survey
    return {
        "version": VERSION,
        "tool": {
            "name": "certbot-dns-preflight",
            "version": metadata.version("certbot-dns-preflight"),
        },
        "started": trail.started.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "elapsed_seconds": round(trail.elapsed, 3),
        "vantage": vantage_as_json(trail.vantage),
        "domain": judged.challenge.domain,
        "owner_name": show_name(judged.challenge.owner),
        "alias_chain": [show_name(name) for name in judged.alias_chain],
        "zone": None if judged.zone is None else show_name(judged.zone),
        "obstacle": None if judged.obstacle is None else obstacle_words(judged.obstacle),
        "walk": [
            {
                "owner_name": show_name(leg.owner),
                "steps": [_step_as_json(step) for step in leg.steps],
                "servers": [
                    server_as_json(seen)
                    for hop in judged.hops[number : number + 1]
                    for seen in towards_alias(hop).observations
                ],
            }
            for number, leg in enumerate(trail.legs)
        ],
        "addresses": [_destination_as_json(seen) for seen in trail.destinations],
    }


def schema() -> dict[str, Any]:
    """Read the JSON Schema (draft 2020-12) of a trace."""
    name = f"trace-schema-v{VERSION}.json"
    loaded: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath(name).read_text("utf-8")
    )
    return loaded


def _step_as_json(step: Step) -> dict[str, Json]:
    return {
        "zone": show_name(step.zone),
        "nameserver": None if step.by is None else show_name(step.by),
        "address": None if step.endpoint is None else step.endpoint.address,
        "rtt_seconds": None if step.seconds is None else round(step.seconds, 4),
    }


def _destination_as_json(seen: Destination) -> dict[str, Json]:
    return {
        "name": show_name(seen.name),
        "zone": None if seen.zone is None else show_name(seen.zone),
        "alias": None if seen.alias is None else show_name(seen.alias),
        "addresses": list(seen.addresses),
        "missing": seen.missing,
        "rtt_seconds": None if seen.seconds is None else round(seen.seconds, 4),
    }
