"""What is installed at the oldest releases is what setup.cfg promises to work with."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]


def required() -> list[Requirement]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"] + setup["options.extras_require"]["metrics"]
    return [Requirement(line) for line in lines.splitlines() if line]


def constrained() -> dict[str, Requirement]:
    lines = (ROOT / "tests" / "floor-constraints.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {each.name.lower(): each for each in found}


@pytest.mark.parametrize("requirement", required(), ids=lambda each: each.name)
def test_every_floor_is_what_the_oldest_environment_has(requirement: Requirement) -> None:
    [floor] = requirement.specifier
    assert floor.operator == ">="
    version = Version(floor.version)
    oldest = constrained()[requirement.name.lower()].specifier
    later = ".".join(map(str, (*version.release[:1], version.release[1] + 1)))
    assert oldest.contains(version)
    assert not oldest.contains(later)
