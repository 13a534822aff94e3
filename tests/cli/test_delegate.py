"""`dns-preflight delegate` as a process: what to make, what is there, and when all is in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Command
    from tests.lab import Lab

OWNER = "_acme-challenge.www.example.test."
TARGET = "_acme-challenge.www.example.test.target.test."
RECORD = f"{OWNER} 3600 IN CNAME {TARGET}"
WWW = ("delegate", "www.example.test", "--to", "target.test")


def steps(in_lab: Command, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    ran = in_lab(*arguments, "--json")
    assert ran.stderr == ""
    plan = json.loads(ran.stdout)
    return ran.status, {step["what"]: step for step in plan["steps"]}


@pytest.fixture
def alias(lab: Lab) -> Callable[[str], None]:
    """Make the challenge name of www.example.test an alias; the lab takes it back."""

    def make(target: str) -> None:
        lab.update(lab.primary, "example.test.", add=[f"{OWNER} CNAME {target}"])
        lab.wait_synchronous()

    return make


def test_the_record_stands_alone_on_its_line_with_what_else_is_needed(in_lab: Command) -> None:
    ran = in_lab(*WWW)
    assert (ran.status, ran.stderr) == (1, "")
    lines = ran.stdout.splitlines()
    assert lines[0] == "Not ready: 1 step left to delegate _acme-challenge.www.example.test."
    assert RECORD in lines
    assert "in the zone example.test:" in ran.stdout
    assert "    certbot certonly --authenticator dns-preflight \\" in lines
    assert "      -d www.example.test" in lines
    status, found = steps(in_lab, *WWW)
    assert status == 1
    assert {what: step["state"] for what, step in found.items()} == {
        "target zone": "done",
        "CNAME": "to-do",
        "CAA": "done",
    }
    assert found["target zone"]["summary"] == (
        "target.test is delegated, and its 4 name servers answer."
    )
    assert found["CNAME"]["remedy"] == "Create the record above."


def test_with_the_record_all_is_in_order(in_lab: Command, alias: Callable[[str], None]) -> None:
    alias(TARGET)
    ran = in_lab(*WWW)
    assert (ran.status, ran.stderr) == (0, "")
    assert " ".join(ran.stdout.split()).startswith(
        "Ready: _acme-challenge.www.example.test is delegated to "
        "_acme-challenge.www.example.test.target.test. done target zone: "
    )
    assert RECORD not in ran.stdout
    plan = json.loads(in_lab(*WWW, "--json").stdout)
    assert plan["outcome"] == "ready"
    assert plan["record"] == RECORD
    assert {step["state"] for step in plan["steps"]} == {"done"}


def test_an_alias_to_elsewhere_is_to_be_replaced(
    in_lab: Command, alias: Callable[[str], None]
) -> None:
    alias("other.target.test.")
    status, found = steps(in_lab, *WWW)
    assert status == 1
    assert "is an alias of other.target.test, not of " in found["CNAME"]["summary"]
    assert found["CNAME"]["remedy"] == "Replace that CNAME with the record above."
    exact = in_lab("delegate", "www.example.test", "--to=other.target.test", "--exactly")
    assert exact.status == 0


@pytest.fixture
def moved(lab: Lab) -> None:
    lab.zone(
        "moved.test.",
        [lab.nsd],
        records="sub DNAME tree.target.test.\n"
        "_acme-challenge CNAME mid.alias2.test.\n"
        "*.wild CNAME caught.target.test.\n",
    )
    lab.zone("alias2.test.", [lab.knot], records="mid CNAME end.target.test.\n")


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize(
    ("domain", "to", "summary", "remedy"),
    [
        pytest.param(
            "www.sub.moved.test",
            "elsewhere.target.test",
            "_acme-challenge.www.sub.moved.test is an alias of "
            "_acme-challenge.www.tree.target.test, not of elsewhere.target.test. "
            "The DNAME record of sub.moved.test makes it so.",
            "No CNAME can be created below a DNAME. Delegate to where it leads (--to "
            "_acme-challenge.www.tree.target.test --exactly), or remove the DNAME.",
            id="below a DNAME that leads elsewhere",
        ),
        pytest.param(
            "www.sub.moved.test",
            "_acme-challenge.www.tree.target.test",
            "_acme-challenge.www.sub.moved.test is an alias of "
            "_acme-challenge.www.tree.target.test.",
            "",
            id="below a DNAME that leads there",
        ),
        pytest.param(
            "moved.test",
            "end.target.test",
            "_acme-challenge.moved.test leads to end.target.test, over another alias.",
            "",
            id="by a chain",
        ),
        pytest.param(
            "moved.test",
            "mid.alias2.test",
            "_acme-challenge.moved.test is an alias of mid.alias2.test, which is an alias of "
            "end.target.test in turn.",
            "Remove the CNAME of mid.alias2.test.",
            id="to what is an alias itself",
        ),
        pytest.param(
            "a.wild.moved.test",
            "caught.target.test",
            "_acme-challenge.a.wild.moved.test is an alias of caught.target.test, but only by a "
            "wildcard, which a record at the name overrides.",
            "Create the record above.",
            id="by a wildcard",
        ),
        pytest.param(
            "a.wild.moved.test",
            "other.target.test",
            "_acme-challenge.a.wild.moved.test is an alias of caught.target.test, not of "
            "other.target.test. Only a wildcard makes it so, which a record at the name overrides.",
            "Create the record above.",
            id="by a wildcard to elsewhere",
        ),
    ],
)
def test_what_the_authenticator_follows_counts(
    in_lab: Command, domain: str, to: str, summary: str, remedy: str
) -> None:
    status, found = steps(in_lab, "delegate", domain, "--to", to, "--exactly")
    assert (found["CNAME"]["summary"], found["CNAME"]["remedy"]) == (summary, remedy)
    assert status == (1 if remedy else 0)


def test_a_txt_record_stands_in_the_way(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("www.example.test", "left over")
    status, found = steps(in_lab, *WWW)
    assert status == 1
    assert "a CNAME cannot coexist with other records" in found["CNAME"]["summary"]
    assert found["CNAME"]["remedy"].startswith("Remove the TXT records of ")


def test_a_zone_that_is_not_there_is_to_be_made(in_lab: Command) -> None:
    for zone in ("nowhere.test", "acme.nowhere.test"):
        status, found = steps(in_lab, "delegate", "www.example.test", "--to", zone)
        assert status == 1
        assert found["target zone"]["state"] == "to-do"
        assert found["target zone"]["remedy"] == f"Create the zone {zone} and delegate it."


@pytest.mark.parametrize("exactly", [[], ["--exactly"]])
def test_a_registrys_zone_is_not_to_be_made(in_lab: Command, exactly: list[str]) -> None:
    status, found = steps(in_lab, "delegate", "www.example.test", "--to=test", *exactly)
    assert (status, found["target zone"]["state"]) == (1, "to-do")
    assert found["target zone"]["summary"] == (
        "test is a registry's zone: nobody else can create records in it."
    )
    assert found["target zone"]["remedy"].startswith("Delegate to a zone of your own")


def test_a_top_level_domain_that_is_not_there_is_not_to_be_made(in_lab: Command) -> None:
    _, found = steps(in_lab, "delegate", "www.example.test", "--to=nowhere")
    assert found["target zone"]["summary"].startswith("nowhere does not exist: NXDOMAIN from ")
    assert found["target zone"]["remedy"].startswith("Delegate to a zone of your own")


def test_an_alias_into_no_zone_is_no_wildcards(
    in_lab: Command, alias: Callable[[str], None]
) -> None:
    alias("nowhere.test.")
    _, found = steps(in_lab, "delegate", "www.example.test", "--to=nowhere.test", "--exactly")
    assert found["CNAME"]["state"] == "unknown"
    assert found["CNAME"]["summary"] == (
        "_acme-challenge.www.example.test is an alias of nowhere.test, but it leads into no zone "
        "yet."
    )


def test_a_name_within_a_zone_will_do(in_lab: Command) -> None:
    _, found = steps(in_lab, "delegate", "www.example.test", "--to", "acme.target.test")
    assert found["target zone"]["state"] == "done"
    assert found["target zone"]["summary"].startswith(
        "acme.target.test is part of the zone target.test; "
    )


def test_caa_and_the_star_count(in_lab: Command, lab: Lab) -> None:
    lab.update(lab.primary, "example.test.", add=['example.test. CAA 0 issuewild "other.example"'])
    lab.wait_synchronous()
    assert steps(in_lab, *WWW)[1]["CAA"]["state"] == "done"
    line = ("delegate", "*.www.example.test", "--to", "target.test")
    status, found = steps(in_lab, *line)
    assert (status, found["CAA"]["state"]) == (1, "to-do")
    assert "-d '*.www.example.test'" in in_lab(*line).stdout


def test_caa_that_allows_one_account_is_not_said_to_be_done(
    in_lab: Command, lab: Lab, alias: Callable[[str], None]
) -> None:
    alias(TARGET)
    record = 'example.test. CAA 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/1"'
    lab.update(lab.primary, "example.test.", add=[record])
    lab.wait_synchronous()
    status, found = steps(in_lab, *WWW)
    assert (status, found["CAA"]["state"]) == (0, "unknown")
    assert "account" in found["CAA"]["summary"]
    assert found["CAA"]["remedy"]
    ran = in_lab(*WWW)
    assert ran.stdout.startswith("Ready: ")
    assert "  ?         CAA: " in ran.stdout


def test_a_server_of_the_target_that_is_down_is_told(in_lab: Command, lab: Lab) -> None:
    lost = lab.daemon("knot")
    lab.delegate("target.test.", [lab.bind, lost])
    lost.kill()
    try:
        status, found = steps(in_lab, *WWW)
    finally:
        lab.delegate("target.test.", lab.nameservers)
    assert (status, found["target zone"]["state"]) == (1, "to-do")
    assert lost.host.rstrip(".") in found["target zone"]["summary"]


def test_without_a_way_to_the_dns_it_is_inconclusive(
    command: Command,
    in_namespace: None,  # noqa: ARG001 - asked for its effect
) -> None:
    ran = command(*WWW, "--resolver=127.53.9.9", "--query-timeout=0.2")
    assert ran.status == 3
    assert ran.stdout.startswith("Cannot tell: ")
    assert RECORD in ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["example.com"], "--to ZONE is missing"),
        (["a..b", "--to=example.net"], "'a..b' is not a domain name"),
        (["example.com", "--to=a..b"], "--to: 'a..b' cannot be the zone of the record; use the"),
        (["example.com", "--to=ta rget"], "--to: 'ta rget' cannot be the zone of the record"),
        (["example.com", "--to=."], "--to: '.' cannot be the zone of the record"),
        (["example.com", "--to=192.0.2.1"], "--to: '192.0.2.1' cannot be the zone of the record"),
        (
            ["example.com", "--to=*.acme.example.net"],
            "--to: '*.acme.example.net' is a wildcard; name the zone itself: acme.example.net",
        ),
        (["example.com", "--to=_acme-challenge.example.com", "--exactly"], "leads back to"),
        (["example.com", "--to", ".".join(["a" * 60] * 4)], "too long for a name"),
        (["example.com", "--to=a.test", "--to=b.test"], "--to is given twice"),
    ],
)
def test_misuse_is_one_line(command: Command, arguments: list[str], said: str) -> None:
    ran = command("delegate", *arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
