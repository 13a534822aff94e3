"""Who makes which record, and where: at alias targets, by zone, and all is undone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import dns.name
import pytest
from acme import challenges
from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight.plugin.authenticators import Authenticators, Work
from certbot_dns_preflight.renewals import zone_map
from certbot_dns_preflight.run.record_location import RecordLocation
from certbot_dns_preflight.settings import AliasPolicy
from tests.plugin.made import ACCOUNT_KEY, achall, config, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A provider's plugin built on certbot's base class: it looks for the zone by the domain, as all do,
# and keeps its records where the tests can see them, by name, each value once.
SOURCE = """
from certbot import errors
from certbot.plugins import dns_common

class Plugin(dns_common.DNSAuthenticator):
    description = "a provider"
    zones = ("example.test",)
    records = {}
    calls = []
    prepared = []

    def prepare(self): self.prepared.append(self.name)
    def more_info(self): return self.name
    def _setup_credentials(self): self.calls.append("perform")

    def _zone(self, domain):
        for guess in dns_common.base_domain_name_guesses(domain):
            if guess in self.zones: return guess
        raise errors.PluginError("no zone for " + domain)

    def _perform(self, domain, name, value):
        assert name.endswith(self._zone(domain))
        values = self.records.setdefault(name, [])
        assert value not in values
        values.append(value)

    def _cleanup(self, domain, name, value):
        self.calls.append("cleanup")
        self._zone(domain)
        self.records[name].remove(value)
