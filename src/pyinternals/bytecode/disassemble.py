"""Turns a code object, or anything that has one, into the `CodeObject` fact."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

from ..errors import NotPython
from .decode import decode_instructions
from .facts import CodeObject
from .live import (
    code_of,
    current_offset,
    is_code,
    member_codes,
    module_globals_of,
    no_code_error,
)
from .opcode_table import OpcodeTable, host_table, table_for
from .source import SourceText, cached_source

__all__ = ["code_object_fact", "dis", "table_of"]

DEEPEST_NESTING = 400
"""Nesting of code objects that is followed; the compiler itself allows 100 blocks."""


def dis(
    x: Any, *, adaptive: bool = False, optimize: int = -1, positions: bool = True
) -> CodeObject:
    """Disassemble `x` into a frozen fact.

    `x` is a function, method, class, module, generator, coroutine, asynchronous generator, frame,
    traceback, exception, code object, or a string of source (compiled, never executed).

    With `adaptive` the instructions bear the names the interpreter has specialised them to so far
    (`_co_code_adaptive`). `optimize` is the level source text is compiled with. Without `positions`
    no column information is read.

    Raises `NotPython` for what has no bytecode (a C function, a number) and `SourceError` for text that
    doesn't compile.
    """
    if issubclass(type(x), str):
        return _from_text(x, optimize=optimize, positions=positions)
    is_owner = issubclass(type(x), (type, types.ModuleType))
    code = None if is_owner else code_of(x)
    if code is not None:
        return code_object_fact(
            code,
            source=cached_source(code.co_filename, module_globals_of(x)),
            adaptive=adaptive,
            positions=positions,
            lasti=current_offset(x),
        )
    if is_owner:
        members = _members(x, adaptive=adaptive, positions=positions)
        if members is not None:
            return members
    raise no_code_error(x)


def _from_text(text: str, *, optimize: int, positions: bool) -> CodeObject:
    from .compilation import compile_source
    from .source import parse_source

    data = text.encode("utf-8", "surrogatepass")
    code = compile_source(data, "<string>", optimize=optimize).code
    return code_object_fact(
        code,
        source=parse_source(text, "<string>"),
        optimize=optimize if optimize >= 0 else sys.flags.optimize,
        positions=positions,
    )


def _members(
    owner: type | types.ModuleType, *, adaptive: bool, positions: bool
) -> CodeObject | None:
    """A class or module as a code object without instructions whose children are its functions.

    Its own body ran once and is gone; what is left of it is what it defined.
    """
    children = []
    for _, code in member_codes(owner):
        source = cached_source(code.co_filename)
        children.append(
            code_object_fact(code, source=source, adaptive=adaptive, positions=positions)
        )
    if not children:
        return None
    first = children[0]
    qualname = getattr(owner, "__qualname__", owner.__name__)
    return CodeObject(
        name=owner.__name__,
        qualname=qualname,
        filename=first.filename,
        first_line=min(child.first_line for child in children),
        version=first.version,
        optimize=None,
        flags=0,
        argcount=0,
        posonlyargcount=0,
        kwonlyargcount=0,
        stacksize=0,
        consts=(),
        names=(),
        varnames=(),
        freevars=(),
        cellvars=(),
        bytecode=b"",
        instructions=(),
        exception_table=(),
        children=tuple(children),
        code=None,
        source=first.source,
        title=f"{'class' if isinstance(owner, type) else 'module'} {qualname}",
    )


def code_object_fact(
    code: Any,
    *,
    source: SourceText | None = None,
    optimize: int | None = None,
    adaptive: bool = False,
    specialised_of: Callable[[Any], bytes | None] | None = None,
    positions: bool = True,
    lasti: int | None = None,
    title: str | None = None,
    table: OpcodeTable | None = None,
    depth: int = 0,
) -> CodeObject:
    """The fact of one code object, native or a record of one, and of all that are nested in it.

    `specialised_of` gives the bytecode of a code object as a run left it; with `adaptive` it is what
    this interpreter holds now. Without `table` the code is this interpreter's, or says itself whose
    it is (`CodeRecord.version`).
    """
    if table is None:
        table = table_for(code.version) if hasattr(code, "version") else host_table()
    if depth > DEEPEST_NESTING:
        raise NotPython(
            f"code objects nested more than {DEEPEST_NESTING} deep", target=code.co_filename
        )
    specialised = code._co_code_adaptive if adaptive else None
    if specialised_of is not None:
        specialised = specialised_of(code)
    instructions, exception_table = decode_instructions(
        code, table=table, specialised=specialised, positions=positions
    )
    children = tuple(
        code_object_fact(
            const,
            source=source,
            optimize=optimize,
            adaptive=adaptive,
            specialised_of=specialised_of,
            positions=positions,
            table=table,
            depth=depth + 1,
        )
        for const in code.co_consts
        if is_code(const)
    )
    return CodeObject(
        name=code.co_name,
        qualname=code.co_qualname,
        filename=code.co_filename,
        first_line=code.co_firstlineno,
        version=table.version,
        optimize=optimize,
        flags=code.co_flags,
        argcount=code.co_argcount,
        posonlyargcount=code.co_posonlyargcount,
        kwonlyargcount=code.co_kwonlyargcount,
        stacksize=code.co_stacksize,
        consts=code.co_consts,
        names=code.co_names,
        varnames=code.co_varnames,
        freevars=code.co_freevars,
        cellvars=code.co_cellvars,
        bytecode=specialised or code.co_code,
        instructions=instructions,
        exception_table=exception_table,
        children=children,
        code=code,
        source=source,
        title=title,
        lasti=lasti,
    )


def table_of(code_object: CodeObject) -> OpcodeTable:
    """The opcode table that `code_object` was decoded with."""
    return table_for(code_object.version)
