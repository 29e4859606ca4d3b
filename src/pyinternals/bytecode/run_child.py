"""The child of ``dis --run``: executes a program and says at its end what became of its bytecode.

Started by `program_run` as ``python run_child.py REQUEST``. It imports nothing of pyinternals, and of the
standard library only what every interpreter has loaded (and `atexit`), so that the program finds the
modules, ``sys.path``, ``sys.argv`` and ``__main__`` it would have without us. Request and record are files
of `marshal` data; standard input and output belong to the program.

The code of this file works in a namespace of its own, with a copy of the builtins: ``__main__`` is emptied
and given to the program. The record is written by the exit handler that was registered first and so runs
last: threads have been joined and the program's own exit handlers called by then.

What cannot be made to look the same: ``/proc/self/cmdline``, two more frames below the program's first
one (so the recursion limit is met two calls earlier, three when counting), `atexit` in ``sys.modules``;
when counting, a tool in `sys.monitoring` or, in 3.11, a trace function and `threading`.
"""

import atexit
import marshal
import os
import sys

# `typing` would be one more module that the program doesn't expect
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, TracebackType
    from typing import Any

    from .run_counters import Counter

CANNOT_START = 3


class NotStarted(Exception):
    """The target can't be run as asked; the arguments are a message and a hint."""


def run() -> None:
    """Do what the request says, and leave as the program leaves."""
    with open(sys.argv[1], "rb") as file:
        request = marshal.load(file)
    _restore_environment(request["environment"])
    main = _fresh_main(request["kind"])
    source, filename = request["source"], _absolute(request["filename"])
    code = _compiled(request, source, filename)
    codes = dict(_code_tree(code, ()))
    counter = _counter(list(codes.values())) if request["count"] else None
    record = Record(request["record"], codes, counter)
    atexit.register(record.write)
    kind = request["kind"]
    start = _PREPARATIONS[kind](request, main, code, filename)
    if counter is not None:
        counter.start()
    try:
        if kind in ("script", "code"):
            exec(code, main)  # here and not in `start`: one frame less
        else:
            start()
    except NotStarted as error:
        record.fail(*error.args)
        raise SystemExit(CANNOT_START) from None
    except SystemExit:
        raise
    except BaseException:
        _hide_our_frames()
        raise


