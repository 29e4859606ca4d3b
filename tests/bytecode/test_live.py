"""``pyinternals.dis`` of whatever is at hand."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import sys
import types
from typing import Any

import pytest

import pyinternals
from pyinternals.bytecode.facts import CodeObject


def plain(a: int) -> int:
    return a + 1


class Owner:
    def method(self) -> int:
        return 1

    @staticmethod
    def static() -> int:
        return 2

    @classmethod
    def of_class(cls) -> int:
        return 3

    @property
    def attribute(self) -> int:
        return 4

    @functools.cached_property
    def cached(self) -> int:
        return 5

    def __call__(self) -> int:
        return 6

    class Inner:
        def inner_method(self) -> int:
            return 7


def generator() -> Any:
    yield 1


async def coroutine() -> None:
    await asyncio.sleep(0)


async def async_generator() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (plain, "plain"),
        (plain.__code__, "plain"),
        (functools.partial(plain, 1), "plain"),
        (Owner.method, "Owner.method"),
        (Owner().method, "Owner.method"),
        (Owner.static, "Owner.static"),
        (Owner.of_class, "Owner.of_class"),
        (vars(Owner)["attribute"], "Owner.attribute"),
        (vars(Owner)["cached"], "Owner.cached"),
        (Owner(), "Owner.__call__"),
        (generator(), "generator"),
        (async_generator(), "async_generator"),
    ],
)
def test_the_code_of_anything_callable_is_found(x: Any, expected: str) -> None:
    assert pyinternals.dis(x).qualname == expected


def test_a_coroutine_is_shown_where_it_waits() -> None:
    waiting = coroutine()
    try:
        assert pyinternals.dis(waiting).qualname == "coroutine"
    finally:
        waiting.close()


def test_a_started_generator_is_shown_where_it_stands() -> None:
    started = generator()
    next(started)
    fact = pyinternals.dis(started)
    (standing,) = [ins for ins in fact if ins.offset == fact.lasti]
    # 3.13 moved the mark of a suspended frame from the yield to what comes next
    assert standing.opname == ("YIELD_VALUE" if sys.version_info < (3, 13) else "RESUME")


def test_an_exception_is_shown_at_the_instruction_that_raised() -> None:
    try:
        json.loads("{")
    except ValueError as error:
        fact = pyinternals.dis(error)
        traceback_fact = pyinternals.dis(error.__traceback__)
    assert fact.qualname == "JSONDecoder.decode" or fact.filename.endswith("decoder.py")
    assert fact.lasti == traceback_fact.lasti
    (standing,) = [ins for ins in fact if ins.offset == fact.lasti]
    assert standing.base_opname.startswith(("CALL", "PRECALL", "RAISE"))


def test_a_frame_is_shown_where_it_stands() -> None:
    fact = pyinternals.dis(sys._getframe())
    assert fact.qualname == "test_a_frame_is_shown_where_it_stands"


def test_a_class_shows_its_methods_and_those_of_its_nested_classes() -> None:
    names = [child.qualname for child in pyinternals.dis(Owner).children]
    assert names == [
        "Owner.method",
        "Owner.static",
        "Owner.of_class",
        "Owner.attribute",
        "Owner.cached",
        "Owner.__call__",
        "Owner.Inner.inner_method",
    ]


def test_a_module_shows_the_functions_it_defines_and_not_those_it_imported() -> None:
    module = types.ModuleType("defined")
    exec(compile("from json import dumps\ndef own(): pass\n", "defined.py", "exec"), vars(module))
    assert [child.name for child in pyinternals.dis(module).children] == ["own"]


def test_text_is_compiled_and_not_executed() -> None:
    fact = pyinternals.dis("raise SystemExit\ndef f(): return 1")
    assert [child.name for child in fact.children] == ["f"]


@pytest.mark.parametrize("x", [len, str.upper, 3, None, object(), int, "a".join])
def test_what_has_no_bytecode_is_said(x: Any) -> None:
    with pytest.raises(pyinternals.NotPython):
        pyinternals.dis(x)


def test_text_that_does_not_compile_is_said_with_its_place() -> None:
    with pytest.raises(pyinternals.SourceError) as caught:
        pyinternals.dis("x = (")
    assert caught.value.target == "<string>:1"
    assert caught.value.detail[-1].strip() == "^"


def test_a_fact_shows_itself_everywhere() -> None:
    from rich.console import Console

    fact = pyinternals.dis(plain)
    assert "BINARY_OP" in str(fact)
    assert str(fact) == repr(fact)
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(fact)
    assert "BINARY_OP" in console.export_text()
    bundle = fact._repr_mimebundle_()
    assert "BINARY_OP" in bundle["text/plain"]
    assert "BINARY_OP" in bundle["text/html"]
    assert fact.to_json()["data"]["code_objects"][0]["qualname"] == "plain"


def test_a_live_function_shows_what_it_was_specialised_to() -> None:
    def add(a: int, b: int) -> int:
        return a + b

    for number in range(200):
        add(number, number)
    names = [ins.opname for ins in pyinternals.dis(add, adaptive=True)]
    assert "BINARY_OP_ADD_INT" in names
    assert "BINARY_OP_ADD_INT" not in [ins.opname for ins in pyinternals.dis(add)]


def test_nested_code_objects_are_found_by_name() -> None:
    def outer() -> Any:
        def inner() -> int:
            return 1

        return inner

    fact: CodeObject = pyinternals.dis(outer)
    assert fact["inner"].first_line == fact.first_line + 1
    with pytest.raises(KeyError):
        fact["missing"]


def test_a_lying_source_file_is_no_harm() -> None:
    code = compile("x = 1\ny = 2\n", "/does/not/exist.py", "exec")
    assert "STORE_NAME" in str(pyinternals.dis(code))


class Evil:
    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise KeyError


def test_an_object_that_raises_at_every_touch_is_said_to_have_no_bytecode() -> None:
    with pytest.raises(pyinternals.NotPython, match="Evil"):
        pyinternals.dis(Evil())


def test_what_is_behind_a_cache_a_context_manager_or_a_partial_method_is_found() -> None:
    @functools.lru_cache
    def cached() -> int:
        return 1

    @contextlib.contextmanager
    def managed() -> Any:
        yield

    assert pyinternals.dis(cached).name == "cached"
    assert pyinternals.dis(managed()).name == "managed"
    assert pyinternals.dis(functools.partialmethod(plain, 1)).name == "plain"


def test_facts_of_the_same_code_are_equal() -> None:
    assert pyinternals.dis(plain) == pyinternals.dis(plain)
    assert pyinternals.dis(plain) != pyinternals.dis(generator)
    assert hash(pyinternals.dis(plain).flow) == hash(pyinternals.dis(plain).flow)
    assert pyinternals.dis(plain).stats == pyinternals.dis(plain).stats
