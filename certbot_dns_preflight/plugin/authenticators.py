"""Run all wrapped authenticators of an order: each makes its zones' records and removes them.

Decides which one makes which record, and where: at the alias target if that is wanted and possible,
else at the challenge name itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight.plugin import by_hand, challenge_view, identity, installed
from certbot_dns_preflight.plugin.wrapped import Wrapped
from certbot_dns_preflight.renewals import zone_map
from certbot_dns_preflight.settings import AliasPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from acme import challenges
    from certbot.achallenges import AnnotatedChallenge
    from certbot.configuration import NamespaceConfig

    from certbot_dns_preflight.renewals.zone_map import Entry
    from certbot_dns_preflight.run.record_location import RecordLocation

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One challenge, and where its record belongs."""

    achall: AnnotatedChallenge
    place: RecordLocation

    @property
    def variables(self) -> dict[str, str]:
        """The variables that a hook's environment has besides certbot's own."""
        known = {"DNS_PREFLIGHT_RECORD": self.place.record.to_text(omit_final_dot=True)}
        if self.place.zone is not None and self.place.relative is not None:
            known["DNS_PREFLIGHT_ZONE"] = self.place.zone.to_text(omit_final_dot=True)
            known["DNS_PREFLIGHT_RELATIVE"] = self.place.relative
        return known


