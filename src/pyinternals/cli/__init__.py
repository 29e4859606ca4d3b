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
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from ..errors import PyInternalsError

if TYPE_CHECKING:
    import argparse

__all__ = ["entry_point", "main"]

COMMANDS: Final = {
    "dis": "show the bytecode of a file, module or function, with its source",
}

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
  python -m pyinternals COMMAND --help"""


def entry_point() -> NoReturn:
    """The console script and ``python -m pyinternals``: `main`, with quiet and quick ends."""
    # A command builds its report, writes it and ends: collecting on the way would be a tenth of the time
    # for nothing. A command that stays turns the collector on again.
    gc.disable()
    try:
        status = main(sys.argv[1:])
        _flush()
    except BrokenPipeError:
        _forget_stdout()
        status = 0
    except KeyboardInterrupt:
        status = 130
    except SystemExit as end:  # argparse ends like this
        status = end.code if isinstance(end.code, int) else 2
        with contextlib.suppress(BrokenPipeError):
            _flush()
    _leave(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


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
    command = import_module(f".{name}", __name__)
    parser = _command_parser(name, command.__doc__ or "")
    command.add_arguments(parser)
    args = parser.parse_args(arguments[1:])
    try:
        status: int = command.run(args)
    except PyInternalsError as error:
        if error.target == "output":
            _forget_stdout()  # what it still holds would be complained about once more
        print_error(error)
        return error.exit_code
    return status


def print_error(error: PyInternalsError) -> None:
    """One line on stderr, and the lines that belong with it (a source line and its caret)."""
    if sys.stderr is None:
        return
    from ..render.output import output_for, write_lines

    output = output_for(sys.stderr)
    prefix = output.palette.paint("error", "pyinternals: error:")
    write_lines([f"{prefix} {error}", *error.detail], sys.stderr)


def print_warning(message: str) -> None:
    """One line on stderr that does not end the command."""
    if sys.stderr is None:
        return
    from ..render.output import output_for, write_lines

    output = output_for(sys.stderr)
    prefix = output.palette.paint("warn", "pyinternals: warning:")
    write_lines([f"{prefix} {message}"], sys.stderr)


def _top_parser() -> argparse.ArgumentParser:
    import argparse

    from .. import __version__

    listing = "\n".join(f"  {name:10} {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="pyinternals",
        usage="pyinternals [-h] [--version] COMMAND ...",
        description="See how a Python program really runs.",
        epilog=f"commands:\n{listing}\n\n{_EXAMPLES}\n\n{EXIT_CODES}",
        formatter_class=_help_formatter(),
    )
    parser.add_argument("--version", action="version", version=f"pyinternals {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    return parser


def _command_parser(name: str, doc: str) -> argparse.ArgumentParser:
    """A parser whose description and epilog are the command module's docstring."""
    import argparse

    description, _, epilog = doc.partition("\n\n")
    return argparse.ArgumentParser(
        prog=f"pyinternals {name}",
        description=description,
        epilog=f"{epilog.strip()}\n\n{EXIT_CODES}",
        formatter_class=_help_formatter(),
        allow_abbrev=False,
    )


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


def _forget_stdout() -> None:
    """The reader went away: let the interpreter's last flush go nowhere instead of complaining."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)
