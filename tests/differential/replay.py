"""`python -m tests.differential.replay DIR`: worlds that others wrote down, from their folder.

Zone lists (`Corefile`, `*.cfg`: see `corefile`) are served, and every zone in them below a TLD is
judged by Unbound, by BIND and by this project, apart from the value. Replay files (`*.rpl`: see
`testbound`) are played, and what this project makes of the signatures is held against what the
file expects. Nothing of the folder is written to, and nothing is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dns.name

from tests.differential import comparing, corefile, judges, testbound
from tests.differential.serving import Process
from tests.lab import namespace
from tests.lab.processes import Directory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.differential.corefile import Block

_AT_ONCE = 10
_LISTS = ("Corefile", "*.cfg")


@dataclass(frozen=True, slots=True)
class Scene:
    """The zones that one root leads to."""

    title: str
    roots: tuple[str, ...]
    domains: tuple[str, ...]


def main(arguments: list[str] | None = None) -> int:
    """Replay, and tell."""
    parser = argparse.ArgumentParser(prog="script/replay")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--trust-anchor", type=Path, metavar="FILE", help="the zone lists' DS of .")
    given = parser.parse_args(arguments)
    directory: Path = given.directory.absolute()
    anchor = given.trust_anchor and given.trust_anchor.absolute()
    namespace.enter(anew=True)
    for family in ("-4", "-6"):  # every address is here; nothing leaves this namespace
        command = ["ip", family, "route", "add", "local", "default", "dev", "lo"]
        subprocess.run(command, check=True)
    logging.disable(logging.CRITICAL)
    ended: Counter[str] = Counter()
    for path in _lists(directory):
        asyncio.run(_judge_list(path, directory, anchor, ended))
    replays = sorted(directory.rglob("*.rpl"))
    if replays:
        asyncio.run(_play(replays, directory, ended))
    _say("")
    for word, count in sorted(ended.items()):
        _say(f"{count:6} {word}")
    if not ended:
        _say(f"{directory} has no zone list ({', '.join(_LISTS)}) and no replay file (*.rpl)")
        return 2
    return 1 if any(word.startswith("DIFFERENT") for word in ended) else 0


def scenes(blocks: Iterable[Block]) -> list[Scene]:
    """Say what each root leads to: a list that has a root of its own is a scene of its own."""
    blocks = list(blocks)
    roots: dict[Path, list[str]] = {}
    for block in blocks:
        if block.is_root:
            roots.setdefault(block.source, []).extend(block.addresses)
    found = []
    for number, (source, addresses) in enumerate(roots.items()):
        mine = [
            block
            for block in blocks
            if block.source == source or (not number and block.source not in roots)
        ]
        domains = dict.fromkeys(
            zone
            for block in mine
            for _, zones in block.files
            for zone in zones
            if len(dns.name.from_text(zone)) > 2 and not zone.endswith(".arpa.")
        )
        found.append(Scene(source.name, tuple(dict.fromkeys(addresses)), tuple(domains)))
    return found


def _lists(directory: Path) -> list[Path]:
    """Find the lists that no other list imports."""
    paths = sorted({path for pattern in _LISTS for path in directory.rglob(pattern)})
    imported = {
        (directory / words[1]).resolve()
        for path in paths
        for line in path.read_text().splitlines()
        if (words := line.split()) and words[0] == "import"
    }
    return [path for path in paths if path.resolve() not in imported]


async def _judge_list(
    path: Path, directory: Path, anchor: Path | None, ended: Counter[str]
) -> None:
    try:
        blocks = corefile.read(path, directory)
    except (corefile.UnreadableError, OSError) as error:
        _say(f"{path.name}: not read: {error}")
        ended["zone list not read"] += 1
        return
    answering = Process(corefile.Listed([b for b in blocks if not b.others], directory))
    try:
        for scene in scenes(blocks):
            await _judge_scene(scene, anchor, ended)
    finally:
        answering.stop()


async def _judge_scene(scene: Scene, anchor: Path | None, ended: Counter[str]) -> None:
    ours = Directory("dns-preflight-replay-")
    hints = ours.path / "root.hints"
    hints.write_text(_hints(scene.roots))
    resolvers = (
        judges.Unbound(ours.sub("unbound"), hints, anchor),
        judges.Bind(ours.sub("bind"), hints, anchor),
    )
    places = asyncio.Semaphore(_AT_ONCE)

    async def judge(zone: str) -> None:
        domain = dns.name.from_text(zone)
        async with places:
            told, unbound, bind = await asyncio.gather(
                judges.as_us(
                    zone.removesuffix("."), root_hints=hints, trust_anchor=anchor, value=None
                ),
                judges.as_a_ca(resolvers[0], domain, value=None),
                judges.as_a_ca(resolvers[1], domain, value=None),
            )
        kind = comparing.suspicion(told, unbound, bind)
        if kind is None:
            ended[_agreement(unbound, bind)] += 1
        elif comparing.may_be_stricter(told):
            ended["zones: stricter, as documented"] += 1
        else:
            ended[f"DIFFERENT: {kind}"] += 1
            _say(f"\n{scene.title}: {zone} {kind}")
            _say(f"  Unbound: {unbound.why or 'passes'}; BIND: {bind.why or 'passes'}")
            _say("".join(f"  {summary}\n" for summary in told.summaries).rstrip())

    try:
        await asyncio.gather(*(one.ready() for one in resolvers))
        await asyncio.gather(*map(judge, scene.domains))
    finally:
        for one in resolvers:
            one.stop()
        ours.remove()


def _hints(addresses: Iterable[str]) -> str:
    lines = [". 3600 IN NS root.invalid."]
    for address in addresses:
        family = "AAAA" if ":" in address else "A"
        lines.append(f"root.invalid. 3600 IN {family} {address}")
    return "\n".join([*lines, ""])


def _agreement(unbound: judges.Judged, bind: judges.Judged) -> str:
    if unbound.passes != bind.passes:
        return "zones: resolvers differ"
    return f"zones: agreed: {'in order' if unbound.passes else 'not in order'}"


async def _play(paths: list[Path], directory: Path, ended: Counter[str]) -> None:
    ours = Directory("dns-preflight-replay-")
    answering = Process(testbound.Scripted(testbound.Scenario()))
    try:
        for path in paths:
            try:
                scenario = testbound.read(path.read_text())
            except (ValueError, IndexError) as error:
                _say(f"{path.name}: not read: {error}")
                ended["replays not read"] += 1
                continue
            title = str(path.relative_to(directory))
            await _play_one(title, scenario, answering, ours.path, ended)
    finally:
        answering.stop()
        ours.remove()


async def _play_one(
    title: str,
    scenario: testbound.Scenario,
    answering: Process,
    ours: Path,
    ended: Counter[str],
) -> None:
    if not scenario.anchors or not scenario.steps or not scenario.roots:
        ended["replays without signatures or questions"] += 1
        return
    hints = ours / "root.hints"
    hints.write_text(_hints(scenario.roots))
    answering.tell("play", scenario)
    for step in scenario.steps:
        answering.tell("step", step.number)
        status = await judges.status(
            step.question.name,
            step.question.rdtype,
            root_hints=hints,
            anchors=scenario.anchors,
            moment=scenario.moment or int(time.time()),
        )
        if status == judges.UNTAKEN:
            ended[f"replays {judges.UNTAKEN} (RFC 8624)"] += 1
        elif status == "indeterminate":
            ended["replays that say too little to judge"] += 1
        elif step.agrees(status):
            ended["replays: agreed"] += 1
        else:
            ended[f"DIFFERENT: replay expects {step.status}, here {status}"] += 1
            _say(f"{title}, step {step.number}: expects {step.status}, here {status}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
