"""Run one wrapped authenticator without its fixed pause, and clean up after it.

Decides which records to remove, and how. It knows nothing of DNS: where a record belongs and
whether it is visible are decided elsewhere.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from acme import challenges
from certbot import errors
from certbot.plugins import common

from certbot_dns_preflight.plugin import certbot_words, installed
from certbot_dns_preflight.plugin.config_view import ConfigView
from certbot_dns_preflight.plugin.tracked_challenges import TrackedChallenges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot.achallenges import AnnotatedChallenge
    from certbot.configuration import NamespaceConfig

logger = logging.getLogger(__name__)

_PAUSE = "propagation_seconds"


@dataclass(slots=True)
class _Job:
    """One `perform` of one plugin object."""

    plugin: Any
    achalls: TrackedChallenges
    done: bool = False


@dataclass(slots=True)
class Wrapped:
    """One authenticator at work for this plugin. Its exceptions pass through."""

    name: str
    config: NamespaceConfig
    view: ConfigView = field(init=False)
    failed_hooks: list[tuple[AnnotatedChallenge, str]] = field(init=False, default_factory=list)
    _prepared: Any = field(init=False, default=None)
    _unused: bool = field(init=False, default=False)
    _jobs: list[_Job] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Find the plugin; raises `PluginError` if there is none of that name."""
        installed.plugin_class(self.name)
        self.view = ConfigView(self.config, common.dest_namespace(self.name) + _PAUSE)

    @property
    def is_manual(self) -> bool:
        """Whether it is certbot's own `manual`: hooks, or a person at a keyboard."""
        return self.name == "manual"

    @property
    def asks_by_hand(self) -> bool:
        """Whether a person is asked to make the records."""
        hooks = ("manual_auth_hook", "manual_cleanup_hook")
        return self.is_manual and not any(getattr(self.view, hook, None) for hook in hooks)

    @property
    def pause(self) -> float | None:
        """The seconds that it would sleep by itself; None if it has no such option.

        The plugin itself is asked: some read it from their credentials file during `perform`.
        """
        try:
            return float(self._latest.conf("propagation-seconds"))
        except Exception:  # noqa: BLE001 - what plugins do here is theirs
            return self.view.pause

    def prepare(self) -> None:
        """Have it prepare itself; raises `PluginError` if it is of no use here."""
        self._prepared = self._made()
        self._unused = True
        # Only now, as a plugin may learn its challenge types while preparing.
        if challenges.DNS01 not in self._prepared.get_chall_pref("example.com"):
            raise errors.PluginError(
                f"{installed.OPTION}: {self.name} does not do dns-01, it makes no DNS record; "
                f"{installed.choices()}"
            )

    def more_info(self) -> str:
        """Return its own account of what it does."""
        return str(self._prepared.more_info())

    def auth_hint(self, failed: list[AnnotatedChallenge]) -> str:
        """Return its own hint, if any: only plugins derived from certbot's base class have one."""
        hint = getattr(self._latest, "auth_hint", None)
        try:
            return "" if hint is None else _without_pause(str(hint(failed)))
        except errors.SignalExit:
            raise
        except Exception:  # a hint must not hide the CA's own error
            logger.debug("%s has no hint", self.name, exc_info=True)
            return ""

    def perform(
        self,
        achalls: Sequence[AnnotatedChallenge],
        variables: Sequence[Mapping[str, str]] = (),
    ) -> list[challenges.ChallengeResponse]:
        """Have the records made, without the fixed sleep afterwards: the preflight replaces it.

        `variables` go into the environment of hooks, each while its challenge is processed. Each
        `perform` gets its own plugin object: with --allow-subset-of-names certbot calls again after
        the clean-up, which some plugins (dns-standalone) do not survive.
        """
        plugin = self._prepared if self._unused else self._made()
        self._unused = False
        job = _Job(plugin, TrackedChallenges(achalls, variables))
        self._jobs.append(job)
        try:
            with (
                self.view.skipping_pause(),
                certbot_words.without_pause(),
                certbot_words.HookFailures(lambda: job.achalls.in_hand) as failures,
                _no_exit(self.name),
            ):
                responses: list[challenges.ChallengeResponse] = plugin.perform(job.achalls)
        except BaseException:
            if self.is_manual:
                _note_interrupted(plugin, job.achalls)
            raise
        finally:
            job.achalls.forget()
        self.failed_hooks.extend(
            (job.achalls[index], words) for index, words in failures.words.items()
        )
        job.done = True
        return responses

    def attempt(
        self,
        achalls: Sequence[AnnotatedChallenge],
        variables: Sequence[Mapping[str, str]] = (),
    ) -> list[challenges.ChallengeResponse] | Exception:
        """Perform; if that raises, remove what was made until then and return the exception."""
        before = len(self._jobs)
        try:
            return self.perform(achalls, variables)
        except errors.SignalExit:
            raise
        except Exception as error:
            logger.debug("%s failed", self.name, exc_info=True)
            while len(self._jobs) > before:
                for left in self._clean_up(self._jobs.pop()):
                    logger.warning("%s could not remove a record: %s", self.name, left)
            return error

    def cleanup(self) -> None:
        """Have all records removed that were made; raises the first failure after trying all."""
        self.failed_hooks.clear()
        jobs, self._jobs = self._jobs, []
        failures = [error for job in reversed(jobs) for error in self._clean_up(job)]
        if failures:
            raise failures[0]

    def _clean_up(self, job: _Job) -> Iterator[Exception]:
        """Clean up one job; if it broke off, challenge by challenge.

        A plugin may fail on what it never got to make, and that must not keep the other records
        from being removed.
        """
        parts = range(len(job.achalls))
        for index in [None] if job.done else parts:
            achalls = job.achalls if index is None else job.achalls.part(index)
            try:
                with _no_exit(self.name):
                    job.plugin.cleanup(achalls)
            except errors.SignalExit:
                raise
            except Exception as error:
                logger.debug("%s could not clean up", self.name, exc_info=True)
                if index is None or job.achalls.was_made(index, error):
                    yield error
            finally:
                achalls.forget()

    @property
    def _latest(self) -> Any:  # noqa: ANN401 - certbot's plugins share no class
        """The plugin object that performed last, or that will perform."""
        return self._jobs[-1].plugin if self._jobs else self._prepared

    def _made(self) -> Any:  # noqa: ANN401 - certbot's plugins share no class
        created = installed.plugin_class(self.name)(cast("NamespaceConfig", self.view), self.name)
        created.prepare()
        return created


