"""Have other authenticators make the records, and check them before the CA is told.

Decides what certbot is told and when: which options exist, what is refused before a record is made,
and how an outcome becomes an answer, an error or a smaller order. Certbot imports this module at
every start, so modules that need dnspython are imported where they are used.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acme import challenges
from certbot import errors, interfaces
from certbot.plugins import common

from certbot_dns_preflight import option_values, settings
from certbot_dns_preflight.plugin import option_checks, options, restore_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from certbot.achallenges import AnnotatedChallenge

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.plugin.authenticators import Authenticators
    from certbot_dns_preflight.plugin.failure_hook import Failure
    from certbot_dns_preflight.plugin.making import Made
    from certbot_dns_preflight.run import waiting
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.record_location import RecordLocation

logger = logging.getLogger(__name__)


_UNCHECKED = "internal error in dns-preflight, the records were not checked"


class Authenticator(common.Plugin, interfaces.Authenticator):
    """Waits until every authoritative name server shows the record, then lets the CA look."""

    description = (
        "Wait until every authoritative name server shows the DNS TXT record before the CA looks. "
        "It is created by the DNS authenticator that you name with --dns-preflight-authenticator, "
        "else by your hooks or by hand."
    )
    long_description = (
        "Has another DNS-01 authenticator make the records, at the targets of aliases where that "
        "is needed, waits until they are visible on every address of every authoritative name "
        "server, and only then has the challenge answered. If that does not come about, it says "
        "server by server what differs, and no attempt is lost."
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - certbot's own
        """Take certbot's configuration; nothing happens before `prepare`."""
        super().__init__(*arguments, **named)
        self._authenticators: Authenticators | None = None
        self._settings = settings.Settings()
        self._inputs: Inputs | None = None
        self._lineage: str | None = None
        self._challenges: tuple[Challenge, ...] = ()
        self._outcome: Outcome | None = None
        self._failure: Failure | None = None
        self._left_out: set[str] = set()

    @classmethod
    def add_parser_arguments(cls, add: Callable[..., None]) -> None:
        """Declare this plugin's options."""
        options.declare(add)

    # -- before a record is made ---------------------------------------------------------------

    def prepare(self) -> None:
        """Refuse what cannot work; prepare the wrapped authenticators and their options."""
        chosen = self.name in (
            self.config.authenticator,
            getattr(self.config, "configurator", None),
        )
        try:
            self._settings = options.read(self.conf)
            option_checks.refuse_other_challenges(self.config)
            self._inputs = option_checks.read_files(self._settings)
            self._lineage, self._authenticators = option_checks.authenticators(
                self.config,
                self.conf("authenticator"),
                self._settings,
                is_auto=option_values.is_auto(self.conf("timeout")),
            )
        except errors.PluginError as error:
            raise option_checks.refusal(error, chosen=chosen) from error
        if self.config.authenticator == self.name:
            # Otherwise certbot only lists the plugins to choose from. Nothing of this plugin may
            # then enter its configuration, which would be saved for whichever one is chosen.
            restore_options.mark(self.config)

    def more_info(self) -> str:
        """Say what this plugin adds, and what the wrapped authenticators say of themselves."""
        ours = (
            "This plugin waits until every authoritative name server shows the DNS TXT record "
            "before the certificate authority validates."
        )
        theirs = "" if self._authenticators is None else self._authenticators.more_info()
        return f"{ours} {theirs}".strip()

    def get_chall_pref(self, identifier: str) -> Iterable[type[challenges.Challenge]]:
        """Offer dns-01, and nothing else."""
        option_checks.refuse_address(identifier)
        return [challenges.DNS01]

    # -- the records are made, and looked at ------------------------------------------------------

    def perform(self, achalls: list[AnnotatedChallenge]) -> list[challenges.ChallengeResponse]:
        """Have the records made, wait for them, and return the answers; or raise."""
        from certbot_dns_preflight.plugin import making, outcome, stopped  # noqa: PLC0415 - load dnspython

        if self._authenticators is None:
            raise errors.PluginError("dns-preflight was not prepared")
        restore_options.mark(self.config)
        self._outcome = self._failure = None
        asked = outcome.challenges(achalls, self.config.domains or ())
        try:
            extras, places = self._look_beforehand(asked)
            maker = making.Maker(self._authenticators, self._due, self._inputs)
            try:
                made = maker.make(achalls, places, extras)
            except errors.SignalExit:
                raise
            except Exception as error:
                words = str(error) or outcome.fault(error)
                self._keep(stopped.by_authenticator(asked, words, self._settings), words)
                raise
            self._look(asked, made)
        except (errors.SignalExit, KeyboardInterrupt):
            if self._outcome is None:
                outcome.write_report(stopped.by_signal(asked, self._settings), self._settings)
            raise
        return made.responses

    def cleanup(self, achalls: list[AnnotatedChallenge]) -> None:  # noqa: ARG002 - all that were made
        """Have the records removed, also after a failure; then report the failure."""
        from certbot_dns_preflight.plugin import after_cleanup  # noqa: PLC0415 - loads dnspython

        result, failure, self._failure = self._outcome, self._failure, None
        try:
            if self._authenticators is not None:
                self._authenticators.cleanup()
        finally:
            if self._authenticators is not None and self._authenticators.some_by_hand:
                after_cleanup.tell_unattended(result, self.config)
            else:
                after_cleanup.look(result, self._settings)
            if failure is not None:
                after_cleanup.tell(failure, self._settings, self._lineage)

    def _look_beforehand(
        self, asked: Sequence[Challenge]
    ) -> tuple[waiting.Extras | None, dict[Any, RecordLocation]]:
        """Stop before anything is made if waiting cannot help; else return what was learned."""
        from certbot_dns_preflight.plugin import outcome, precheck  # noqa: PLC0415 - loads dnspython

        try:
            result, extras = precheck.look(asked, self._settings, self.config, self._inputs)
            result, places = precheck.placed(result, asked, self._settings, extras)
            stopped = precheck.permanent_errors(result, self._settings)
            if not stopped:
                return extras, places
            whole = outcome.whole(result, stopped, asked)
        except errors.Error:
            raise
        except Exception as error:
            logger.debug("The look beforehand failed", exc_info=True)
            logger.warning(
                "internal error in dns-preflight, nothing was checked beforehand: %s",
                outcome.fault(error),
            )
            return None, precheck.unknown_places(asked)
        in_file = outcome.write_report(whole, self._settings)
        result = replace(result, challenges=stopped)
        self._conclude(result, asked, closing=None, in_file=in_file)
        return extras, places or precheck.places(asked, self._settings, extras)

    def _look(self, asked: Sequence[Challenge], made: Made) -> None:
        """Wait for what was made; names whose hook failed are not waited for."""
        from certbot_dns_preflight.plugin import outcome, stopped, watching  # noqa: PLC0415 - load dnspython

        assert self._authenticators is not None
        failed = outcome.by_domain(self._authenticators.hook_failures(made.order))
        unseen = stopped.by_hooks(asked, failed, self._settings)
        if failed and not self._continues:
            words = outcome.hook_words(failed)
            self._keep(unseen, words)
            outcome.conclude_words(
                words, tuple(failed), allow_subset=self._may_drop(tuple(failed), asked)
            )
        rest = [challenge for challenge in asked if challenge.domain not in failed]
        self._challenges = outcome.united(rest, made.places)
        try:
            seen = watching.wait(
                self._challenges,
                self._due(),
                given=self._settings,
                authenticators=self._authenticators,
                extras=made.extras,
                quiet=self.config.quiet,
            )
        except (errors.Error, KeyboardInterrupt):
            raise
        except Exception as error:
            # This is a bug here: report it, never answer unchecked unless the user asked for that.
            logger.debug("The check failed", exc_info=True)
            message = f"{_UNCHECKED}: {outcome.fault(error)}"
            self._keep(stopped.by_fault(asked, error, self._settings), message)
            if not self._continues:
                raise errors.PluginError(
                    f"{message}. To go on unchecked: {options.PREFIX}on-failure continue"
                ) from error
            logger.warning("%s. Continuing with the CA anyway.", message)
            return
        result = self._outcome = stopped.joined(seen, unseen, failed)
        in_file = outcome.write_report(result, self._settings)
        self._conclude(
            result, asked, closing=outcome.aborted(self._authenticators), in_file=in_file
        )
        if self._settings.settle and result.verdict.value == "ready":
            logger.info("Waiting %g more seconds (settle)", self._settings.settle)
            time.sleep(self._settings.settle)

    def _due(self) -> settings.Settings:
        """Return the settings with the timeout that applies; plugins may learn their pause late."""
        if self._authenticators is None or not option_values.is_auto(self.conf("timeout")):
            return self._settings
        return option_checks.with_due_timeout(self._settings, self._authenticators.pause)

    def _conclude(
        self, result: Outcome, asked: Sequence[Challenge], *, closing: str | None, in_file: bool
    ) -> None:
        from certbot_dns_preflight.plugin import outcome  # noqa: PLC0415 - loads dnspython
        from certbot_dns_preflight.plugin.failure_hook import Failure  # noqa: PLC0415 - likewise

        failed = outcome.not_ready(result)
        if failed:
            words = outcome.report(result)
            self._failure = Failure.of(result, failed, words, in_file=in_file)
        outcome.conclude(
            result,
            continue_on_failure=self._continues,
            allow_subset=self._may_drop(failed, asked),
            closing=closing,
        )

    def _keep(self, result: Outcome, words: str) -> None:
        """Keep the outcome of an order that ends here: in the files, and for the failure hook."""
        from certbot_dns_preflight.plugin import failure_hook, outcome  # noqa: PLC0415 - load dnspython

        in_file = outcome.write_report(result, self._settings)
        self._failure = failure_hook.Failure.of(
            result, outcome.failed(result), words, in_file=in_file
        )

    @property
    def _continues(self) -> bool:
        return self._settings.on_failure is settings.OnFailure.CONTINUE

    def _may_drop(self, failed: Iterable[str], asked: Iterable[Challenge]) -> bool:
        """Return whether certbot should order the rest: it may, and there is a rest to be ready."""
        if not self.config.allow_subset_of_names:
            return False
        self._left_out.update(failed)
        ordered = {str(name).removeprefix("*.") for name in self.config.domains or ()}
        ordered.update(challenge.domain for challenge in asked)
        # Names that were ordered but have no challenge were validated before.
        return bool(ordered - self._left_out)

    # -- after the CA refused nonetheless --------------------------------------------------------

    def auth_hint(self, failed_achalls: list[AnnotatedChallenge]) -> str:
        """Say what the servers showed, then and now, and what may explain the CA's refusal."""
        from certbot_dns_preflight.plugin import refused  # noqa: PLC0415 - loads dnspython

        theirs = ""
        if self._authenticators is not None:
            theirs = self._authenticators.auth_hint(failed_achalls)
        try:
            ours = refused.explain(
                failed_achalls,
                self._challenges,
                self._settings,
                before=self._outcome,
                inputs=self._inputs,
            )
            return f"{theirs}\n\n{ours}".strip()
        except errors.SignalExit:
            raise
        except Exception:  # a hint must never hide the CA's own error
            logger.debug("No explanation of the refusal", exc_info=True)
            return theirs
