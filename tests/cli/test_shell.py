"""How the command behaves in a shell: pipes, signals, locales, colours, help, names."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.settings import OPTIONS
from tests.observe import HANG, asking, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Command
    from tests.lab import Lab

pytestmark = pytest.mark.thorough

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
ENDLESS = ("--timeout=3600", "--query-timeout=60")
"""So that a run which is not stopped goes on for longer than any test."""
COMMANDS = ("check", "trace", "hook", "renewals", "delegate", "explain", "completion")
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell_line(command: Command, *arguments: str) -> str:
    return " ".join(f"'{word}'" for word in command.line(*arguments) if isinstance(word, str))


# -- help and misspellings -----------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_screen_and_has_examples(command: Command, name: str) -> None:
    ran = command(name, "--help")
    lines = ran.stdout.splitlines()
    assert (ran.status, ran.stderr) == (0, "")
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    examples = re.split(r"^examples?:$", ran.stdout, flags=re.MULTILINE)
    assert len(examples) == 2
    assert f"dns-preflight {name}" in examples[1]


def test_every_option_is_explained_where_that_is_asked_for(command: Command) -> None:
    short, full = command("check", "--help").stdout, command("check", "--help-all").stdout
    options = set(re.findall(r"--[a-z-]+", full))
    assert options == set(re.findall(r"--[a-z-]+", short))
    assert "The longest pause between two rounds" in full
    assert "The longest pause" not in short


def test_the_first_help_names_all_commands(command: Command) -> None:
    ran = command("--help")
    assert ran.status == 0
    assert all(f"    {name} " in ran.stdout for name in COMMANDS)
    assert command("--version").stdout.startswith("dns-preflight ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek", "a.test"], "dns-preflight: unknown command chek; did you mean check?"),
        (["explian"], "dns-preflight: unknown command explian; did you mean explain?"),
        (
            ["check", "a.test", "--expct", "x"],
            "dns-preflight check: unknown option --expct; did you mean --expect?",
        ),
        (
            ["check", "a.test", "--time-out=3"],
            "dns-preflight check: unknown option --time-out; did you mean --timeout?",
        ),
        (["trace", "a.test", "--zzz"], "dns-preflight trace: unknown option --zzz; see --help"),
        (["trace"], "dns-preflight trace: the following arguments are required: DOMAIN"),
        (["trace", "a.test", "b.test"], "dns-preflight: unrecognized arguments: b.test"),
        (
            ["--quiet", "check", "a.test"],
            "dns-preflight: --quiet goes after the COMMAND: dns-preflight check --quiet ...",
        ),
        (["--timeout=3", "check", "a.test"], "dns-preflight: --timeout goes after the COMMAND"),
        (["check", "a.test", "--token=a", "--token=b"], "dns-preflight check: --token is given tw"),
        (
            ["check", "--", "a.test", "--expect=x"],
            "dns-preflight: '--expect=x' is not a valid certificate name",
        ),
        (
            ["check", "--", "a.test", "--expect", "x"],
            "dns-preflight: '--expect' is not a valid certificate name",
        ),
        (["check", "192.0.2.1"], "dns-preflight: '192.0.2.1' is an IP address: dns-01 cannot"),
        (
            ["trace", "https://a.test/"],
            "dns-preflight: 'https://a.test/' is not a valid certificate name",
        ),
        (
            ["check", "a.test", "--expect=b.test=V"],
            "dns-preflight: --expect: 'b.test' is none of the DOMAINs given",
        ),
        (["--verison"], "dns-preflight: unknown option --verison; did you mean --version?"),
        (["\x1b[31m"], "dns-preflight: unknown command \\027[31m; there are check, "),
    ],
)
def test_a_misspelling_is_one_line_with_the_nearest_name(
    command: Command, arguments: list[str], said: str
) -> None:
    ran = command(*arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.startswith(said)
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_every_common_option(command: Command, name: str) -> None:
    assert command(name, "--version").stdout == command("--version").stdout
    ran = command(name, *(f"--{option.name}=x" for option in OPTIONS), "--quiet", "--color=never")
    assert "unknown option" not in ran.stderr
    assert command(name, "--help", "--verbose").status == 0


def test_options_that_change_nothing_are_in_no_help(command: Command) -> None:
    assert "--on-failure" not in command("check", "--help-all").stdout
    assert "--on-failure" in command("hook", "--help-all").stdout
    assert "--skip" not in command("trace", "--help-all").stdout
    assert "--timeout" not in command("explain", "--help").stdout
    assert command("explain", "rate-limited", "--timeout=3", "--skip=x").status == 0
    assert command("explain", "rate-limited", "--quiet").stdout == ""


def test_no_command_at_all_says_which_there_are(command: Command) -> None:
    ran = command()
    assert ran.status == 2
    assert all(name in ran.stderr for name in COMMANDS)


# -- pipes, signals, full disks ------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["explain"], ["check", "--help"], ["check", "x.example.test", "--json"], ["trace", "a.test"]],
)
def test_a_reader_that_leaves_makes_no_noise(in_lab: Command, arguments: list[str]) -> None:
    common = in_lab if arguments[0] in ("check", "trace") else type(in_lab)()
    line = shell_line(common, *arguments)
    done = subprocess.run(
        ["bash", "-c", f"{line} | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 1, 141)


def test_a_stream_whose_reader_leaves_ends(in_lab: Command) -> None:
    line = shell_line(in_lab, "check", "--file=-", "--jsonl")
    names = " ".join(f"n{number}.example.test" for number in range(30))
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {names} | {line} | head -1; exit ${{PIPESTATUS[1]}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )
    assert done.returncode == 141
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("target", ["/dev/full", "&-"])
@pytest.mark.parametrize("words", [["explain"], ["--help"], ["--version"], ["check", "--help-all"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_one_line(
    command: Command, target: str, words: list[str], unbuffered: str
) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{shell_line(command, *words)} >{target}"],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1
    if target == "/dev/full":
        assert done.returncode == 1
        assert "cannot write the output: No space left on device" in done.stderr


@pytest.mark.parametrize("target", ["| true", ">/dev/full"])
@pytest.mark.parametrize("form", ["", "--json", "--jsonl"])
def test_report_and_metrics_are_written_whoever_reads_the_output(
    in_lab: Command, tmp_path: Path, target: str, form: str
) -> None:
    report, metrics = tmp_path / "report.json", tmp_path / "metrics.prom"
    names = [f"n{number}.example.test" for number in range(10)]
    files = (f"--report={report}", f"--metrics={metrics}")
    line = shell_line(in_lab, "check", *names, *([form] if form else []), *files)
    done = subprocess.run(
        ["bash", "-c", f"{line} {target}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )
    # A reader may leave only after a short page was put into the pipe.
    assert done.returncode in ((1,) if "full" in target else (0, 141))
    assert [c["domain"] for c in json.loads(report.read_text())["challenges"]] == names
    assert all(f'dns_preflight_ready{{domain="{n}"}}' in metrics.read_text() for n in names)


def test_the_report_does_not_wait_for_what_settles(
    in_lab: Command, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish("soon.example.test", VALUE)
    report = tmp_path / "report.json"
    process = in_lab.start(
        *("check", "soon.example.test", "--expect", VALUE, "--wait", "--settle=3600"),
        f"--report={report}",
    )
    until(report.exists)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(HANG) == 130
    assert json.loads(report.read_text())["outcome"] == "ready"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "arguments", [["check", "--wait", f"--expect={VALUE}", "example.test"], ["hook"]]
)
def test_a_run_that_is_stopped_is_no_success_in_report_and_metrics(
    in_lab: Command, lab: Lab, arguments: list[str], number: signal.Signals, tmp_path: Path
) -> None:
    lab.root.freeze()
    file = tmp_path / "metrics.prom"
    file.write_text('dns_preflight_ready{domain="example.test"} 1.0\n')
    report = tmp_path / "report.json"
    report.write_text('{"outcome": "ready"}\n')
    process = in_lab.start(
        *(*arguments, f"--metrics={file}", f"--report={report}", *ENDLESS),
        CERTBOT_DOMAIN="example.test",
        CERTBOT_VALIDATION="x",
        XDG_RUNTIME_DIR=str(tmp_path),
    )
    until(lambda: asking(process, lab.root.address4))
    process.send_signal(number)
    assert process.wait(HANG) == (130 if number is signal.SIGINT else -number)
    lab.root.thaw()
    assert 'dns_preflight_ready{domain="example.test"} 0.0' in file.read_text()
    assert 'outcome="inconclusive"} 1.0' in file.read_text()
    assert json.loads(report.read_text())["outcome"] == "inconclusive"


_INTERRUPTED_IMPORT = """
import signal, sys
from importlib.abc import MetaPathFinder

