"""Sets a program up, in the child of ``dis --run``, as Python itself would, and starts it.

One function for each kind of program: a script, ``-m``, ``-c``, a module whose function is called
many times. Loaded by `run_child`; imports no more than it must.
"""

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any


class NotStarted(Exception):
    """The target can't be run as asked; the arguments are a message and a hint."""


def compiled(request: "dict[str, Any]") -> "CodeType":
    """The program's code object. The parent compiled the same bytes, so it does compile."""
    source, filename = request["source"], _absolute(request["filename"])
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


def _absolute(filename: str) -> str:
    """As Python makes the name of a script absolute: joined, not normalised."""
    directory = _current_directory()
    if directory is None or filename.startswith(("<", "/")):
        return filename
    return os.path.join(directory, filename)


def _current_directory() -> "str | None":
    """None if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


def prepare(
    request: "dict[str, Any]", main: "dict[str, Any]", code: "CodeType"
) -> "Callable[[], None] | None":
    """Set up ``sys.argv``, ``sys.path[0]`` and `main`. Returns what starts the program.

    None for a script or ``-c``: `code` is then to be executed in `main`.
    """
    kind = request["kind"]
    if kind == "module":
        return _prepare_module(request, code)
    if kind == "import":
        return _prepare_import(request, code)
    if kind == "code":
        _prepare_code(request, code)
    elif request["filename"].startswith("<"):
        main["__file__"] = code.co_filename
        main["__loader__"] = sys.modules["_frozen_importlib"].BuiltinImporter
        _set_up(request, "-", search_path="")
    else:
        _prepare_script(request, main, code)
    return None


def _set_up(request: "dict[str, Any]", *command: str, search_path: "str | None") -> None:
    """`command` stands before the program's arguments; `search_path` is Python's own choice."""
    sys.argv = [command[0], *request["args"]]
    sys.orig_argv[-2:] = [*command, *request["args"]]
    if not sys.flags.safe_path:  # -P and -I: there is no directory of this file to replace
        wanted = search_path if request["search_path"] is None else request["search_path"]
        sys.path[:1] = [] if wanted is None else [wanted]


def _prepare_script(request: "dict[str, Any]", main: "dict[str, Any]", code: "CodeType") -> None:
    filename = code.co_filename
    main["__file__"] = filename
    main["__loader__"] = type(main["__loader__"])("__main__", filename)
    _set_up(request, request["filename"], search_path=_directory(os.path.realpath(filename)))


def _prepare_code(request: "dict[str, Any]", code: "CodeType") -> None:
    text = request["source"].decode("utf-8", "surrogateescape")
    _set_up(request, "-c", text, search_path="")
    sys.argv[0] = "-c"
    if sys.version_info >= (3, 13):
        # as the interpreter does, so that tracebacks show the lines of -c
        import linecache

        has_keys_by_code = hasattr(linecache, "_interactive_cache")
        key: Any = code if has_keys_by_code else code.co_filename
        linecache._register_code(key, text, code.co_filename)


def _prepare_module(request: "dict[str, Any]", code: "CodeType") -> "Callable[[], None]":
    """Have `runpy` do all that it does for ``-m``, with `code` in place of what it finds."""
    import runpy

    name = request["module_name"].removesuffix(".__main__")
    _set_up(request, "-m", name, search_path=_current_directory())
    internals: Any = runpy
    find = internals._get_module_details

    def find_once(wanted: str, *rest: "Any") -> "Any":
        internals._get_module_details = find
        try:
            found_name, spec, _ = find(wanted, *rest)
        except internals._Error as error:
            raise NotStarted(str(error), f"try python -m {name}") from None
        return found_name, spec, code

    internals._get_module_details = find_once
    return lambda: internals._run_module_as_main(name)


def _prepare_import(request: "dict[str, Any]", code: "CodeType") -> "Callable[[], None]":
    name = request["module_name"]
    search_path = os.path.realpath(code.co_filename)
    for _ in range(name.count(".") + 1 + request["is_package"]):
        search_path = _directory(search_path)
    _set_up(request, request["filename"], search_path=search_path)

    def start() -> None:
        _import_our_code(name, code, is_package=request["is_package"])
        if request["function"] is not None:
            _call(_callable(sys.modules[name], request["function"]), request)

    return start


def _directory(path: str) -> str:
    return os.path.dirname(path)


def _import_our_code(name: str, code: "CodeType", *, is_package: bool) -> None:
    """Import `name` so that its body and its functions are `code` and the code objects in it."""
    machinery: Any = sys.modules["_frozen_importlib_external"]
    filename = code.co_filename
    loader = machinery.SourceFileLoader(name, filename)
    loader.get_code = lambda wanted: code

    class Finder:
        @staticmethod
        def find_spec(wanted: str, path: "Any" = None, target: "Any" = None) -> "Any":
            if wanted != name:
                return None
            sys.meta_path.remove(finder)
            return machinery.spec_from_file_location(
                name,
                filename,
                loader=loader,
                submodule_search_locations=[_directory(filename)] if is_package else None,
            )

    finder: Any = Finder
    sys.modules.pop(name, None)
    sys.meta_path.insert(0, finder)
    try:
        __import__(name)
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        del loader.get_code


def _callable(module: "Any", qualname: str) -> "Callable[..., Any]":
    """What `qualname` names in `module`; a plain method bound to an instance made for it."""
    owner, found, part = None, module, ""
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
    except Exception as error:  # noqa: BLE001 - the program's own __init__ may raise anything
        raise NotStarted(
            f"{owner.__qualname__}() fails without arguments: {type(error).__name__}: {error}",
            f"write a function that makes a {owner.__name__} and calls {name}, and name that",
        ) from None
    if isinstance(raw, property):
        return lambda: getattr(instance, name)
    return getattr(instance, name)


def _call(function: "Callable[..., Any]", request: "dict[str, Any]") -> None:
    """Call it as often as asked, with new arguments each time; run what a call only makes."""
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
