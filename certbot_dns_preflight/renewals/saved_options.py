"""Whether certbot, and this plugin in it, will accept the options that a renewal file holds.

Applies certbot's rules and the plugin's to the file as it is: options given to this command only
decide how the check is run. It sends no queries and imports no certbot.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from certbot_dns_preflight import option_values, settings
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.renewals import zone_map
from certbot_dns_preflight.renewals.accounts import is_missing
from certbot_dns_preflight.renewals.certbot_needs import NEED_CREDENTIALS
from certbot_dns_preflight.renewals.lineages import DNS_01, preferred_challenges
from certbot_dns_preflight.renewals.renewal_file import NOT_GIVEN, PLUGIN, option_prefix
from certbot_dns_preflight.run import inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from certbot_dns_preflight.renewals.renewal_file import RenewalFile

PREFIX = option_prefix(PLUGIN)
_DASHES = "--dns-preflight-"
_LITERALS = ("None", "True", "False")  # which certbot does not read as texts
_READ = ("root-hints", "trust-anchor")
_WRITTEN = ("report", "metrics")
_PAUSE = "propagation_seconds"
# What certbot restores with a type of its own, or refuses before it asks the CA.
_BOOLEANS = ("must_staple", "allow_subset_of_names", "reuse_key", "autorenew")
_NUMBERS: dict[str, tuple[str, ...]] = {"rsa_key_size": (), "http01_port": ("None",)}
_CHOICES = {
    "key_type": ("rsa", "ecdsa"),
    "elliptic_curve": ("secp256r1", "secp384r1", "secp521r1"),
}
_UNSET = {"key_type": (), "elliptic_curve": ("none",)}


class OptionsError(PreflightError):
    """Certbot would refuse a line of the file; the message is one line."""


class OptionsDeniedError(OptionsError):
    """A file that an option names may be fine, but we may not read it."""


def authenticators(file: RenewalFile) -> str:
    """Return who makes the records, as the option of the plugin spells it; "" if nobody."""
    if file.params.get("authenticator") == PLUGIN:
        text = _text(file.params.get(f"{PREFIX}authenticator", ""))
        return "manual" if text in NOT_GIVEN else text
    text = _text(file.params.get("authenticator", ""))
    return "" if text in NOT_GIVEN else text


def zones(file: RenewalFile) -> tuple[zone_map.Entry, ...]:
    """Return which authenticator serves which zone; raises `OptionsError`."""
    text = authenticators(file)
    if file.params.get("authenticator") != PLUGIN:
        return (zone_map.Entry(None, text),)
    try:
        return zone_map.parse(text)
    except ValueError as error:
        message = f"{file.path}: {_DASHES}authenticator: {text!r} is not accepted; {error}"
        raise OptionsError(message) from error


def read_settings(
    file: RenewalFile, given: Mapping[str, object], *, ours: bool
) -> settings.Settings:
    """Return the settings for the check: the file's, and those `given` here in their place.

    Raises `OptionsError` if the plugin would refuse what is in the file.
    """
    saved = _saved(file) if ours else {}
    here = {name: value for name, value in given.items() if value is not None}
    for name in _READ:
        if name in saved and _is_denied(saved[name]):
            if name not in here:
                message = f"read {saved[name]} ({_DASHES}{name})"
                raise OptionsDeniedError(message)
            del saved[name]
    # Certbot chose these output files; a check must not touch them.
    texts = {**saved, **here, **{name: given.get(name) for name in _WRITTEN}}
    try:
        in_file = settings.read_settings(saved, _DASHES)
        for name, path in (("report", in_file.report), ("metrics", in_file.metrics)):
            if path is not None and is_missing(path.parent):
                message = f"{_DASHES}{name}: cannot write {path}: there is no directory"
                raise OptionsError(f"{file.path}: {message} {path.parent}")
        inputs.load(in_file)
        found = settings.read_settings(texts, _DASHES)
        if here:
            inputs.load(found)
    except (settings.InvalidOptionError, inputs.InputError) as error:
        dashes = _DASHES if isinstance(error, inputs.InputError) else ""
        raise OptionsError(f"{file.path}: {dashes}{error}") from error
    return found


def outputs(file: RenewalFile) -> tuple[tuple[str, Path], ...]:
    """Return the files that the plugin writes, by option; only of settings that were accepted."""
    saved = _saved(file)
    return tuple((n, option_values.file_to_write(saved[n])) for n in _WRITTEN if n in saved)


def check(file: RenewalFile, plugins: Sequence[str], *, proved: Sequence[str]) -> None:
    """Check what certbot reads with types of its own; raises `OptionsError` for the first fault.

    `plugins` make the records, and `proved` are the names that need dns-01.
    """
    fault = next(_wrong_types(file, plugins), None) or _left_out(file, proved)
    if fault is not None:
        raise OptionsError(f"{file.path}: {fault}")


def _wrong_types(file: RenewalFile, plugins: Sequence[str]) -> Iterator[str]:
    params = {name: _text(value) for name, value in file.params.items()}
    for name in _BOOLEANS:
        if params.get(name, "True").lower() not in ("true", "false"):
            yield f"{name} = {params[name]} is neither True nor False"
    for name, spared in _NUMBERS.items():
        if name in params and not _is_number(params[name], int, spared):
            yield f"{name} = {params[name]} is not a whole number"
    for plugin in plugins:
        name = option_prefix(plugin) + _PAUSE
        # A plugin of somebody else's may take fractions.
        whole = plugin in NEED_CREDENTIALS
        if not _is_number(params.get(name, "None"), int if whole else float, _LITERALS):
            yield f"{name} = {params[name]} is not a {'whole ' * whole}number of seconds"
    if params.get("reuse_key", "False").lower() == "false":
        for name, known in _CHOICES.items():
            if params.get(name, known[0]).lower() not in (*known, *_UNSET[name]):
                yield f"{name} = {params[name]} is none of {', '.join(known)}"


def _left_out(file: RenewalFile, proved: Sequence[str]) -> str | None:
    preferred = preferred_challenges(file.params)
    if not proved or not preferred or DNS_01 in preferred:
        return None
    return f"pref_challs = {', '.join(preferred)} leaves out dns-01, by which {proved[0]} is proved"


def _saved(file: RenewalFile) -> dict[str, str]:
    """Return our options as certbot reads them: a comma in a line does not make two values."""
    options = (*settings.OPTIONS, *settings.PLUGIN_OPTIONS)
    texts = {option.name: file.params.get(PREFIX + option.field) for option in options}
    return {
        name: _text(value) for name, value in texts.items() if value is not None and value != "None"
    }


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _is_number(text: str, kind: type[int | float], spared: Sequence[str]) -> bool:
    if text in spared:
        return True
    try:
        kind(text)
    except ValueError:
        return False
    return True


def _is_denied(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False
