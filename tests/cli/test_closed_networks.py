"""The command on a host that reaches no name server: what it says, and that what it says helps."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import jsonschema
import pytest

from certbot_dns_preflight.report import json_report
from tests.conftest import Ran, beside_python
from tests.lab.closed import OUTSIDE
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Command
    from tests.lab import Lab

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"


@pytest.fixture
def closed(lab: Lab) -> Callable[..., Ran]:
    """Run the command on a closed host, where only a resolver is reached."""
    host = lab.closed_host()
    front = lab.front(OUTSIDE)
    lab.update(lab.primary, "example.test.", add=[f"_acme-challenge.example.test. TXT {VALUE}"])
    lab.wait_synchronous()

    def run(*arguments: str) -> Ran:
        done = subprocess.run(
            host.command(beside_python("dns-preflight"), *arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG,
            env={**os.environ, "SSL_CERT_FILE": str(front.ca_file), "COLUMNS": "300"},
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def test_what_helps_is_named_as_it_is_typed_and_helps(closed: Callable[..., Ran], lab: Lab) -> None:
    check = ["check", "example.test", f"--expect={VALUE}"]
    ran = closed(*check, f"--root-hints={lab.root_hints}")
    assert ran.status == 3
    assert ran.stdout.startswith("Cannot tell: this host cannot reach DNS")
    words = " ".join(ran.stdout.split())
    flags = re.search(r"or use (--ask resolvers --resolver \S+), which answers this host", words)
    assert flags is not None, ran.stdout
    assert flags[1] == f"--ask resolvers --resolver {OUTSIDE}"
    ran = closed(*check, *flags[1].split())
    assert ran.status == 0, ran.output
    assert f"This is what the resolver {OUTSIDE} sees" in ran.stdout


def test_a_resolver_that_only_leads_the_way_has_no_name_server_blamed(
    closed: Callable[..., Ran],
) -> None:
    ran = closed(
        *("check", "example.test", f"--expect={VALUE}", f"--resolver={OUTSIDE}", "--json"),
        "--query-timeout=1",
    )
    assert ran.status == 3
    report = json.loads(ran.stdout)
    (challenge,) = report["challenges"]
    assert {finding["code"] for finding in challenge["findings"]} == {"no-dns-egress"}
    assert challenge["findings"][0]["remedy"].startswith(
        "Add --ask resolvers to query the resolver "
    )


def test_by_https_the_report_is_as_the_schema_says(closed: Callable[..., Ran]) -> None:
    url = f"https://{OUTSIDE}/dns-query"
    ran = closed(
        *("check", "example.test", f"--expect={VALUE}", "--ask=resolvers"),
        *(f"--resolver={url}", "--json"),
    )
    assert ran.status == 0, ran.output
    report = json.loads(ran.stdout)
    jsonschema.validate(report, json_report.schema())
    assert report["vantage"]["discovery"] == "resolver"
    assert report["vantage"]["resolvers"] == [url]
    (server,) = report["challenges"][0]["servers"]
    assert (server["nameserver"], server["address"], server["port"]) == (
        f"{OUTSIDE}.",
        OUTSIDE,
        443,
    )
    assert (server["status"], server["transport"]) == ("match", "tcp")


IS_FOR_CHECK = "shows what the name servers themselves say, so --ask resolvers is not for it; check"
BY_RESOLVERS = ("--ask=resolvers", "--resolver=192.0.2.53")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["check", "example.test", "--ask=resolvers"],
            "--ask resolvers needs --resolver: name the resolvers that this host may use",
        ),
        (["trace", "example.test", *BY_RESOLVERS], f"trace {IS_FOR_CHECK} takes it"),
        (["delegate", "a.test", "--to=b.test", *BY_RESOLVERS], f"delegate {IS_FOR_CHECK} takes it"),
    ],
    ids=["no resolver", "trace", "delegate"],
)
def test_misuse_is_one_clear_line(command: Command, arguments: list[str], line: str) -> None:
    ran = command(*arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr == f"dns-preflight: {line}\n"
