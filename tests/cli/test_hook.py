"""`dns-preflight hook`: real calls, certbot, lego, the recipes of docs/how-to/other-clients.md."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.cli.hook import processes
from certbot_dns_preflight.cli.hook.order import HookCall, Order
from tests.conftest import beside_python
from tests.lab import misbehaving, zone_text
from tests.observe import HANG, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Command
    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

pytestmark = pytest.mark.thorough

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
OTHER = "-Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJgfj9"
DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "other-clients.md"

# As a client runs a hook: a process of its own, and a shell in between.
_CLIENT = """
import json, os, subprocess, sys
for call in json.load(sys.stdin):
    done = subprocess.run(call["command"], shell=True, env={**os.environ, **call["environment"]})
    print(done.returncode, file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the state of orders in a directory of the test's own."""
    directory = tmp_path / "state"
    directory.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    return directory


@pytest.fixture
def tools(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put what the recipes call into PATH: add-txt, remove-txt, and the command for the lab."""
    directory = tmp_path / "bin"
    directory.mkdir()
    scripts = {
        "dns-preflight": f'exec {beside_python("dns-preflight")} "$@" '
        f"--root-hints={lab.root_hints} --query-timeout=2 --timeout=${{TIMEOUT:-60}}",
        "add-txt": _nsupdate(lab, 'add $1 60 TXT "$2"'),
        "remove-txt": _nsupdate(lab, 'delete $1 TXT "$2"'),
        "add-hook": 'echo "adding for $CERTBOT_DOMAIN"\necho "to stderr" >&2\n'
        'exec add-txt "_acme-challenge.$CERTBOT_DOMAIN." "$CERTBOT_VALIDATION"',
        "remove-hook": 'exec remove-txt "_acme-challenge.$CERTBOT_DOMAIN." "$CERTBOT_VALIDATION"',
    }
    for name, text in scripts.items():
        _script(directory / name, f"#!/bin/sh\nset -eu\n{text}\n")
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    yield directory
    for name in ("", "*.", "a.", "b."):
        lab.update(lab.primary, "example.test.", delete=[f"_acme-challenge.{name}example.test."])


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _nsupdate(lab: Lab, line: str) -> str:
    return (
        f"nsupdate -k {lab.key_file} <<END\nserver {lab.primary.address4}\nupdate {line}\nsend\nEND"
    )


def recipe(heading: str) -> str:
    """Take the first script below a heading of the documentation."""
    section = DOCS.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return section.split("```sh\n", 1)[1].split("```", 1)[0]


def environment(domain: str, value: str, remaining: int, *names: str) -> dict[str, str]:
    return {
        "CERTBOT_DOMAIN": domain,
        "CERTBOT_VALIDATION": value,
        "CERTBOT_REMAINING_CHALLENGES": str(remaining),
        "CERTBOT_ALL_DOMAINS": ",".join(names),
    }


def client(*calls: tuple[str, dict[str, str]], **variables: str) -> subprocess.Popen[str]:
    """Start a client that makes these calls one after the other."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CLIENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    assert process.stdin is not None
    json.dump([{"command": c, "environment": e} for c, e in calls], process.stdin)
    process.stdin.close()
    process.stdin = None
    return process


def besides(stderr: str) -> list[str]:
    """Give the lines of standard error that don't tell of a wait."""
    wait = re.compile(r"dns-preflight: (waiting until .*|(not )?ready after .*|\d+ s of .*)")
    return [line for line in stderr.splitlines() if not wait.fullmatch(line)]


def left(state: Path) -> list[str]:
    return [path.name for path in state.glob("dns-preflight/*")]


# -- one call after the other --------------------------------------------------------------------


def test_the_hooks_output_is_passed_on_and_its_record_waited_for(
    tools: Path, lab: Lab, state: Path
) -> None:
    process = client(
        ("dns-preflight hook --exec add-hook", environment("a.example.test", VALUE, 0, "a"))
    )
    stdout, stderr = process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert stdout == "adding for a.example.test\n"
    assert re.fullmatch(
        r"to stderr\n"
        r"dns-preflight: waiting until all name servers show a\.example\.test, \d+ s at most\n"
        r"dns-preflight: ready after \S+ s\n"
        r"0\n",
        stderr,
    )
    assert left(state) == []
    assert all(
        VALUE in str(s.query("_acme-challenge.a.example.test.", "TXT")) for s in lab.nameservers
    )


def test_only_the_last_challenge_waits_and_for_all_of_them(
    tools: Path, lab: Lab, state: Path
) -> None:
    names = ("a.example.test", "b.example.test")
    process = client(
        ("true; dns-preflight hook", environment(names[0], VALUE, 1, *names)),
        ("true; dns-preflight hook -q --exec add-hook", environment(names[1], OTHER, 0, *names)),
    )
    assert process.stderr is not None
    assert process.stdout is not None
    assert process.stderr.readline() == "0\n"
    assert len(left(state)) == 1
    assert process.stdout.readline() == f"adding for {names[1]}\n"
    for server in lab.nameservers:
        until(lambda at=server: OTHER in at.texts(f"_acme-challenge.{names[1]}."))  # type: ignore[misc]
    assert process.poll() is None  # waits for the first one's record, which is not there yet
    lab.update(lab.primary, "example.test.", add=[f'_acme-challenge.{names[0]}. TXT "{VALUE}"'])
    _, stderr = process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert stderr == "to stderr\n0\n"
    assert left(state) == []


def test_what_is_not_ready_in_time_fails_with_the_report(tools: Path, state: Path) -> None:
    names = ("a.example.test", "b.example.test")
    process = client(
        ("dns-preflight hook", environment(names[0], VALUE, 1, *names)),
        ("dns-preflight hook --exec add-hook", environment(names[1], OTHER, 0, *names)),
        TIMEOUT="6",
    )
    stdout, stderr = process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert stdout == "adding for b.example.test\n"
    assert "Not ready: " in stderr
    assert "_acme-challenge.a.example.test." in stderr
    assert stderr.endswith("\n1\n")
    assert left(state) == []


@pytest.mark.parametrize("behind_resolver", [False, True])
def test_what_answers_in_the_servers_stead_ends_the_wait_at_once(
    command: Command,
    lab: Lab,
    tmp_path: Path,
    behind_resolver: bool,  # noqa: FBT001 - a column
) -> None:
    hints = tmp_path / "hints"
    addresses = [lab.addresses()[0] for _ in range(3)]
    hints.write_text(
        "".join(f". 60 NS r{n}.\nr{n}. 60 A {address}\n" for n, address in enumerate(addresses))
    )
    resolver = lab.addresses()[0]
    text = zone_text("shop.test.", ["ns.shop.test."], f"ns.shop.test. A {addresses[0]}")
    options = [f"--root-hints={hints}", "--query-timeout=2", "--timeout=300"]
    if behind_resolver:
        options.append(f"--resolver={resolver}")
    with (
        misbehaving.Intercepting(addresses, {}) as interceptor,
        misbehaving.RecursiveLooking([resolver], {"shop.test.": text}),
    ):
        ran = command("hook", *options, **environment("shop.test", VALUE, 0, "shop.test"))
    assert ran.status == 3, ran.stderr
    assert "something on this network answers DNS queries" in ran.stderr
    assert len(interceptor.asked) <= 12


def test_a_hook_that_fails_makes_the_call_and_the_order_fail_without_a_wait(tools: Path) -> None:
    names = ("a.example.test", "b.example.test")
    process = client(
        ("dns-preflight hook --exec 'exit 7'", environment(names[0], VALUE, 1, *names)),
        ("dns-preflight hook --exec true", environment(names[1], OTHER, 0, *names)),
        TIMEOUT="3600",
    )
    _, stderr = process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert stderr.splitlines() == [
        "dns-preflight hook: --exec for a.example.test reported error code 7",
        "1",
        "dns-preflight hook: not waited for: --exec failed for a.example.test",
        "1",
    ]


def test_a_challenge_that_never_came_is_no_success(tools: Path) -> None:
    names = ("a.example.test", "b.example.test")
    process = client(
        ("dns-preflight hook --exec add-hook", environment(names[1], OTHER, 0, *names))
    )
    _, stderr = process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert besides(stderr)[1:] == [
        (
            "dns-preflight hook: 1 challenge of this order never came here, and may not be ready "
            "(a.example.test); every call of an order must be to this command, by the same client "
            "as the same user"
        ),
        "3",
    ]


def meeting(directory: Path, own: str, other: str) -> tuple[str, dict[str, str]]:
    """Make a call that waits until the other client has come so far too."""
    wait = f"until [ -e '{directory / other}' ]; do sleep 0.05; done"
    return f"touch '{directory / own}'; {wait}", {}


def test_two_orders_at_once_do_not_mix(tools: Path, lab: Lab, state: Path, tmp_path: Path) -> None:
    names = ("a.example.test", "b.example.test")
    lab.update(
        lab.primary,
        "example.test.",
        add=[f'_acme-challenge.{name}. TXT "{VALUE}"' for name in names],
    )
    lab.wait_synchronous()
    wait = "dns-preflight hook"
    good = client(
        (wait, environment(names[0], VALUE, 1, *names)),
        meeting(tmp_path, "good", "bad"),
        (wait, environment(names[1], VALUE, 0, *names)),
    )
    bad = client(
        (wait, environment(names[0], OTHER, 1, *names)),
        meeting(tmp_path, "bad", "good"),
        (wait, environment(names[1], OTHER, 0, *names)),
        TIMEOUT="6",
    )
    assert besides(good.communicate(timeout=HANG)[1]) == ["0", "0", "0"]
    assert "wrong-value" in bad.communicate(timeout=HANG)[1]
    assert tools.is_dir()
    assert left(state) == []


# A wrapper that is no shell, and a new process with every call.
_WRAPPER = """
import subprocess, sys
sys.exit(subprocess.call(["dns-preflight", "hook"]))
"""


def test_a_wrapper_around_each_call_is_not_the_client(
    tools: Path, lab: Lab, state: Path, tmp_path: Path
) -> None:
    names = ("a.example.test", "b.example.test")
    lab.update(
        lab.primary,
        "example.test.",
        add=[f'_acme-challenge.{name}. TXT "{VALUE}"' for name in names],
    )
    lab.wait_synchronous()
    wrapper = _script(tmp_path / "wrapper", f"#!{sys.executable}\n{_WRAPPER}")
    clients = [
        client(
            (f"true; {wrapper}; exit $?", environment(names[0], value, 1, *names)),
            meeting(tmp_path, value, OTHER if value == VALUE else VALUE),
            (f"true; {wrapper}; exit $?", environment(names[1], value, 0, *names)),
            TIMEOUT="6",
        )
        for value in (VALUE, OTHER)
    ]
    good, bad = (process.communicate(timeout=HANG)[1] for process in clients)
    assert besides(good) == ["0", "0", "0"]
    assert "wrong-value" in bad
    assert tools.is_dir()
    assert left(state) == []


def test_who_continues_is_warned_and_does_not_fail(tools: Path) -> None:
    values = environment("a.example.test", VALUE, 0, "a.example.test")
    process = client(("dns-preflight hook --on-failure continue", values), TIMEOUT="2")
    _, stderr = process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert "Not ready: " in stderr
    assert stderr.splitlines()[-2:] == [
        "dns-preflight hook: warning: continuing anyway (--on-failure continue)",
        "0",
    ]


def test_an_exec_that_fails_is_no_success_in_report_and_metrics(
    command: Command, tmp_path: Path, state: Path
) -> None:
    file = tmp_path / "metrics.prom"
    names = ("a.example.test", "b.example.test")
    report = tmp_path / "report.json"
    report.write_text('{"outcome": "ready"}\n')
    run = ("hook", "--exec=false", "--metrics", file, "--report", report)
    assert command(*run, **environment(names[0], VALUE, 1, *names)).status == 1
    assert 'dns_preflight_ready{domain="a.example.test"} 0.0' in file.read_text()
    assert command(*run, **environment(names[1], VALUE, 0, *names)).status == 1
    assert 'dns_preflight_ready{domain="b.example.test"} 0.0' in file.read_text()
    told = json.loads(report.read_text())
    assert told["outcome"] == "inconclusive"
    assert [one["domain"] for one in told["challenges"]] == list(names)
    assert left(state) == []


def test_an_http_01_challenge_of_the_order_has_nothing_to_wait_for(tools: Path) -> None:
    names = ("a.example.test", "b.example.test")
    process = client(
        ("dns-preflight hook --exec add-hook", environment(names[0], VALUE, 1, *names)),
        (
            "dns-preflight hook --exec true",
            {**environment(names[1], "token.thumbprint", 0, *names), "CERTBOT_TOKEN": "token"},
        ),
    )
    assert tools.is_dir()
    assert besides(process.communicate(timeout=HANG)[1]) == ["to stderr", "0", "0"]


def test_challenge_data_reaches_no_shell(tools: Path, tmp_path: Path) -> None:
    bad = f"$(touch {tmp_path}/pwned);`touch {tmp_path}/pwned`"
    process = client(
        ('dns-preflight hook --exec "cat >/dev/null"', environment("a.example.test", bad, 0, bad)),
        ("dns-preflight hook --exec true", environment(bad, VALUE, 0, bad)),
        TIMEOUT="1",
    )
    process.communicate(timeout=HANG)
    assert tools.is_dir()
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "CERTBOT_DOMAIN and CERTBOT_VALIDATION are not set"),
        ({"CERTBOT_DOMAIN": "a.test"}, "CERTBOT_DOMAIN and CERTBOT_VALIDATION are not set"),
        ({"CERTBOT_DOMAIN": "a..b", "CERTBOT_VALIDATION": "x"}, "'a..b' is not a domain name"),
        (
            {
                "CERTBOT_DOMAIN": "a.test",
                "CERTBOT_VALIDATION": "x",
                "CERTBOT_REMAINING_CHALLENGES": "-1",
            },
            "CERTBOT_REMAINING_CHALLENGES is '-1'",
        ),
        (
            {
                "CERTBOT_DOMAIN": "a.test",
                "CERTBOT_VALIDATION": "x",
                "CERTBOT_REMAINING_CHALLENGES": "9" * 5000,
            },
            "CERTBOT_REMAINING_CHALLENGES is '999999999...', and no number of challenges",
        ),
    ],
)
def test_without_a_clients_environment_it_is_misuse(
    command: Command, variables: dict[str, str], said: str, tmp_path: Path
) -> None:
    ran = command("hook", "--exec", f"touch {tmp_path}/ran", **variables)
    assert (ran.status, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "ran").exists()


