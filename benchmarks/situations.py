"""Twelve situations, three clients: what certbot alone, lego and dns-preflight make of each.

All in the lab, with real daemons and one ACME server, every run with a name of its own. The times
that providers and clients usually take are divided by `--scale`: certbot's own pause (60 s), the
longest that lego waits (60 s) and that we do (300 s), and how late the slow providers are. The rest
is as it is. A run's outcome is its exit status, and whether the CA was asked to validate.

    python -m benchmarks.situations [--scale 10] [--only WORD]

Pebble, the lab's CA, reads no CAA: what forbids a CA is told by us alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.lab import Lab
from tests.lab.servers import KEY_ALGORITHM, KEY_NAME, KEY_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ZONE = "example.test."
_PAUSE, _LEGO, _OURS = 60.0, 60.0, 300.0  # seconds, unscaled: what each waits by default
_LAG, _LONG_LAG = 20.0, 90.0
_LONGEST_RUN = 120.0
_CLIENTS: Final = ("certbot alone", "lego", "dns-preflight")

_PROVIDER = """\
#!/bin/sh
# Both clients' interface: certbot's environment, or lego's arguments.
set -eu
verb=${1:-present}
owner=${2:-_acme-challenge.${CERTBOT_DOMAIN:-}.}
value=${3:-${CERTBOT_VALIDATION:-}}
[ "$verb" = present ] || exit 0
write() { printf 'server %s\\nupdate add %s 60 TXT "%s"\\nsend\\n' "$PRIMARY" "$1" "$2" |
    nsupdate -k "$LAB_TSIG_KEY"; }
case $WRITES in
late) (sleep "$LATE"; write "$owner" "$value") >/dev/null 2>&1 & ;;
wrong) write "$owner" "the-value-of-the-last-renewal" ;;
doubled) write "${owner}example.test." "$value" ;;
failing) echo "the API key was not accepted" >&2; exit 1 ;;
nothing) ;;
esac
sleep "${FIXED_PAUSE:-0}"
"""


@dataclass(frozen=True, slots=True)
class Situation:
    """One row. `writes`: what a hook does; None where the records go by RFC 2136.

    `prepare` brings the lab into it, and gives what takes it back. `zone` is where the names lie.
    """

    title: str
    writes: str | None = None
    prepare: Callable[[Lab, float], Callable[[], object]] | None = None
    zone: str = "example.test"
    label: str | None = None  # a name that it has to be, in place of one a client
    caa_identity: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    status: int
    seconds: float
    asked: int
    codes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        outcome = "issued"
        if self.status:
            outcome = "the CA refuses" if self.asked else "stopped, CA not asked"
        codes = f" (`{'`, `'.join(self.codes)}`)" if self.codes else ""
        return f"{outcome}{codes}, {self.seconds:.1f} s"


def _nothing() -> None:
    pass


def _late_secondary(lab: Lab, scale: float) -> Callable[[], object]:
    """Let one secondary follow so many seconds after the primary has changed."""
    lab.wait_synchronous()
    lab.pause_transfers(lab.knot)
    before, ended = lab.primary.serial(_ZONE), threading.Event()

    def follow() -> None:
        while lab.primary.serial(_ZONE) == before and not ended.wait(0.1):
            pass
        ended.wait(_LAG / scale)
        lab.resume_transfers(lab.knot)

    thread = threading.Thread(target=follow)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


def _dead_secondary(lab: Lab, _scale: float) -> Callable[[], object]:
    lab.knot.freeze()
    return lab.knot.thaw


def _forbidding(lab: Lab, _scale: float) -> Callable[[], object]:
    lab.update(lab.primary, _ZONE, add=[f'caa.{_ZONE} CAA 0 issue "other-ca.example"'])
    lab.wait_synchronous()
    return _nothing


def _bogus(lab: Lab, _scale: float) -> Callable[[], object]:
    """Announce keys of a zone that has none."""
    lab.update(lab.tld, "test.", add=[f"target.test. DS 12345 13 2 {'0F' * 32}"])
    return lambda: lab.delegate("target.test.", lab.nameservers)


def _refused(lab: Lab, _scale: float) -> Callable[[], object]:
    lab.delegate("refused.test.", [lab.daemon("nsd")])
    return lambda: lab.undelegate("refused.test.")


SITUATIONS = (
    Situation("healthy"),
    Situation("slow provider: one secondary is 20 s late", prepare=_late_secondary),
    Situation("slower than certbot's pause: 90 s late everywhere", "late"),
    Situation("dead secondary", prepare=_dead_secondary),
    Situation("wrong value", "wrong"),
    Situation("record at the doubled zone", "doubled"),
    Situation("CAA forbids this CA", prepare=_forbidding, label="caa", caa_identity=True),
    Situation("challenge name is an alias", zone="alias.test", label="www"),
    Situation("hook exits with status 1", "failing"),
    Situation("domain is gone", "nothing", zone="gone-example.test"),
    Situation("all name servers refuse", "nothing", _refused, zone="refused.test"),
    # The last one: validators remember for a minute what was bogus.
    Situation("DNSSEC bogus", prepare=_bogus, zone="target.test"),
)


def main() -> int:
    """Run and print; the exit status says whether the healthy situation issued everywhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=10.0)
    parser.add_argument("--only", default="", metavar="WORD", help="in a situation's title")
    given = parser.parse_args()
    good = True
    print(f"| situation | {' | '.join(_CLIENTS)} |")
    print("|---|---|---|---|")
    with Lab(signed=True) as lab:
        bench = _Bench(lab, given.scale)
        bench.register()
        for situation in SITUATIONS:
            if given.only not in situation.title:
                continue
            runs = [bench.run(situation, client) for client in _CLIENTS]
            print(f"| {situation.title} | {' | '.join(run.words for run in runs)} |", flush=True)
            good = good and (situation.title != "healthy" or not any(r.status for r in runs))
    return 0 if good else 1