class Interrupting(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            signal.raise_signal(signal.SIGINT)

from certbot_dns_preflight.cli.main import main
sys.meta_path.insert(0, Interrupting())
sys.exit(main(["explain"]))
"""


@pytest.mark.parametrize(
    "module", ["argparse", "certbot_dns_preflight.settings", "certbot_dns_preflight.cli.explain"]
)
def test_ctrl_c_is_one_line_from_the_first_moment_on(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_IMPORT, module],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "dns-preflight: interrupted\n"


def test_loading_the_command_is_light() -> None:
    code = (
        "import certbot_dns_preflight.cli.main, sys; "
        "print(*(m for m in sys.modules if m.startswith(('certbot_dns', 'dns', 'argparse'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {
        "certbot_dns_preflight",
        "certbot_dns_preflight.cli",
        "certbot_dns_preflight.cli.main",
    }


_LOADED_BY = """
import sys
from certbot_dns_preflight.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""
_HEAVY = {"acme", "certbot", "cryptography", "dns", "josepy", "asyncio"}


@pytest.mark.parametrize(
    ("arguments", "subcommands"),
    [
        (["--version"], set()),
        (["--help"], set()),
        (["explain"], {"explain"}),
        (["explain", "secondary-behind"], {"explain"}),
        (["explain", "secondary-behnd"], {"explain"}),
        (["completion", "bash"], {"completion"}),
        (["chekc"], set()),
    ],
)
def test_what_needs_no_dns_loads_none_and_no_other_subcommand(
    arguments: list[str], subcommands: set[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED_BY, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.splitlines()[-1].split())
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(_HEAVY)
    ours = "certbot_dns_preflight.cli."
    assert {name.removeprefix(ours) for name in loaded} & set(COMMANDS) == subcommands
    # What every run needs, and nothing that asks, judges or tells.
    assert {name.split(".")[1] for name in loaded if name.startswith("certbot_dns_preflight.")} == {
        *("cli", "codes", "errors", "escaping", "facts", "option_values", "settings"),
    }


def wait_until_full(descriptor: int) -> None:
    """Wait until a pipe, by its end to read from, takes no more."""
    other_end = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        until(lambda: not select.select([], [other_end], [], 0)[1], what="the pipe is full")
    finally:
        os.close(other_end)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("reads_on", [True, False])
def test_ctrl_c_ends_a_stream_that_nobody_reads(
    in_lab: Command, tmp_path: Path, unbuffered: str, *, reads_on: bool
) -> None:
    file = tmp_path / "names"
    file.write_text("".join(f"n{number}.example.test {VALUE}\n" for number in range(60)))
    process = in_lab.start("check", "--file", str(file), "--jsonl", PYTHONUNBUFFERED=unbuffered)
    assert process.stdout is not None
    wait_until_full(process.stdout.fileno())
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    if reads_on:
        lines = process.stdout.read().splitlines()
        assert lines
        assert all(json.loads(line)["outcome"] == "not-ready" for line in lines)
    assert process.wait(HANG) == 130
    if not reads_on:
        *lines, rest = process.stdout.read().split("\n")
        assert all(json.loads(line)["outcome"] == "not-ready" for line in lines)
        assert "\n" not in rest
    process.communicate()


@pytest.mark.parametrize(
    "arguments", [["check", "--wait", f"--expect={VALUE}"], ["trace"], ["hook"]]
)
def test_ctrl_c_ends_it_at_once_with_one_line(
    in_lab: Command, lab: Lab, arguments: list[str], tmp_path: Path
) -> None:
    lab.root.freeze()
    domain = [] if arguments == ["hook"] else ["example.test"]
    process = in_lab.start(
        *(*arguments, *domain, *ENDLESS),
        CERTBOT_DOMAIN="example.test",
        CERTBOT_VALIDATION="x",
        XDG_RUNTIME_DIR=str(tmp_path),
    )
    until(lambda: asking(process, lab.root.address4))
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=HANG)
    lab.root.thaw()
    assert (process.returncode, stdout) == (130, "")
    waits = [] if arguments == ["trace"] else ["dns-preflight: waiting until all name servers show"]
    assert [line.partition(" example.test,")[0] for line in stderr.splitlines()] == [
        *waits,
        "dns-preflight: interrupted",
    ]


# -- locales and colours -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "bücher.example.test", "--expect", VALUE],
        ["check", "bücher.example.test", "--json"],
        ["trace", "bücher.example.test"],
        ["check", "a☃.example.test"],
        ["check", "example.test", "--expect", "übel"],
    ],
)
def test_an_ascii_locale_gets_ascii(in_lab: Command, arguments: list[str]) -> None:
    ran = in_lab(*(argument.encode() for argument in arguments), **ASCII)
    assert ran.status in (0, 1, 2)
    assert ran.output.isascii()
    assert ran.output
    assert "Traceback" not in ran.output


