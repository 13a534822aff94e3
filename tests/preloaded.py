"""What `tests.forked` loads once for all: the packages of the scripts and of certbot's plugins."""

import contextlib
import gc
import importlib
from importlib import metadata

_OURS = [
    "certbot_dns_preflight.cli.commands",
    "certbot_dns_preflight.plugin.authenticator",
    "certbot_dns_preflight.run.waiting",
    "certbot_dns_preflight.report.text",
]
for _name in ["certbot.main", *_OURS]:
    importlib.import_module(_name)
for _plugin in metadata.entry_points(group="certbot.plugins"):
    with contextlib.suppress(ImportError):
        _plugin.load()
gc.freeze()
