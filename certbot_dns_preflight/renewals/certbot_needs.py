"""What certbot itself needs to start a renewal: the plugin, its hooks, its credentials, the links.

Applies certbot's own rules (from `manual`, the common part of its DNS plugins and its storage)
without importing or running it. If a certbot other than the one installed beside this command
renews, its plugins are unknown here, and the only result about them is a note.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import stat
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals import bounded_file
from certbot_dns_preflight.renewals.lineages import HTTP_ONLY, Obstacle, Problem, Trouble
from certbot_dns_preflight.renewals.renewal_file import NOT_GIVEN, PLUGIN, option_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot_dns_preflight.renewals.renewal_file import RenewalFile

_GROUPS = ("certbot.plugins", "letsencrypt.plugins")
_MANUAL = "manual"
# Directories besides PATH where certbot looks for a hook; PATH is short under cron.
_BINARY_DIRECTORIES = ("/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
# Certbot's own plugins that cannot do without a credentials file.
NEED_CREDENTIALS = frozenset(
    f"dns-{provider}"
    for provider in (
        *("cloudflare", "digitalocean", "dnsimple", "dnsmadeeasy", "gehirn", "linode", "luadns"),
        *("nsone", "ovh", "rfc2136", "sakuracloud"),
    )
)
_SNAP = "/snap/bin/certbot"


def problem_of(file: RenewalFile, authenticators: Sequence[str]) -> Problem | None:
    """Return the first problem that keeps certbot from renewing, or None."""
    for name in authenticators:
        found = _plugin_problem(name, file) or next(_option_problems(file, name), None)
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


def unseen_by_us(file: RenewalFile, authenticators: Sequence[str]) -> tuple[str, ...]:
    """Return the hooks and credentials files whose directory does not let us look at them."""
    paths = [path for name in authenticators for _, path in _credentials(file.params, name)]
    if _MANUAL in authenticators:
        paths += [command for _, command in _hooks(file.params) if "/" in command]
    return tuple(printable(path) for path in paths if _is_hidden(path))


def _plugin_problem(name: str, file: RenewalFile) -> Problem | None:
    wrapped = file.params.get("authenticator") == PLUGIN
    if wrapped and name in (*HTTP_ONLY, PLUGIN):
        return _broken(
            Obstacle.PLUGIN,
            f"{name} makes no DNS record, so that dns-preflight cannot use it",
            "Name another one: certbot reconfigure with --dns-preflight-authenticator NAME.",
        )
    if _is_installed(name) or _other_certbot() is not None:
        return None
    plain = name.rpartition(":")[2]
    if plain != name and _is_installed(plain):
        # Certbot wrote it so before 1.7, and has not read it for long.
        return _broken(
            Obstacle.PLUGIN,
            f"certbot knows no plugin {name} any more: its name is {plain}",
            f"Write {plain} in the renewal file instead.",
        )
    return _broken(
        Obstacle.PLUGIN,
        f"the plugin {name} is not installed in {sys.prefix}",
        f"Install it beside certbot ({_package(name)}), or choose another authenticator with "
        "certbot reconfigure.",
    )


def _is_installed(name: str) -> bool:
    """Return whether an entry point has exactly this name, as certbot wants it."""
    return name in _installed()


@functools.cache
def _installed() -> frozenset[str]:
    """Return the names of all plugins; reading them takes longer than a lineage's own files."""
    return frozenset(p.name for group in _GROUPS for p in metadata.entry_points(group=group))


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


def _option_problems(file: RenewalFile, name: str) -> Iterator[Problem]:
    if name == _MANUAL:
        yield from _hook_problems(file)
    for item, path in _credentials(file.params, name):
        reason = _unusable_file(path)
        if reason is not None:
            yield _broken(
                Obstacle.CREDENTIALS,
                f"the credentials file {path} {reason}",
                f"Put it back, or name another one: certbot reconfigure with {_option(item)} FILE.",
            )
    item = f"{option_prefix(name)}credentials"
    if name in NEED_CREDENTIALS and not _is_given(file, item):
        yield _broken(
            Obstacle.CREDENTIALS,
            f"{name} has no {_option(item)}, and certbot renew cannot ask for it",
            f"Name the credentials file: certbot reconfigure with {_option(item)} FILE.",
        )


def _credentials(params: Mapping[str, object], name: str) -> Iterator[tuple[str, str]]:
    """Give the options of a plugin that name a credentials file, and the files."""
    for item, path in params.items():
        named = item.startswith(option_prefix(name)) and item.endswith("_credentials")
        if named and isinstance(path, str) and path not in NOT_GIVEN:
            yield item, path


def _hooks(params: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give the hooks of `manual`, and the program of each."""
    for item in ("manual_auth_hook", "manual_cleanup_hook"):
        text = params.get(item, "None")
        # A comma in the line turns the text into a list.
        words = " ".join(map(str, text)) if isinstance(text, list) else str(text)
        if words not in NOT_GIVEN and words.split():
            yield item, words.split()[0]


def _is_given(file: RenewalFile, item: str) -> bool:
    """Return whether an option has a value, in the renewal file or in one of certbot's own."""
    if file.params.get(item, "None") not in NOT_GIVEN:
        return True
    line = re.compile(rf"(?m)^\s*{item.replace('_', '[-_]')}\s*[=:\s]\s*\S")
    config = Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser()
    for folder in (file.path.parents[1], Path("/etc/letsencrypt"), config / "letsencrypt"):
        try:
            if line.search(bounded_file.read(folder / "cli.ini").decode(errors="replace")):
                return True
        except OSError:
            continue
    return False


def _option(item: str) -> str:
    return f"--{item.replace('_', '-')}"


def _hook_problems(file: RenewalFile) -> Iterator[Problem]:
    params = file.params
    if not _is_given(file, "manual_auth_hook"):
        yield _broken(
            Obstacle.HOOK,
            "manual has no --manual-auth-hook, so that certbot renew has nobody to make the record",
            "Give it a hook: certbot reconfigure with --manual-auth-hook COMMAND.",
        )
    if str(params.get("validate_hooks", "True")).lower() == "false":
        return
    for item, command in _hooks(params):
        reason = _unusable_command(command)
        if reason is not None:
            yield _broken(
                Obstacle.HOOK,
                f"the hook {command} {reason}",
                f"Put it back and make it executable (chmod +x), or name another one: certbot "
                f"reconfigure with {_option(item)} COMMAND.",
            )


def _is_hidden(path: str) -> bool:
    try:
        Path(path).expanduser().stat()
    except PermissionError:
        return True
    except (OSError, ValueError, RuntimeError):
        return False
    return False


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
