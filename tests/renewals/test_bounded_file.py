"""A renewal file costs little to read, whoever wrote it: what would not be is refused, by line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.renewals import renewal_file
from certbot_dns_preflight.renewals.renewal_file import LineageError

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

CERTBOTS = "version = 2.9.0\ncert = /x\n[renewalparams]\nauthenticator = manual\n"
MOST_CALLS = 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "example.conf"


@pytest.mark.parametrize(
    ("line", "most"),
    [("[" * 50_000, 64), ("  [" + " " * 50_000 + "a]", 64), ("a" + " " * 50_000 + "=", 4096)],
)
def test_a_line_that_the_parser_would_take_seconds_for_is_not_given_to_it(
    path: Path, line: str, most: int
) -> None:
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and "configobj" in frame.f_code.co_filename

    path.write_text(CERTBOTS + line + "\n")
    sys.setprofile(count)
    try:
        with pytest.raises(LineageError, match=f"line 5 has more than {most} characters"):
            renewal_file.read(path)
    finally:
        sys.setprofile(None)
    assert calls == 0


def test_the_longest_lines_that_are_let_in_are_read(path: Path) -> None:
    hook, heading = "h" * 4000, f"[[{'w' * 60}]]"
    path.write_text(f"{CERTBOTS}manual_auth_hook = {hook}\n{heading}\na = b\n")
    read = renewal_file.read(path)
    assert read.params["manual_auth_hook"] == hook
    assert read.certificate == "/x"


def test_a_file_that_is_too_large_or_none_is_refused(path: Path) -> None:
    path.write_bytes(b"#\n" * (1 << 17) + b"#")
    with pytest.raises(LineageError, match="it has more than 262144 bytes"):
        renewal_file.read(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(LineageError, match="it is no regular file"):
        renewal_file.read(path)
