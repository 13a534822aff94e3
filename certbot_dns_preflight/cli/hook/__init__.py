"""`dns-preflight hook`: runs a user's hook, and waits for all records of its order.

`command` is the subcommand. `order` finds the calls that belong together by `processes`, and
`state_dir` keeps the state that calls share in a private directory.
"""

from __future__ import annotations

from certbot_dns_preflight.cli.hook.command import add_arguments, run

__all__ = ["add_arguments", "run"]
