from __future__ import annotations

from pathlib import Path

import pytest

from certbot_dns_preflight import settings
from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.settings import (
    Family,
    InvalidOptionError,
    OnFailure,
    Settings,
    UnreachablePolicy,
    read_settings,
)


def test_nothing_given_means_the_documented_defaults() -> None:
    assert read_settings({}, "--") == Settings()


def test_texts_are_read_into_their_types(tmp_path: Path) -> None:
    hints = tmp_path / "hints"
    hints.write_text("")
    read = read_settings(
        {
            "timeout": "12.5",
            "interval": "2",
            "confirmations": "3",
            "settle": "0",
            "query-timeout": "1",
            "unreachable": "warn",
            "on-failure": "continue",
            "resolver": ["192.0.2.1, 2001:db8::1#5353", "192.0.2.1"],
            "root-hints": str(hints),
            "trust-anchor": str(hints),
            "family": "6",
            "caa-identity": ["Letsencrypt.org., pki.goog", "letsencrypt.org"],
            "skip": "stale-values, servers-disagree",
            "metrics": str(tmp_path / "metrics.prom"),
            "report": str(tmp_path / "report.json"),
        },
        "--",
    )
    assert read == Settings(
        timeout=12.5,
        interval=2.0,
        confirmations=3,
        settle=0.0,
        query_timeout=1.0,
        unreachable=UnreachablePolicy.WARN,
        on_failure=OnFailure.CONTINUE,
        resolver=(Recursive("192.0.2.1", 53), Recursive("2001:db8::1", 5353)),
        root_hints=hints,
        trust_anchor=hints,
        family=Family.IPV6,
        caa_identity=("letsencrypt.org", "pki.goog"),
        skip=("stale-values", "servers-disagree"),
        metrics=tmp_path / "metrics.prom",
        report=tmp_path / "report.json",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("timeout", "soon"),
        ("timeout", "-1"),
        ("timeout", "nan"),
        ("timeout", "inf"),
        ("timeout", "86401"),
        ("interval", "0"),
        ("confirmations", "0"),
        ("confirmations", "1.5"),
        ("confirmations", "²"),
        ("query-timeout", "0"),
        ("unreachable", "ignore"),
        ("on-failure", ""),
        ("resolver", "ns1.example.net"),
        ("resolver", "192.0.2.1#0"),
        ("resolver", "192.0.2.1#65536"),
        ("resolver", "192.0.2.1#"),
        ("resolver", ""),
        ("resolver", "tls://dns.example"),
        ("resolver", "tls://192.0.2.1#"),
        ("resolver", "http://dns.example/dns-query"),
        ("resolver", "https://dns.example"),
        ("resolver", "https://dns.example:99999/dns-query"),
        ("resolver", "https://user:word@dns.example/dns-query"),
        ("resolver", "https://dns.example/dns-query#x"),
        ("resolver", "https://dns.example/dns-query{?dns}"),
        ("resolver", "https:///dns-query"),
        ("ask", "resolver"),
        ("root-hints", "/nonexistent/hints"),
        ("family", "5"),
        ("trust-anchor", "/"),
        ("caa-identity", "let's encrypt"),
        ("caa-identity", ""),
        ("skip", "stale-value"),
        ("skip", ","),
        ("metrics", "/"),
        ("report", "/"),
        ("report", ""),
    ],
)
def test_bad_input_is_one_line_with_option_value_and_what_is_accepted(name: str, text: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read_settings({name: text}, "--dns-preflight-")
    message = str(caught.value)
    assert message.startswith(f"--dns-preflight-{name}: {text!r} is not accepted; ")
    assert "\n" not in message


def test_every_setting_is_an_option_and_the_other_way_round() -> None:
    options = (*settings.OPTIONS, *settings.PLUGIN_OPTIONS)
    assert {option.field for option in options} == set(Settings.__dataclass_fields__)


def test_every_option_is_documented_with_its_default() -> None:
    page = (Path(__file__).parent.parent / "docs" / "reference" / "options.md").read_text()
    rows = {line.split("`")[1].split()[0]: line for line in page.splitlines() if "| `" in line}
    for option in (*settings.OPTIONS, *settings.PLUGIN_OPTIONS):
        assert option.name in rows
        if option.default_words == settings.AUTO:
            assert f"| `{settings.AUTO}` |" in rows[option.name]
        elif isinstance(option.default, (int, float)):
            assert f"| {option.default:g} |" in rows[option.name]


def test_a_resolver_is_written_as_it_is_read() -> None:
    for text in (
        *("192.0.2.1", "2001:db8::1#5353", "tls://192.0.2.1", "tls://2001:db8::1#8853"),
        *("https://dns.example/dns-query", "https://dns.example:8443/q?key=1", "https://[::1]/q"),
    ):
        (read,) = read_settings({"resolver": text}, "--").resolver
        assert str(read) == text


def test_where_a_resolver_is_asked_is_read_from_how_it_is_written() -> None:
    plain, tls, https = read_settings(
        {"resolver": "192.0.2.1,tls://192.0.2.1,https://dns.example/dns-query"}, "--"
    ).resolver
    assert (plain.address, plain.port, plain.is_https) == ("192.0.2.1", 53, False)
    assert (tls.address, tls.port, tls.is_https) == ("192.0.2.1", 853, False)
    assert (https.address, https.port, https.is_https) == ("dns.example", 443, True)


@pytest.mark.parametrize("prefix", ["--", "--dns-preflight-"])
def test_to_ask_resolvers_one_must_be_named(prefix: str) -> None:
    with pytest.raises(InvalidOptionError) as refused:
        read_settings({"ask": "resolvers"}, prefix)
    assert str(refused.value) == (
        f"{prefix}ask resolvers needs {prefix}resolver: name the resolvers that this host may use"
    )
    assert read_settings({"ask": "resolvers", "resolver": "192.0.2.1"}, prefix).asks_resolvers
