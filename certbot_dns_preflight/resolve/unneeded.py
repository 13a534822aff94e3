"""Drops what caches hold of names that no challenge of a run needs any more. Decides nothing.

`run.decided_names` says which names these are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import dns.name

if TYPE_CHECKING:
    from collections.abc import MutableMapping

K = TypeVar("K")

Unneeded: TypeAlias = Callable[[dns.name.Name], bool]
"""Tells whether a name is one of them."""


def drop(cache: MutableMapping[K, Any], unneeded: Callable[[K], bool]) -> None:
    """Delete the entries whose key is unneeded; if that is asked for again, it is learned anew."""
    for key in [key for key in cache if unneeded(key)]:
        del cache[key]
