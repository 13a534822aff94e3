"""Real plugins of certbot's, at APIs that write into real servers: issued, and renewed twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.laboratory import ALIAS_TARGET
from tests.plugin.made import write_distribution
from tests.plugin.providers import (
    ACME_DNS_PLUGIN,
    AcmeDns,
    Cloudflare,
    DigitalOcean,
    LuaDns,
    Route53,
)
from tests.plugin.renewal_files import params

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow

# An apex with its wildcard, a name of its own, and an alias into another zone.
NAMES = "example.test,*.example.test,deep.www.example.test,www.alias.test"
WRITTEN = {
    "_acme-challenge.example.test": 2,
    "_acme-challenge.deep.www.example.test": 1,
    ALIAS_TARGET.rstrip("."): 1,
}


@pytest.fixture
def credentials(tmp_path: Path) -> Callable[..., Path]:
    """Write a plugin's credentials, each `name = value`."""

    def write(plugin: str, **values: str) -> Path:
        path = tmp_path / f"{plugin}.ini"
        prefix = plugin.replace("-", "_")
        path.write_text("".join(f"{prefix}_{name} = {values[name]}\n" for name in values))
        path.chmod(0o600)
        return path

    return write


def issue_and_renew_twice(
    certbot: Certbot, domains: str, *options: str, **variables: str
) -> dict[str, str]:
    """Give the options that the renewal file had, each time."""
    certbot.order(domains, *options, **variables).succeeded()
    (file,) = (certbot.config_dir / "renewal").glob("*.conf")
    first = params(file)
    for _ in range(2):
        ran = certbot.renew(**variables).succeeded()
        assert "Waiting 0 seconds" not in ran.output
    assert params(file) == first
    return first


def test_a_map_of_cloudflare_and_of_a_plugin_by_lexicon_each_with_an_alias_into_its_zone(
    certbot: Certbot, lab: Lab, credentials: Callable[..., Path], tmp_path: Path
) -> None:
    outside = "_acme-challenge CNAME outside.example.test.\n"
    lab.zone("outside.test.", [lab.knot], records=outside)
    with (
        Cloudflare(lab, "test", "example.test") as cloudflare,
        LuaDns(lab, tmp_path, "other.test", "target.test") as luadns,
    ):
        token = credentials("dns-cloudflare", api_token=Cloudflare.token)
        account = credentials("dns-luadns", email=LuaDns.user, token=LuaDns.token)
        options = issue_and_renew_twice(
            certbot,
            f"{NAMES},outside.test,direct.target.test",
            "--dns-preflight-authenticator=dns-cloudflare",
            "--dns-preflight-authenticator=target.test=dns-luadns",
            f"--dns-cloudflare-credentials={token}",
            f"--dns-luadns-credentials={account}",
            **cloudflare.environment,
            **luadns.environment,
        )
    assert options["dns_cloudflare_credentials"] == str(token)
    assert options["dns_luadns_credentials"] == str(account)
    assert (cloudflare.complaints, luadns.complaints) == ([], [])
    assert (cloudflare.records, luadns.records) == ({}, {})
    # Both values at the apex, and where outside.test's alias leads to.
    assert cloudflare.written == [
        f"POST /client/v4/zones/{1:032x}/dns_records" for _ in range(3 * (2 + 1 + 1))
    ]
    assert luadns.written == ["POST /v1/zones/1/records"] * 3 * 2
    names = (*WRITTEN, "outside.example.test", "_acme-challenge.direct.target.test")
    assert not any(lab.primary.texts(f"{name}.") for name in names)


def test_dns_route53_which_waits_by_itself(certbot: Certbot, lab: Lab) -> None:
    with Route53(lab, "test", "example.test", "target.test") as provider:
        issue_and_renew_twice(
            certbot,
            NAMES,
            "--dns-preflight-authenticator=dns-route53",
            **provider.environment,
        )
    assert provider.complaints == []
    assert provider.records == {}
    assert len(provider.asked_for_change) == 3 * sum(WRITTEN.values())  # never for a removal
    assert not any(lab.primary.texts(f"{name}.") for name in WRITTEN)


def test_dns_route53_that_breaks_off_leaves_nothing_behind(certbot: Certbot, lab: Lab) -> None:
    with Route53(lab, "example.test") as provider:
        ran = certbot.order(
            "example.test,www.broken.test",
            "--dns-preflight-authenticator=dns-route53",
            "--dns-preflight-skip=no-such-domain",
            **provider.environment,
        )
        assert ran.status == 1
        assert "Unable to find a Route53 hosted zone for _acme-challenge.www.broken.test" in (
            " ".join(ran.output.split())
        )
        assert "ValueError" not in ran.output
    assert provider.records == {}
    assert not lab.primary.texts("_acme-challenge.example.test.")


def test_a_map_of_digitalocean_and_an_acme_dns_that_finds_its_account_by_the_domain(
    certbot: Certbot, lab: Lab, credentials: Callable[..., Path], tmp_path: Path
) -> None:
    write_distribution(tmp_path / "installed", "dns-acmedns", ACME_DNS_PLUGIN)
    lab.zone("auth.test.", [lab.bind, lab.nsd], dynamic=True)
    lab.zone(
        "outside.test.",
        [lab.knot],
        records="_acme-challenge CNAME d420c923.auth.test.\n",
    )
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps({"outside.test": ["user", "d420c923"]}))
    token = credentials("dns-digitalocean", token=DigitalOcean.token)
    with (
        DigitalOcean(lab, "test", "example.test", "target.test") as provider,
        AcmeDns(lab, "auth.test", {"user": "d420c923"}) as acme_dns,
    ):
        options = issue_and_renew_twice(
            certbot,
            f"{NAMES},outside.test",
            "--dns-preflight-authenticator=dns-digitalocean",
            "--dns-preflight-authenticator=auth.test=dns-acmedns",
            f"--dns-digitalocean-credentials={token}",
            f"--dns-acmedns-api-url={acme_dns.url}",
            f"--dns-acmedns-accounts={accounts}",
            **provider.environment,
            PYTHONPATH=str(tmp_path / "installed"),
        )
    assert options["dns_acmedns_accounts"] == str(accounts)
    assert options["dns_digitalocean_credentials"] == str(token)
    assert (acme_dns.complaints, provider.complaints) == ([], [])
    assert provider.records == {}
    assert len(acme_dns.calls) == 3
    assert len(provider.written) == 3 * sum(WRITTEN.values())
    assert provider.written.count("POST /v2/domains/target.test/records") == 3
    assert not any(lab.primary.texts(f"{name}.") for name in WRITTEN)
