"""Show a wrapped authenticator certbot's configuration, all of it except its fixed pause.

Decides what a plugin reads and writes; nothing is saved that certbot would not save without this
plugin. Certbot's object stays as it is. Whatever else the wrapped plugin stores in the view (a
credentials path that it asked for) goes there, and is saved as always.
"""

from __future__ import annotations

import contextlib
import copy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot.configuration import NamespaceConfig

_OWN = frozenset({"_config", "_pause", "_set_pause", "_skipping"})


class ConfigView:
    """Certbot's configuration, with one value that reads 0 while `skipping_pause` lasts.

    If a plugin sets that value (from its credentials file, say), it stays in the view, so that
    certbot neither changes nor adds it in the renewal configuration.
    """

    def __init__(self, config: NamespaceConfig, pause: str) -> None:
        """Show `config`; `pause` is the attribute that holds the plugin's fixed pause."""
        self._config = config
        self._pause = pause
        self._set_pause: object = None
        self._skipping = False

    @contextlib.contextmanager
    def skipping_pause(self) -> Iterator[None]:
        """Make the pause read 0, and count as set by the user, for as long as this lasts."""
        self._skipping = True
        try:
            yield
        finally:
            self._skipping = False

    @property
    def pause(self) -> float | None:
        """The seconds that the plugin would sleep: its default, its options or its own setting."""
        value: Any = self._set_pause
        if value is None:
            value = getattr(self._config, self._pause, None)
        try:
            return None if value is None else float(value)
        except (TypeError, ValueError):
            return None

    def set_by_user(self, name: str) -> bool:
        """Answer as certbot does, but count the pause as set by the user while it is skipped.

        Plugins ask this before they read the pause from their credentials file instead.
        """
        if name == self._pause and (self._skipping or self._set_pause is not None):
            return True
        return bool(self._config.set_by_user(name))

    @property  # type: ignore[misc] # which type() does not ask, and isinstance() does
    def __class__(self) -> type:
        """Pass for certbot's own object in plugins that check its type."""
        return type(self._config)

    @property
    def namespace(self) -> SimpleNamespace:
        """The options as attributes of an argparse namespace, by the same rules."""
        return _NamespaceView(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all options by name."""
        values = dict(self._config.to_dict())
        if self._pause in values:
            values[self._pause] = getattr(self, self._pause)
        return values

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as NamespaceConfig has it
        """Read an option."""
        if name in _OWN:  # not set yet, while a copy is being made
            raise AttributeError(name)
        value = getattr(self._config, name)
        if name == self._pause:
            if self._skipping:
                return 0
            return value if self._set_pause is None else self._set_pause
        return value

    def __setattr__(self, name: str, value: object) -> None:
        """Set an option in certbot's configuration; the pause in the view only."""
        if name in _OWN:
            object.__setattr__(self, name, value)
        elif name == self._pause:
            self._set_pause = value
        else:
            setattr(self._config, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an option; the pause becomes certbot's again."""
        if name == self._pause:
            self._set_pause = None
        else:
            delattr(self._config.namespace, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> ConfigView:
        """Copy it together with certbot's configuration."""
        copied = ConfigView(copy.deepcopy(self._config, memo), self._pause)
        copied._set_pause = copy.deepcopy(self._set_pause, memo)
        copied._skipping = self._skipping
        return copied


class _NamespaceView(SimpleNamespace):
    """The view's options, for plugins that bypass certbot's own object; `vars` works too."""

    __slots__ = ("_view",)

    def __init__(self, view: ConfigView) -> None:
        vars(self).update(view.to_dict())
        object.__setattr__(self, "_view", view)

    def __setattr__(self, name: str, value: object) -> None:
        vars(self)[name] = value
        setattr(self._view, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        delattr(self._view, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> SimpleNamespace:
        return SimpleNamespace(**copy.deepcopy(vars(self), memo))
