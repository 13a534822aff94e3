"""Tell observers the news of a run, and let what they raise end it. Knows nothing of the news."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class ObserverError(BaseException):
    """Carries what an observer raised on its way out; no challenge is to blame for it."""


def tell(observer: Callable[[T], None], news: T) -> None:
    """Call an observer; raises `ObserverError` if it raises anything."""
    try:
        observer(news)
    except Exception as error:
        raise ObserverError from error


def first(error: BaseException) -> BaseException:
    """Return the first error within what task groups and observers raise."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, ObserverError) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return error
