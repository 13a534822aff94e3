from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.cli import output_files
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.report.atomic_file import (
    ReportFileError,
    check_writable,
    write_atomically,
)
from certbot_dns_preflight.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534


def left_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_has_the_mode_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    for umask in (0o000, 0o077):
        before = os.umask(umask)
        try:
            for mode in (0o600, 0o644):
                write_atomically(tmp_path / "r.json", "one\n", mode=mode)
                assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == mode
        finally:
            os.umask(before)
    assert left_in(tmp_path) == ["r.json"]


def test_an_open_reader_keeps_the_old_text_and_a_new_one_gets_the_new(tmp_path: Path) -> None:
    target = tmp_path / "r.json"
    write_atomically(target, "old", mode=0o600)
    with target.open() as reader:
        write_atomically(target, "new", mode=0o600)
        assert reader.read() == "old"
    assert target.read_text() == "new"


def test_a_link_at_the_path_is_replaced_and_what_it_led_to_is_untouched(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "r.json").symlink_to(victim)
    write_atomically(tmp_path / "r.json", "new", mode=0o600)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "r.json").is_symlink()


def test_a_link_planted_at_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    tokens = iter(["guessed", "fresh"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    (tmp_path / ".r.json.guessed.tmp").symlink_to(victim)
    write_atomically(tmp_path / "r.json", "new", mode=0o600)
    assert victim.read_text() == "precious"
    assert (tmp_path / "r.json").read_text() == "new"
    assert not (tmp_path / "r.json").is_symlink()


@pytest.mark.parametrize("write", [check_writable, lambda p: write_atomically(p, "x", mode=0o600)])
def test_a_missing_directory_and_a_directory_are_one_clear_line(tmp_path: Path, write) -> None:  # noqa: ANN001 - two functions of one shape
    with pytest.raises(ReportFileError) as missing:
        write(tmp_path / "none" / "r.json")
    assert str(tmp_path / "none" / "r.json") in str(missing.value)
    with pytest.raises(ReportFileError, match="directory"):
        write(tmp_path)
    assert "\n" not in str(missing.value)
    assert left_in(tmp_path) == []


def test_checking_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "r.json"
    check_writable(target)
    assert left_in(tmp_path) == []
    target.write_text("old")
    check_writable(target)
    assert (left_in(tmp_path), target.read_text()) == (["r.json"], "old")


def test_names_that_cannot_be_are_refused_clearly(tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 300):
        with pytest.raises(ReportFileError, match=r"cannot write '?/"):
            write_atomically(tmp_path / name, "x", mode=0o600)
    assert left_in(tmp_path) == []


def test_the_longest_possible_name_works(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("x" * 255), "x", mode=0o600)
    assert left_in(tmp_path) == ["x" * 255]


def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    ready = threading.Event()

    def reader() -> None:
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        ready.set()
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor) as stream:
            while not read or not read[-1].endswith("\n"):
                read.append(stream.read())

    thread = threading.Thread(target=reader)
    thread.start()
    ready.wait()
    check_writable(pipe)
    write_atomically(pipe, "text\n", mode=0o600)
    thread.join(5)
    assert "".join(read) == "text\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_that_nobody_reads_is_an_error_and_no_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReportFileError) as caught:
        write_atomically(tmp_path / "pipe", "x", mode=0o600)
    assert caught.value.errno == errno.ENXIO


WRITE = (
    "import sys; from certbot_dns_preflight.report.atomic_file import *; "
    "check_writable(sys.argv[1]); write_atomically(sys.argv[1], 'text\\n', mode=0o600)"
)


def test_standard_output_works_as_a_pipe_and_as_a_redirection(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE, "/dev/stdout"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b"text\n"
    with (tmp_path / "out").open("wb") as out:
        out.write(b"before\n")
        out.flush()
        subprocess.run(command, check=True, stdout=out)
    assert (tmp_path / "out").read_bytes() == b"before\ntext\n"


def test_process_substitution_works() -> None:
    script = f'{sys.executable} -c "$1" >(cat); wait'
    command = ["bash", "-c", script, "", WRITE]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b"text\n"


def test_a_link_planted_to_a_device_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "r.json").symlink_to("/dev/full")
    check_writable(tmp_path / "r.json")
    write_atomically(tmp_path / "r.json", "new", mode=0o600)
    assert (tmp_path / "r.json").read_text() == "new"
    assert stat.S_ISREG((tmp_path / "r.json").lstat().st_mode)


def test_a_full_device_is_named_as_such() -> None:
    with pytest.raises(ReportFileError, match=r"/dev/full.*No space") as caught:
        write_atomically("/dev/full", "x", mode=0o600)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_file_system_keeps_the_old_report_and_nothing_else() -> None:
    script = (
        "mount -t tmpfs -o size=64k none $1 && cd $1 && printf old > r.json && "
        f'{sys.executable} -c "from certbot_dns_preflight.report.atomic_file import *; '
        "write_atomically('r.json', 'x' * 200000, mode=0o600)\"; cat r.json; ls -A; "
        "mount -o remount,ro $1; "
        f'{sys.executable} -c "from certbot_dns_preflight.report.atomic_file import *; '
        "check_writable('r.json')\""
    )
    place = Path(tempfile.mkdtemp())
    try:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(place)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.stdout == "oldr.json\n"
    assert "No space left on device" in done.stderr
    assert "Read-only file system" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_directory_of_somebody_else_is_refused_beforehand(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(tmp_path)
            os.setuid(NOBODY)
            check_writable("r.json")
        except ReportFileError as error:
            code = 0 if "Permission denied" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_text_that_is_no_unicode_is_written_escaped(tmp_path: Path) -> None:
    write_atomically(tmp_path / "r", "\udcff", mode=0o600)
    assert (tmp_path / "r").read_bytes() == b"\\udcff"


# -- whose directory it is -------------------------------------------------------------------------

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what root does in others' directories")


def as_somebody_else(act: Callable[[], None]) -> None:
    """Let user `NOBODY` do something, in a process of their own."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            act()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def theirs() -> Iterator[Path]:
    """Give somebody else's home, with a directory for reports in it, beside one of root's own."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to everybody else
        place = Path(name)
        place.chmod(0o755)
        (place / "precious").mkdir()
        home = place / "home"
        (home / "reports").mkdir(parents=True)
        for path in (home, home / "reports"):
            os.chown(path, NOBODY, NOBODY)
        yield home


def exchange_for_a_link(directory: Path, to: Path) -> None:
    directory.rename(directory.with_name("before"))
    directory.symlink_to(to)


@as_root
def test_a_directory_that_its_owner_exchanges_for_a_link_leads_root_nowhere(theirs: Path) -> None:
    target, precious = theirs / "reports" / "r.json", theirs.parent / "precious"
    check_writable(target)
    write_atomically(target, "mine", mode=0o600)
    as_somebody_else(lambda: exchange_for_a_link(theirs / "reports", precious))
    for write in (check_writable, lambda path: write_atomically(path, "x", mode=0o600)):
        with pytest.raises(ReportFileError, match="somebody else can change a link") as caught:
            write(target)
        assert str(target) in str(caught.value)
        assert "it takes links that root alone can change" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert left_in(precious) == []


@as_root
def test_one_that_is_exchanged_while_it_is_written_stays_the_one_that_was_opened(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = theirs.parent / "precious"

    def exchange_then(_: int) -> str:
        as_somebody_else(lambda: exchange_for_a_link(theirs / "reports", precious))
        return "token"

    monkeypatch.setattr("secrets.token_hex", exchange_then)
    write_atomically(theirs / "reports" / "r.json", "mine", mode=0o600)
    assert left_in(precious) == []
    assert (theirs / "before" / "r.json").read_text() == "mine"


@as_root
def test_a_link_further_up_is_as_bad(theirs: Path) -> None:
    precious = theirs.parent / "precious"
    (precious / "reports").mkdir()
    os.chown(theirs.parent, NOBODY, NOBODY)
    as_somebody_else(lambda: exchange_for_a_link(theirs, precious))
    with pytest.raises(ReportFileError, match="somebody else can change a link"):
        write_atomically(theirs / "reports" / "r.json", "x", mode=0o600)
    assert left_in(precious / "reports") == []


@as_root
def test_a_link_of_roots_own_in_a_directory_of_roots_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "absolute").symlink_to(tmp_path / "real")
    (tmp_path / "relative").symlink_to("../" + tmp_path.name + "/real")
    for name in ("absolute", "relative"):
        write_atomically(tmp_path / name / f"{name}.json", "x", mode=0o600)
    assert left_in(tmp_path / "real") == ["absolute.json", "relative.json"]


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ReportFileError, match="symbolic links"):
        write_atomically(tmp_path / "a" / "r.json", "x", mode=0o600)


@as_root
@pytest.mark.parametrize("mode", [0o777, 0o707, 0o775])
def test_a_directory_that_others_may_write_is_refused_unless_it_is_sticky(
    theirs: Path, mode: int
) -> None:
    directory = theirs / "reports"
    directory.chmod(mode)
    for write in (check_writable, lambda path: write_atomically(path, "x", mode=0o600)):
        with pytest.raises(ReportFileError) as caught:
            write(directory / "r.json")
        assert str(caught.value) == (
            f"cannot write {directory}/r.json: others can write its directory {directory}, which "
            "is not sticky; where root writes, it takes one that nobody but its owner can write, "
            "or a sticky one"
        )
    assert left_in(directory) == []
    directory.chmod(0o1000 | mode)
    write_atomically(directory / "r.json", "x", mode=0o600)
    assert left_in(directory) == ["r.json"]


@as_root
@pytest.mark.parametrize("option", ["report", "metrics"])
def test_the_command_names_the_option_that_it_refuses(theirs: Path, option: str) -> None:
    (theirs / "reports").chmod(0o777)
    wanted = Settings(**{option: theirs / "reports" / "file"})  # type: ignore[arg-type]
    with pytest.raises(MisuseError, match=f"^--{option}: cannot write .*/file: others can write"):
        output_files.check(wanted)


def test_the_text_of_a_report_is_made_only_where_one_is_wanted(tmp_path: Path) -> None:
    made: list[str] = []

    def report() -> str:
        made.append("text")
        return "the report"

    def write(wanted: Settings) -> Exit:
        return output_files.write(wanted, report, lambda _: None, Exit.READY)

    assert write(Settings()) is Exit.READY
    assert made == []
    assert write(Settings(report=tmp_path / "r.json")) is Exit.READY
    assert made == ["text"]
    assert (tmp_path / "r.json").read_text() == "the report"


@as_root
def test_who_is_not_root_may_share_directories_as_they_like(theirs: Path) -> None:
    (theirs / "reports").chmod(0o777)
    as_somebody_else(lambda: write_atomically(theirs / "reports" / "r.json", "theirs", mode=0o600))
    assert (theirs / "reports" / "r.json").read_text() == "theirs"


def test_a_pipe_that_is_exchanged_for_a_file_is_not_appended_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "victim").write_text("precious")
    os.mkfifo(tmp_path / "pipe")
    opened = os.open

    def exchange_then(path: str, flags: int, *rest: int, **more: int) -> int:
        if path == "pipe":
            (tmp_path / "victim").rename(tmp_path / "pipe")
        return opened(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", exchange_then)
    with pytest.raises(ReportFileError, match="exchanged for a file"):
        write_atomically(tmp_path / "pipe", "x", mode=0o600)
    assert (tmp_path / "pipe").read_text() == "precious"


def test_what_is_given_in_pieces_is_written_before_the_last_is_made(tmp_path: Path) -> None:
    sizes = []

    def pieces() -> Iterator[str]:
        for _ in range(40):
            yield "\N{EURO SIGN}" * 1000
            sizes.extend(path.stat().st_size for path in tmp_path.glob(".r.json.*.tmp"))

    write_atomically(tmp_path / "r.json", pieces())
    assert 0 < sizes[-1] < 40 * 3000
    assert (tmp_path / "r.json").read_text() == "\N{EURO SIGN}" * 40_000


def test_a_fault_among_the_pieces_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path,
) -> None:
    def pieces() -> Iterator[str]:
        yield "x" * 200_000
        raise LookupError

    (tmp_path / "r.json").write_text("old")
    with pytest.raises(LookupError):
        write_atomically(tmp_path / "r.json", pieces())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"r.json": "old"}
