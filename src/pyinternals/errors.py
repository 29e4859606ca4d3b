"""Every exception that pyinternals raises on purpose.

::

    PyInternalsError            anything a user can cause; one line: what, which target, what to try
    ├── UsageError              the request itself makes no sense                       (exit code 2)
    ├── LimitExceeded           a limit that the user set was exceeded                  (exit code 1)
    └── TargetError             the target can't be read                                (exit code 3)
        ├── TargetNotFound      no such file, module, function, process
        ├── TargetUnreadable    it is there, but the system does not let us read it
        ├── NotPython           it is there and readable, but holds no Python code
        ├── SourceError         Python source that does not compile
        ├── PycError            a .pyc file that is damaged, cut off, or passes a limit
        └── TargetTooLarge      it passes a size limit (which can be raised)

`ProgramError` is a `TargetError` too: a program that was to be run could not be.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "LimitExceeded",
    "NotPython",
    "ProgramError",
    "PyInternalsError",
    "PycError",
    "SourceError",
    "TargetError",
    "TargetNotFound",
    "TargetTooLarge",
    "TargetUnreadable",
    "UsageError",
]


class PyInternalsError(Exception):
    """Something a user can cause and put right.

    `message` says what happened, `target` to what (a path, a module, a pid), `hint` what to try.
    `detail` holds further lines that belong with the message, such as a source line and its caret.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        *,
        target: str | None = None,
        hint: str | None = None,
        detail: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.hint = hint
        self.detail = detail

    def __str__(self) -> str:
        text = f"{self.target}: {self.message}" if self.target else self.message
        return f"{text} ({self.hint})" if self.hint else text


class UsageError(PyInternalsError):
    """The request itself makes no sense: an option's value, or two options that exclude each other."""

    exit_code = 2


class LimitExceeded(PyInternalsError):
    """A limit that the user set was exceeded."""

    exit_code = 1


class TargetError(PyInternalsError):
    """The target can't be read: gone, not permitted, not Python."""

    exit_code = 3


class TargetNotFound(TargetError):
    """There is no such file, module, name in a file, or process."""


class TargetUnreadable(TargetError):
    """The target exists, but the system does not let us read it."""


class NotPython(TargetError):
    """The target can be read, but holds no Python code: a directory, a binary, a C function."""


class SourceError(TargetError):
    """Python source that this interpreter does not compile."""


class PycError(TargetError):
    """A .pyc file that is not one, is damaged or cut off, or passes one of the reader's limits."""


class TargetTooLarge(TargetError):
    """The target passes a size limit, which an option can raise."""


class ProgramError(TargetError):
    """A program that was to be run could not be started, or gave no account of its run."""