# -- signals -------------------------------------------------------------------------------------

_STUBBORN = """
trap '' TERM
echo $$ >{pids}
(trap '' TERM; exec sleep 600) &
echo $! >>{pids}
echo ready
wait
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("stubborn", [True, False])
def test_a_signal_ends_the_users_command_and_its_children(
    command: Command, number: signal.Signals, tmp_path: Path, *, stubborn: bool
) -> None:
    pids, hook = tmp_path / "pids", tmp_path / "hook"
    script = _STUBBORN.format(pids=pids)
    hook.write_text(script if stubborn else script.replace("trap '' TERM", ":"))
    process = command.start(
        *("hook", "--exec", f"sh {hook}"), CERTBOT_DOMAIN="a.test", CERTBOT_VALIDATION="x"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.wait(HANG) == (130 if number is signal.SIGINT else -number)
    for pid in map(int, pids.read_text().split()):
        until(lambda pid=pid: not is_alive(pid), what=f"{pid} has ended")
    process.communicate()


# As on a busy machine: the signal comes after the command has begun, and before we know of it.
_SIGNALLED_EARLY = """
import signal, subprocess, sys
from certbot_dns_preflight.cli import signals
from certbot_dns_preflight.cli.hook import user_command

class Popen(subprocess.Popen):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        started.append(self)
        signal.raise_signal(int(sys.argv[1]))

