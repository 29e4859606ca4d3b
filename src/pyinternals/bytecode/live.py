"""Finds the code object in whatever Python object somebody has at hand.

Stands on the attributes that `dis` and `inspect` use: ``__wrapped__`` is *not* followed, because what
runs is the wrapper.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

from ..errors import NotPython
from ..safe_text import safe_repr, shorten

__all__ = ["code_of", "current_offset", "is_code", "member_codes", "module_globals_of"]

_FRAME_ATTRIBUTES = {
    types.GeneratorType: ("gi_code", "gi_frame"),
    types.CoroutineType: ("cr_code", "cr_frame"),
    types.AsyncGeneratorType: ("ag_code", "ag_frame"),
}
"""Where these keep their code and their frame."""


def is_code(x: Any) -> bool:
    """Whether `x` is a code object, or a record that stands for one (`CodeRecord`)."""
    return issubclass(type(x), types.CodeType) or hasattr(type(x), "co_code")


def code_of(x: Any) -> types.CodeType | None:
    """The code object of `x`; None where it has no single one (a class, a module).

    Takes functions, methods, partials, properties, static and class methods, generators, coroutines,
    asynchronous generators, frames, tracebacks, exceptions and code objects.
    """
    for _ in range(16):  # a method of a partial of a property …
        if issubclass(type(x), types.CodeType):
            code: types.CodeType = x
            return code
        unwrapped = _unwrap(x)
        if unwrapped is x:
            break
        x = unwrapped
    return None


def _unwrap(x: Any) -> Any:
    """What is behind `x`, by its type: attributes of a stranger may be anything, or raise anything."""
    kind = type(x)
    if issubclass(kind, types.FunctionType):
        return x.__code__
    if kind in _FRAME_ATTRIBUTES:
        return getattr(x, _FRAME_ATTRIBUTES[kind][0])
    if issubclass(kind, BaseException):
        return x.__traceback__
    if issubclass(kind, types.TracebackType):
        return _last(x).tb_frame.f_code
    if issubclass(kind, types.FrameType):
        return x.f_code
    if issubclass(kind, property):
        return x.fget or x.fset or x.fdel
    if issubclass(kind, (types.MethodType, staticmethod, classmethod)):
        return x.__func__
    return _unwrap_library_wrapper(x, kind)


def _unwrap_library_wrapper(x: Any, kind: type) -> Any:
    functools = sys.modules.get("functools")
    if functools is not None:
        if issubclass(
            kind,
            (
                functools.partial,
                functools.partialmethod,
                functools.cached_property,
                functools.singledispatchmethod,
            ),
        ):
            return x.func
        if issubclass(kind, functools._lru_cache_wrapper):
            return x.__wrapped__  # the cache itself is C
    contextlib = sys.modules.get("contextlib")
    if contextlib is not None and issubclass(kind, contextlib._GeneratorContextManagerBase):
        return x.gen
    if not issubclass(kind, type):
        for base in kind.__mro__:
            call = vars(base).get("__call__")
            if call is not None:
                return call if isinstance(call, types.FunctionType) else x
    return x


def _last(traceback: types.TracebackType) -> types.TracebackType:
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def current_offset(x: Any) -> int | None:
    """Byte offset of the instruction that a generator, frame or traceback stands at; else None."""
    if issubclass(type(x), BaseException):
        x = x.__traceback__
    if issubclass(type(x), types.TracebackType):
        x = _last(x)
        return int(x.tb_lasti)
    if issubclass(type(x), types.FrameType):
        return int(x.f_lasti)
    if type(x) in _FRAME_ATTRIBUTES:
        frame: types.FrameType | None = getattr(x, _FRAME_ATTRIBUTES[type(x)][1])
        if frame is not None and frame.f_lasti >= 0:
            return frame.f_lasti
        return None
    return None


def module_globals_of(x: Any) -> dict[str, object] | None:
    """The globals of the module that `x` is from, which help `linecache` to find source in a zip."""
    if issubclass(type(x), types.MethodType):
        x = x.__func__
    return x.__globals__ if issubclass(type(x), types.FunctionType) else None


def member_codes(owner: type | types.ModuleType) -> Iterator[tuple[str, types.CodeType]]:
    """Name and code object of each function that a class or module defines itself, in their order.

    Its classes are followed; what it merely imported is left out.
    """
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", owner)]
    while waiting:
        name, member = waiting.pop()
        if issubclass(type(member), (type, types.ModuleType)):
            if id(member) not in seen:
                seen.add(id(member))
                members = [pair for pair in vars(member).items() if _is_own(pair[1], member)]
                waiting.extend(reversed(members))
            continue
        for code in _codes_of_member(member):
            if id(code) not in seen:
                seen.add(id(code))
                yield name, code


def _is_own(value: Any, owner: type | types.ModuleType) -> bool:
    """Whether `owner` defines `value`, rather than having got it from elsewhere."""
    if isinstance(value, types.ModuleType):
        return False
    if isinstance(owner, types.ModuleType):
        if isinstance(value, (type, types.FunctionType)):
            return value.__module__ == owner.__name__
        return type(value).__module__ == "functools"
    return not isinstance(value, type) or value.__qualname__.startswith(f"{owner.__qualname__}.")


def _codes_of_member(value: Any) -> Iterator[types.CodeType]:
    is_property = issubclass(type(value), property)
    accessors = (value.fget, value.fset, value.fdel) if is_property else (value,)
    for accessor in accessors:
        # an object that can be called is a value of the class, not one of its functions
        if issubclass(type(accessor), _MEMBER_KINDS) or type(accessor).__module__ == "functools":
            code = code_of(accessor)
            if code is not None:
                yield code


_MEMBER_KINDS = (types.FunctionType, staticmethod, classmethod)


def no_code_error(x: Any) -> NotPython:
    """Why `x` can't be disassembled, in one line."""
    shown = safe_repr(x)
    kind = type(x)
    if issubclass(
        kind, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
    ):
        return NotPython(
            "is implemented in C: it has no bytecode",
            target=shown,
            hint="disassemble what calls it",
        )
    if issubclass(kind, type):
        return NotPython("is a class with no methods written in Python", target=shown)
    if issubclass(kind, types.ModuleType):
        return NotPython("is a module with no functions written in Python", target=shown)
    return NotPython(
        f"has no bytecode, being of type {shorten(kind.__qualname__)}",
        target=shown,
        hint="give a function, method, class, generator, coroutine, code object, traceback or text",
    )
