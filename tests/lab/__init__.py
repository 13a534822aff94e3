"""A small internet in one network namespace: a root, a TLD, name servers, a resolver, a CA.

`with Lab() as lab:` starts all of it, in a process that has called `namespace.enter()`.
"""

from tests.lab.acme import Pebble
from tests.lab.laboratory import Delegated, Lab, zone_text
from tests.lab.namespace import NoNamespaceError, enter
from tests.lab.processes import DaemonError, MissingProgramError
from tests.lab.resolver import Unbound
from tests.lab.servers import Bind, Hosted, Knot, NameServer, Nsd, PowerDns

__all__ = [
    "Bind",
    "DaemonError",
    "Delegated",
    "Hosted",
    "Knot",
    "Lab",
    "MissingProgramError",
    "NameServer",
    "NoNamespaceError",
    "Nsd",
    "Pebble",
    "PowerDns",
    "Unbound",
    "enter",
    "zone_text",
]
