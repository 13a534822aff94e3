"""A wrapped plugin sees certbot's configuration whole, and its fixed pause as it should be."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from certbot.configuration import NamespaceConfig

from certbot_dns_preflight.plugin.config_view import ConfigView
from tests.plugin.made import config

if TYPE_CHECKING:
    from pathlib import Path

PAUSE = "dns_provider_propagation_seconds"


@pytest.fixture
def certbot(tmp_path: Path) -> Any:
    return config(tmp_path, dns_provider_propagation_seconds=60, dns_provider_account="me")


@pytest.fixture
def view(certbot: Any) -> ConfigView:
    return ConfigView(certbot, PAUSE)


def test_the_pause_counts_as_the_users_while_it_is_skipped_and_only_then(
    view: ConfigView,
) -> None:
    assert not view.set_by_user(PAUSE)
    with view.skipping_pause():
        assert view.set_by_user(PAUSE)
        assert not view.set_by_user("dns_provider_account")
    assert not view.set_by_user(PAUSE)


def test_a_pause_that_the_plugin_sets_stays_in_the_view_and_is_known_as_its_pause(
    view: ConfigView, certbot: Any
) -> None:
    view.dns_provider_propagation_seconds = 300
    assert view.dns_provider_propagation_seconds == 300
    assert view.pause == 300
    assert certbot.dns_provider_propagation_seconds == 60
    assert not certbot.set_by_user(PAUSE)
    del view.dns_provider_propagation_seconds
    assert view.pause == 60


def test_a_plugin_that_sets_its_pause_while_it_performs_does_not_sleep(view: ConfigView) -> None:
    with view.skipping_pause():
        view.dns_provider_propagation_seconds = 300
        assert view.dns_provider_propagation_seconds == 0
    assert view.pause == 300


def test_namespace_and_to_dict_answer_by_the_same_rules(view: ConfigView, certbot: Any) -> None:
    with view.skipping_pause():
        assert view.to_dict()[PAUSE] == 0
        assert vars(view.namespace)[PAUSE] == 0
        assert view.namespace.dns_provider_propagation_seconds == 0
    assert view.to_dict() == certbot.to_dict()
    view.namespace.dns_provider_account = "you"
    assert certbot.dns_provider_account == "you"
    assert certbot.set_by_user("dns_provider_account")
    del view.namespace.dns_provider_account
    assert not hasattr(certbot.namespace, "dns_provider_account")


def test_a_deep_copy_is_a_view_of_a_copy(view: ConfigView, certbot: Any) -> None:
    with view.skipping_pause():
        copied = copy.deepcopy(view)
        assert copied.dns_provider_propagation_seconds == 0
    copied.dns_provider_account = "you"
    assert certbot.dns_provider_account == "me"
    namespace = copy.deepcopy(view.namespace)
    namespace.dns_provider_account = "you"
    assert certbot.dns_provider_account == "me"


def test_it_passes_for_certbots_own_object_and_so_does_a_copy(view: ConfigView) -> None:
    for one in (view, copy.copy(view), copy.deepcopy(view)):
        assert isinstance(one, NamespaceConfig)
        assert type(one) is ConfigView
        assert one.dns_provider_propagation_seconds == 60


def test_what_is_no_option_is_an_attribute_error(view: ConfigView) -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        view.nothing_like_it  # noqa: B018 - asked for its effect
    with pytest.raises(AttributeError):
        del view.nothing_like_it


@pytest.mark.parametrize("value", [None, "soon"])
def test_a_pause_that_is_no_number_is_none(tmp_path: Path, value: object) -> None:
    odd = ConfigView(config(tmp_path, dns_provider_propagation_seconds=value), PAUSE)
    assert odd.pause is None
