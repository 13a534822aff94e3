"""Lineages to begin with: got once a session, which takes a run of certbot, and then copied."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.conftest import Certbot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab


class Lineages:
    """What `certonly` left behind, by its arguments; all under one account."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self._lab = lab
        self._directory = directory
        self._made: dict[tuple[str, ...], Certbot] = {}

    def give(self, certbot: Certbot, *arguments: str) -> None:
        """Let `certbot` have the lineage, and the account, as if it had been the one to get it."""
        source = self._made.get(arguments) or self._get(arguments)
        shutil.copytree(source.config_dir, certbot.config_dir, symlinks=True, dirs_exist_ok=True)
        for file in (certbot.config_dir / "renewal").glob("*.conf"):
            text = file.read_text().replace(str(source.directory), str(certbot.directory))
            file.write_text(text)
        certbot.unread_logs = source.unread_logs

    def _get(self, arguments: tuple[str, ...]) -> Certbot:
        made = Certbot(self._lab, self._directory / str(len(self._made)))
        for earlier in self._made.values():
            shutil.copytree(earlier.config_dir / "accounts", made.config_dir / "accounts")
            made.unread_logs = earlier.unread_logs
            break
        made("certonly", *arguments).succeeded()
        self._made[arguments] = made
        return made
