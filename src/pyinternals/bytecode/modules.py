"""Finds a module's source by its name, without importing it or the packages above it.

`importlib.util.find_spec` imports every parent package; here each parent is only located, and its search
path used for the next name. A package that changes its own ``__path__`` while being imported is
searched where it lies on disk.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import os
import sys
from collections.abc import Sequence

from ..errors import NotPython, TargetNotFound
from ..safe_text import escape, safe_repr
from .source import check_is_text

__all__ = ["ModuleSource", "find_module_source"]

Spec = importlib.machinery.ModuleSpec


class ModuleSource:
    """Where a module's source is, and its bytes if it isn't a plain file (a zip archive)."""

    __slots__ = ("data", "filename", "is_package", "name")

    def __init__(self, name: str, filename: str, *, is_package: bool, data: bytes | None) -> None:
        self.name = name
        self.filename = filename
        self.is_package = is_package
        self.data = data


def _find_spec(name: str) -> Spec:
    """Where module `name` is. What is only there under another name (os.path) is found by that one."""
    try:
        return _locate(name)
    except TargetNotFound:
        loaded = getattr(sys.modules.get(name), "__spec__", None)
        if isinstance(loaded, Spec) and loaded.name != name:
            return _locate(loaded.name)
        raise


def find_module_source(name: str, *, as_program: bool = False) -> ModuleSource:
    """The source of module `name`; with `as_program`, of what ``python -m name`` runs.

    Raises `TargetNotFound`, with the nearest names, or `NotPython` for a module without source.
    """
    spec = _find_spec(name)
    if as_program and spec.submodule_search_locations is not None:
        name = f"{name}.__main__"
        try:
            spec = _find_spec(name)
        except TargetNotFound as error:
            raise TargetNotFound(
                "is a package without a __main__ module, so -m can't run it",
                target=escape(name.removesuffix(".__main__")),
                hint="leave -m out to see its __init__",
            ) from error
    return _source_of(name, spec)


def _locate(name: str) -> Spec:
    if not all(part.isidentifier() for part in name.split(".")):
        if ":" in name or not name:
            hint = "for a name in a file write file.py::name"
        else:
            hint = "give a path, or a name such as json.decoder"
        raise TargetNotFound("is neither a file nor a module", target=safe_repr(name), hint=hint)
    search_path: Sequence[str] | None = None
    found: Spec | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        full_name = ".".join(parts[:count])
        above = escape(".".join(parts[: count - 1]))
        if found is not None:
            if found.submodule_search_locations is None:
                raise TargetNotFound(
                    f"{above} is a module, not a package",
                    target=escape(name),
                    hint=f"for a name in it: {above}:{escape('.'.join(parts[count - 1 :]))}",
                )
            search_path = list(found.submodule_search_locations)
        found = _in_current_folder(full_name) if search_path is None else None
        found = found or _ask_finders(full_name, search_path)
        if found is None:
            raise TargetNotFound(
                "no such module" if count == len(parts) else f"no such module {escape(full_name)}",
                target=escape(name),
                hint=_near_modules(parts[count - 1], search_path)
                or f"for a name in {above}: {above}:{escape('.'.join(parts[count - 1 :]))}",
            )
    assert found is not None
    return found


def _in_current_folder(name: str) -> Spec | None:
    """`python -m` finds the current folder's modules first, unless it is told not to (-P)."""
    if sys.flags.safe_path:
        return None
    with contextlib.suppress(OSError):
        return importlib.machinery.PathFinder.find_spec(name, [os.getcwd()])
    return None


def _ask_finders(full_name: str, search_path: Sequence[str] | None) -> Spec | None:
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec: Spec | None = find_spec(full_name, search_path) if find_spec else None
        if spec is None:
            continue
        if spec.origin in ("frozen", "built-in"):
            # the standard library's frozen modules have their source beside the others
            on_disk = importlib.machinery.PathFinder.find_spec(full_name, search_path)
            return on_disk or spec
        return spec
    return None


def _source_of(name: str, spec: Spec) -> ModuleSource:
    shown = escape(name)
    loader = spec.loader
    is_package = spec.submodule_search_locations is not None
    if spec.origin == "built-in" or isinstance(loader, importlib.machinery.ExtensionFileLoader):
        raise NotPython("is a module written in C: it has no bytecode", target=shown)
    if isinstance(loader, importlib.machinery.SourcelessFileLoader):
        raise NotPython("has a .pyc but no source", target=shown)
    if isinstance(loader, importlib.machinery.SourceFileLoader):
        return ModuleSource(name, loader.path, is_package=is_package, data=None)
    if is_package and (loader is None or spec.origin is None):
        raise NotPython(
            "is a namespace package: it has no code of its own",
            target=shown,
            hint="name a module in it",
        )
    get_source = getattr(loader, "get_source", None)
    try:
        text = get_source(name) if get_source else None
    except Exception:  # noqa: BLE001 - somebody else's loader may raise anything
        text = None
    if text is None:
        raise NotPython("has no source that can be found", target=shown)
    data = text.encode("utf-8", "surrogatepass")
    check_is_text(data, shown)
    return ModuleSource(name, spec.origin or f"<{name}>", is_package=is_package, data=data)


def _near_modules(name: str, search_path: Sequence[str] | None) -> str:
    from difflib import get_close_matches

    names: set[str] = set() if search_path else set(sys.stdlib_module_names)
    for folder in search_path or sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        names.update(entry.removesuffix(".py") for entry in entries)
    near = get_close_matches(name, sorted(names), n=3, cutoff=0.7)
    if near:
        return f"did you mean {' or '.join(escape(found) for found in near)}?"
    return "" if search_path else "check the spelling, or give a file's path"
