"""The child of ``dis --run``: executes a program and says at its end what became of its bytecode.

Started by `program_child` as ``python run_child.py DESCRIPTOR``. It imports nothing of pyinternals,
and of the standard library only what every interpreter has loaded (and `atexit`), so that the
program finds the modules, ``sys.path``, ``sys.argv`` and ``__main__`` that it would have without
us. Request and report are `marshal` data that go through one end of a pair of sockets; standard input
and output belong to the program.

The code of this file works in a namespace of its own, with a copy of the builtins: ``__main__`` is
given to the program. The report is written by the exit handler that was registered first and so
runs last: threads have been joined and the program's own exit handlers called by then.

What can't be made to look the same: ``/proc/self/cmdline``; that descriptor, whose number is high; a
process group that is not the terminal's foreground group until it reads from there; two frames below
the program's first one (the recursion limit is met two or three calls earlier, and a few more when
counting); `atexit` in ``sys.modules``; our frame in the traceback of a ``sys.excepthook`` that fails
itself. When counting, also an audit hook and a tool in `sys.monitoring` (3.11: a trace function, and
replacements for ``sys.settrace``, ``sys.setprofile`` and ``_thread.start_new_thread``), and a signal
may arrive in the function that counts.
"""

import atexit
import marshal
import os
import sys

# `typing` would be one more module that the program doesn't expect
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, TracebackType
    from typing import Any

    from .run_counters import Counter

CANNOT_START = 3


def run() -> None:
    """Do what the request says, and leave as the program leaves."""
    channel = int(sys.argv[1])
    os.set_inheritable(channel, False)
    request = marshal.loads(_received(channel))
    _restore_environment(request["environment"])
    main = _fresh_main(request["kind"])
    starting = _beside("run_start.py")
    code = starting.compiled(request)
    codes = _code_tree(code)
    counter: Counter | None = None
    if request["count"]:
        counter = _beside("run_counters.py").counter_for(list(codes.values()))
    report = Report(channel, codes, counter)
    atexit.register(report.write)
    start = starting.prepare(request, main, code)
    os.write(channel, b"+")
    if counter is not None:
        counter.start()
    try:
        if start is None:
            exec(code, main)  # here, because each function around it is a frame
        else:
            start()
    except starting.NotStarted as error:
        report.failure = error.args
        raise SystemExit(CANNOT_START) from None
    except SystemExit:
        raise
    except BaseException:  # whatever ends the program
        _hide_our_frames()
        raise


def _received(channel: int) -> bytes:
    """All that comes through it."""
    pieces = []
    while piece := os.read(channel, 1 << 18):
        pieces.append(piece)
    return b"".join(pieces)


def _beside(name: str) -> "Any":
    """The file of this name in our directory as a module that is not in ``sys.modules``."""
    path = os.path.join(os.path.dirname(run.__code__.co_filename), name)
    module = type(sys)(name.removesuffix(".py"))
    vars(module)["__builtins__"] = __builtins__
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec"), vars(module))
    return module


def _restore_environment(changed: "dict[str, str | None]") -> None:
    """Undo what was changed for the start of this interpreter."""
    for name, value in changed.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _fresh_main(kind: str) -> "dict[str, Any]":
    """The namespace of ``__main__`` as Python makes it before the program's first line.

    A script gets the one that this file was started in: Python takes ``__file__`` from it at the
    end.
    """
    own = vars(sys.modules["__main__"])
    names = ["__name__", "__doc__", "__package__", "__loader__", "__spec__", "__annotations__"]
    names += ["__builtins__", "__file__", "__cached__"] if kind == "script" else ["__builtins__"]
    fresh = {name: own[name] for name in names if name in own}
    fresh["__doc__"] = None
    if "__annotations__" in fresh:
        fresh["__annotations__"] = {}
    if kind == "script":
        own.clear()
        own.update(fresh)
        return own
    fresh["__loader__"] = sys.modules["_frozen_importlib"].BuiltinImporter
    module = type(sys)("__main__")
    main = vars(module)
    main.clear()
    main.update(fresh)
    sys.modules["__main__"] = module
    return main


