"""Renewal files as a test sees them, read and edited as text: no code under test takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def params(path: Path) -> dict[str, str]:
    """Give the items of [renewalparams] as their lines have them."""
    section = path.read_text().split("[renewalparams]")[1]
    lines = (line.partition(" = ") for line in section.splitlines() if " = " in line)
    return {name: value for name, _, value in lines}


def wrapped_params(path: Path) -> dict[str, str]:
    """Give the items of the authenticators, our identifier left out."""
    return {
        name: value
        for name, value in params(path).items()
        if name.startswith(("dns_", "manual_", "authenticator")) and name != "dns_preflight_lineage"
    }


def edit(path: Path, item: str, value: str | None) -> None:
    """Set an item's line by hand, or take it out."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{item} =")]
    if value is not None:
        lines.insert(lines.index("[renewalparams]") + 1, f"{item} = {value}")
    path.write_text("\n".join(lines) + "\n")