started, subprocess.Popen = [], Popen
try:
    with signals.raised():
        user_command.run("exec sleep 600")
except KeyboardInterrupt:
    print("ended by", started[0].returncode)
finally:
    started[0].kill()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_the_users_command_is_started_ends_it_too(number: signal.Signals) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _SIGNALLED_EARLY, str(int(number))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        timeout=HANG,
    )
    assert (ran.stdout, ran.stderr) == (f"ended by {-signal.SIGTERM}\n", "")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # nobody has taken note of its end yet


def test_a_command_may_leave_something_running(command: Command, tmp_path: Path) -> None:
    """A hook that ends well leaves its daemon alone, as with certbot."""
    pids = tmp_path / "pids"
    ran = command(
        *("hook", "--exec", f"sleep 600 >/dev/null 2>&1 & echo $! >{pids}"),
        CERTBOT_DOMAIN="a.test",
        CERTBOT_VALIDATION="x",
        CERTBOT_REMAINING_CHALLENGES="1",
        CERTBOT_ALL_DOMAINS="a.test,b.test",
    )
    pid = int(pids.read_text())
    assert (ran.status, is_alive(pid)) == (0, True)
    os.kill(pid, signal.SIGKILL)


# -- state ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "5",
        '{"domain": 5, "value": "x", "failed": false}',
        '{"domain": "a.test", "value": 5, "failed": false}',
        '{"domain": "a.test", "value": "x", "failed": "no"}',
        '{"domain": "a.test", "value": "\\ud800", "failed": false}',
        '{"domain": "a..b", "value": "x", "failed": false}',
        '{"domain": "a.test", "value": "x", "failed": false, "domain": null}',
        '{"value": "x"}',
        "[" * 100_000,
        "9" * 5000,
        "\xff",
        "nonsense",
    ],
)
def test_state_of_the_wrong_type_is_one_line(command: Command, state: Path, line: str) -> None:
    names = {"CERTBOT_ALL_DOMAINS": "a.test,b.test", "CERTBOT_VALIDATION": "x"}
    first = command("hook", CERTBOT_DOMAIN="a.test", CERTBOT_REMAINING_CHALLENGES="1", **names)
    assert (first.status, first.output) == (0, "")
    (file,) = (state / "dns-preflight").iterdir()
    head = file.read_bytes().splitlines(keepends=True)[0]
    file.write_bytes(head + line.encode("latin-1") + b"\n")
    last = command("hook", CERTBOT_DOMAIN="b.test", CERTBOT_REMAINING_CHALLENGES="0", **names)
    assert (last.status, last.stdout) == (2, "")
    assert last.stderr == (
        "dns-preflight: hook: what earlier calls of this order left cannot be read; begin the "
        "order anew\n"
    )


