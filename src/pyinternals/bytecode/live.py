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
from ..safe_text import safe_repr

__all__ = ["code_of", "current_offset", "member_codes", "module_globals_of"]

# where generators, coroutines and frames keep their code and their frame
_CODE_ATTRIBUTES = ("__code__", "gi_code", "ag_code", "cr_code", "f_code")
_FRAME_ATTRIBUTES = ("gi_frame", "ag_frame", "cr_frame")


def code_of(x: Any) -> types.CodeType | None:
    """The code object of `x`; None where it has no single one (a class, a module).

    Takes functions, methods, partials, properties, static and class methods, generators, coroutines,
    asynchronous generators, frames, tracebacks, exceptions and code objects.
    """
    for _ in range(16):  # a method of a partial of a property …
        if isinstance(x, types.CodeType):
            return x
        if isinstance(x, BaseException):
            x = x.__traceback__
        if isinstance(x, types.TracebackType):
            return _last(x).tb_frame.f_code
        unwrapped = _unwrap(x)
        if unwrapped is x:
            break
        x = unwrapped
    return None


def _unwrap(x: Any) -> Any:
    for attribute in _CODE_ATTRIBUTES:
        code = getattr(x, attribute, None)
        if isinstance(code, types.CodeType):
            return code
    if isinstance(x, property):
        return x.fget or x.fset or x.fdel
    functools = sys.modules.get("functools")
    if functools is not None and isinstance(x, (functools.partial, functools.cached_property)):
        return x.func
    if isinstance(x, (types.MethodType, staticmethod, classmethod)):
        return x.__func__
    call = type(x).__dict__.get("__call__")
    if isinstance(call, types.FunctionType) and not isinstance(x, type):
        return call
    return x


def _last(traceback: types.TracebackType) -> types.TracebackType:
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def current_offset(x: Any) -> int | None:
    """Byte offset of the instruction that a generator, frame or traceback stands at; else None."""
    if isinstance(x, BaseException):
        x = x.__traceback__
    if isinstance(x, types.TracebackType):
        return _last(x).tb_lasti
    if isinstance(x, types.FrameType):
        return x.f_lasti
    for attribute in _FRAME_ATTRIBUTES:
        frame = getattr(x, attribute, None)
        if isinstance(frame, types.FrameType):
            return frame.f_lasti if frame.f_lasti >= 0 else None
    return None


def module_globals_of(x: Any) -> dict[str, object] | None:
    """The globals of the module that `x` is from, which help `linecache` to find source in a zip."""
    x = getattr(x, "__func__", x)
    found = getattr(x, "__globals__", None)
    return found if isinstance(found, dict) else None


def member_codes(owner: type | types.ModuleType) -> Iterator[tuple[str, types.CodeType]]:
    """Name and code object of each function that a class or module defines itself, in their order.

    A class's nested classes are followed; what a module merely imported is left out.
    """
    seen: set[int] = set()
    for name, value in list(vars(owner).items()):
        if isinstance(value, type):
            defined_here = value.__module__ == getattr(owner, "__module__", owner.__name__)
            nested = value.__qualname__.startswith(
                getattr(owner, "__qualname__", "") or value.__qualname__
            )
            if defined_here and nested and value is not owner and id(value) not in seen:
                seen.add(id(value))
                yield from member_codes(value)
            continue
        if (
            isinstance(owner, types.ModuleType)
            and getattr(value, "__module__", None) != owner.__name__
        ):
            continue
        for code in _codes_of_member(value):
            if id(code) not in seen:
                seen.add(id(code))
                yield name, code


def _codes_of_member(value: Any) -> Iterator[types.CodeType]:
    if isinstance(value, property):
        accessors: tuple[Any, ...] = (value.fget, value.fset, value.fdel)
    elif isinstance(value, (types.FunctionType, staticmethod, classmethod)):
        accessors = (value,)
    else:
        functools = sys.modules.get("functools")
        is_cached = functools is not None and isinstance(value, functools.cached_property)
        accessors = (value,) if is_cached else ()
    for accessor in accessors:
        code = code_of(accessor)
        if code is not None:
            yield code


def no_code_error(x: Any) -> NotPython:
    """Why `x` can't be disassembled, in one line."""
    shown = safe_repr(x)
    if isinstance(
        x, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
    ):
        return NotPython(
            "is implemented in C: it has no bytecode",
            target=shown,
            hint="disassemble what calls it",
        )
    if isinstance(x, type):
        return NotPython("is a class with no methods written in Python", target=shown)
    return NotPython(
        f"a {type(x).__name__} has no bytecode",
        target=shown,
        hint="give a function, method, class, generator, coroutine, code object, traceback or source text",
    )