def _restore_environment(changed: "dict[str, str | None]") -> None:
    """Undo what was changed for the start of this interpreter."""
    for name, value in changed.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _fresh_main(kind: str) -> "dict[str, Any]":
    """The namespace of ``__main__`` as Python makes it before the program's first line.

    A script gets the one that this file was started in: Python takes ``__file__`` from it at the end.
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


def _absolute(filename: str) -> str:
    """As Python makes the name of a script absolute: joined, not normalised."""
    if filename.startswith(("<", "/")):
        return filename
    return os.path.join(os.getcwd(), filename)


def _compiled(request: "dict[str, Any]", source: bytes, filename: str) -> "CodeType":
    if request["kind"] in ("script", "code"):
        return compile(source, filename, "exec", dont_inherit=True, optimize=request["optimize"])
    # The import machinery compiles it too, and warns unless there is a .pyc file.
    loaded = set(sys.modules)
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(
                source, filename, "exec", dont_inherit=True, optimize=request["optimize"]
            )
    finally:
        for name in set(sys.modules) - loaded:
            del sys.modules[name]


def _code_tree(
    code: "CodeType", path: "tuple[int, ...]"
) -> "list[tuple[tuple[int, ...], CodeType]]":
    """Every code object in `code`, by the indices in `co_consts` that lead to it."""
    found = []
    waiting = [(path, code)]
    while waiting:
        path, code = waiting.pop()
        found.append((path, code))
        for index, const in enumerate(code.co_consts):
            if isinstance(const, type(code)):
                waiting.append(((*path, index), const))
    return found


# How each kind of program is set up. Each returns what starts it; scripts and -c are started by `run`.


def _no_start() -> None:
    raise AssertionError("scripts and -c are executed by run()")


def _set_path(entry: str) -> None:
    """Put `entry` where Python put the directory of this file, unless ``-P`` or ``-I`` forbids any."""
    if not sys.flags.safe_path:
        sys.path[0] = entry


def _set_command(request: "dict[str, Any]", *command: str) -> None:
    sys.orig_argv[-2:] = [*command, *request["args"]]


def _prepare_script(
    request: "dict[str, Any]", main: "dict[str, Any]", code: "CodeType", filename: str
) -> "Callable[[], None]":
    given = request["filename"]
    if given.startswith("<"):
        return _prepare_unnamed(request, "-")
    main["__file__"] = filename
    main["__loader__"] = type(main["__loader__"])("__main__", filename)
    sys.argv = [given, *request["args"]]
    _set_command(request, given)
    found = request["search_path"]
    _set_path(os.path.dirname(os.path.realpath(filename)) if found is None else found)
    return _no_start


def _prepare_unnamed(
    request: "dict[str, Any]", *command: str
) -> "Callable[[], None]":
    sys.argv = [command[0], *request["args"]]
    _set_command(request, *command)
    _set_path(request["search_path"] or "")
    return _no_start


def _prepare_code(
    request: "dict[str, Any]", main: "dict[str, Any]", code: "CodeType", filename: str
) -> "Callable[[], None]":
    text = request["source"].decode("utf-8", "surrogateescape")
    if sys.version_info >= (3, 13):
        # what the interpreter does with -c, so that tracebacks show its lines
        import linecache

        key: Any = code if hasattr(linecache, "_interactive_cache") else filename
        linecache._register_code(key, text, filename)
    return _prepare_unnamed(request, "-c", text)


def _prepare_module(
    request: "dict[str, Any]", main: "dict[str, Any]", code: "CodeType", filename: str
) -> "Callable[[], None]":
    """Have `runpy` do all that it does for ``-m``, with our code object in place of the one it finds."""
    import runpy

    name = request["module_name"].removesuffix(".__main__")
    _prepare_unnamed(request, "-m", name)
    sys.argv[0] = "-m"
    if request["search_path"] is None:
        _set_path(os.getcwd())
    internals: Any = runpy
    find = internals._get_module_details

    def find_once(wanted: str, *rest: "Any") -> "Any":
        internals._get_module_details = find
        try:
            found_name, spec, _ = find(wanted, *rest)
        except internals._Error as error:
            raise NotStarted(str(error), "try python -m with it") from None
        return found_name, spec, code

    internals._get_module_details = find_once
    return lambda: internals._run_module_as_main(name)


def _prepare_import(
    request: "dict[str, Any]", main: "dict[str, Any]", code: "CodeType", filename: str
) -> "Callable[[], None]":
    name, search_path = request["module_name"], request["search_path"]
    if search_path is None:
        search_path = os.path.realpath(filename)
        for _ in range(name.count(".") + 1 + request["is_package"]):
            search_path = os.path.dirname(search_path)
    _prepare_unnamed(request, request["filename"])
    _set_path(search_path)

    def start() -> None:
        _import_our_code(name, code, filename, is_package=request["is_package"])
        if request["function"] is not None:
            _call(_callable(sys.modules[name], request["function"]), request)

    return start


_PREPARATIONS: "dict[str, Callable[..., Callable[[], None]]]" = {
    "script": _prepare_script,
    "code": _prepare_code,
    "module": _prepare_module,
    "import": _prepare_import,
}


def _import_our_code(name: str, code: "CodeType", filename: str, *, is_package: bool) -> None:
    """Import `name` so that its body and functions are `code` and the code objects in it."""
    machinery: Any = sys.modules["_frozen_importlib_external"]
    loader = machinery.SourceFileLoader(name, filename)
    loader.get_code = lambda wanted: code
    locations = [os.path.dirname(filename)] if is_package else None

    class Finder:
        @staticmethod
        def find_spec(wanted: str, path: "Any" = None, target: "Any" = None) -> "Any":
            if wanted != name:
                return None
            return machinery.spec_from_file_location(
                name, filename, loader=loader, submodule_search_locations=locations
            )

    sys.modules.pop(name, None)
    finder: Any = Finder
    sys.meta_path.insert(0, finder)
    try:
        __import__(name)
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        del loader.get_code


# Calling a function many times


def _callable(module: "Any", qualname: str) -> "Callable[..., Any]":
    """What `qualname` names in `module`; for a plain method, bound to an instance made without arguments."""
    owner, found = None, module
    for part in qualname.split("."):
        if part == "<locals>":
            raise NotStarted(
                f"{qualname} is made anew by each call of the function around it",
                "name that function",
            )
        try:
            owner, found = found, getattr(found, part)
        except AttributeError:
            raise NotStarted(
                f"{qualname} is not there once the module is imported", "name a function that stays"
            ) from None
    if isinstance(owner, type):
        found = _method(owner, part, found)
    if not callable(found):
        raise NotStarted(f"{qualname} can't be called", "name a function or method")
    function: Callable[..., Any] = found
    return function


def _method(owner: type, name: str, found: "Any") -> "Any":
    raw = next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)
    if raw is None or isinstance(raw, (staticmethod, classmethod, type)):
        return found
    try:
        instance = owner()
    except Exception as error:
        raise NotStarted(
            f"{owner.__qualname__}() fails without arguments: {type(error).__name__}: {error}",
            f"write a function that makes a {owner.__name__} and calls {name}, and name that",
        ) from None
    if isinstance(raw, property):
        return lambda: getattr(instance, name)
    return getattr(instance, name)


def _call(function: "Callable[..., Any]", request: "dict[str, Any]") -> None:
    """Call it as often as asked, each time with new arguments; run what is a coroutine or generator."""
    runner: Any = None
    for _ in range(request["warmup"]):
        arguments = marshal.loads(request["call_args"])
        try:
            result = function(*arguments)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise NotStarted(f"can't be called so: {error}", "give it other arguments") from None
        if hasattr(result, "gi_code"):
            for _ in result:
                pass
        elif hasattr(result, "cr_code") or hasattr(result, "ag_code"):
            if runner is None:
                import asyncio

                runner = asyncio.Runner()
            runner.run(result if hasattr(result, "cr_code") else _exhaust(result))
    if runner is not None:
        runner.close()


async def _exhaust(results: "Any") -> None:
    async for _ in results:
        pass


# How it ends


class Record:
    """Writes down, at the end of this process, what became of `codes`."""

    def __init__(
        self, path: str, codes: "dict[tuple[int, ...], CodeType]", counter: "Counter | None"
    ) -> None:
        self.path = path
        self.codes = codes
        self.counter = counter
        self.process_id = os.getpid()
        self.failure: tuple[str, str] | None = None
        # the program may replace them
        self.functions = (os.getpid, os.rename, open, marshal.dumps)

    def fail(self, message: str, hint: str) -> None:
        """There is nothing to report but why the program can't be run."""
        self.failure = (message, hint)

    def write(self) -> None:
        """The exit handler. The file appears under its name only when it is whole."""
        getpid, rename, open_file, dumps = self.functions
        if getpid() != self.process_id:  # forked by the program
            return
        counter = self.counter
        content = {
            "failure": self.failure,
            "problems": counter.stop() if counter is not None else [],
            "codes": {
                path: (
                    code._co_code_adaptive,  # type: ignore[attr-defined]
                    *(
                        (counter.executed[id(code)], counter.entered[id(code)])
                        if counter
                        else (None, None)
                    ),
                )
                for path, code in self.codes.items()
            },
        }
        with open_file(self.path + ".part", "wb") as file:
            file.write(dumps(content))
        rename(self.path + ".part", self.path)