class _Bench:
    """The clients, each with directories of its own."""

    def __init__(self, lab: Lab, scale: float) -> None:
        self._lab = lab
        self._scale = scale
        self._path = lab.path / "situations"
        self._path.mkdir()
        self._report = self._path / "report.json"
        self._provider = self._path / "provider"
        self._provider.write_text(_PROVIDER)
        self._provider.chmod(0o755)
        self._number = 0

    def register(self) -> None:
        """Let every client have its account before anything is timed."""
        for client in _CLIENTS:
            ran = self.run(Situation("an account"), client)
            if ran.status:
                sys.exit(f"{client} cannot get a certificate at all")

    def run(self, situation: Situation, client: str) -> _Run:
        self._number += 1
        label = situation.label or f"n{self._number}"
        name = f"{label}.{situation.zone}"
        prepare = situation.prepare or (lambda _lab, _scale: _nothing)
        self._report.unlink(missing_ok=True)
        with _taken_back(self._lab, prepare(self._lab, self._scale)):
            since, begun = len(self._lab.ca.log), time.perf_counter()
            done = subprocess.run(
                self._command(situation, client, name),
                env=self._environment(situation, client),
                capture_output=True,
                text=True,
                check=False,
                timeout=_LONGEST_RUN,
            )
            seconds = time.perf_counter() - begun
        asked = self._lab.ca.challenges_answered(since)
        (self._path / f"{client}-{name}.log").write_text(done.stdout + done.stderr)
        return _Run(done.returncode, seconds, asked, self._codes() if done.returncode else ())

    def _codes(self) -> tuple[str, ...]:
        if not self._report.exists():
            return ()
        told = json.loads(self._report.read_text())["challenges"]
        every = (f for c in told for f in c["findings"] if f["severity"] == "error")
        return tuple(dict.fromkeys(finding["code"] for finding in every))

    def _environment(self, situation: Situation, client: str) -> dict[str, str]:
        longest = f"{_LEGO / self._scale:.0f}"
        return {
            **os.environ,
            **self._lab.environment,
            "LEGO_CA_CERTIFICATES": self._lab.environment["REQUESTS_CA_BUNDLE"],
            "PRIMARY": self._lab.primary.address4,
            "WRITES": situation.writes or "",
            "LATE": f"{_LONG_LAG / self._scale:g}",
            "FIXED_PAUSE": f"{_PAUSE / self._scale:g}" if client == _CLIENTS[0] else "0",
            "EXEC_PATH": str(self._provider),
            "EXEC_PROPAGATION_TIMEOUT": longest,
            "EXEC_POLLING_INTERVAL": "1",
            "RFC2136_NAMESERVER": f"{self._lab.primary.address4}:53",
            "RFC2136_TSIG_ALGORITHM": f"{KEY_ALGORITHM}.",
            "RFC2136_TSIG_KEY": KEY_NAME,
            "RFC2136_TSIG_SECRET": KEY_SECRET,
            "RFC2136_PROPAGATION_TIMEOUT": longest,
            "RFC2136_POLLING_INTERVAL": "1",
        }

    def _command(self, situation: Situation, client: str, name: str) -> list[str]:
        if client == "lego":
            return [
                "lego",
                f"--path={self._path / 'lego'}",
                f"--server={self._lab.ca.directory_url}",
                "--accept-tos",
                "--email=nobody@example.test",
                f"--dns={'exec' if situation.writes else 'rfc2136'}",
                f"--dns.resolvers={self._lab.unbound.address4}:53",
                f"--domains={name}",
                "run",
            ]
        certbot = shutil.which("certbot", path=str(Path(sys.executable).parent)) or "certbot"
        base = self._path / client.replace(" ", "-")
        maker = "manual" if situation.writes else "dns-rfc2136"
        return [
            certbot,
            "certonly",
            *(f"--{kind}-dir={base / kind}" for kind in ("config", "work", "logs")),
            f"--server={self._lab.ca.directory_url}",
            "--non-interactive",
            "--agree-tos",
            "--register-unsafely-without-email",
            f"--domains={name}",
            *(
                [f"--manual-auth-hook={self._provider}"]
                if situation.writes
                else [f"--dns-rfc2136-credentials={self._lab.credentials}"]
            ),
            *(self._alone(maker) if client == _CLIENTS[0] else self._ours(situation, maker)),
        ]

    def _alone(self, maker: str) -> list[str]:
        if maker == "manual":  # the pause is the hook's
            return ["--manual", "--preferred-challenges=dns"]
        seconds = f"{_PAUSE / self._scale:.0f}"
        return [f"--authenticator={maker}", f"--{maker}-propagation-seconds={seconds}"]

    def _ours(self, situation: Situation, maker: str) -> list[str]:
        identity = ["--dns-preflight-caa-identity=letsencrypt.org"]
        return [
            "--authenticator=dns-preflight",
            f"--dns-preflight-authenticator={maker}",
            f"--dns-preflight-root-hints={self._lab.root_hints}",
            f"--dns-preflight-trust-anchor={self._lab.trust_anchor}",
            f"--dns-preflight-timeout={_OURS / self._scale:g}",
            f"--dns-preflight-report={self._report}",
            *(identity if situation.caa_identity else []),
        ]


@contextlib.contextmanager
def _taken_back(lab: Lab, take_back: Callable[[], object]) -> Iterator[None]:
    """Leave the lab as it was before a situation."""
    try:
        yield
    finally:
        take_back()
        lab.wait_synchronous()


if __name__ == "__main__":
    sys.exit(main())