def _code_tree(root: "CodeType") -> "dict[tuple[int, ...], CodeType]":
    """Every code object in `root`, by the indices in `co_consts` that lead to it."""
    found: dict[tuple[int, ...], CodeType] = {}
    waiting: list[tuple[tuple[int, ...], CodeType]] = [((), root)]
    while waiting:
        path, code = waiting.pop()
        found[path] = code
        for index, const in enumerate(code.co_consts):
            if isinstance(const, type(root)):
                waiting.append(((*path, index), const))
    return found


class Report:
    """Says, at the end of this process, what became of `codes`."""

    def __init__(
        self, channel: int, codes: "dict[tuple[int, ...], CodeType]", counter: "Counter | None"
    ) -> None:
        self.channel = channel
        self.file = os.fstat(channel)
        self.codes = codes
        self.counter = counter
        self.failure: tuple[str, str] | None = None
        """A message and a hint where the program can't be run as asked."""
        self.process_id = os.getpid()
        # the program may replace them
        self.functions = (os.getpid, os.fstat, os.write, marshal.dumps)

    def write(self) -> None:
        """The exit handler. What goes wrong here must not show in the program."""
        getpid, _, _, dumps = self.functions
        if getpid() != self.process_id:  # forked by the program
            return
        try:
            data = dumps(self._content())
        except BaseException as error:  # noqa: BLE001 - out of memory, interrupted
            data = b"!" + type(error).__name__.encode()
        try:
            self._send(data)
        except BaseException:  # noqa: BLE001 - closed: it is lost
            return

    def _content(self) -> "dict[str, Any]":
        problems = self.counter.stop() if self.counter is not None else []
        codes = {path: self._findings(code) for path, code in self.codes.items()}
        return {"failure": self.failure, "problems": problems, "codes": codes}

    def _send(self, data: bytes) -> None:
        _, fstat, write, _ = self.functions
        file = fstat(self.channel)
        if (file.st_dev, file.st_ino) != (self.file.st_dev, self.file.st_ino):
            return  # the program has closed it, and has another file there
        while data:
            data = data[write(self.channel, data) :]

    def _findings(self, code: "CodeType") -> "tuple[Any, ...]":
        """Bytecode, executions and entries by code unit, and whether there are copies of it."""
        specialised: bytes = code._co_code_adaptive  # type: ignore[attr-defined]
        if self.counter is None:
            return specialised, None, None, False
        counter = self.counter
        is_copied = id(code) in counter.copies.found
        return specialised, counter.executed[id(code)], counter.entered[id(code)], is_copied


def _hide_our_frames() -> None:
    """Have the exception that is on its way out shown as if the program had been started directly.

    It must stay on its way: Python's own end of an unhandled exception sets the exit status, and
    after a KeyboardInterrupt ends the process by the signal.
    """
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        return
    ours = os.path.join(os.path.dirname(run.__code__.co_filename), "run_")

    def shown(
        kind: "type[BaseException]", error: BaseException, traceback: "TracebackType | None"
    ) -> None:
        sys.excepthook = hook
        while traceback and traceback.tb_frame.f_code.co_filename.startswith(ours):
            traceback = traceback.tb_next
        error.__traceback__ = traceback
        sys.last_traceback = traceback
        hook(kind, error, traceback)

    sys.excepthook = shown


if __name__ == "__main__":
    # Once more in a namespace of our own, with our own builtins; `__main__` becomes the program's.
    namespace: "dict[str, Any]" = {"__name__": "pyinternals_run_child"}
    namespace["__builtins__"] = vars(sys.modules["builtins"]).copy()
    exec(sys._getframe().f_code, namespace)
    namespace["run"]()
