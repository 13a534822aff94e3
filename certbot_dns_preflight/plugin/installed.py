"""Find the installed authenticators, and the one that a name means.

Reads certbot's two groups of entry points through `importlib.metadata`, and loads only the wanted
plugin.
"""

from __future__ import annotations

import difflib
import importlib.metadata

from certbot import errors, interfaces

from certbot_dns_preflight.renewals import renewal_file

OPTION = "--dns-preflight-authenticator"
# Certbot still loads the second one, where plugins from before 2016 register.
_GROUPS = ("certbot.plugins", "letsencrypt.plugins")


def plugin_class(name: str) -> type[interfaces.Authenticator]:
    """Find an installed authenticator; raises `PluginError` with one line of advice."""
    if name == renewal_file.PLUGIN:
        raise errors.PluginError(
            f"{OPTION}: dns-preflight cannot wrap itself; name the authenticator that makes the "
            f"records: {choices()}"
        )
    for group in _GROUPS:
        for entry_point in importlib.metadata.entry_points(group=group, name=name):
            loaded = entry_point.load()
            if isinstance(loaded, type) and issubclass(loaded, interfaces.Authenticator):
                return loaded
            raise errors.PluginError(f"{OPTION}: {name} is not an authenticator; {choices()}")
    raise errors.PluginError(f"{OPTION}: {name!r} is not installed; {choices(like=name)}")


def choices(like: str | None = None) -> str:
    """Say which plugins could be meant, by name alone: none is loaded for it."""
    names = {
        entry_point.name
        for group in _GROUPS
        for entry_point in importlib.metadata.entry_points(group=group)
    }
    usable = sorted(name for name in names if name == "manual" or "dns" in name.lower())
    usable = [name for name in usable if name != renewal_file.PLUGIN]
    text = "installed: " + ", ".join(usable)
    if like is None:
        return text
    # Certbot before 1.7 named plugins dist:name, and renewal files still have such names.
    wanted = like.strip().rpartition(":")[2].lower().replace("_", "-")
    near = difflib.get_close_matches(wanted, usable, n=1) or [
        name for name in usable if wanted and wanted in name
    ]
    if near:
        return f"did you mean {near[0]}? {text}"
    return f"{text}; install the plugin for your DNS provider where certbot is installed"