@dataclass(slots=True)
class Authenticators:
    """The authenticators that `entries` name, each once. Their exceptions pass through."""

    entries: tuple[Entry, ...]
    config: NamespaceConfig
    alias: AliasPolicy | None = None
    asks_resolvers: bool = False
    limit: by_hand.Limit = by_hand.NO_LONGER
    wrapped: dict[str, Wrapped] = field(init=False)
    _tokens: dict[str, set[bytes]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Find the plugins; raises `PluginError` if one is not installed."""
        self.wrapped = {name: Wrapped(name, self.config) for name in zone_map.names(self.entries)}

    @property
    def pause(self) -> float:
        """The longest fixed pause of any of them, in seconds; 0 if none has one."""
        return max((wrapped.pause or 0.0 for wrapped in self.wrapped.values()), default=0.0)

    @property
    def some_by_hand(self) -> bool:
        """Whether a person is asked to make records."""
        return any(wrapped.asks_by_hand for wrapped in self.wrapped.values())

    @property
    def all_by_hand(self) -> bool:
        """Whether a person is asked to make all of them."""
        return all(wrapped.asks_by_hand for wrapped in self.wrapped.values())

    def prepare(self) -> None:
        """Have each prepare itself, once."""
        for wrapped in self.wrapped.values():
            wrapped.prepare()

    def more_info(self) -> str:
        """Return what each says of itself."""
        return " ".join(wrapped.more_info() for wrapped in self.wrapped.values())

    def auth_hint(self, failed: list[AnnotatedChallenge]) -> str:
        """Return each one's hint on the refusals of the challenges whose records it made."""
        hints: dict[str, None] = {}
        for name, tokens in self._tokens.items():
            mine = [achall for achall in failed if getattr(achall, "token", None) in tokens]
            if mine:
                hints[self.wrapped[name].auth_hint(mine)] = None
        return "\n".join(hint for hint in hints if hint)

    def perform(self, order: Sequence[Work]) -> list[challenges.ChallengeResponse]:
        """Have all records made; the responses are in the given order."""
        shares: dict[str, list[Work]] = {}
        for work in order:
            shares.setdefault(self._choose(work), []).append(work)
        self._tokens = {
            name: {work.achall.token for work in share} for name, share in shares.items()
        }
        for name, share in shares.items():
            self._perform(self.wrapped[name], share)
        return [work.achall.response(work.achall.account_key) for work in order]

    def hook_failures(self, order: Iterable[Work]) -> dict[str, str]:
        """Return the domains whose auth hook failed, each with the hook's output."""
        words_by_token = {
            achall.token: words
            for wrapped in self.wrapped.values()
            for achall, words in wrapped.failed_hooks
        }
        return {
            identity.of(work.achall): words_by_token[work.achall.token]
            for work in order
            if work.achall.token in words_by_token
        }

    def cleanup(self) -> None:
        """Have all records removed that were made, even if removing others fails."""
        failures: list[Exception] = []
        for wrapped in self.wrapped.values():
            try:
                wrapped.cleanup()
            except errors.SignalExit:
                raise
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)
        for other in failures[1:]:
            logger.warning("A record could not be removed: %s", other)
        if failures:
            raise failures[0]

    def follows_late(self, record: str) -> bool:
        """Return whether an alias at `record` is to be looked for once the record is made.

        That is where only resolvers are asked, unless it was looked for beforehand (`alias follow`)
        or is not to be followed. What nobody is for may be an alias that somebody is for.
        """
        if not self.asks_resolvers or self.alias is not None:
            return False
        name = zone_map.choose(self.entries, record)
        return name is None or not self.wrapped[name].is_manual

    def _choose(self, work: Work) -> str:
        record = work.place.record.to_text()
        name = zone_map.choose(self.entries, record)
        if name is None:
            zones = ", ".join(str(entry) for entry in self.entries)
            raise errors.PluginError(
                f"{installed.OPTION} has no authenticator for {record} ({zones}): add one for its "
                "zone, or one without a zone for all others"
            )
        return name

    def _follows(self, wrapped: Wrapped) -> bool:
        if self.alias is None:
            # Hooks know only CERTBOT_DOMAIN, and find the rest in their environment.
            return not wrapped.is_manual
        return self.alias is AliasPolicy.FOLLOW

    def _perform(self, wrapped: Wrapped, share: Sequence[Work]) -> None:
        if wrapped.asks_by_hand:
            by_hand.show(
                [(work.place, work.achall.validation(work.achall.account_key)) for work in share],
                self.limit,
                asks_resolvers=self.asks_resolvers,
            )
            return
        targets: dict[str, list[Work]] = {}
        for work in share if self._follows(wrapped) else ():
            if work.place.is_alias:
                targets.setdefault(work.place.record.to_text(), []).append(work)
        if not targets:
            _perform(wrapped, share)
            return
        for target, works in targets.items():
            # An apex and its wildcard have one name.
            names = ", ".join(dict.fromkeys(work.place.owner.to_text() for work in works))
            display.notify(f"dns-preflight: the record of {names} goes to {target} (alias)")
        followed = {id(work) for works in targets.values() for work in works}
        failure = _attempt(wrapped, share, followed)
        if failure is None:
            return
        # It is unknown which of them it could not write, so each target is tried by itself.
        alone = len(followed) == len(share) and len(targets) == 1
        causes: list[str] = []
        for target, works in targets.items():
            failure = failure if alone else _attempt(wrapped, works, followed)
            if failure is not None:
                causes.append(f"{failure} (at {target}, where the alias leads to)")
                followed.difference_update(id(work) for work in works)
                logger.warning(
                    "%s cannot write at %s, where %s leads to (%s): it gets the name itself",
                    wrapped.name,
                    target,
                    ", ".join(dict.fromkeys(identity.of(work.achall) for work in works)),
                    failure,
                )
        rest = [work for work in share if id(work) not in followed]
        if rest:
            _perform_instead(wrapped, rest, causes)


def _attempt(wrapped: Wrapped, share: Iterable[Work], followed: set[int]) -> Exception | None:
    works = list(share)
    result = wrapped.attempt(
        [
            challenge_view.written_at(work.achall, work.place.record)
            if id(work) in followed
            else work.achall
            for work in works
        ],
        [work.variables for work in works],
    )
    return result if isinstance(result, Exception) else None


def _perform(wrapped: Wrapped, share: Sequence[Work]) -> None:
    wrapped.perform([work.achall for work in share], [work.variables for work in share])


def _perform_instead(wrapped: Wrapped, share: Sequence[Work], causes: Sequence[str]) -> None:
    """Perform at the names themselves; if that fails too, tell first why the targets failed."""
    try:
        _perform(wrapped, share)
    except errors.SignalExit:
        raise
    except Exception as error:
        told = (*causes, f"{error} (at the name itself, tried instead)")
        raise errors.PluginError("; ".join(told) if causes else str(error)) from error
