"""Restore the wrapped authenticators' options from the lineage's renewal file.

Certbot saves the options of every plugin but restores only those of the chosen authenticator, which
is this one. Decides which options to restore, with which types, and marks them as set, so that
certbot saves them again and renewal works any number of times.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certbot import errors
from certbot.plugins import common

from certbot_dns_preflight.plugin.installed import plugin_class
from certbot_dns_preflight.renewals import renewal_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot.configuration import NamespaceConfig

logger = logging.getLogger(__name__)

_LITERALS = {"None": None, "True": True, "False": False}


def restore(config: NamespaceConfig, names: Sequence[str]) -> str | None:
    """Set the options of the authenticators `names` from the lineage's renewal file.

    Options given on the command line stay. Returns the lineage's name if there is a file. Raises
    `PluginError`, one line, if the file cannot be identified or a value in it is not accepted.
    """
    try:
        file = _renewal_file(config, [common.dest_namespace(name) for name in names])
        if file is None:
            # Another authenticator's lineage, renewed through this one: certbot restored its
            # options.
            logger.debug("No renewal file of dns-preflight belongs to this certificate")
            return None
        for name in names:
            logger.debug("The options of %s come from %s", name, file.path)
            _restore_options(config, name, file)
    except renewal_file.LineageError as error:
        raise errors.PluginError(str(error)) from error
    return file.path.stem


def mark(config: NamespaceConfig) -> None:
    """Give the lineage an identifier, if it has none, to find its renewal file by later."""
    if identifier(config) is None:
        setattr(config, renewal_file.IDENTIFIER, renewal_file.new_identifier())


def identifier(config: NamespaceConfig) -> str | None:
    """Return the lineage's identifier."""
    value = getattr(config, renewal_file.IDENTIFIER, None)
    return None if value is None else str(value)


def _renewal_file(
    config: NamespaceConfig, prefixes: Sequence[str]
) -> renewal_file.RenewalFile | None:
    directory = Path(config.renewal_configs_dir)
    if config.certname:
        return renewal_file.named(directory, config.certname)
    result = renewal_file.find(
        directory,
        identifier=identifier(config),
        # Certbot has taken these from the certificate (and keeps addresses apart).
        names=[str(domain) for domain in config.domains or ()],
        prefixes=prefixes,
    )
    if result is None:
        return None
    if result.shared:
        # A copied file gets its own identifier with its first renewal.
        setattr(config, renewal_file.IDENTIFIER, renewal_file.new_identifier())
    return result.file


def _restore_options(config: NamespaceConfig, name: str, file: renewal_file.RenewalFile) -> None:
    parser = _RecordingParser(add_help=False, conflict_handler="resolve")
    plugin_class(name).inject_parser_options(parser, name)
    for item, value in file.options(common.dest_namespace(name)).items():
        if config.set_by_user(item):
            continue
        try:
            setattr(config, item, _typed(value, parser.declared.get(item), file, item))
        except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
            raise errors.PluginError(
                f"{file.path}: {item} = {value!r} is not accepted: {error}"
            ) from error
        logger.debug("Restored %s for %s", item, name)


class _Declared:
    """The parts of an option's declaration that matter for reading its value back from text."""

    def __init__(self, action: argparse.Action, arguments: dict[str, Any]) -> None:
        self.several = arguments.get("action") in ("append", "extend") or action.nargs not in (
            None,
            0,
            "?",
        )
        self.counted = arguments.get("action") == "count"
        self.type: Any = action.type or (int if self.counted else str)


class _RecordingParser(argparse.ArgumentParser):
    """Learns through argparse's public interface which options a plugin declares."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - argparse's own
        self.declared: dict[str, _Declared] = {}
        super().__init__(**arguments)

    def add_argument(self, *names: Any, **arguments: Any) -> argparse.Action:  # noqa: ANN401 - argparse's own
        action = super().add_argument(*names, **arguments)
        self.declared[action.dest] = _Declared(action, arguments)
        return action


def _typed(
    value: str | list[str], declared: _Declared | None, file: renewal_file.RenewalFile, item: str
) -> object:
    """Read a saved value as certbot reads its own, lists element by element."""
    if isinstance(value, str) and value in _LITERALS:
        return _LITERALS[value]
    if declared is None:
        # The plugin set it at run time: return it as it was saved.
        return value
    if declared.several:
        return [
            declared.type(element) for element in ([value] if isinstance(value, str) else value)
        ]
    if isinstance(value, list):
        # Edited by hand, with an unquoted comma: still one value.
        value = file.line(item)
    return declared.type(value)
