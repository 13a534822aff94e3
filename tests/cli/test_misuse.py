"""What is misuse, and what is likely a mistake: names, values and files that cannot be meant."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight import InvalidDomainError, preflight_sync
from certbot_dns_preflight.cli import challenges
from certbot_dns_preflight.cli.challenges import ChallengeList
from certbot_dns_preflight.cli.exits import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Command
    from tests.lab import Lab

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
MEANT = "did you mean example.com?"


def misuse(command: Command, *arguments: str | Path, stdin: str | None = None, **env: str) -> str:
    ran = command(*arguments, stdin=stdin, **env)
    assert (ran.status, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    return ran.stderr


# -- the name of the record in place of the certificate's ------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "_acme-challenge.example.com",
        "_ACME-Challenge.example.com.",
        "*._acme-challenge.example.com",
    ],
)
def test_the_records_name_is_refused_with_the_one_that_was_meant(
    command: Command, name: str
) -> None:
    assert MEANT in misuse(command, "check", name)
    assert MEANT in misuse(command, "trace", name)
    assert MEANT in misuse(command, "delegate", name, "--to=example.net")
    listed = misuse(command, "check", "--file=-", stdin=f"a.test\n{name} x\n")
    assert "line 2" in listed
    assert MEANT in listed
    hook = misuse(command, "hook", CERTBOT_DOMAIN=name, CERTBOT_VALIDATION="x")
    assert MEANT in hook
    with pytest.raises(InvalidDomainError, match=r"did you mean example\.com\?"):
        preflight_sync(name)


def test_the_label_alone_means_nothing(command: Command) -> None:
    assert "did you mean" not in misuse(command, "check", "_acme-challenge")


# -- names and values that are too long, or something else -----------------------------------------


@pytest.mark.parametrize("length", [240, 254, 255, 256, 5000])
def test_a_domain_that_is_too_long_is_misuse(command: Command, length: int) -> None:
    labels = "a" * 60 + "."
    misuse(command, "check", (labels * 100)[: length - 2] + "bc")


@pytest.mark.parametrize("option", ["report", "metrics", "root-hints", "trust-anchor"])
def test_a_file_name_that_is_too_long_is_misuse(
    command: Command, option: str, tmp_path: Path
) -> None:
    said = misuse(command, "check", "a.test", f"--{option}={tmp_path}/{'n' * 256}")
    assert said.startswith(f"dns-preflight: --{option}: ")
    assert "File name too long" in said


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("x", "is not the 43 characters of base64url"),
        (VALUE + "=", "is not the 43 characters of base64url"),
        ("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA_and_more", "is it the token?"),
        (f"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.{VALUE}", "a key authorization"),
    ],
)
def test_a_value_that_is_no_digest_gets_a_hint(in_lab: Command, value: str, hint: str) -> None:
    ran = in_lab("check", "none.example.test", "--expect", value)
    assert ran.status == 1
    assert ran.stderr.startswith("dns-preflight: hint: ")
    assert hint in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert in_lab("check", "none.example.test", "--expect", value, "--quiet").stderr == ""


def test_a_digest_gets_none(in_lab: Command) -> None:
    assert in_lab("check", "none.example.test", "--expect", VALUE).stderr == ""


# -- files that are none ---------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["root-hints", "trust-anchor"])
def test_a_pipe_a_device_or_a_directory_is_refused_at_once(
    command: Command, option: str, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, "/dev/zero", tmp_path):
        said = misuse(command, "check", "a.test", f"--{option}={path}")
        assert "use a regular file, not a pipe, device or directory" in said


def test_a_pipe_with_names_is_waited_for_until_something_writes_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "names"
    os.mkfifo(pipe)
    writing = threading.Thread(target=lambda: pipe.write_text("a.test\nb.test\n"))
    writing.start()
    wanted = ChallengeList()
    wanted.read(str(pipe))
    writing.join()
    assert [one.domain for one in wanted.challenges] == ["a.test", "b.test"]
    monkeypatch.setattr(challenges, "_UNTIL_WRITTEN", 0.0)
    with pytest.raises(MisuseError, match=r"^--file: nothing writes to the pipe .*names$"):
        wanted.read(str(pipe))
    os.close(os.open(pipe, os.O_WRONLY))  # and what still waits for that ends


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", "a.test", "--metrics=m"],
        ["explain", "--metrics=m"],
        ["explain", "rate-limited", "--report=r"],
        ["completion", "bash", "--report=r"],
    ],
)
def test_a_file_that_would_never_be_written_is_misuse(
    command: Command, arguments: list[str]
) -> None:
    assert "has no use" in misuse(command, *arguments)


@pytest.mark.parametrize("arguments", [["trace", "a.test"], ["delegate", "a.test", "--to=b.test"]])
def test_what_has_no_page_writes_none(
    command: Command, arguments: list[str], tmp_path: Path
) -> None:
    said = misuse(command, *arguments, f"--report={tmp_path}/report.html")
    assert "--report: this command writes JSON, and no HTML page" in said


# -- the star --------------------------------------------------------------------------------------


@pytest.fixture
def only_wildcards_are_forbidden(lab: Lab) -> None:
    lab.update(lab.primary, "example.test.", add=['example.test. CAA 0 issuewild "other.example"'])
    lab.wait_synchronous()


@pytest.mark.usefixtures("only_wildcards_are_forbidden")
def test_issuewild_counts_for_a_wildcard(
    in_lab: Command, publish: Callable[..., None], lab: Lab
) -> None:
    publish("example.test", VALUE)
    plain = in_lab("check", "example.test", "--expect", VALUE)
    assert plain.status == 0
    for line in (
        ["check", "*.example.test", "--expect", VALUE],
        ["check", "example.test", "*.example.test", "--expect", f"*.example.test={VALUE}"],
    ):
        ran = in_lab(*line)
        assert ran.status == 1
        assert "caa-forbids" in ran.stdout
    listed = in_lab("check", "--file=-", stdin=f"example.test {VALUE}\n*.example.test {VALUE}\n")
    assert listed.status == 1
    assert "caa-forbids" in listed.stdout
    options = {"root_hints": lab.root_hints, "query_timeout": 0.5}
    assert preflight_sync({"example.test": VALUE}, **options).verdict.value == "ready"
    for names in ({"*.example.test": VALUE}, {"example.test": VALUE, "*.example.test": []}):
        outcome = preflight_sync(names, **options)
        assert [f.code for f in outcome.challenges[0].findings] == ["caa-forbids"]