def test_state_is_for_this_user_alone(state: Path) -> None:
    Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    directory = state / "dns-preflight"
    (file,) = directory.iterdir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_order_that_begins_anew_forgets_what_was_left() -> None:
    Order("a,b", callers=["1"]).add(HookCall("a", "old"), first=True, last=False)
    Order("a,b", callers=["1"]).add(HookCall("a", "new"), first=True, last=False)
    calls = Order("a,b", callers=["1"]).add(HookCall("b", "y"), first=False, last=True)
    assert calls == [HookCall("a", "new"), HookCall("b", "y")]


def test_what_is_a_day_old_is_removed(state: Path) -> None:
    Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    (file,) = (state / "dns-preflight").iterdir()
    keep = state / "dns-preflight" / "something-else"
    keep.touch()
    for path in (file, keep):
        os.utime(path, (1, 1))
    Order("c", callers=["2"]).add(HookCall("c", "x"), first=True, last=True)
    assert left(state) == ["something-else"]


def test_a_clock_that_is_set_between_two_calls_loses_neither(state: Path) -> None:
    Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    (file,) = (state / "dns-preflight").iterdir()
    os.utime(file, (1, 1))  # as from before the clock was set, at boot
    calls = Order("a,b", callers=["1"]).add(HookCall("b", "y"), first=False, last=True)
    assert calls == [HookCall("a", "x"), HookCall("b", "y")]


