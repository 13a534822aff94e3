"""Our options as certbot declares, saves and restores them. Knows the table, not what it is for.

Certbot saves an option's value as text, and on renewal calls the option's argparse type with what
it reads back. So a type here checks a text and returns a text that it accepts again. Light:
certbot declares every plugin's options at every start.
"""

from __future__ import annotations

import argparse
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certbot import errors

from certbot_dns_preflight import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PREFIX = "--dns-preflight-"
DEFAULT_AUTHENTICATOR = "manual"


def declare(add: Callable[..., None]) -> None:
    """Declare all options with certbot's `add`."""
    add(
        "authenticator",
        metavar="NAME",
        default=DEFAULT_AUTHENTICATOR,
        help="The installed DNS authenticator that makes and removes the records; its own options "
        "keep their names.",
    )
    for option in settings.OPTIONS:
        more: dict[str, Any] = {"action": _Joined} if option.repeatable else {}
        add(
            option.name,
            metavar=option.metavar,
            default=_as_text(option.default),
            type=_Text(option),
            help=option.help,
            **more,
        )


def read(value_of: Callable[[str], object]) -> settings.Settings:
    """Make settings of what certbot has; raises `PluginError`, one line."""
    given = {option.name: value_of(option.name) for option in settings.OPTIONS}
    try:
        return settings.read_settings(given, PREFIX)
    except settings.InvalidOptionError as error:
        raise errors.PluginError(str(error)) from error


class _Text:
    """An option's argparse type: refuses what the option does not take, keeps the text.

    A `PluginError` is shown as the one line that it is, both from the command line (argparse would
    put its usage before it) and from a renewal file (certbot names the file before it).
    """

    def __init__(self, option: settings.Option[Any]) -> None:
        self._option = option

    def __call__(self, text: str | Sequence[str]) -> str:
        # A list comes from a renewal file edited by hand: a comma that nobody quoted.
        text = text if isinstance(text, str) else ",".join(text)
        try:
            value = self._option.read(text, PREFIX + self._option.name)
        except settings.InvalidOptionError as error:
            raise errors.PluginError(str(error)) from error
        # Renewal may run in another working directory.
        return str(value) if isinstance(value, Path) else text.strip()


class _Joined(argparse.Action):
    """Joins the values of a repeated option with commas, which is how they are saved."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's signature
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's signature
        option_string: str | None = None,  # noqa: ARG002 - argparse's signature
    ) -> None:
        earlier = getattr(namespace, self.dest, None)
        setattr(namespace, self.dest, f"{earlier},{values}" if earlier else values)


def _as_text(default: object) -> str | None:
    """Write a default as its user would: None where there is no text for it."""
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
