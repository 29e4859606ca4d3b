"""What is to be said of the runs of a program: why something is lost, or less than it looks."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..units import format_duration, plural
from .program_child import Ended
from .specialisation import RunRecord

if TYPE_CHECKING:
    from .program_run import CodePath, RunRequest

__all__ = [
    "RunWarning",
    "warnings_of_copies",
    "warnings_of_count",
    "warnings_of_disagreement",
    "warnings_of_look",
]

_MOST_NAMES = 3
_WHERE_TO_READ_FROM = "give what it reads as a file or through a pipe"


class RunWarning(NamedTuple):
    """Something that makes the findings less than they look."""

    code: str
    """``run-lost``, ``count-lost``, ``count-incomplete``, ``runs-differ``, ``timeout`` or
    ``interrupted``."""
    message: str


def warnings_of_look(looked: Ended, request: RunRequest) -> list[RunWarning]:
    """Of the first run."""
    warnings = []
    if looked.manner in ("timeout", "interrupt"):
        kind = "timeout" if looked.manner == "timeout" else "interrupted"
        warnings.append(RunWarning(kind, f"the program was {_manner_in_words(looked, request)}"))
    if looked.report is None:
        message = f"what the interpreter made of it is lost: the program {_loss_in_words(looked)}"
        warnings.append(RunWarning("run-lost", message))
    return warnings


def warnings_of_count(ended: Ended, looked: Ended, request: RunRequest) -> list[RunWarning]:
    """Of the second run, compared with the first one."""
    if ended.manner == "terminal":
        message = f"no counts: only the first run has the terminal; {_WHERE_TO_READ_FROM}"
        return [RunWarning("count-lost", message)]
    if ended.manner != "end":
        message = f"counting was {_manner_in_words(ended, request)}: no counts"
        return [RunWarning("count-lost", message)]
    if ended.report is None:
        message = f"no counts: when counting, the program {_loss_in_words(ended)}"
        return [RunWarning("count-lost", message)]
    if ended.status != looked.status:
        message = (
            f"the program ended with {_status_in_words(looked.status)}, but with "
            f"{_status_in_words(ended.status)} when counted: the counts may be of another course"
        )
        return [RunWarning("runs-differ", message)]
    return []


def warnings_of_copies(names: Sequence[str]) -> list[RunWarning]:
    """`names` are those of the code objects that the program made others from."""
    if not names:
        return []
    some = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        some += f" and {len(names) - _MOST_NAMES:,} more"
    message = (
        f"counts of {some} are lower bounds: the program made other code objects of the same "
        "source, which are not counted"
    )
    return [RunWarning("count-incomplete", message)]


def warnings_of_disagreement(records: Mapping[CodePath, RunRecord]) -> list[RunWarning]:
    """Of instructions that were executed in the first run only."""
    count = sum(record.contradiction_count for record in records.values())
    if not count:
        return []
    message = (
        f"{plural(count, 'instruction')} specialised in the first run but not executed in the "
        "counting run: the program does not do the same twice"
    )
    return [RunWarning("runs-differ", message)]


def _manner_in_words(ended: Ended, request: RunRequest) -> str:
    if ended.manner == "interrupt":
        return "interrupted"
    return f"stopped after {format_duration(max(1, int((request.timeout_seconds or 0) * 1e9)))}"


def _status_in_words(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _loss_in_words(ended: Ended) -> str:
    """Why there is no report."""
    if ended.manner == "terminal":
        return f"wanted a terminal that it is not in the foreground of; {_WHERE_TO_READ_FROM}"
    if ended.failure is not None:
        return f"ended in a state in which it could not report ({ended.failure})"
    if ended.status < 0:
        return f"was ended by {_status_in_words(ended.status)} before it could report"
    return (
        f"ended with {_status_in_words(ended.status)} past its exit handlers (os._exit, os.exec*) "
        "or closed the file descriptor for its report"
    )
