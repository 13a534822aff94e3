"""`dns-preflight trace` as a process against the lab's servers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import jsonschema
import pytest

from certbot_dns_preflight.report import trace_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Command
    from tests.lab import Lab

pytestmark = pytest.mark.thorough


def without_times(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? m?s\b", "TIME", text)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in without_times(text).splitlines()]


def test_the_way_is_a_tree_from_the_root_to_each_address(in_lab: Command, lab: Lab) -> None:
    ran = in_lab("trace", "www.alias.test", PYTHONIOENCODING="ascii")
    assert (ran.status, ran.stderr) == (0, "")
    told = lines(ran.stdout)
    assert told[:2] == [
        "_acme-challenge.www.alias.test, an alias of www-alias.target.test, is in the",
        "zone target.test (4 name servers, 8 addresses).",
    ]
    assert told[3:9] == [
        "_acme-challenge.www.alias.test   challenge name",
        "  .",
        f"  `- test                   by a.root.dns.test {lab.root.address4}, TIME",
        f"     `- alias.test          by a.nic.dns.test {lab.tld.address4}, TIME",
        "        |- ns1.dns.test",
        f"        |  |- {lab.bind.address4}    alias www-alias.target.test   TIME",
    ]
    assert "www-alias.target.test   alias target" in told
    assert f"           `- {lab.pdns.address6}  NXDOMAIN   TIME" in told
    end = told.index("www.alias.test   the domain itself")
    assert told[end + 1 : end + 3] == [
        "  www.alias.test  zone alias.test   TIME",
        "  `- 127.53.9.9",
    ]


def test_what_is_served_is_shown_escaped_and_bounded(
    in_lab: Command, publish: Callable[..., None]
) -> None:
    values = ["plain", r"\027[31m", "y" * 200, "d", "e", "f"]
    publish("served.example.test", *values)
    told = in_lab("trace", "served.example.test", PYTHONIOENCODING="ascii").stdout
    assert told.count("6 TXT values") == 8
    assert told.count("and 2 more values") == 8
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) <= 90
    publish("one.example.test", "plain")
    one = in_lab("trace", "one.example.test", PYTHONIOENCODING="ascii").stdout
    assert len(re.findall(r"^ .*`- plain$", one, re.MULTILINE)) == 8


def test_the_report_is_the_json(in_lab: Command, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    ran = in_lab("trace", "example.test", "--json", "--report", file)
    assert ran.status == 0
    assert file.read_text() == ran.stdout


def test_json_says_the_same_by_its_schema(in_lab: Command, lab: Lab) -> None:
    ran = in_lab("trace", "www.alias.test", "--json")
    found = json.loads(ran.stdout)
    jsonschema.validate(found, trace_json.schema())
    assert ran.status == 0
    assert found["alias_chain"] == ["www-alias.target.test."]
    assert found["zone"] == "target.test."
    assert [leg["owner_name"] for leg in found["walk"]] == [
        "_acme-challenge.www.alias.test.",
        "www-alias.target.test.",
    ]
    steps = found["walk"][0]["steps"]
    assert [step["zone"] for step in steps] == [".", "test.", "alias.test."]
    assert steps[0]["address"] is None
    assert steps[1]["nameserver"] == lab.root.host
    assert steps[2]["address"] in lab.tld.addresses
    assert all(step["rtt_seconds"] > 0 for step in steps[1:])
    assert {server["status"] for server in found["walk"][0]["servers"]} == {"alias"}
    assert len(found["walk"][1]["servers"]) == 8
    assert found["addresses"][-1]["addresses"] == ["127.53.9.9"]


def test_aliases_of_the_domain_itself_are_followed(in_lab: Command, lab: Lab) -> None:
    lab.update(
        lab.primary,
        "example.test.",
        add=[
            "one.example.test. CNAME two.example.test.",
            "two.example.test. CNAME www.alias.test.",
        ],
    )
    lab.wait_synchronous()
    ran = in_lab("trace", "one.example.test", "--json")
    assert [(seen["name"], seen["alias"]) for seen in json.loads(ran.stdout)["addresses"]] == [
        ("one.example.test.", "two.example.test."),
        ("two.example.test.", "www.alias.test."),
        ("www.alias.test.", None),
    ]


@pytest.fixture
def looping(lab: Lab) -> None:
    """Let two aliases lead to each other."""
    lab.update(
        lab.primary,
        "example.test.",
        add=[
            "one.example.test. CNAME two.example.test.",
            "two.example.test. CNAME one.example.test.",
        ],
    )
    lab.wait_synchronous()


@pytest.mark.usefixtures("looping")
def test_an_alias_loop_ends(in_lab: Command) -> None:
    ran = in_lab("trace", "one.example.test")
    assert "! the aliases form a loop" in ran.stdout
    assert ran.status == 0  # the challenge name itself is no alias


@pytest.mark.usefixtures("looping")
def test_an_alias_loop_is_told_where_the_servers_fail_for_it(in_lab: Command, lab: Lab) -> None:
    lab.knot.kill()
    lab.nsd.kill()
    # Left are BIND, which answers with the aliases and SERVFAIL, and PowerDNS: SERVFAIL alone.
    ran = in_lab("trace", "one.example.test")
    assert "! the aliases form a loop" in ran.stdout


def test_a_domain_that_does_not_exist_is_told_where_the_walk_ends(in_lab: Command) -> None:
    ran = in_lab("trace", "www.nowhere.test", "--json")
    found = json.loads(ran.stdout)
    jsonschema.validate(found, trace_json.schema())
    assert ran.status == 1
    assert found["obstacle"] == "nowhere.test does not exist (NXDOMAIN from the servers of test)"
    assert [step["zone"] for step in found["walk"][0]["steps"]] == [".", "test."]


def test_a_server_that_is_down_does_not_hide_the_others(in_lab: Command, lab: Lab) -> None:
    lab.knot.kill()
    ran = in_lab("trace", "example.test")
    assert ran.status == 0
    assert len(re.findall(r"NXDOMAIN", ran.stdout)) == 6
    assert len(re.findall(r"unreachable", ran.stdout)) == 2


def test_through_a_resolver_the_walk_begins_at_the_zone(command: Command, lab: Lab) -> None:
    ran = command("trace", "example.test", f"--resolver={lab.unbound.address4}", "--json")
    found = json.loads(ran.stdout)
    jsonschema.validate(found, trace_json.schema())
    assert found["vantage"]["discovery"] == "resolver"
    assert [step["zone"] for step in found["walk"][0]["steps"]] == ["example.test."]


def test_nothing_that_answers_is_inconclusive(command: Command, in_namespace: None) -> None:
    ran = command("trace", "example.test", "--resolver=127.53.9.9", "--query-timeout=2")
    assert in_namespace is None
    assert ran.status == 3
    assert "no server answers this host (127.53.9.9)" in " ".join(ran.stdout.split())


def test_the_time_is_kept(in_lab: Command, lab: Lab) -> None:
    lab.root.freeze()
    ran = in_lab("trace", "example.test", "--timeout=1", "--query-timeout=60")
    lab.root.thaw()
    assert ran.status in (1, 3)
    assert "cannot be resolved" in ran.stdout.splitlines()[0]


def test_a_name_that_is_none_is_one_line(command: Command) -> None:
    ran = command("trace", "a..b")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr == "dns-preflight: 'a..b' is not a domain name: A DNS label is empty.\n"
