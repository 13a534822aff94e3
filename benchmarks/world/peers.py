"""Other programs that look at a name, in the same world: lego, dnsviz and Zonemaster.

Each has another purpose, so this is no race: lego asks whether it may tell the CA, and the other
two whether a zone is in order. What is not installed is left out, and said so.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.world import clients
from tests.lab.acme import Pebble
from tests.lab.processes import program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.world.servers import World

_DNSVIZ_HINTS = "/usr/share/dnsviz/hints/named.root"
_ACME = "127.54.0.81"


@dataclass(frozen=True, slots=True)
class Peer:
    """What a program cost for one name; `missing` where it is not there or failed."""

    name: str
    asked: int = 0
    registries: int = 0
    resolver: int = 0
    behind_resolver: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    missing: str = ""

    def as_json(self) -> dict[str, object]:
        """Give plain values."""
        return {name: getattr(self, name) for name in self.__slots__}

    def as_row(self) -> list[str]:
        """Give the cells of a row of Markdown."""
        if self.missing:
            return [self.name, self.missing, *[""] * 5]
        numbers = (self.asked, self.registries, self.resolver, self.behind_resolver)
        return [self.name, *map(str, numbers), f"{self.cpu:.2f}", f"{self.wall:.1f}"]


HEAD = (
    "one name",
    "questions to authoritative servers",
    "of them to root and TLDs",
    "to the resolver",
    "which asked",
    "CPU, s",
    "wall clock, s",
)


def look_with_peers(world: World, ours: Mapping[str, list[str]]) -> list[Peer]:
    """Have each look at one name; `ours` are commands of this project's that look at the same."""
    customer = world.customers[2]
    commands = {
        **ours,
        "dnsviz probe": [
            *("unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2"; shift 2; exec "$@"', "sh"),
            *(str(world.root_hints), _DNSVIZ_HINTS),
            *("dnsviz", "probe", "-d", "1", "-A", "-a", ".", "-R", "TXT", "-o", os.devnull),
            customer.owner.rstrip("."),
        ],
        "zonemaster-cli": [
            *("zonemaster-cli", "--no-progress", "--hints", str(world.root_hints)),
            customer.domain,
        ],
    }
    looked = [_look(world, name, command) for name, command in commands.items()]
    return [*looked, _lego(world, customer.domain)]


def _look(
    world: World, name: str, command: list[str], environment: Mapping[str, str] | None = None
) -> Peer:
    wanted = name.partition(" ")[0]
    if shutil.which(wanted) is None and command[0] in ("unshare", wanted):
        return Peer(name, missing="not installed")
    time.sleep(0.3)
    world.set()
    ran = clients.run(command, environment=environment)
    if ran.status:
        print(f"{name} failed:\n{ran.errors}", file=sys.stderr)
        return Peer(name, missing=f"ended with status {ran.status}")
    return _peer(name, world.counts(), ran)


def _peer(name: str, counts: Mapping[str, Any], ran: clients.Ran) -> Peer:
    asked = {group: sum(kinds.values()) for group, kinds in counts["asked"].items()}
    behind = sum(sum(kinds.values()) for kinds in counts["resolver_asked"].values())
    resolver = asked.pop("resolver", 0)
    return Peer(
        name,
        asked=sum(asked.values()),
        registries=asked.get("root", 0) + asked.get("registry", 0),
        resolver=resolver,
        behind_resolver=behind,
        cpu=ran.cpu,
        wall=ran.wall,
    )


def _lego(world: World, domain: str) -> Peer:
    """Have lego order a certificate; the CA validates nothing, so all questions are its own."""
    name = "lego run, with an order"
    if shutil.which("lego") is None or shutil.which("pebble") is None:
        return Peer(name, missing="not installed")
    here = world.path / "lego"
    here.mkdir()
    hook = _hook(world, here)
    pebble = Pebble(
        _ACME,
        directory=here,
        resolver="127.0.0.1",
        environment={"PEBBLE_VA_ALWAYS_VALID": "1"},
    )
    pebble.start()
    try:
        pebble.wait_ready()
        command = [
            *("lego", f"--path={here}", f"--server={pebble.directory_url}", "--accept-tos"),
            *("--email=nobody@example.test", "--dns=exec", f"--domains={domain}", "run"),
        ]
        variables = {"EXEC_PATH": str(hook), "LEGO_CA_CERTIFICATES": str(pebble.ca_file)}
        return _look(world, name, command, {**os.environ, **variables})
    finally:
        pebble.kill()


def _hook(world: World, here: Path) -> Path:
    """Write what puts a record into a customer's zone: ACTION OWNER VALUE."""
    hook = here / "hook"
    zones = world.path / "providers"
    hook.write_text(f"""\
#!/bin/sh
set -eu
[ "$1" = present ] || exit 0
zone=${{2#_acme-challenge.}}
echo "$2 300 TXT \\"$3\\"" >>"{zones}/${{zone}}zone"
{program("nsd-control")} -c {zones}/nsd.conf reload "$zone" >/dev/null
""")
    hook.chmod(0o755)
    return hook


def as_text(peers: list[Peer]) -> str:
    """Write them as Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *(peer.as_row() for peer in peers)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
