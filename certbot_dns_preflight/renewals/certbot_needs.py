"""What certbot itself needs to start a renewal: the plugin, its hooks, its credentials, the links.

Applies certbot's own rules (from `manual`, the common part of its DNS plugins and its storage)
without importing or running it. If a certbot other than the one installed beside this command
renews, its plugins are unknown here, and the only result about them is a note.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals.lineages import Obstacle, Problem, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot_dns_preflight.renewals.renewal_file import RenewalFile

_GROUPS = ("certbot.plugins", "letsencrypt.plugins")
_MANUAL = "manual"
# Directories besides PATH where certbot looks for a hook; PATH is short under cron.
_BINARY_DIRECTORIES = ("/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_SNAP = "/snap/bin/certbot"


def problem_of(file: RenewalFile, authenticators: Sequence[str]) -> Problem | None:
    """Return the first problem that keeps certbot from renewing, or None."""
    for name in authenticators:
        found = _plugin_problem(name) or next(_option_problems(file.params, name), None)
        if found is not None:
            return found
    return None


def note_of(authenticators: Sequence[str]) -> str | None:
    """Return a note about plugins that are not installed here, if another certbot may have them."""
    missing = [name for name in authenticators if not _is_installed(name)]
    other = _other_certbot()
    if not missing or other is None:
        return None
    return (
        f"whether {other} has the plugin {', '.join(missing)} was not checked: this command is "
        "installed elsewhere"
    )


def link_problem(path: str) -> Problem | None:
    """Check one of the four live links of a lineage, as certbot does before it renews."""
    kind, archive = Path(path).stem, f"archive/{Path(path).parent.name}"
    if os.path.islink(path):  # noqa: PTH114 - the path as certbot writes it
        target = Path(os.readlink(path)).name  # noqa: PTH115 - the path as certbot writes it
        if re.fullmatch(rf"{re.escape(kind)}[0-9]+\.pem", target):
            return None
        reason = f"{path} links to {target}, not to {kind}N.pem"
    else:
        reason = f"{path} is a file of its own, not a link into {archive}"
    return _broken(
        Obstacle.LINKS,
        reason,
        f"Make it the link that certbot made: ln -sf ../../{archive}/{kind}N.pem {path}, with the "
        "highest N there is.",
    )


def _plugin_problem(name: str) -> Problem | None:
    if _is_installed(name) or _other_certbot() is not None:
        return None
    return _broken(
        Obstacle.PLUGIN,
        f"the plugin {name} is not installed in {sys.prefix}",
        f"Install it beside certbot ({_package(name)}), or choose another authenticator with "
        "certbot reconfigure.",
    )


def _is_installed(name: str) -> bool:
    """Return whether an entry point has this name; old releases wrote it as ``dist:name``."""
    plain = name.rpartition(":")[2]
    return any(
        point.name in (name, plain)
        for group in _GROUPS
        for point in metadata.entry_points(group=group)
    )


def _package(name: str) -> str:
    distribution, mark, _ = name.rpartition(":")
    return f"pip install {distribution if mark else f'certbot-{name}'}"


def _other_certbot() -> str | None:
    """Return a certbot outside this Python environment, if that is the one that would run."""
    ours = Path(sys.executable).with_name("certbot")
    for candidate in (shutil.which("certbot"), _SNAP):
        if candidate is None or not Path(candidate).exists():
            continue
        if Path(candidate) != ours and Path(candidate).resolve() != ours.resolve():
            return candidate
    return None


def _option_problems(params: Mapping[str, object], name: str) -> Iterator[Problem]:
    if name == _MANUAL:
        yield from _hook_problems(params)
    prefix = name.replace("-", "_") + "_"
    for item, path in params.items():
        if item.startswith(prefix) and item.endswith("_credentials") and isinstance(path, str):
            reason = _unusable_file(path)
            if reason is not None:
                option = f"--{item.replace('_', '-')}"
                yield _broken(
                    Obstacle.CREDENTIALS,
                    f"the credentials file {path} {reason}",
                    f"Put it back, or name another one: certbot reconfigure with {option} FILE.",
                )


def _hook_problems(params: Mapping[str, object]) -> Iterator[Problem]:
    auth = params.get("manual_auth_hook", "None")
    if auth in ("None", ""):
        yield _broken(
            Obstacle.HOOK,
            "manual has no --manual-auth-hook, so that certbot renew has nobody to make the record",
            "Give it a hook: certbot reconfigure with --manual-auth-hook COMMAND.",
        )
    if str(params.get("validate_hooks", "True")).lower() == "false":
        return
    for item in ("manual_auth_hook", "manual_cleanup_hook"):
        text = params.get(item, "None")
        # A comma in the line turns the text into a list.
        words = " ".join(map(str, text)) if isinstance(text, list) else str(text)
        if words in ("None", "") or not words.split():
            continue
        command = words.split()[0]
        reason = _unusable_command(command)
        if reason is not None:
            yield _broken(
                Obstacle.HOOK,
                f"the hook {command} {reason}",
                f"Put it back and make it executable (chmod +x), or name another one: certbot "
                f"reconfigure with --{item.replace('_', '-')} COMMAND.",
            )


def _unusable_file(path: str) -> str | None:
    try:
        mode = Path(path).expanduser().stat().st_mode
    except FileNotFoundError:
        return "is gone"
    except PermissionError:
        return None  # cannot be determined from here
    except (OSError, ValueError, RuntimeError) as error:
        return f"cannot be found: {printable(getattr(error, 'strerror', None) or str(error))}"
    return "is a directory" if stat.S_ISDIR(mode) else None


def _unusable_command(command: str) -> str | None:
    if "/" in command:
        return _unusable_program(command)
    places = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_BINARY_DIRECTORIES]
    if any(_unusable_program(f"{place}/{command}") is None for place in places if place):
        return None
    return f"is in no directory of the PATH ({':'.join(places)})"


def _unusable_program(path: str) -> str | None:
    reason = _unusable_file(path)
    if reason is not None:
        return reason
    try:
        # Root, who renews, may execute a file with any of the three bits.
        executable = bool(Path(path).stat().st_mode & 0o111)
    except OSError:
        return None
    return None if executable else "is not executable"


def _broken(obstacle: Obstacle, reason: str, fix: str) -> Problem:
    return Problem(Trouble.BROKEN, printable(reason), obstacle, printable(fix))
