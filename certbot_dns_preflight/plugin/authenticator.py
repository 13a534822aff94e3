"""The certbot plugin: has another authenticator make the records, and looks before the CA is told.

Decides what certbot gets to know, and when: which options exist, what is refused before a record is
made, and how an outcome becomes an answer, an error or a smaller order. Certbot imports this
module at every start, so whatever needs dnspython is imported where it is used.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acme import challenges
from certbot import errors, interfaces
from certbot.plugins import common

from certbot_dns_preflight import settings
from certbot_dns_preflight.plugin import options, restore_options
from certbot_dns_preflight.plugin.wrapped import Wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from certbot.achallenges import AnnotatedChallenge

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.run import waiting
    from certbot_dns_preflight.run.inputs import Inputs

logger = logging.getLogger(__name__)

_HINT_SECONDS = 5.0


class Authenticator(common.Plugin, interfaces.Authenticator):
    """Waits until every authoritative name server shows the record, then lets the CA look."""

    description = (
        "Check that every authoritative name server shows the DNS TXT record before the CA looks; "
        "wraps any DNS authenticator."
    )
    long_description = (
        "Has another DNS-01 authenticator make the records, waits until they are visible on every "
        "address of every authoritative name server, and only then has the challenge answered. If "
        "that does not come about, it says server by server what differs, and no attempt is lost."
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - certbot's own
        """Take certbot's configuration; nothing happens before `prepare`."""
        super().__init__(*arguments, **named)
        self._wrapped: Wrapped | None = None
        self._settings = settings.Settings()
        self._inputs: Inputs | None = None
        self._challenges: tuple[Challenge, ...] = ()
        self._outcome: Outcome | None = None
        self._left_out: set[str] = set()

    @classmethod
    def add_parser_arguments(cls, add: Callable[..., None]) -> None:
        """Declare our options."""
        options.declare(add)

    # -- before a record is made ---------------------------------------------------------------

    def prepare(self) -> None:
        """Refuse what cannot work; bring the wrapped authenticator and its options to life."""
        self._settings = options.read(self.conf)
        self._refuse_other_challenges()
        self._inputs = _read_files(self._settings)
        name = str(self.conf("authenticator") or options.DEFAULT_AUTHENTICATOR).strip()
        if self.config.verb in ("renew", "reconfigure"):
            restore_options.restore(self.config, name)
        self._wrapped = Wrapped(name, self.config)
        self._wrapped.prepare()
        if self.config.authenticator == self.name:
            # Otherwise certbot is only asking what could be chosen: then nothing of ours may get
            # into its configuration, where it would be saved for whichever plugin is chosen.
            restore_options.mark(self.config)

    def more_info(self) -> str:
        """Say what we add, and what the wrapped authenticator says of itself."""
        ours = (
            "This plugin waits until every authoritative name server shows the DNS TXT record "
            "before the certificate authority is told to look."
        )
        return ours if self._wrapped is None else f"{ours} {self._wrapped.more_info()}"

    def get_chall_pref(self, identifier: str) -> Iterable[type[challenges.Challenge]]:
        """Prefer dns-01, always.

        http-01 comes last only to be refused in `perform`: where a CA offers a name nothing
        else, certbot would otherwise say, without the name, that no combination of challenges
        satisfies the CA. It is never performed. Where the user has a preference, certbot orders
        what is offered here by it, so then nothing but dns-01 is.
        """
        if _is_address(identifier):
            raise errors.PluginError(_no_addresses([identifier]))
        if self.config.pref_challs:
            return [challenges.DNS01]
        return [challenges.DNS01, challenges.HTTP01]

    def _refuse_other_challenges(self) -> None:
        preferred = list(self.config.pref_challs or ())
        if preferred and "dns-01" not in preferred:
            raise errors.PluginError(
                f"--preferred-challenges {','.join(preferred)} leaves out dns-01, the only "
                "challenge that dns-preflight can look at: add dns, or leave the option out"
            )
        addresses = getattr(self.config, "ip_addresses", None)
        if addresses:
            raise errors.PluginError(_no_addresses([str(address) for address in addresses]))

    # -- the records are made, and looked at ------------------------------------------------------

    def perform(self, achalls: list[AnnotatedChallenge]) -> list[challenges.ChallengeResponse]:
        """Have the records made, wait for them, and return the answers; or raise."""
        from certbot_dns_preflight.plugin import outcome  # noqa: PLC0415 - loads dnspython

        others = sorted(
            {outcome.identifier(a) for a in achalls if not isinstance(a.chall, challenges.DNS01)}
        )
        if others:
            raise errors.PluginError(
                f"the CA offers no dns-01 challenge for {', '.join(others)}: "
                "get a certificate of their own for these names, with another authenticator"
            )
        if self._wrapped is None:
            raise errors.PluginError("dns-preflight was not prepared")
        restore_options.mark(self.config)
        extras = self._look_beforehand(achalls)
        try:
            responses = self._wrapped.perform(achalls)
        except Exception:
            outcome.keep_failure(achalls, self._settings)
            raise
        self._look(achalls, extras)
        return responses

    def cleanup(self, achalls: list[AnnotatedChallenge]) -> None:
        """Have the records removed, also after a failure."""
        if self._wrapped is not None:
            self._wrapped.cleanup(achalls)

    def _look_beforehand(self, achalls: Sequence[AnnotatedChallenge]) -> waiting.Extras | None:
        """Stop here, with nothing made, if waiting cannot help; else give what was learned."""
        from certbot_dns_preflight.plugin import outcome, precheck  # noqa: PLC0415 - loads dnspython

        try:
            looked_for = outcome.challenges(achalls, self.config.domains or ())
            result, extras = precheck.look(looked_for, self._settings, self.config, self._inputs)
            stopped = precheck.permanent_errors(result, self._settings)
        except errors.Error:
            raise
        except Exception:
            # Ours to mend; the look that counts is the one at the records.
            logger.debug("The look beforehand failed", exc_info=True)
            return None
        if stopped:
            outcome.write_report(outcome.whole(result, stopped, looked_for), self._settings)
            result = self._outcome = replace(result, challenges=stopped)
            outcome.conclude(
                result,
                continue_on_failure=self._settings.on_failure is settings.OnFailure.CONTINUE,
                allow_subset=self._may_drop(result, looked_for),
                made=False,
            )
        return extras

    def _look(self, achalls: Sequence[AnnotatedChallenge], extras: waiting.Extras | None) -> None:
        from certbot_dns_preflight.plugin import outcome  # noqa: PLC0415 - loads dnspython

        continue_on_failure = self._settings.on_failure is settings.OnFailure.CONTINUE
        try:
            self._challenges = outcome.challenges(achalls, self.config.domains or ())
            result = self._outcome = self._run(self._challenges, self._settings, extras)
        except errors.Error:
            raise
        except Exception as error:
            # Ours to mend, and no statement about the records: say so, and never answer unseen
            # unless that is what was asked for.
            logger.debug("The check failed", exc_info=True)
            outcome.keep_failure(achalls, self._settings)
            message = (
                "dns-preflight could not check the records, which is a fault of its own: "
                f"{type(error).__name__}: {ascii(str(error))[1:-1]}"
            )
            if not continue_on_failure:
                raise errors.PluginError(
                    f"{message}. To go on unchecked: {options.PREFIX}on-failure continue"
                ) from error
            logger.warning("%s. The challenge is answered all the same.", message)
            return
        outcome.write_report(result, self._settings)
        outcome.conclude(
            result,
            continue_on_failure=continue_on_failure,
            allow_subset=self._may_drop(result, self._challenges),
        )
        if self._settings.settle and result.verdict.value == "ready":
            logger.info("Waiting %g more seconds (settle)", self._settings.settle)
            time.sleep(self._settings.settle)

    def _run(
        self,
        looked_for: Sequence[Challenge],
        how: settings.Settings,
        extras: waiting.Extras | None,
    ) -> Outcome:
        from certbot_dns_preflight.report.live import LiveView  # noqa: PLC0415 - likewise
        from certbot_dns_preflight.run import waiting  # noqa: PLC0415 - loads dnspython

        if self.config.quiet:
            return waiting.run(looked_for, how, wait=True, extras=extras)
        with LiveView() as watch:
            return waiting.run(looked_for, how, wait=True, watch=watch, extras=extras)

    def _may_drop(self, result: Outcome, asked: Sequence[Challenge]) -> bool:
        """Whether certbot should order the rest: it may, and a rest can be ready."""
        from certbot_dns_preflight.plugin import outcome  # noqa: PLC0415 - loads dnspython

        if not self.config.allow_subset_of_names:
            return False
        self._left_out.update(outcome.not_ready(result))
        ordered = {str(name).removeprefix("*.") for name in self.config.domains or ()}
        ordered.update(challenge.domain for challenge in asked)
        # Names that were ordered and are not among the challenges were validated before.
        return bool(ordered - self._left_out)

    # -- after the CA refused all the same -------------------------------------------------------

    def auth_hint(self, failed_achalls: list[AnnotatedChallenge]) -> str:
        """Say what the servers showed, before and now, and what may explain the CA's refusal."""
        theirs = "" if self._wrapped is None else self._wrapped.auth_hint(failed_achalls)
        try:
            return f"{theirs}\n\n{self._explain(failed_achalls)}".strip()
        except errors.SignalExit:
            raise
        except Exception:  # a hint must never hide the CA's own error
            logger.debug("No explanation of the refusal", exc_info=True)
            return theirs

    def _explain(self, failed: Sequence[AnnotatedChallenge]) -> str:
        from certbot_dns_preflight.plugin import outcome  # noqa: PLC0415 - loads dnspython
        from certbot_dns_preflight.report import ca_refusal  # noqa: PLC0415 - loads dnspython
        from certbot_dns_preflight.run import waiting  # noqa: PLC0415 - loads dnspython

        refusals = outcome.refusals(failed)
        names = {r.domain.removeprefix("*.").lower() for r in refusals}
        again = [challenge for challenge in self._challenges if challenge.domain in names]
        quickly = replace(
            self._settings,
            timeout=min(self._settings.timeout, _HINT_SECONDS),
            query_timeout=min(self._settings.query_timeout, _HINT_SECONDS / 4),
            confirmations=1,
        )
        extras = waiting.Extras(inputs=self._inputs)
        now = waiting.run(again, quickly, wait=False, extras=extras) if again else None
        return ca_refusal.hint(refusals, before=self._outcome, now=now)


def _read_files(how: settings.Settings) -> Inputs:
    """Read what is to be read, and find out now what would fail when the records are there."""
    from certbot_dns_preflight.report import atomic_file  # noqa: PLC0415 - only where it is needed
    from certbot_dns_preflight.report.metrics import record  # noqa: PLC0415 - only where it is needed
    from certbot_dns_preflight.run import inputs  # noqa: PLC0415 - loads dnspython

    try:
        if how.report is not None:
            atomic_file.check_writable(how.report)
        if how.metrics is not None:
            record.check(how.metrics)
        return inputs.load(how)
    except atomic_file.ReportFileError as error:
        raise errors.PluginError(f"{options.PREFIX}report: {error}") from error
    except record.MetricsError as error:
        raise errors.PluginError(f"{options.PREFIX}metrics: {error}") from error
    except inputs.InputError as error:
        raise errors.PluginError(f"{options.PREFIX}{error}") from error


def _is_address(identifier: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(identifier)
        return True
    return False


def _no_addresses(addresses: Iterable[str]) -> str:
    return (
        f"dns-01 cannot prove control of an IP address ({', '.join(addresses)}): get a certificate "
        "of its own for it, with an authenticator that does http-01"
    )
