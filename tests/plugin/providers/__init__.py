"""DNS providers' HTTP APIs, played by local servers that check what they get and write into BIND.

Each refuses what the real one refuses, and takes note of it in `complaints`.
"""

from __future__ import annotations

from tests.plugin.providers.acme_dns import ACME_DNS_PLUGIN, AcmeDns
from tests.plugin.providers.cloudflare import Cloudflare
from tests.plugin.providers.digitalocean import DigitalOcean
from tests.plugin.providers.luadns import LuaDns
from tests.plugin.providers.route53 import Route53
from tests.plugin.providers.server import Provider

__all__ = [
    "ACME_DNS_PLUGIN",
    "AcmeDns",
    "Cloudflare",
    "DigitalOcean",
    "LuaDns",
    "Provider",
    "Route53",
]
