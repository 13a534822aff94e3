"""The lab itself: that it is what the other tests take it for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dns.flags
import pytest

from tests.lab import namespace
from tests.observe import HANG, until

if TYPE_CHECKING:
    from tests.conftest import Certbot
    from tests.lab import Lab, NameServer

OWNER = "_acme-challenge.example.test."


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("tcp", [False, True])
def test_every_server_has_authority_for_the_zone_on_both_families(
    each_server: NameServer, *, family: int, tcp: bool
) -> None:
    answer = each_server.query("example.test.", "SOA", family=family, tcp=tcp)
    assert answer.flags & dns.flags.AA
    assert len(answer.answer) == 1


def test_an_update_reaches_all_secondaries(lab: Lab) -> None:
    lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT one"])
    lab.wait_synchronous()
    seen = [server.texts(OWNER) for server in lab.nameservers]
    lab.update(lab.primary, "example.test.", delete=[OWNER])
    assert seen == [{"one"}] * 4


@pytest.mark.parametrize("kind", ["nsd", "knot", "pdns"])
def test_a_paused_secondary_lags_until_it_is_refreshed(lab: Lab, kind: str) -> None:
    (paused,) = (server for server in lab.secondaries if server.kind == kind)
    others = [server for server in lab.secondaries if server is not paused]
    lab.pause_transfers(paused)
    lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT paused"])
    serial = lab.primary.serial("example.test.")
    assert serial is not None
    for server in others:
        server.wait_serial("example.test.", serial)
    assert paused.texts(OWNER) == set()
    lab.refresh(paused)
    assert paused.texts(OWNER) == {"paused"}
    lab.update(lab.primary, "example.test.", delete=[OWNER])


@pytest.mark.parametrize("kind", ["bind", "nsd", "knot", "pdns"])
def test_a_server_of_a_tests_own_is_found_from_the_root(lab: Lab, kind: str) -> None:
    server = lab.daemon(kind)
    lab.zone(f"own-{kind}.test.", [server], records='txt TXT "here"\n')
    answer = lab.unbound.query(f"txt.own-{kind}.test.")
    assert [str(rrset[0]) for rrset in answer.answer] == ['"here"']


def test_a_zone_can_differ_from_server_to_server(lab: Lab, each_server: NameServer) -> None:
    origin = "differs.test."
    texts = dict.fromkeys(lab.nameservers)
    texts[each_server] = f"$ORIGIN {origin}\n@ 60 SOA ns. h. 7 1 1 1 1\n@ 60 NS ns9.dns.test.\n"
    made = lab.zone(origin, texts, records="")
    assert {server.serial(origin) for server in lab.nameservers} == {1, 7}
    assert each_server.serial(origin) == 7
    made.remove()
    assert each_server.serial(origin) is None


@pytest.mark.parametrize("way", ["dns-rfc2136", "manual"])
def test_a_certificate_issues(lab: Lab, certbot: Certbot, way: str) -> None:
    options = {
        "dns-rfc2136": [
            f"--dns-rfc2136-credentials={lab.credentials}",
            "--dns-rfc2136-propagation-seconds=0",
        ],
        "manual": [
            "--preferred-challenges=dns",
            f"--manual-auth-hook={lab.auth_hook}",
            f"--manual-cleanup-hook={lab.cleanup_hook}",
        ],
    }[way]
    since = len(lab.ca.log)
    # Nobody waits here: a zone without secondaries.
    lab.zone("alone.test.", [lab.bind], dynamic=True)
    ran = certbot("certonly", f"--authenticator={way}", *options, "-d", "alone.test,*.alone.test")
    assert ran.status == 0, ran.output + lab.ca.log[since:]
    assert certbot.certificate("alone.test").exists()
    assert lab.ca.challenges_answered(since) == 2
    assert lab.ca.certificates_issued(since) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("in_namespace")
def test_a_lab_that_is_killed_leaves_nothing_behind(number: signal.Signals) -> None:
    # A namespace of its own: the lab of this session has the same addresses.
    command = [sys.executable, "-m", "tests.lab", "up", "--", "sh", "-c", "echo $LAB; sleep 3600"]
    environment = {**os.environ, namespace.MARK: ""}
    lab = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert lab.stdout is not None
    directory = lab.stdout.readline().strip()
    assert processes_naming(directory)
    lab.send_signal(number)
    lab.wait(timeout=HANG)
    lab.stdout.close()
    until(lambda: not processes_naming(directory), what="no process is left")
    until(lambda: not Path(directory).exists(), what="no file is left")


def processes_naming(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if word in line:
                found.append(line)
    return found
