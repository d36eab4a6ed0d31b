"""What is told aloud: no line of a log holds a person's number, and no error what stood in a cell.

Every line of every process of ours goes through here, whoever writes it: our own events (structlog), records of the
libraries (gunicorn, APScheduler, alembic), warnings, and what ends a process or a thread. Source: safety.md §7.
"""

from __future__ import annotations

import enum
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from uuid import UUID

import structlog

from core.errors import Refused
from core.privacy.numbers import MASKED, mask_numbers

_ROOT: Final = Path(__file__).resolve().parents[1]
_SILENT: Final = ("polars", "_csv", "openpyxl", "python_calamine", "xlsxwriter")
"""Libraries whose errors show rows and cells, as tables and without quotes: of these the kind alone is told."""
_OF_CODE: Final = (AttributeError, ImportError, NameError, TypeError)
"""Errors of a programmer, which quote names in the code."""
_QUOTE: Final = re.compile(r"""["`\[{“‘«]|(?<!\w)b?'""")
"""Where words of others begin; who quotes does not always say where they end, so what follows is not told."""
_MOST_LETTERS: Final = 300
_MOST_ERRORS: Final = 10
_LONG: Final = 10**15
"""Numbers from here on have sixteen digits."""


def install() -> None:
    """Let every record of this process be masked as it is made, before any handler sees it. Safe to do again.

    A filter of a logger or a handler hears only what passes it; gunicorn's and APScheduler's loggers bring their own.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            tell_masked,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    logging.setLogRecordFactory(MaskedRecord)


def own_process() -> None:
    """Mask what Python itself writes too: warnings, and the error that ends the process or one of its threads."""
    install()
    sys.excepthook = _tell_end
    threading.excepthook = _tell_thread
    sys.unraisablehook = _tell_unraisable
    warnings.formatwarning = _warning


class MaskedRecord(logging.LogRecord):
    """A record whose words are masked from the first; of an error it has what ``tell_error`` says of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        error = self.exc_info[1] if self.exc_info else None
        if error is not None:
            self.exc_text = tell_error(error)
        self.exc_info = None
        self.stack_info = mask_numbers(self.stack_info) if self.stack_info else None
        try:
            self.msg = mask_numbers(super().getMessage())
        except (TypeError, ValueError, KeyError):  # the message does not fit what belongs into it
            self.msg = mask_numbers(str(self.msg))
        self.args = ()


def tell_masked(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask an event of our own, its error and everything that was said with it (a processor of structlog)."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    told = {name: _masked(value) for name, value in event.items()}
    if isinstance(error, BaseException):
        told["exception"] = tell_error(error)
    return told


def tell_error(error: BaseException) -> str:
    """Tell of an error, and of those that led to it, the kind, the places in the code and what may be repeated."""
    return "\n".join(_told(error))


def _told(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < _MOST_ERRORS:
        one = waiting.pop()
        if id(one) in seen:
            continue
        yield ("because of " if seen else "") + _said(one)
        seen.add(id(one))
        for frame in reversed(traceback.extract_tb(one.__traceback__)):
            yield f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}"
        if isinstance(one, BaseExceptionGroup):
            waiting += reversed(one.exceptions)
        before = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if before is not None:
            waiting.append(before)


def _said(error: BaseException) -> str:
    kind = type(error)
    home = kind.__module__.partition(".")[0]
    name = kind.__qualname__ if home == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    words = "" if home in _SILENT or isinstance(error, AssertionError) else _words(error)
    return f"{name}: {words}" if words else name


def _words(error: BaseException) -> str:
    """Give what of an error's words may be repeated: its first line, up to where it quotes somebody."""
    if isinstance(error, Refused):
        return error.code
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} (errno {error.errno})"
    try:
        words = str(error).strip().partition("\n")[0]
    except Exception:  # it cannot even say what it is
        return ""
    said = getattr(error, "orig", None) or error
    state = getattr(said, "sqlstate", None)
    # What is wrong with a connection, or with the code, quotes no row.
    is_of_server = type(said).__module__.startswith("psycopg") and not state
    if not isinstance(error, _OF_CODE) and not is_of_server:
        words = _before_quote(words)
    if state:
        # Which rule of the database it was; its words name it in quotes, as they do cells.
        rule = getattr(getattr(said, "diag", None), "constraint_name", None)
        words = f"{words} ({state}{f', {rule}' if rule else ''})"
    return mask_numbers(words)[:_MOST_LETTERS]


def _before_quote(words: str) -> str:
    found = _QUOTE.search(words)
    return words if found is None else f"{words[: found.start()]}…"


def _place(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_ROOT) and ".venv" not in path.parts:
        return str(path.relative_to(_ROOT))
    return "/".join(path.parts[-2:])


def _masked(value: object) -> Any:
    """Give a value as it may stand in a log; of things that would tell all they hold only the kind."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < _LONG else MASKED
    if isinstance(value, str | UUID | date | datetime | Path | enum.Enum):
        return mask_numbers(str(value))
    if isinstance(value, Mapping):
        return {str(_masked(name)): _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(one) for one in value]
    if isinstance(value, BaseException):
        return _said(value)
    return f"<{type(value).__name__}>"


def _tell_end(_kind: type[BaseException], error: BaseException, _where: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    print(tell_error(error), file=sys.stderr)


def _tell_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is None or isinstance(told.exc_value, SystemExit):
        return
    name = mask_numbers(told.thread.name) if told.thread is not None else "?"
    print(f"in thread {name}: {tell_error(told.exc_value)}", file=sys.stderr)


def _tell_unraisable(told: Any) -> None:
    if told.exc_value is not None:
        print(f"ignored: {tell_error(told.exc_value)}", file=sys.stderr)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    words = mask_numbers(_before_quote(str(message).partition("\n")[0]))[:_MOST_LETTERS]
    return f"{_place(filename)}:{lineno}: {category.__name__}: {words}\n"