"""


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(display, "notify", lines.append)
    return lines


@pytest.fixture
def providers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[Authenticators, Any, Any]]:
    """Two providers, one and two, with their zones; gives the map, then their classes."""
    for name in ("dns-one", "dns-two"):
        install(monkeypatch, tmp_path, name, SOURCE)

    def make(text: str, alias: AliasPolicy | None = None) -> tuple[Authenticators, Any, Any]:
        values = {f"dns_{name}_propagation_seconds": 60 for name in ("one", "two")}
        made = Authenticators(zone_map.parse(text), config(tmp_path, **values), alias)
        made.prepare()
        one = sys.modules["plugin_dns_one"].Plugin if "dns-one" in text else None
        two = sys.modules["plugin_dns_two"].Plugin if "dns-two" in text else None
        return made, one, two

    return make


def work(
    domain: str, record: str | None = None, zone: str | None = None, *, token: bytes = b"t" * 20
) -> Work:
    owner = dns.name.from_text(f"_acme-challenge.{domain}")
    place = RecordLocation(
        owner,
        owner if record is None else dns.name.from_text(record),
        dns.name.from_text(zone or domain),
    )
    return Work(achall(domain, token=token), place)


def value(one: Work) -> str:
    return str(one.achall.validation(ACCOUNT_KEY))


def test_the_plugin_gets_the_target_as_domain_and_name_and_the_answers_are_certbots_own(
    providers: Callable[..., tuple[Authenticators, Any, Any]], shown: list[str]
) -> None:
    made, one, _ = providers("dns-one")
    order = [
        work("a.alias.test", "x.example.test.", "example.test."),
        work("example.test", token=b"2" * 20),
    ]
    responses = made.perform(order)
    assert responses == [w.achall.response(ACCOUNT_KEY) for w in order]
    assert one.records == {
        "x.example.test": [value(order[0])],
        "_acme-challenge.example.test": [value(order[1])],
    }
    assert one.calls == ["perform"]
    assert "the record of _acme-challenge.a.alias.test. goes to x.example.test." in shown[0]
    made.cleanup()
    assert not any(one.records.values())


def test_values_at_one_target_are_added_and_each_is_removed_once(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
    shown: list[str],
) -> None:
    made, one, _ = providers("dns-one")
    order = [
        work(domain, "x.example.test.", "example.test.", token=token * 20)
        for domain, token in (("a.test", b"1"), ("a.test", b"2"), ("b.test", b"3"))
    ]
    made.perform(order)
    assert one.records == {"x.example.test": [value(w) for w in order]}
    assert shown[0].endswith(
        "of _acme-challenge.a.test., _acme-challenge.b.test. goes to x.example.test. (alias)"
    )
    made.cleanup()
    assert one.records == {"x.example.test": []}
    assert one.calls.count("cleanup") == 3


def test_what_cannot_be_written_at_the_target_is_written_at_the_name_itself(
    providers: Callable[..., tuple[Authenticators, Any, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    made, one, _ = providers("dns-one")
    order = [
        work("example.test", token=b"1" * 20),
        work("www.example.test", "x.elsewhere.test.", "elsewhere.test.", token=b"2" * 20),
        work("a.alias.test", "y.example.test.", "example.test.", token=b"3" * 20),
    ]
    made.perform(order)
    assert {name: values for name, values in one.records.items() if values} == {
        "_acme-challenge.example.test": [value(order[0])],
        "_acme-challenge.www.example.test": [value(order[1])],
        "y.example.test": [value(order[2])],
    }
    assert "dns-one cannot write at x.elsewhere.test., where www.example.test" in caplog.text
    assert "no zone for x.elsewhere.test" in caplog.text
    made.cleanup()
    assert not any(one.records.values())


def test_what_can_be_written_nowhere_is_the_plugins_error_and_the_rest_is_removed(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, one, _ = providers("dns-one")
    order = [
        work("example.test", token=b"1" * 20),
        work("other.test", "x.elsewhere.test.", "elsewhere.test.", token=b"2" * 20),
    ]
    with pytest.raises(errors.PluginError, match=r"no zone for other\.test"):
        made.perform(order)
    made.cleanup()
    assert not any(one.records.values())


def test_the_failure_at_the_target_is_told_first_when_the_name_itself_fails_too(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, one, _ = providers("dns-one")
    one._setup_credentials = lambda _: None
    one.zones = ()
    with pytest.raises(errors.PluginError) as raised:
        made.perform([work("www.alias.test", "x.example.test.", "example.test.")])
    assert str(raised.value) == (
        "no zone for x.example.test (at x.example.test., where the alias leads to); "
        "no zone for www.alias.test (at the name itself, tried instead)"
    )


def test_with_keep_the_name_itself_is_written_at_once(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, one, _ = providers("dns-one", AliasPolicy.KEEP)
    made.perform([work("www.example.test", "x.elsewhere.test.", "elsewhere.test.")])
    assert list(one.records) == ["_acme-challenge.www.example.test"]
    assert one.calls == ["perform"]


def test_the_view_is_of_the_same_classes_and_differs_in_its_names_alone() -> None:
    from certbot_dns_preflight.plugin import challenge_view  # noqa: PLC0415 - of this test alone

    real = achall("www.alias.test")
    view = challenge_view.written_at(real, dns.name.from_text("X.target.test."))
    assert type(view) is type(real)
    assert isinstance(view.chall, challenges.DNS01)
    assert view.domain == "x.target.test"
    assert view.validation_domain_name(view.domain) == "x.target.test"
    assert view.chall.validation_domain_name("anything") == "x.target.test"
    for name in ("token", "account_key", "uri", "status", "typ"):
        assert getattr(view, name) == getattr(real, name)
    assert view.validation(ACCOUNT_KEY) == real.validation(ACCOUNT_KEY)
    assert view.response(ACCOUNT_KEY) == real.response(ACCOUNT_KEY)
    assert view.response_and_validation() == real.response_and_validation()
    assert view == challenge_view.written_at(real, dns.name.from_text("x.target.test."))
    assert len({view, real}) == 2


def test_where_the_target_is_a_challenge_name_the_domain_is_what_it_belongs_to() -> None:
    from certbot_dns_preflight.plugin import challenge_view  # noqa: PLC0415 - of this test alone

    target = dns.name.from_text("_acme-challenge.target.test.")
    view = challenge_view.written_at(achall("www.alias.test"), target)
    assert view.domain == "target.test"
    assert view.validation_domain_name("target.test") == "_acme-challenge.target.test"


# -- a map -----------------------------------------------------------------------------------------


def test_each_is_prepared_once_gets_its_own_challenges_in_one_perform_and_is_cleaned_up(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, one, two = providers("dns-one,corp.test=dns-two")
    two.zones = ("corp.test",)
    order = [
        work("example.test", token=b"1" * 20),
        work("a.corp.test", zone="corp.test", token=b"2" * 20),
        work("www.example.test", "b.corp.test.", "corp.test.", token=b"3" * 20),
        work("deep.a.corp.test", zone="corp.test", token=b"4" * 20),
    ]
    assert made.perform(order) == [w.achall.response(ACCOUNT_KEY) for w in order]
    assert list(one.records) == ["_acme-challenge.example.test"]
    assert list(two.records) == [
        "_acme-challenge.a.corp.test",
        "b.corp.test",
        "_acme-challenge.deep.a.corp.test",
    ]
    assert (one.calls, two.calls) == (["perform"], ["perform"])
    assert (one.prepared, two.prepared) == (["dns-one"], ["dns-two"])
    made.cleanup()
    assert not any((*one.records.values(), *two.records.values()))


def test_one_that_fails_does_not_keep_the_others_from_being_cleaned_up(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, one, two = providers("dns-one,corp.test=dns-two")
    two.zones = ()
    order = [work("example.test", token=b"1" * 20), work("corp.test", token=b"2" * 20)]
    with pytest.raises(errors.PluginError, match=r"no zone for corp\.test"):
        made.perform(order)
    one.zones = ()
    with pytest.raises(errors.PluginError, match=r"no zone for example\.test"):
        made.cleanup()
    assert one.calls == ["perform", "cleanup"]


def test_a_refusal_is_explained_by_whoever_made_that_record(
    providers: Callable[..., tuple[Authenticators, Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, one, two = providers("dns-one,corp.test=dns-two")
    two.zones = ("corp.test",)
    for kind, words in ((one, "one's"), (two, "two's")):
        monkeypatch.setattr(kind, "auth_hint", lambda _, failed, w=words: f"{w} {len(failed)}")
    order = [
        work("example.test", token=b"1" * 20),
        work("corp.test", token=b"2" * 20),
        work("a.alias.test", "b.corp.test.", "corp.test.", token=b"3" * 20),
    ]
    made.perform(order)
    failed = [
        achall(w.place.owner.to_text(omit_final_dot=True), token=w.achall.token) for w in order
    ]
    assert made.auth_hint(failed) == "one's 1\ntwo's 2"
    assert made.auth_hint(failed[2:]) == "two's 1"
    assert made.auth_hint([achall("other.test", token=b"9" * 20)]) == ""


def test_a_name_that_nobody_is_for_is_told_before_anything_is_made(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, _, two = providers("corp.test=dns-two")
    order = [work("corp.test", token=b"1" * 20), work("example.test", token=b"2" * 20)]
    with pytest.raises(errors.PluginError, match=r"no authenticator for _acme-challenge\.example"):
        made.perform(order)
    assert two.calls == []


def test_the_pause_is_the_longest(
    providers: Callable[..., tuple[Authenticators, Any, Any]],
) -> None:
    made, _, _ = providers("dns-one,corp.test=dns-two")
    made.config.dns_two_propagation_seconds = 900
    assert made.pause == 900


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ("_acme-challenge.example.test.", "dns-a"),
        ("_acme-challenge.corp.example.", "dns-b"),
        ("x.y.CORP.example.", "dns-b"),
        ("corp.example.", "dns-b"),
        ("notcorp.example.", "dns-a"),
        ("_acme-challenge.lab.corp.example.", "dns-c"),
    ],
)
def test_the_longest_suffix_chooses(record: str, name: str) -> None:
    entries = zone_map.parse("lab.corp.example=dns-c, dns-a ,*.Corp.Example.=dns-b")
    assert zone_map.choose(entries, record) == name


def test_without_an_entry_for_all_others_nobody_is_chosen() -> None:
    assert zone_map.choose(zone_map.parse("corp.example=dns-b"), "example.") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it takes NAME"),
        ("dns-a,", "it takes NAME"),
        ("corp.example=", "it takes NAME"),
        ("=dns-a", "'' is no zone's name"),
        ("a..b=dns-a", "'a..b' is no zone's name"),
        ("münchen.example=dns-a", "as xn--"),
        ("dns-a,dns-b", "two authenticators for all other zones: dns-a and dns-b"),
        ("x.test=dns-a,X.test.=dns-b", "two authenticators for x.test"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_with_what_is_accepted(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        zone_map.parse(text)
