"""The same through the console script, as a process: exit status, JSON, the first line."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from certbot_dns_preflight.report.json_report import schema
from tests.conftest import beside_python
from tests.observe import HANG
from tests.scenarios.values import CHALLENGE, OLD, OTHER, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab import Delegated, Lab

    Shop = Callable[..., Delegated]
    Check = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.thorough

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture
def check(lab: Lab) -> Check:
    def run(*words: str, hints: Path | None = None) -> subprocess.CompletedProcess[str]:
        options = ["--root-hints", str(hints or lab.root_hints), "--query-timeout", "2"]
        return subprocess.run(
            [beside_python("dns-preflight"), "check", *words, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG,
        )

    return run


def report_of(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.stdout)
    jsonschema.validate(found, schema())
    assert ran.stderr == ""
    return found


def codes(challenge: dict[str, Any], severity: str) -> list[str]:
    return [f["code"] for f in challenge["findings"] if f["severity"] == severity]


def test_ready_is_status_0(shop: Shop, check: Check) -> None:
    shop(CHALLENGE)
    ran = check("shop.test", "--expect", VALUE, "--json")
    assert ran.returncode == 0
    assert report_of(ran)["outcome"] == "ready"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ("", "record-not-published"),
        (f"_acme-challenge TXT {OLD}", "wrong-value"),
        (f"_acme-challenge TXT {VALUE[:-1]}", "mangled-value"),
        (f"_acme-challenge.shop.test TXT {VALUE}", "misplaced-record"),
        ("_acme-challenge CNAME gone.nobody.test.", "alias-dangling"),
    ],
    ids=["nothing", "old", "cut-off", "doubled", "dangling"],
)
def test_not_ready_is_status_1_with_one_error(
    shop: Shop, check: Check, records: str, code: str
) -> None:
    shop(records)
    ran = check("shop.test", "--expect", VALUE, "--json")
    assert ran.returncode == 1
    (challenge,) = report_of(ran)["challenges"]
    assert codes(challenge, "error") == [code]
    assert codes(challenge, "warning") == []


def test_text_begins_with_the_answer_and_names_cause_and_fix(
    lab: Lab, shop: Shop, check: Check
) -> None:
    shop(CHALLENGE)
    lab.knot.kill()
    ran = check("shop.test", "--expect", VALUE)
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[0].startswith("Not ready: ")
    assert lab.knot.host.rstrip(".") in ran.stdout.splitlines()[0]
    assert "nameserver-unreachable" in ran.stdout
    assert lab.knot.address4 in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_two_domains_are_two_challenges_and_one_verdict(shop: Shop, check: Check) -> None:
    shop(f"{CHALLENGE}\n_acme-challenge.www TXT {OLD}")
    ran = check(
        "shop.test", "www.shop.test", "--json",
        "--expect", f"shop.test={VALUE}", "--expect", f"www.shop.test={OTHER}",
    )  # fmt: skip
    assert ran.returncode == 1
    assert [c["outcome"] for c in report_of(ran)["challenges"]] == ["ready", "not-ready"]


def test_unreachable_warn_relaxes_it(lab: Lab, shop: Shop, check: Check) -> None:
    shop(CHALLENGE)
    lab.nsd.kill()
    ran = check("shop.test", "--expect", VALUE, "--json", "--unreachable", "warn")
    assert ran.returncode == 0
    (challenge,) = report_of(ran)["challenges"]
    assert codes(challenge, "error") == []
    assert codes(challenge, "warning") == ["nameserver-unreachable"]


def test_nothing_to_ask_is_status_3(lab: Lab, check: Check, tmp_path: Path) -> None:
    four, _ = lab.addresses()
    hints = tmp_path / "hints"
    hints.write_text(f". 60 NS a.root.invalid.\na.root.invalid. 60 A {four}\n")
    ran = check("shop.test", "--expect", VALUE, "--json", hints=hints)
    assert ran.returncode == 3
    assert report_of(ran)["outcome"] == "inconclusive"


def test_misuse_is_status_2(check: Check) -> None:
    assert check("shop.test", "--unreachable", "perhaps").returncode == 2