def test_explanations_read_in_an_ascii_locale(command: Command) -> None:
    ran = command("explain", **ASCII)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.isascii()


def test_bytes_that_are_no_text_are_a_value_like_any_other(
    in_lab: Command, command: Command
) -> None:
    ran = in_lab(b"check", b"example.test", b"--expect", b"\xff\x1b[31m", b"--json")
    assert ran.status == 1
    assert json.loads(ran.stdout)["challenges"][0]["expected"] == ["\\255\\027[31m"]
    name = command(b"check", b"\xff\x1b[31m.test")
    assert name.status == 2
    assert len(name.stderr.splitlines()) == 1
    assert name.stderr.removesuffix("\n").isprintable()


def on_a_terminal(command: Command, *arguments: str, **variables: str) -> str:
    """Run it with standard output and error on a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command.line(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=command.environment({"TERM": "xterm", **variables}),
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    process.wait(HANG)
    os.close(ours)
    return seen.decode()


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_colour_is_for_terminals_that_want_it(in_lab: Command) -> None:
    arguments = ("check", "none.example.test", "--expect", VALUE)
    assert _COLOUR.search(on_a_terminal(in_lab, *arguments))
    # Which may still move the cursor, to show how far it is, except where the terminal cannot.
    assert not _COLOUR.search(on_a_terminal(in_lab, *arguments, NO_COLOR="1"))
    assert not _COLOUR.search(on_a_terminal(in_lab, *arguments, "--color=never"))
    assert "\x1b[" not in on_a_terminal(in_lab, *arguments, TERM="dumb")
    assert "\x1b[" not in in_lab(*arguments).stdout
    assert "\x1b[" in in_lab(*arguments, "--color=always").stdout


@pytest.mark.skipif(importlib.util.find_spec("rich") is None, reason="the extra is not installed")
def test_colour_that_is_not_wanted_is_not_in_the_view_of_a_wait_either(in_lab: Command) -> None:
    arguments = ("check", "none.example.test", "--expect", VALUE, "--wait", "--timeout=6")
    never = on_a_terminal(in_lab, *arguments, "--color=never")
    always = on_a_terminal(in_lab, *arguments, "--color=always", NO_COLOR="1")
    assert "Waiting" in never
    assert not _COLOUR.search(never)
    assert _COLOUR.search(always[always.index("Waiting") : always.index("Not ready")])


def test_a_long_list_shows_on_a_terminal_how_far_it_is(in_lab: Command, tmp_path: Path) -> None:
    file = tmp_path / "names"
    file.write_text("".join(f"n{number}.example.test {VALUE}\n" for number in range(8)))
    seen = on_a_terminal(in_lab, "check", "--file", str(file))
    assert "0 of 8 names" in seen
    assert seen.index("\r\x1b[K") < seen.index("Not ready")
    assert "of 8 names\x1b" not in in_lab("check", "--file", file).output
    quiet = on_a_terminal(in_lab, "check", "--file", str(file), "--quiet")
    assert quiet == ""


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["bücher.example.test", "*.BÜCHER.Example.TEST.", "xn--bcher-kva.example.test"]
)
def test_a_name_is_one_name_however_it_is_written(
    in_lab: Command, publish: Callable[..., None], written: str
) -> None:
    publish("xn--bcher-kva.example.test", VALUE)
    ran = in_lab("check", written, "--expect", VALUE, "--json")
    assert ran.status == 0
    assert json.loads(ran.stdout)["challenges"][0]["domain"] == "xn--bcher-kva.example.test"


def test_u_labels_stand_beside_the_a_labels(in_lab: Command) -> None:
    for arguments in (("check",), ("trace",)):
        ran = in_lab(*arguments, "xn--bcher-kva.example.test", PYTHONIOENCODING="utf-8")
        assert "xn--bcher-kva.example.test is bücher.example.test." in ran.stdout
