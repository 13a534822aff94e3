"""What other programs import: the examples of docs/reference/library.md, checked and run."""

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

import certbot_dns_preflight
from certbot_dns_preflight import (
    ChallengeOutcome,
    InvalidDomainError,
    InvalidOptionError,
    Verdict,
    api,
    as_json,
    as_text,
    preflight,
    preflight_sync,
)
from certbot_dns_preflight.api import Options, options
from certbot_dns_preflight.report import json_report
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab

pytestmark = pytest.mark.thorough

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
OTHER = "-Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJggfj9"
ROOT = Path(__file__).parents[2]


def examples() -> list[str]:
    parts = (ROOT / "docs" / "reference" / "library.md").read_text().split("```python\n")[1:]
    return [part.split("```", 1)[0] for part in parts]


def test_importing_the_package_loads_nothing_else() -> None:
    code = (
        "import certbot_dns_preflight, sys; "
        "print('dns' in sys.modules, *(m for m in sys.modules if m.startswith('certbot')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False certbot_dns_preflight\n"


def test_every_public_name_can_be_had() -> None:
    assert certbot_dns_preflight.__all__ == api.__all__
    assert set(certbot_dns_preflight.__all__) <= set(dir(certbot_dns_preflight))
    for name in certbot_dns_preflight.__all__:
        assert getattr(certbot_dns_preflight, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = certbot_dns_preflight.nothing  # type: ignore[attr-defined]


def test_the_options_are_those_of_the_command() -> None:
    files_and_certbot = {"on-failure", "report", "metrics"}
    names = {option.name for option in options.OPTIONS} - files_and_certbot
    assert {name.replace("_", "-") for name in Options.__annotations__} == names


def test_a_function_and_a_coroutine_do_the_same(lab: Lab, publish: Callable[..., None]) -> None:
    publish("one.example.test", VALUE, OTHER)
    wanted = {"one.example.test": VALUE, "*.one.example.test": [OTHER]}
    told: list[ChallengeOutcome] = []
    first = preflight_sync(wanted, root_hints=lab.root_hints, decided=told.append)
    second = asyncio.run(
        preflight(wanted, wait=True, timeout=60, settle=0.1, root_hints=lab.root_hints)
    )
    assert (first.verdict, second.verdict) == (Verdict.READY, Verdict.READY)
    assert told == list(first.challenges)
    jsonschema.validate(as_json(first), json_report.schema())
    assert as_json(second)["challenges"][0]["expected"] == [VALUE, OTHER]  # type: ignore[index, call-overload]
    assert as_text(first).startswith("Ready: one.example.test after ")


def test_names_without_values_are_looked_at_too(lab: Lab) -> None:
    outcome = preflight_sync(
        ["example.test", "nowhere.test."], root_hints=lab.root_hints, query_timeout=2
    )
    assert [c.verdict for c in outcome.challenges] == [Verdict.READY, Verdict.NOT_READY]
    assert preflight_sync("example.test", resolver=lab.unbound.address4).verdict is Verdict.READY


def test_bad_arguments_raise_before_anything_is_asked() -> None:
    with pytest.raises(InvalidDomainError):
        preflight_sync("a..b")
    with pytest.raises(InvalidOptionError, match=r"timeout: '-1\.0' is not accepted"):
        preflight_sync("a.test", timeout=-1.0)
    with pytest.raises(InvalidOptionError, match="skip: 'nonsense'"):
        preflight_sync("a.test", skip=["nonsense"])
    with pytest.raises(InvalidOptionError, match="unknown option report"):
        preflight_sync("a.test", report="x")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("domains", "kind", "said"),
    [
        ({}, InvalidDomainError, "at least one name"),
        ([], InvalidDomainError, "at least one name"),
        ("", InvalidDomainError, "is not a valid certificate name"),
        ("192.0.2.1", InvalidDomainError, "is an IP address"),
        ({"a.test": ""}, InvalidOptionError, "an empty value for 'a.test'"),
        ({"a.test": [VALUE, ""]}, InvalidOptionError, "an empty value for 'a.test'"),
        ({"a.test": VALUE.encode()}, TypeError, "the values of 'a.test': b'gfj"),
        ({"a.test": [VALUE.encode()]}, TypeError, "the values of 'a.test': b'gfj"),
        ({"a.test": None}, TypeError, "the values of 'a.test': None must be a str, or several"),
        ({b"a.test": VALUE}, TypeError, "domains: b'a.test' must be a str"),
        ([b"a.test"], TypeError, "domains: b'a.test' must be a str"),
        (b"a.test", TypeError, "domains: b'a.test' must be a str, or several"),
        (None, TypeError, "domains: None must be a str, or several"),
    ],
)
def test_names_and_values_of_the_wrong_kind_are_named(
    domains: object, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=re.escape(said)):
        preflight_sync(domains)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["root_hints", "trust_anchor"])
def test_a_file_that_does_not_hold_what_it_should_is_a_bad_option(option: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"^{option.replace('_', '-')}: "):
        preflight_sync("a.test", **{option: "/dev/null"})  # type: ignore[arg-type]


@pytest.mark.filterwarnings("error")
def test_the_function_says_that_an_event_loop_runs_already() -> None:
    async def wrongly() -> None:
        with pytest.raises(RuntimeError, match="await preflight there"):
            preflight_sync("a.test")
        gc.collect()  # a coroutine that was made in vain would be told now

    asyncio.run(wrongly())


@pytest.mark.parametrize("number", range(2))
def test_the_documented_examples_run_and_type_check(
    lab: Lab, publish: Callable[..., None], tmp_path: Path, number: int
) -> None:
    publish("one.example.test", VALUE)
    example = examples()[number]
    file = tmp_path / "example.py"
    # The lab's names and root stand in for the Internet's.
    hints = f'root_hints="{lab.root_hints}"'
    file.write_text(
        example.replace("example.com", "one.example.test")
        .replace("example.org", "nowhere.test")
        .replace("timeout=120", f"timeout=60, {hints}")
        .replace("query_timeout=2", f"query_timeout=1, {hints}")
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert checked.returncode == 0, checked.stdout
    ran = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, check=False, timeout=HANG
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    if number == 0:
        assert ran.stdout == ""
    else:
        assert "not-ready" in ran.stdout.splitlines()
        assert "nowhere.test not-ready no-such-domain" in ran.stdout