@pytest.mark.parametrize("trap", ["open to all", "a link", "somebody else's"])
def test_a_directory_that_is_not_ours_alone_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make somebody else's directory")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("certbot_dns_preflight.cli.hook.state_dir._bases", lambda: iter(()))
    planted = tmp_path / f"dns-preflight-{os.geteuid()}-planted"
    if trap == "a link":
        (tmp_path / "target").mkdir(mode=0o700)
        planted.symlink_to(tmp_path / "target")
    else:
        planted.mkdir(mode=0o700)
        if trap == "open to all":
            planted.chmod(0o777)
        else:
            os.chown(planted, 65534, 65534)
    Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    calls = Order("a,b", callers=["1"]).add(HookCall("b", "y"), first=False, last=False)
    assert [one.domain for one in calls] == ["a", "b"]
    assert list(planted.iterdir()) == []
    own = [path for path in tmp_path.glob("dns-preflight-*") if path != planted]
    assert len(own) == 1
    assert stat.S_IMODE(own[0].stat().st_mode) == 0o700


def test_nothing_is_left_below_the_directory_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("certbot_dns_preflight.cli.hook.state_dir._bases", lambda: iter(()))
    Order("a", callers=["1"]).add(HookCall("a", "x"), first=True, last=True)
    assert list(tmp_path.glob("dns-preflight-*")) == []
    Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    assert len(list(tmp_path.glob("dns-preflight-*"))) == 1
    Order("a,b", callers=["1"]).add(HookCall("b", "x"), first=False, last=True)
    assert list(tmp_path.glob("dns-preflight-*")) == []


