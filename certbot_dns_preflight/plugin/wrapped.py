"""The wrapped authenticator: found by name, run without its fixed pause, cleaned up after.

Decides which installed plugin makes the records, what it sees of certbot's configuration, and
what of its work is to be undone. It knows nothing of DNS: whether the records are visible is not
asked here.
"""

from __future__ import annotations

import difflib
import enum
import importlib.metadata
import logging
from typing import TYPE_CHECKING, Any, cast

from acme import challenges
from certbot import errors, interfaces
from certbot.plugins import common

from certbot_dns_preflight.renewals import renewal_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot.achallenges import AnnotatedChallenge
    from certbot.configuration import NamespaceConfig

logger = logging.getLogger(__name__)

OPTION = "--dns-preflight-authenticator"
_GROUP = "certbot.plugins"


class _Work(enum.Enum):
    """How far the wrapped authenticator came."""

    NOT_BEGUN = enum.auto()
    BROKEN_OFF = enum.auto()
    DONE = enum.auto()


class Wrapped:
    """One authenticator at work for us. Whatever it raises passes through."""

    def __init__(self, name: str, config: NamespaceConfig) -> None:
        """Construct the plugin called `name`; raises `PluginError` if it is of no use here."""
        self.name = name
        self._view = _ConfigView(config, common.dest_namespace(name) + "propagation_seconds")
        self._plugin: Any = plugin_class(name)(cast("NamespaceConfig", self._view), name)
        self._work = _Work.NOT_BEGUN
        if challenges.DNS01 not in self._plugin.get_chall_pref("example.com"):
            raise errors.PluginError(
                f"{OPTION}: {name} does not do dns-01, it makes no DNS record; {_choices()}"
            )

    def prepare(self) -> None:
        """Let it prepare itself."""
        self._plugin.prepare()

    def more_info(self) -> str:
        """Its own account of what it does."""
        return str(self._plugin.more_info())

    def auth_hint(self, failed: list[AnnotatedChallenge]) -> str:
        """Its own hint, if it has any: only plugins derived from certbot's base class do."""
        hint = getattr(self._plugin, "auth_hint", None)
        told = "" if hint is None else str(hint(failed))
        if "propagation-seconds" in told:
            # Certbot's own base class advises to raise what has no effect under us.
            told += " (Under dns-preflight, propagation-seconds has no effect.)"
        return told

    def perform(self, achalls: list[AnnotatedChallenge]) -> list[challenges.ChallengeResponse]:
        """Have the records made, without the fixed sleep afterwards: we look instead."""
        self._work = _Work.BROKEN_OFF
        with self._view:
            responses: list[challenges.ChallengeResponse] = self._plugin.perform(achalls)
        self._work = _Work.DONE
        return responses

    def cleanup(self, achalls: list[AnnotatedChallenge]) -> None:
        """Have the records removed that were made."""
        match self._work:
            case _Work.NOT_BEGUN:
                return
            case _Work.DONE:
                self._plugin.cleanup(achalls)
            case _Work.BROKEN_OFF:
                self._clean_up_one_by_one(achalls)

    def _clean_up_one_by_one(self, achalls: Sequence[AnnotatedChallenge]) -> None:
        # Certbot passes all challenges even where perform came no further than the first (its
        # interface allows any subset). A plugin may fail on those that it never got to, `manual`
        # with a KeyError: that must not keep the records of others from being removed.
        failures: list[Exception] = []
        for achall in achalls:
            try:
                self._plugin.cleanup([achall])
            except errors.SignalExit:
                raise
            except KeyError:
                logger.debug("%s did not get as far as %s", self.name, achall, exc_info=True)
            except Exception as error:
                logger.debug("%s could not clean up", self.name, exc_info=True)
                failures.append(error)
        if failures:
            raise failures[0]


class _ConfigView:
    """Certbot's configuration, but for one value that reads 0 inside ``with``.

    Nothing is changed in the configuration, so nothing of this is ever saved; what the plugin sets
    (a credentials path that it asked for) goes to the configuration and is saved as always.
    """

    def __init__(self, config: NamespaceConfig, pause: str) -> None:
        object.__setattr__(self, "_config", config)
        object.__setattr__(self, "_pause", pause)
        object.__setattr__(self, "_skipping", False)

    def __enter__(self) -> None:
        object.__setattr__(self, "_skipping", True)

    def __exit__(self, *_: object) -> None:
        object.__setattr__(self, "_skipping", False)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as NamespaceConfig has it
        value = getattr(object.__getattribute__(self, "_config"), name)
        if name == object.__getattribute__(self, "_pause") and object.__getattribute__(
            self, "_skipping"
        ):
            return 0
        return value

    def __setattr__(self, name: str, value: object) -> None:
        setattr(object.__getattribute__(self, "_config"), name, value)


# -- finding it -----------------------------------------------------------------------------------


def plugin_class(name: str) -> type[interfaces.Authenticator]:
    """Find an installed authenticator; raises `PluginError` with one line that says what to do."""
    if name == renewal_file.PLUGIN:
        raise errors.PluginError(
            f"{OPTION}: dns-preflight cannot wrap itself; name the authenticator that makes the "
            f"records: {_choices()}"
        )
    for entry_point in importlib.metadata.entry_points(group=_GROUP, name=name):
        loaded = entry_point.load()
        if isinstance(loaded, type) and issubclass(loaded, interfaces.Authenticator):
            return loaded
        raise errors.PluginError(f"{OPTION}: {name} is no authenticator; {_choices()}")
    raise errors.PluginError(f"{OPTION}: {name!r} is not installed; {_choices(like=name)}")


def _choices(like: str | None = None) -> str:
    """Say which plugins could be meant; judged by their names, none is loaded for it."""
    names = sorted(
        {entry_point.name for entry_point in importlib.metadata.entry_points(group=_GROUP)}
        - {renewal_file.PLUGIN}
    )
    usable = [name for name in names if name == "manual" or "dns" in name]
    text = "installed: " + ", ".join(usable)
    if like is None:
        return text
    wanted = like.strip().lower().replace("_", "-")
    near = difflib.get_close_matches(wanted, usable, n=1) or [
        name for name in usable if wanted and wanted in name
    ]
    if near:
        return f"did you mean {near[0]}? {text}"
    return f"{text}; install the plugin for your DNS provider where certbot is installed"
