"""The recipes for a failure hook in the docs do what they say, with the programs' names taken."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.plugin import failure_hook
from certbot_dns_preflight.plugin.failure_hook import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRIB = Path(__file__).parents[2] / "contrib"
PAGE = (CONTRIB.parent / "docs" / "how-to" / "failures.md").read_text()
RECIPES = re.findall(r"^    --dns-preflight-failure-hook '(.*)'$", PAGE, re.MULTILINE)
FAILURE = Failure(
    outcome="not-ready", domains=("a.test", "b.test"), codes=("x",), report="Not ready: `x` $(y)"
)


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, object]]]:
    """Programs that write down their arguments and input; and what they wrote."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for name in ("mail", "curl", "apprise", "journalctl"):
        program = tmp_path / name
        program.write_text(
            "#!/usr/bin/env python3\nimport json, sys\n"
            "got = {'arguments': sys.argv[1:], 'input': sys.stdin.read()}\n"
            f"open({str(tmp_path / 'noted')!r}, 'a').write(json.dumps(got) + '\\n')\n"
            "print(' '.join(sys.argv[1:]))\n"
        )
        program.chmod(0o755)
    return lambda: [json.loads(line) for line in (tmp_path / "noted").read_text().splitlines()]


def test_there_are_as_many_as_the_page_promises() -> None:
    assert [recipe.split()[0] for recipe in RECIPES] == ["mail", "curl", "curl", "apprise"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_report_arrives_whole_and_the_names_with_it(
    recipe: str,
    noted: Callable[[], list[dict[str, object]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure_hook.run(recipe, FAILURE, lineage="a.test", report=None)
    (got,) = noted()
    arguments = " ".join(map(str, got["arguments"]))  # type: ignore[call-overload]
    assert FAILURE.report in (str(got["input"]).strip(), *map(str, got["arguments"]))  # type: ignore[call-overload]
    if "DOMAINS" in recipe:
        assert "a.test,b.test" in arguments
    assert "$" not in arguments.replace(FAILURE.report, "")
    assert not caplog.records


def test_the_unit_for_other_failures_mails_what_the_failed_one_logged(
    noted: Callable[[], list[dict[str, object]]],
) -> None:
    assert "\n    OnFailure=notify-failure@%n.service\n" in PAGE
    lines = (CONTRIB / "systemd" / "notify-failure@.service").read_text().splitlines()
    (start,) = (line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart="))
    # As systemd reads it: specifiers, then "$$" for a dollar sign.
    start = start.replace("%i", "certbot.service").replace("%H", "host").replace("$$", "$")
    subprocess.run(shlex.split(start), check=True, stdin=subprocess.DEVNULL)
    (mail,) = (got for got in noted() if got["arguments"][0] == "-s")  # type: ignore[index]
    assert mail == {
        "arguments": ["-s", "certbot.service failed on host", "root"],
        "input": "--unit=certbot.service --lines=50 --no-pager\n",
    }