def test_an_ancestor_of_two_clients_is_the_client_of_neither() -> None:
    ours = processes.of_this_process()  # all of them are running
    first = Order("a,b", callers=["0 wrapper", *ours])
    first.add(HookCall("a", "x"), first=True, last=False)
    stranger = Order("a,b", callers=["0 another", *ours[1:]])
    assert stranger.add(HookCall("b", "y"), first=False, last=False) == [HookCall("b", "y")]
    own = Order("a,b", callers=["0 next wrapper", *ours])
    assert own.add(HookCall("b", "z"), first=False, last=True) == [
        HookCall("a", "x"),
        HookCall("b", "z"),
    ]


def test_a_planted_link_in_place_of_the_file_is_not_followed(state: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    (file,) = (state / "dns-preflight").iterdir()
    file.unlink()
    file.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        Order("a,b", callers=["1"]).add(HookCall("a", "x"), first=True, last=False)
    assert victim.read_text() == "precious"


# -- clients -------------------------------------------------------------------------------------


def test_certbots_manual_plugin_issues_with_it(tools: Path, certbot: Certbot, lab: Lab) -> None:
    ran = certbot(
        *("certonly", "--manual", "--preferred-challenges=dns"),
        "--manual-auth-hook=dns-preflight hook --exec add-hook",
        "--manual-cleanup-hook=remove-hook",
        *("-d", "example.test", "-d", "*.example.test"),
        PATH=os.environ["PATH"],
    )
    assert tools.is_dir()
    assert ran.status == 0, ran.output
    assert lab.bind.running


def test_lego_issues_with_its_recipe(tools: Path, tmp_path: Path, lab: Lab) -> None:
    script = _script(tmp_path / "lego-exec", recipe("lego"))
    ran = lego(lab, tmp_path, script, "-d", "example.test", "-d", "*.example.test")
    assert tools.is_dir()
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "lego" / "certificates" / "example.test.crt").exists()


@pytest.mark.slow
def test_lego_gives_up_before_the_ca_is_told(tools: Path, tmp_path: Path, lab: Lab) -> None:
    script = _script(tmp_path / "lego-exec", recipe("lego"))
    (tools / "add-txt").write_text("#!/bin/sh\n")
    before = len(lab.ca.log)
    ran = lego(lab, tmp_path, script, "-d", "example.test", TIMEOUT="6")
    assert ran.returncode != 0
    assert lab.ca.challenges_answered(before) == 0