@contextlib.contextmanager
def _no_exit(name: str) -> Iterator[None]:
    """Turn a plugin's exit into a failure, as certbot does not clean up after an exit.

    Certbot takes an exit for the end of a forked child; in such a child, the exit passes.
    """
    process = os.getpid()
    try:
        yield
    except SystemExit as error:
        if os.getpid() != process:
            raise
        raise errors.PluginError(f"{name} ended with exit status {error.code}") from error


def _note_interrupted(plugin: Any, achalls: TrackedChallenges) -> None:  # noqa: ANN401 - as above
    """Have `manual` clean up after a hook whose end it did not see.

    It registers a challenge once the hook has ended, and the record may exist before: many hooks
    write it and then sleep. The environment is still that of the hook.
    """
    if achalls.in_hand is None:
        return
    achall = achalls[achalls.in_hand]
    variables = {name: text for name, text in os.environ.items() if name.startswith("CERTBOT_")}
    noted = getattr(plugin, "env", None)
    if (
        isinstance(noted, dict)
        and achall not in noted
        and variables.get("CERTBOT_VALIDATION") == achall.validation(achall.account_key)
    ):
        noted[achall] = {**variables, "CERTBOT_AUTH_OUTPUT": ""}


_ADVICE = (
    r",? or try increasing --\S+-propagation-seconds \([^()]*\)",
    r" and that it waits a sufficient duration of time for DNS propagation",
    r", or try waiting longer for DNS propagation on the next attempt",
)


def _without_pause(hint: str) -> str:
    """Remove certbot's advice to wait longer: here it has no effect, or is already followed."""
    for advice in _ADVICE:
        hint = re.sub(advice, "", hint)
    sentences = re.split(r"(?<=\.)\s+", hint)
    return " ".join(words for words in sentences if "propagation-seconds" not in words)
