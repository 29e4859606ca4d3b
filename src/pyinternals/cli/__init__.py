"""The command line. A command's module is imported only when that command runs.

Each command's module has ``add_arguments(parser)`` and ``run(args) -> int`` (the exit code).
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from ..errors import PyInternalsError, TargetUnreadable, UsageError
from ..safe_text import escape

if TYPE_CHECKING:
    import argparse

__all__ = ["entry_point", "main"]

COMMANDS: Final = {
    "dis": "show the bytecode of a file, module or function, with its source",
    "pyc": "audit .pyc files: stale, orphan, corrupt or other than their source",
}

SUBCOMMANDS: Final = {"pyc": ("show", "diff", "clean")}
"""Words behind a command that are commands of their own, each with a module: ``pyc_show``."""

EXIT_CODES: Final = """\
exit codes:
  0  fine
  1  a limit that you set was exceeded
  2  bad usage
  3  the target can't be read: gone, not permitted, not Python"""

_EXAMPLES: Final = """\
examples:
  pyinternals dis file.py
  pyinternals dis json:dumps --flow
  pyinternals pyc src --fail-on stale,orphan
  python -m pyinternals COMMAND --help"""


def entry_point() -> NoReturn:
    """The console script and ``python -m pyinternals``: `main`, with quiet and quick ends."""
    # A command builds its report, writes it and ends: collecting on the way would be a tenth of the time
    # for nothing. A command that stays turns the collector on again.
    gc.disable()
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        status = 0
    except SystemExit as end:  # argparse ends like this
        status = end.code if isinstance(end.code, int) else 2
    _leave(_flushed(status))


def _flushed(status: int) -> int:
    """Write what is still held. `status`, or another one if that fails."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BrokenPipeError:
        _forget_output()
    except OSError as error:
        _forget_output()
        print_error(TargetUnreadable(f"can't be written: {error.strerror}", target="output"))
        return status or TargetUnreadable.exit_code
    return status


def _leave(status: int) -> NoReturn:
    """End without taking a hundred thousand objects apart one by one, which takes as long as a start.

    Where somebody watches this process (coverage, a profiler, a debugger), or a thread still runs, it
    ends the usual way.
    """
    watched = (
        sys.gettrace() is not None or sys.getprofile() is not None or "coverage" in sys.modules
    )
    if watched or len(sys._current_frames()) > 1:
        sys.exit(status)
    os._exit(status)


def main(arguments: Sequence[str]) -> int:
    """Run the command line `arguments`; return the exit code."""
    name = arguments[0] if arguments else None
    if name not in COMMANDS:
        parser = _top_parser()
        if name is None:
            parser.print_help()
        else:
            parser.parse_args(arguments[:1])  # --help, --version, or an error: each of them exits
        return 2
    words = 2 if {*arguments[1:2]} & {*SUBCOMMANDS.get(name, ())} else 1
    command = import_module(f".{'_'.join(arguments[:words])}", __name__)
    parser = _command_parser(" ".join(arguments[:words]), command.__doc__ or "")
    command.add_arguments(parser)
    args = parser.parse_args(arguments[words:])
    try:
        status: int = command.run(args)
    except PyInternalsError as error:
        if error.target == "output":
            _forget_output()  # what it still holds would be complained about once more
        print_error(error)
        return error.exit_code
    return status


def print_error(error: PyInternalsError) -> None:
    """One line on stderr, and the lines that belong with it (a source line and its caret)."""
    _print_message("error", "error", str(error), error.detail)


def print_warning(message: str) -> None:
    """One line on stderr that does not end the command."""
    _print_message("warn", "warning", message)


def _print_message(style: str, word: str, message: str, detail: Sequence[str] = ()) -> None:
    if sys.stderr is None:
        return
    from ..render.output import output_for, write_lines

    prefix = output_for(sys.stderr).palette.paint(style, f"pyinternals: {word}:")
    # where even this can't be written, the exit code alone must do
    with contextlib.suppress(OSError, PyInternalsError):
        write_lines([f"{prefix} {message}", *detail], sys.stderr)


def _top_parser() -> argparse.ArgumentParser:
    import argparse

    from .. import __version__

    listing = "\n".join(f"  {name:10} {summary}" for name, summary in COMMANDS.items())
    parser = _make_parser(
        prog="pyinternals",
        usage="pyinternals [-h] [--version] COMMAND ...",
        description="See how a Python program really runs.",
        epilog=f"commands:\n{listing}\n\n{_EXAMPLES}\n\n{EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"pyinternals {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    return parser


def _command_parser(name: str, doc: str) -> argparse.ArgumentParser:
    """A parser whose description and epilog are the command module's docstring."""
    description, _, epilog = doc.partition("\n\n")
    return _make_parser(
        prog=f"pyinternals {name}",
        description=description,
        epilog=f"{epilog.strip()}\n\n{EXIT_CODES}",
        allow_abbrev=False,
    )


def _make_parser(**options: Any) -> argparse.ArgumentParser:
    """A parser whose errors are one line, as all others are."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            print_error(UsageError(escape(message), hint=f"see {self.prog} --help"))
            self.exit(UsageError.exit_code)

    return Parser(formatter_class=_help_formatter(), **options)


class _MakeFormatter(Protocol):
    def __call__(self, *, prog: str) -> argparse.HelpFormatter: ...


def _help_formatter() -> _MakeFormatter:
    """argparse makes a formatter for every option it is told of; left to find the width itself, each
    would import `shutil` and all the compression modules.
    """
    import argparse

    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isascii() and columns.isdigit() else 0
    try:
        width = width or os.get_terminal_size(1).columns
    except (OSError, ValueError):
        width = 80
    width = min(max(width, 40) - 2, 110)

    def make(*, prog: str) -> argparse.HelpFormatter:
        return argparse.RawDescriptionHelpFormatter(prog, width=width, max_help_position=26)

    return make


def _forget_output() -> None:
    from .delivery import forget_stdout

    forget_stdout()
