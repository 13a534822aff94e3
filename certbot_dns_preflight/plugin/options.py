"""Declare this plugin's options as certbot saves and restores them, whatever they are for.

Certbot saves an option's value as text, and on renewal passes the text it reads back to the
option's argparse type. So a type here checks a text and returns a text that it accepts again. Light
to import: certbot declares every plugin's options at every start.
"""

from __future__ import annotations

import argparse
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certbot import errors

from certbot_dns_preflight import option_values, settings
from certbot_dns_preflight.renewals import zone_map

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PREFIX = "--dns-preflight-"
DEFAULT_AUTHENTICATOR = "manual"
ALL = (*settings.OPTIONS, *settings.PLUGIN_OPTIONS)


def declare(add: Callable[..., None]) -> None:
    """Declare all options with certbot's `add`."""
    add(
        "authenticator",
        metavar="[ZONE=]NAME",
        default=DEFAULT_AUTHENTICATOR,
        type=_authenticators,
        action=_Joined,
        help="The installed DNS authenticator that makes and removes the records; its own options "
        "keep their names. With ZONE it has the records that go into that zone or below, without "
        "it all others; repeatable or separated by commas.",
    )
    # No user sets it: it identifies the renewal file later.
    add("lineage", default=None, help=argparse.SUPPRESS)
    for option in ALL:
        more: dict[str, Any] = {"action": _Joined} if option.repeatable else {}
        default = _as_text(option.default)
        if option.default_words == option_values.AUTO:
            default = option_values.AUTO
        add(
            option.name,
            metavar=option.metavar,
            default=default,
            type=_Text(option),
            help=option.help if default else f"{option.help} (default: {option.default_words})",
            **more,
        )


def read(value_of: Callable[[str], object]) -> settings.Settings:
    """Build the settings from certbot's values; raises `PluginError`, one line."""
    values = {option.name: value_of(option.name) for option in ALL}
    try:
        return settings.read_settings(values, PREFIX)
    except settings.InvalidOptionError as error:
        raise errors.PluginError(str(error)) from error


def authenticators(value: object) -> tuple[zone_map.Entry, ...]:
    """Read which authenticators are wrapped; raises `PluginError`, one line."""
    try:
        return zone_map.parse(str(value or DEFAULT_AUTHENTICATOR))
    except ValueError as error:
        message = f"{PREFIX}authenticator: {str(value)!r} is not accepted; {error}"
        raise errors.PluginError(message) from error


def _authenticators(text: str | Sequence[str]) -> str:
    """Check the text and return it as it will be saved; a list as in `_Text`."""
    text = text if isinstance(text, str) else ",".join(text)
    return ",".join(map(str, authenticators(text)))


class _Text:
    """An option's argparse type: refuses what the option does not take, and keeps the text.

    A `PluginError` reaches the user as a single line, both from the command line (where argparse
    would print its usage first) and from a renewal file (where certbot names the file first).
    """

    def __init__(self, option: settings.Option[Any]) -> None:
        self._option = option

    def __call__(self, text: str | Sequence[str]) -> str:
        # A list comes from a renewal file edited by hand, with an unquoted comma.
        text = text if isinstance(text, str) else ",".join(text)
        try:
            value = self._option.read(text, PREFIX + self._option.name)
        except settings.InvalidOptionError as error:
            raise errors.PluginError(str(error)) from error
        # Renewal may run in another working directory.
        return str(value) if isinstance(value, Path) else text.strip()


class _Joined(argparse.Action):
    """Joins the values of a repeated option with commas, which is how they are saved.

    The first value given replaces the default, which is recognised by identity.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's signature
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's signature
        option_string: str | None = None,  # noqa: ARG002 - argparse's signature
    ) -> None:
        earlier = getattr(namespace, self.dest, None)
        first = not earlier or earlier is self.default
        setattr(namespace, self.dest, values if first else f"{earlier},{values}")


def _as_text(default: object) -> str | None:
    """Return a default as a user would write it; None if there is no text for it."""
    match default:
        case None | ():
            return None
        case enum.Enum():
            return str(default.value)
        case float():
            return f"{default:g}"
        case tuple():
            return ",".join(str(item) for item in default)
        case _:
            return str(default)
