"""acme-dns, and a plugin for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.plugin.providers.server import Provider, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab import Lab
    from tests.plugin.providers.server import Request


class AcmeDns(Provider):
    """acme-dns: an account writes at one name, and its two latest values are kept."""

    def __init__(self, lab: Lab, zone: str, accounts: Mapping[str, str]) -> None:
        super().__init__(lab, zone)
        self.accounts = accounts  # subdomain by user

    def respond(self, asked: Request) -> tuple[int, str, bytes]:
        update, user = asked.json, str(asked.headers.get("X-Api-User"))
        key = asked.headers.get("X-Api-Key")
        if (asked.method, asked.path, key) != ("POST", "/update", f"key-{user}"):
            raise Refusal(401, "forbidden")
        if self.accounts.get(user) != update["subdomain"]:
            raise Refusal(401, f"{user} may not write at {update['subdomain']}")
        name = f"{update['subdomain']}.{self.zones[0]}"
        mine = [number for number, (at, _) in self.records.items() if at == name]
        for number in mine[:-1]:
            del self.records[number]
        self.add(name, update["txt"])
        return 200, "application/json", json.dumps({"txt": update["txt"]}).encode()


# A plugin for acme-dns as there are several: its account is found by the domain that is validated,
# and it knows nothing of where the alias leads.
ACME_DNS_PLUGIN = """
import json
import requests
from certbot import errors
from certbot.plugins import dns_common

class Plugin(dns_common.DNSAuthenticator):
    description = "acme-dns"

    @classmethod
    def add_parser_arguments(cls, add):
        super().add_parser_arguments(add, default_propagation_seconds=1)
        add("api-url")
        add("accounts")

    def more_info(self): return "Writes at acme-dns."
    def _setup_credentials(self): self.accounts = json.load(open(self.conf("accounts")))

    def _perform(self, domain, name, value):
        if domain not in self.accounts:
            raise errors.PluginError("no account for " + domain)
        user, subdomain = self.accounts[domain]
        answer = requests.post(
            self.conf("api-url") + "/update",
            json={"subdomain": subdomain, "txt": value},
            headers={"X-Api-User": user, "X-Api-Key": "key-" + user},
            timeout=10,
        )
        if answer.status_code != 200:
            raise errors.PluginError(answer.text)

    def _cleanup(self, domain, name, value): pass
"""
