"""What certbot lets an authenticator say, and what not: docs/explanation/upstream.md rests on it.

Where one of these fails with a new release, a detour of ours may have become needless.
"""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from acme import challenges, messages
from certbot import errors
from certbot._internal.auth_handler import AuthHandler

from tests.plugin.made import ACCOUNT_KEY

if TYPE_CHECKING:
    from collections.abc import Callable


class Ca:
    """A CA's client, whose authorizations stay pending."""

    def __init__(self) -> None:
        self.answered: list[Any] = []
        self.polls = 0

    def answer_challenge(self, _: Any, response: Any) -> None:
        if response is not None:
            self.answered.append(response)

    def poll(self, authorization: Any) -> tuple[Any, Any]:
        self.polls += 1
        return authorization, object()

    def retry_after(self, *_: Any) -> dt.datetime:
        return dt.datetime.now()  # noqa: DTZ005 - certbot's clock


class Authenticator:
    name = "dns-preflight"

    def __init__(self, perform: Callable[[list[Any]], list[Any]]) -> None:
        self.perform = perform
        self.cleaned = False

    def get_chall_pref(self, _: str) -> list[type[challenges.Challenge]]:
        return [challenges.DNS01]

    def cleanup(self, _: list[Any]) -> None:
        self.cleaned = True


def authorization(domain: str) -> messages.AuthorizationResource:
    body = messages.ChallengeBody(
        chall=challenges.DNS01(token=domain.encode().ljust(20, b".")),
        uri=f"https://ca.test/{domain}",
        status=messages.STATUS_PENDING,
    )
    return messages.AuthorizationResource(
        uri=f"https://ca.test/authz/{domain}",
        body=messages.Authorization(
            identifier=messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=domain),
            status=messages.STATUS_PENDING,
            challenges=[body],
        ),
    )


def refuse(error: errors.Error) -> Callable[[list[Any]], list[Any]]:
    def perform(_: list[Any]) -> list[Any]:
        raise error

    return perform


@pytest.mark.parametrize(
    ("perform", "raised", "polls"),
    [
        (lambda achalls: achalls[:1], AssertionError, 0),
        (lambda achalls: [None for _ in achalls], errors.AuthorizationError, 30),
        (refuse(errors.PluginError()), errors.PluginError, 0),
        (refuse(errors.AuthorizationError()), errors.AuthorizationError, 0),
        (refuse(errors.FailedChallenges({object()})), errors.FailedChallenges, 0),
    ],
    ids=["fewer responses", "no response", "PluginError", "AuthorizationError", "FailedChallenges"],
)
def test_an_authenticator_cannot_leave_out_a_name_though_certbot_may_do_with_fewer(
    monkeypatch: pytest.MonkeyPatch,
    perform: Callable[[list[Any]], list[Any]],
    raised: type[Exception],
    polls: int,
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    ca: Any = Ca()
    authenticator: Any = Authenticator(perform)
    account: Any = SimpleNamespace(key=ACCOUNT_KEY)
    config: Any = SimpleNamespace(debug_challenges=False)
    order = messages.OrderResource(
        authorizations=[authorization("a.test"), authorization("b.test")]
    )
    handler = AuthHandler(authenticator, ca, account, [])
    with pytest.raises(raised):
        handler.handle_authorizations(order, config, best_effort=True)
    assert ca.answered == []
    assert ca.polls == polls * 2
    assert authenticator.cleaned