def lego(
    lab: Lab, directory: Path, script: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *("lego", "--server", lab.ca.directory_url, "--path", str(directory / "lego")),
            *("--email", "nobody@example.test", "--accept-tos", "--dns", "exec"),
            *("--dns.disable-cp", *arguments, "run"),
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=HANG,
        env={
            **os.environ,
            "EXEC_PATH": str(script),
            "EXEC_SEQUENCE_INTERVAL": "1",
            "LEGO_DISABLE_CNAME_SUPPORT": "true",
            "LEGO_CA_CERTIFICATES": str(lab.ca.ca_file),
            **variables,
        },
    )


@pytest.mark.parametrize("chain", [True, False])
def test_dehydrateds_calls_wait(
    tools: Path, tmp_path: Path, lab: Lab, shell: Callable[..., Ran], *, chain: bool
) -> None:
    hook = _script(tmp_path / "hook", recipe("dehydrated"))
    challenges = [("a.example.test", "token", VALUE), ("b.example.test", "token", OTHER)]
    groups = [challenges] if chain else [[one] for one in challenges]
    assert shell(hook, "startup_hook").status == 0
    for group in groups:
        ran = shell(hook, "deploy_challenge", *(word for one in group for word in one))
        assert (ran.status, besides(ran.stderr)) == (0, [])
    for domain, _, value in challenges:
        for server in lab.nameservers:
            assert value in str(server.query(f"_acme-challenge.{domain}.", "TXT"))
    for group in groups:
        assert shell(hook, "clean_challenge", *(w for one in group for w in one)).status == 0
    assert shell(hook, "deploy_cert", "a.example.test", "key", "cert", "full", "chain").status == 0
    assert tools.is_dir()


def test_dehydrateds_hook_fails_where_the_record_does_not_come(
    tools: Path, tmp_path: Path, shell: Callable[..., Ran]
) -> None:
    hook = _script(tmp_path / "hook", recipe("dehydrated"))
    (tools / "add-txt").write_text("#!/bin/sh\n")
    ran = shell(hook, "deploy_challenge", "a.example.test", "token", VALUE, TIMEOUT="2")
    assert ran.status == 1


# What acme.sh offers to a DNS API's functions, as far as the recipe uses it.
_ACME_SH = """
_readaccountconf_mutable() { :; }
_saveaccountconf_mutable() { echo "saved $1=$2"; }
_err() { echo "$*" >&2; }
. "$RECIPE"
"""


def test_acme_shs_calls_wait(
    tools: Path, tmp_path: Path, lab: Lab, shell: Callable[..., Ran]
) -> None:
    (tmp_path / "dnsapi").mkdir()
    (tmp_path / "dnsapi" / "dns_mine.sh").write_text(
        'dns_mine_add() { add-txt "$1." "$2"; }\ndns_mine_rm() { remove-txt "$1." "$2"; }\n'
    )
    (tmp_path / "recipe.sh").write_text(recipe("acme.sh"))
    harness = _script(
        tmp_path / "harness", f'#!/bin/sh\n{_ACME_SH}\n"dns_preflight_$1" "$2" "$3"\n'
    )
    variables = {"RECIPE": str(tmp_path / "recipe.sh"), "LE_WORKING_DIR": str(tmp_path)}
    call = (harness, "add", "_acme-challenge.a.example.test", VALUE)
    unset = shell(*call, **variables)
    assert unset.status == 1
    assert "which DNS API" in unset.stderr
    ran = shell(*call, **variables, PREFLIGHT_DNS_API="dns_mine")
    assert ran.status == 0
    saved, report = ran.stdout.split("\n", 1)
    assert saved == "saved PREFLIGHT_DNS_API=dns_mine"
    assert re.match(r"Ready: a\.example\.test after .* \(4 name servers, 8 addresses\)\.\n", report)
    for server in lab.nameservers:
        assert VALUE in str(server.query("_acme-challenge.a.example.test.", "TXT"))
    gone = (harness, "rm", *call[2:])
    assert shell(*gone, **variables, PREFLIGHT_DNS_API="dns_mine").status == 0
    (tools / "add-txt").write_text("#!/bin/sh\n")
    late = shell(*call, **variables, PREFLIGHT_DNS_API="dns_mine", TIMEOUT="2")
    assert late.status == 1
