from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from certbot_dns_preflight.facts.dnssec import Trust, Validation
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.json_report import as_json, challenge_as_json, render, schema
from tests.builders.strategies import OUTCOMES
from tests.builders.survey import VALUE
from tests.report import scenarios

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def unescaped(text: str) -> bytes:
    return re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1])]), text.encode("ascii"))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", scenarios.ALL)
def test_each_scenario_is_valid(name: str) -> None:
    VALIDATOR.validate(json.loads(render(scenarios.ALL[name]())))


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(OUTCOMES)
def test_whatever_was_seen_the_document_is_valid_and_exact(outcome) -> None:  # noqa: ANN001 - made
    text = render(outcome)
    assert text.isascii()
    report = json.loads(text)
    VALIDATOR.validate(report)
    for told, challenge in zip(report["challenges"], outcome.challenges, strict=True):
        expected = [unescaped(value) for value in told["expected"]]
        assert expected == list(challenge.survey.challenge.expected)
        found = [unescaped(v) for server in told["servers"] for v in server["found"]]
        served = [v for o in challenge.survey.observations for v in getattr(o.reading, "texts", ())]
        assert found[: len(served)] == served


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Validation(Trust.SECURE), {"status": "secure", "reason": None}),
        (
            Validation(Trust.BOGUS, "a.\x1b TXT: no\nsignature"),
            {"status": "bogus", "reason": "a.\\027 TXT: no\\010signature"},
        ),
    ],
)
def test_what_dnssec_comes_to_is_told(found: Validation, told: dict[str, str | None]) -> None:
    outcome = scenarios.behind()
    challenge = replace(outcome.challenges[0], dnssec=found)
    report = json.loads(render(replace(outcome, challenges=(challenge,))))
    VALIDATOR.validate(report)
    assert report["challenges"][0]["dnssec"] == told


def test_a_report_in_full() -> None:
    report = as_json(scenarios.behind())
    challenges = report.pop("challenges")
    assert report == {
        "version": 1,
        "tool": {
            "name": "certbot-dns-preflight",
            "version": metadata.version("certbot-dns-preflight"),
        },
        "started": "2026-11-23T19:04:50Z",
        "elapsed_seconds": 300.04,
        "vantage": {"discovery": "root", "resolvers": [], "families": ["ipv4", "ipv6"]},
        "outcome": "not-ready",
    }
    assert isinstance(challenges, list)
    challenge = challenges[0]
    assert isinstance(challenge, dict)
    described = SCHEMA["$defs"]["challenge"]
    assert list(challenge) == list(described["properties"])
    assert set(challenge) - {"names", "record_name", "dnssec"} == set(described["required"])
    assert challenge["dnssec"] == {
        "status": "unchecked",
        "reason": "its keys and signatures were not looked at",
    }
    assert challenge["servers"][0] == {  # type: ignore[index,call-overload]
        "zone": "example.com.",
        "nameserver": "ns1.example.net.",
        "address": "192.0.2.1",
        "port": 53,
        "listed_by": ["delegation", "apex"],
        "status": "match",
        "rcode": "NOERROR",
        "authoritative": True,
        "transport": "udp",
        "found": [VALUE.decode()],
        "serial": 2026112302,
        "rtt_seconds": 0.0123,
        "error": None,
        "first_match_seconds": 2.1,
    }
    finding = challenge["findings"][0]  # type: ignore[index,call-overload]
    assert list(finding) == SCHEMA["$defs"]["finding"]["required"]


def test_fields_come_in_the_order_of_the_schema() -> None:
    report = json.loads(render(scenarios.behind()))
    assert list(report) == SCHEMA["required"]
    server = report["challenges"][0]["servers"][0]
    assert list(server) == SCHEMA["$defs"]["server"]["required"]


def test_every_status_is_in_the_schema() -> None:
    assert SCHEMA["$defs"]["server"]["properties"]["status"]["enum"] == list(Status)


def test_an_alias_shows_both_zones_and_names_the_one_that_should_hold_the_record() -> None:
    challenge = challenge_as_json(scenarios.aliased().challenges[0])
    assert challenge["zone"] == "example.org."
    assert challenge["alias_chain"] == ["acme.example.org."]
    servers = challenge["servers"]
    assert isinstance(servers, list)
    assert [(s["zone"], s["status"]) for s in servers] == [  # type: ignore[index,call-overload]
        ("example.com.", "alias"),
        ("example.com.", "alias"),
        ("example.com.", "alias"),
        ("example.org.", "absent"),
        ("example.org.", "absent"),
    ]


def test_a_resolver_is_named_with_its_port_where_it_is_not_53() -> None:
    report = as_json(scenarios.inconclusive())
    assert report["vantage"] == {
        "discovery": "resolver",
        "resolvers": ["192.0.2.53", "192.0.2.54#5353"],
        "families": ["ipv4"],
    }
    assert report["outcome"] == "inconclusive"


def test_a_resolver_by_https_has_its_host_in_its_row() -> None:
    report = as_json(scenarios.cached_miss())
    assert report["vantage"] == {
        "discovery": "resolver",
        "resolvers": ["https://dns.example/dns-query", "tls://192.0.2.53"],
        "families": ["ipv4", "ipv6"],
    }
    first, second = report["challenges"][0]["servers"]  # type: ignore[index,call-overload]
    assert (first["nameserver"], first["address"], first["port"]) == (
        "dns.example.",
        "dns.example",
        443,
    )
    assert (second["address"], second["port"], second["listed_by"]) == ("192.0.2.53", 853, [])


def test_the_example_in_the_documentation_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "json-report.md").read_text()
    example = page.split("```json\n")[1].split("```")[0]
    VALIDATOR.validate(json.loads(example))
