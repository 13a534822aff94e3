"""The failure hook gets facts, not text in its command; it cannot hang or harm the run."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.plugin import failure_hook
from certbot_dns_preflight.plugin.failure_hook import Failure

if TYPE_CHECKING:
    from pathlib import Path

FAILURE = Failure(
    outcome="not-ready",
    domains=("a.test", "b.test"),
    codes=("secondary-behind", "caa-forbids"),
    report="Not ready: $(touch harm) `touch harm`",
)


def run(command: str, *, seconds: float = 60.0) -> None:
    failure_hook.run(command, FAILURE, lineage="a.test", report=None, seconds=seconds)


def test_report_and_facts_arrive_and_nothing_is_interpolated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DNS_PREFLIGHT_LAB_NAMESPACE", raising=False)
    run("cat > text; env | grep ^DNS_PREFLIGHT_ | sort > facts")
    assert (tmp_path / "text").read_text() == f"{FAILURE.report}\n"
    assert (tmp_path / "facts").read_text().splitlines() == [
        "DNS_PREFLIGHT_CODES=secondary-behind,caa-forbids",
        "DNS_PREFLIGHT_DOMAINS=a.test,b.test",
        "DNS_PREFLIGHT_LINEAGE=a.test",
        "DNS_PREFLIGHT_OUTCOME=not-ready",
        "DNS_PREFLIGHT_REPORT=",
    ]
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("in_file", [True, False])
def test_the_reports_file_is_named_only_where_it_tells_of_this_failure(
    tmp_path: Path,
    in_file: bool,  # noqa: FBT001 - a column
) -> None:
    report = tmp_path / "report.json"
    failure = replace(FAILURE, in_file=in_file)
    command = f'echo "$DNS_PREFLIGHT_REPORT" > {tmp_path}/named'
    failure_hook.run(command, failure, lineage=None, report=report)
    assert (tmp_path / "named").read_text().strip() == (str(report) if in_file else "")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo no such mailbox; exit 7", "exited with status 7: no such mailbox"),
        ("/no/such/program", "exited with status 127: "),
        ("kill -9 $$", "exited with status -9"),
        ("exec <&-; exit 1", "exited with status 1"),
        ("false\0", "cannot be run: embedded null byte"),
    ],
)
def test_its_failure_is_a_warning(
    command: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(command)
    assert words in caplog.text
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_does_not_end_is_killed_with_all_that_it_began(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(f"sleep 1000 & echo $! > {tmp_path}/child; sleep 1000", seconds=1.0)
    assert "has not ended after 1 s, and is killed" in caplog.text
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _is_alive(child):
            return
        time.sleep(0.05)
    pytest.fail("the hook's child is still there")


def test_what_it_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    run(f"sleep 1000 & echo $! > {tmp_path}/child", seconds=30.0)
    child = int((tmp_path / "child").read_text())
    assert _is_alive(child)
    os.kill(child, 9)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - a process, not a file
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