def _hide_our_frames() -> None:
    """Have the exception that is on its way out shown as if the program had been started directly.

    It must stay on its way: Python's own end of an unhandled exception sets the exit status, and after
    a KeyboardInterrupt ends the process by the signal.
    """
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        return

    def shown(
        kind: "type[BaseException]", error: BaseException, traceback: "TracebackType | None"
    ) -> None:
        sys.excepthook = hook
        while traceback is not None and traceback.tb_frame.f_code.co_filename == _OUR_FILE:
            traceback = traceback.tb_next
        error.__traceback__ = traceback
        sys.last_traceback = traceback
        hook(kind, error, traceback)

    sys.excepthook = shown


def _counter(codes: "list[CodeType]") -> "Counter":
    """Loaded from beside this file, and only when it is wanted."""
    path = os.path.join(os.path.dirname(_OUR_FILE), "run_counters.py")
    with open(path, "rb") as file:
        namespace: dict[str, Any] = {"__builtins__": __builtins__}
        exec(compile(file.read(), path, "exec"), namespace)
    counter: Counter = namespace["counter_for"](codes)
    return counter


_OUR_FILE = run.__code__.co_filename

if __name__ == "__main__":
    # Once more in a namespace of our own, with our own builtins; `__main__` becomes the program's.
    namespace: "dict[str, Any]" = {"__name__": "pyinternals_run_child"}
    namespace["__builtins__"] = vars(sys.modules["builtins"]).copy()
    exec(sys._getframe().f_code, namespace)
    namespace["run"]()
