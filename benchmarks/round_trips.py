"""How many sequential round trips an order takes, with and without the look beforehand.

Every question of a run in the lab is held back by the same time, long against all that the
machine itself does; what the run then lasts, divided by it, is the length of the longest chain of
questions that wait for each other. The confirming pause between rounds is taken off.

    python -m benchmarks.round_trips [--delay 0.2]
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import sys
import time

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.run import precheck, session, waiting
from certbot_dns_preflight.settings import Settings
from tests.lab import Lab

_CONFIRMING_PAUSE = 0.3


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay", type=float, default=0.2, metavar="SECONDS")
    delay = parser.parse_args().delay

    async def hold_back(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            await asyncio.sleep(delay)

    held_back = functools.partial(Exchange, observer=hold_back)
    session.Exchange = held_back  # type: ignore[misc, assignment] # the seam of this benchmark
    with Lab(signed=True, acme=False) as lab:
        owner, value = "_acme-challenge.example.test.", "v"
        lab.update(lab.primary, "example.test.", add=[f'{owner} TXT "{value}"'])
        lab.wait_synchronous()
        for signed in (False, True):
            settings = Settings(
                root_hints=lab.root_hints,
                trust_anchor=lab.trust_anchor if signed else None,
            )
            alone = _round_trips(settings, delay, look_before=False)
            both = _round_trips(settings, delay, look_before=True)
            judged = "DNSSEC judged" if signed else "DNSSEC not judged"
            print(f"{judged}: rounds alone {alone:.1f} round trips", end=", ")
            print(f"with the look beforehand {both:.1f}: {both - alone:+.1f}")
    return 0


def _round_trips(settings: Settings, delay: float, *, look_before: bool) -> float:
    async def go() -> None:
        wanted = [make_challenge("example.test", [b"v"])]
        cache = DelegationCache()
        if look_before:
            await precheck.check(wanted, settings, cache=cache)
        extras = waiting.Extras(cache=cache)
        outcome = await waiting.preflight(wanted, settings, wait=True, extras=extras)
        assert outcome.verdict.value == "ready", outcome

    begun = time.perf_counter()
    asyncio.run(go())
    return (time.perf_counter() - begun - _CONFIRMING_PAUSE) / delay


if __name__ == "__main__":
    sys.exit(main())
