"""One preflight of one name, as its JSON report tells it, beside what a CA's resolver sees.

Every look also asks the lab's Unbound, after the run and with an empty cache, and compares: ready
if and only if Unbound shows all expected values, but for the codes of `strictness.STRICTER`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.report.json_report import render
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Settings
from tests.clock import run as clocked
from tests.scenarios import reports
from tests.scenarios.strictness import STRICTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Outcome, Progress
    from tests.clock import Clock
    from tests.lab import Lab, NameServer


_PERSPECTIVES = 5  # from which Let's Encrypt looks


@dataclass(frozen=True, slots=True)
class Seen:
    """The outcome of one look at one challenge. `ca` is None where the CA's view was not asked."""

    outcome: Outcome
    challenge: dict[str, Any]
    ca: frozenset[bytes] | None

    def fails(
        self,
        code: str,
        *,
        naming: tuple[NameServer | str, ...] = (),
        kind: str | None = None,
        also: frozenset[str] = frozenset(),
        warnings: frozenset[str] = frozenset(),
    ) -> dict[str, Any]:
        """Assert: not ready, for this one reason and no other, said first; give the finding.

        `naming`: servers (or other texts) that the summary must name. `also`: further errors that
        the situation really has.
        """
        assert self.challenge["outcome"] == "not-ready", self.told
        assert self.codes("error") == {code} | also, self.told
        assert self.codes("warning") == warnings, self.told
        found = self.finding(code)
        if not also:
            assert self.challenge["findings"][0] is found, self.told
        summaries = " ".join(f["summary"] for f in self.challenge["findings"] if f["code"] == code)
        for one in naming:
            text = one if isinstance(one, str) else one.host
            assert text.rstrip(".") in summaries, self.told
        if kind is not None:
            assert found["evidence"]["kind"] == kind, self.told
        assert found["remedy"], self.told
        return found

    def is_ready(self, *, warnings: frozenset[str] = frozenset()) -> None:
        """Assert: ready, and nothing above info but these warnings."""
        assert self.challenge["outcome"] == "ready", self.told
        assert self.codes("error") == frozenset(), self.told
        assert self.codes("warning") == warnings, self.told

    def codes(self, severity: str) -> frozenset[str]:
        """List the finding codes of one severity."""
        return frozenset(f["code"] for f in self.challenge["findings"] if f["severity"] == severity)

    def finding(self, code: str) -> dict[str, Any]:
        """Give the first finding with this code."""
        found: dict[str, Any] = next(f for f in self.challenge["findings"] if f["code"] == code)
        return found

    def statuses(self, server: NameServer | str, *, zone: str | None = None) -> set[str]:
        """List what the addresses of a server show (in one zone, where it serves several)."""
        host = server if isinstance(server, str) else server.host
        return {
            row["status"]
            for row in self.challenge["servers"]
            if row["nameserver"] == host and zone in (None, row["zone"])
        }

    def everywhere(self, *, zone: str | None = None) -> set[str]:
        """List the statuses of all addresses."""
        return {r["status"] for r in self.challenge["servers"] if zone in (None, r["zone"])}

    @property
    def told(self) -> str:
        """Show what matters, for a failing assertion."""
        found = [
            f"{f['severity']} {f['code']} {f['evidence'].get('kind', '')}: {f['summary']}"
            for f in self.challenge["findings"]
        ]
        rows = [
            f"{row['zone']} {row['nameserver']} {row['address']}: {row['status']} {row['rcode']} "
            f"serial {row['serial']} {row['found'][:3]} {row['error'] or ''}"
            for row in self.challenge["servers"]
        ]
        chain = f"aliases {self.challenge['alias_chain']}, CA sees {self.ca}"
        return "\n".join([f"outcome {self.challenge['outcome']}, {chain}", *found, *rows[:12]])


class Look:
    """Do a preflight in the lab: call it with a domain and the values expected."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.compares = True

    def __call__(
        self,
        domain: str,
        *expected: bytes | str,
        wait: bool = False,
        rounds: int | None = None,
        watch: Callable[[Progress], None] | None = None,
        **options: Any,  # noqa: ANN401 - whatever Settings takes
    ) -> Seen:
        """Look once, or with `wait` until ready or `timeout`; then ask as the CA would.

        `rounds`: wait until ready, or until so many rounds have been; then the time is up.
        """
        values = [item.encode() if isinstance(item, str) else item for item in expected]
        challenge = make_challenge(domain, values)
        settings = self.settings(**options)
        if rounds is None:
            outcome = waiting.run([challenge], settings, wait=wait, watch=watch)
        else:
            outcome = _until_round(rounds, challenge, settings)
        reports.record(outcome)
        seen = Seen(outcome, json.loads(render(outcome))["challenges"][0], None)
        if values and self.compares and not _by_chance(seen):
            ready = seen.challenge["outcome"] == "ready"
            ca = self.as_the_ca(str(challenge.owner), seconds=10.0 if ready else 1.0)
            for _ in range(_PERSPECTIVES - 1):
                if not ready or set(values) <= ca:
                    break
                # With one of several addresses dead, a resolver may give up, and others do not.
                ca = self.as_the_ca(str(challenge.owner), seconds=10.0)
            seen = replace(seen, ca=ca)
            agrees(seen, frozenset(values))
        return seen

    def settings(self, **options: Any) -> Settings:  # noqa: ANN401 - likewise
        """Make settings for the lab: its root, and patience enough for a loaded machine."""
        usual = {
            "root_hints": self.lab.root_hints,
            "query_timeout": 2.0,
            "timeout": 60.0,
            "interval": 0.2,
        }
        return Settings(**{**usual, **options})

    def as_the_ca(self, owner: str, *, seconds: float) -> frozenset[bytes]:
        """Ask Unbound, which has forgotten everything, for the TXT values behind all aliases."""
        self.lab.unbound.flush()
        try:
            answer = self.lab.unbound.query(owner, "TXT", seconds=seconds)
        except (dns.exception.DNSException, OSError):
            return frozenset()
        if answer.rcode() != dns.rcode.NOERROR:
            return frozenset()  # a CA looks no further
        return frozenset(
            b"".join(rdata.strings)
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.TXT
            for rdata in rrset
        )


def _until_round(number: int, challenge: Challenge, settings: Settings) -> Outcome:
    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            if progress.surveys[0].rounds == number and not progress.next_round_in:
                clock.run_out(progress, left=Timings().last_words)

        return await waiting.preflight([challenge], settings, wait=True, watch=watch)

    return clocked(go)


def agrees(seen: Seen, expected: frozenset[bytes]) -> None:
    """Assert that the verdict is the CA's, apart from what is stricter on purpose."""
    assert seen.ca is not None
    passes = expected <= seen.ca
    if seen.challenge["outcome"] == "ready":
        assert passes, f"ready, yet the CA does not get it: {seen.told}"
    if seen.challenge["outcome"] == "not-ready":
        assert not passes, f"not ready, yet the CA gets it: {seen.told}"


def _by_chance(seen: Seen) -> bool:
    """Tell whether a resolver may get the values, depending on whom it asks and when."""
    errors = seen.codes("error")
    chain = seen.challenge["alias_chain"]
    # Aliases that differ from server to server are not followed: one may lead to the values.
    unfollowed = "alias" in seen.everywhere() and not chain
    long_chain = len(set(chain)) > 16
    by_nature = bool(errors & {"answer-unstable", "alias-conflict"})
    possible = unfollowed or long_chain or by_nature or seen.everywhere() & {"match", "not-asked"}
    return bool(possible) and bool(errors) and errors <= STRICTER
