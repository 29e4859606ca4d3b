"""Every drawing of a flow graph shows all of it, in its format's own syntax, whatever names it has."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from pyinternals.bytecode.disassemble import code_object_fact, dis
from pyinternals.bytecode.flow import BasicBlock, EdgeKind, FlowGraph
from pyinternals.render.cells import cell_width
from pyinternals.render.flow_dot import flow_dot
from pyinternals.render.flow_mermaid import flow_mermaid
from pyinternals.render.flow_svg import flow_layout, flow_svg
from pyinternals.render.flow_text import MOST_LANES, flow_lines
from pyinternals.render.flow_words import edge_words
from pyinternals.render.palette import Palette, ansi_palette, html_palette, plain_palette
from pyinternals.safe_text import escape

SOURCE = """
def everything(rows):
    for row in rows:
        try:
            if row is None:
                continue
            row()
        except ValueError as error:
            print("it was", error)
    while rows:
        rows.pop()
    return rows
"""

HOSTILE = "\"']}`<b>&amp;#35;%%{\\n|--> \n\r\x00\x1b[31m \u202e \ud800 \u2028 $HTML$ end"
"""What could end a label, start markup, a comment or a control sequence in one format or another."""

SVG = "{http://www.w3.org/2000/svg}"
ANSI_MARKS = re.compile("\x1b\\[[0-9;]*m")
OPENING_OF_BOX = re.compile(r"[┌+][─-] B(\d+)\b")

SAFE_LABEL = r'"(?:[\w .,:/=()+-]|<br/>|#\d+;)*"'
MERMAID_LINE = re.compile(
    rf"  B\d+\[{SAFE_LABEL}\]"
    rf"|  B\d+ (?:-- {SAFE_LABEL} -->|== {SAFE_LABEL} ==>|-\. {SAFE_LABEL} \.->) B\d+"
    r"|  classDef \w+ [\w#:,. -]+"
    r"|  class B\d+(?:,B\d+)* \w+"
)
DOT_STRING = r'"(?:[^"\\\n]|\\[\\"l])*"'
DOT_VALUE = rf"(?:{DOT_STRING}|[\w.]+)"
DOT_ATTRIBUTES = rf"\[\w+={DOT_VALUE}(?:, \w+={DOT_VALUE})*\]"
DOT_LINE = re.compile(
    rf"  (?:graph|node|edge|B\d+|B\d+ -> B\d+) {DOT_ATTRIBUTES}|  label={DOT_STRING}"
)


def graph_of(source: str) -> FlowGraph:
    return dis(source).children[0].flow


def hostile_graph() -> FlowGraph:
    """A function whose name, file, variables and constants are all hostile."""
    code: Any = compile(SOURCE, "f.py", "exec").co_consts[0]
    names = tuple(f"{HOSTILE}{number}" for number in range(len(code.co_names)))
    variables = tuple(f"{HOSTILE}{number}" for number in range(len(code.co_varnames)))
    constants = tuple(HOSTILE if isinstance(c, str) else c for c in code.co_consts)
    return code_object_fact(
        code.replace(
            co_name=HOSTILE,
            co_qualname=HOSTILE,
            co_filename=HOSTILE,
            co_names=names,
            co_varnames=variables,
            co_consts=constants,
        )
    ).flow


def biggest_graph() -> FlowGraph:
    """The function of a module of the standard library that has the most blocks."""
    with tokenize.open(argparse.__file__) as file:
        return max((c.flow for c in dis(file.read()).walk()), key=len)


@pytest.fixture(params=["everything", "hostile", "biggest"])
def graph(request: pytest.FixtureRequest) -> FlowGraph:
    makers: dict[str, Callable[[], FlowGraph]] = {
        "everything": lambda: graph_of(SOURCE),
        "hostile": hostile_graph,
        "biggest": biggest_graph,
    }
    return makers[request.param]()


def text(graph: FlowGraph, palette: Palette | None = None, width: int | None = None) -> str:
    palette = palette or plain_palette(unicode=True)
    return "\n".join(flow_lines(graph, palette, width=width))


def boxes_of_text(drawn: str) -> dict[str, list[str]]:
    """The lines of each box, by the block's name."""
    boxes: dict[str, list[str]] = {}
    current: list[str] = []
    for line in drawn.split("\n"):
        opening = OPENING_OF_BOX.search(line)
        if opening:
            current = boxes.setdefault(f"B{opening[1]}", [])
        current.append(line)
    return boxes


def ways_from(graph: FlowGraph, block: BasicBlock) -> list[str]:
    return [f"-> {edge_words(edge)}" for edge in graph.edges_from(block.index)]


class TestText:
    @pytest.mark.parametrize("unicode", [True, False])
    def test_each_box_has_its_instructions_and_says_where_it_leads(
        self, graph: FlowGraph, unicode: bool
    ) -> None:
        boxes = boxes_of_text(text(graph, plain_palette(unicode=unicode)))
        assert [block.name for block in graph] == list(boxes)
        for block in graph:
            box = "\n".join(boxes[block.name])
            for instruction in block:
                assert f"{instruction.offset:>5}  {instruction.opname}" in box
                assert instruction.argrepr in box
            assert ways_from(graph, block) == re.findall(r"-> B.*?(?= +[│|])", box)

    @pytest.mark.parametrize("width", [30, 80, 200])
    @pytest.mark.parametrize("unicode", [True, False])
    def test_no_line_is_wider_than_asked(self, graph: FlowGraph, width: int, unicode: bool) -> None:
        lines = flow_lines(graph, plain_palette(unicode=unicode), width=width)
        assert [] == [line for line in lines if cell_width(line) > width]

    def test_at_eighty_columns_it_still_says_where_each_block_leads(self, graph: FlowGraph) -> None:
        boxes = boxes_of_text(text(graph, width=80))
        for block in graph:
            for way in ways_from(graph, block):
                assert way in "\n".join(boxes[block.name])

    def test_without_a_width_nothing_is_cut(self) -> None:
        graph = graph_of(f"def f(): return {'x' * 110!r}")
        assert "x" * 110 in text(graph)

    def test_with_a_width_what_is_cut_is_marked(self) -> None:
        graph = graph_of(f"def f(): return {'x' * 110!r}")
        assert "x…" in text(graph, width=80)
        assert "x>" in text(graph, plain_palette(), width=80)

    def test_without_unicode_it_is_ascii(self) -> None:
        assert text(graph_of(SOURCE), plain_palette()).isascii()

    def test_nothing_unprintable_is_printed(self, graph: FlowGraph) -> None:
        lines = flow_lines(graph, plain_palette(unicode=True), width=None)
        assert [] == [line for line in lines if not line.isprintable()]

    def test_colour_changes_nothing_but_the_colour(self, graph: FlowGraph) -> None:
        painted = text(graph, ansi_palette(), width=100)
        bare = text(graph, width=100)
        assert "\x1b[" in painted
        assert [line.rstrip() for line in bare.split("\n")] == [
            line.rstrip() for line in ANSI_MARKS.sub("", painted).split("\n")
        ]

    def test_as_html_it_is_escaped(self, graph: FlowGraph) -> None:
        page = ElementTree.fromstring(f"<pre>{text(graph, html_palette())}</pre>")
        assert text(graph) == "".join(page.itertext())

    def test_an_arrow_leads_from_where_it_is_named_to_the_box(self) -> None:
        lines = text(graph_of("def f(a):\n    if a:\n        return 1\n    return 2\n")).split("\n")
        drawn = [line[:4] for line in lines if line.startswith(("╭", "│", "╰"))]
        named = next(line for line in lines if "-> B2 if false" in line)
        entered = next(line for line in lines if "B2 · L1" in line)
        assert (named, entered) == (
            next(line for line in lines if line.startswith("╭──┤")),
            next(line for line in lines if line.startswith("╰─▶┌")),
        )
        assert ["╭──┤", "╰─▶┌"] == [drawn[0], drawn[-1]]

    def test_back_edges_and_exceptions_are_drawn_differently(self) -> None:
        drawn = text(graph_of(SOURCE))
        assert re.search(r"═┤ -> B\d+ jump back", drawn)
        assert re.search(r"╌┤ -> B\d+ exception", drawn)

    def test_the_number_of_lanes_is_bounded(self) -> None:
        branches = "\n".join(
            f"    while a > {number}:\n        if a.b: break" for number in range(100)
        )
        nested = "".join(
            f"{'    ' * depth}while a > {depth}:\n{'    ' * depth}    a.b\n"
            for depth in range(1, 18)
        )
        for body in (branches, nested):
            drawn = text(graph_of(f"def f(a):\n{body}\n"))
            columns = [line.index("┌") for line in drawn.split("\n") if "┌" in line]
            assert max(columns) <= 2 * MOST_LANES + 1

    def test_an_edge_without_a_lane_is_named_all_the_same(self) -> None:
        graph = graph_of(SOURCE)
        narrow = text(graph, width=52)
        assert "▶" not in narrow
        assert len(graph.edges) == narrow.count("-> B")

    def test_unreachable_blocks_are_named(self) -> None:
        code: Any = compile("def f(a): return a", "f.py", "exec").co_consts[0]
        drawn = text(dis(code.replace(co_code=code.co_code * 2)).flow)
        assert "1 unreachable block: B1" in drawn


class TestMermaid:
    def test_each_line_is_of_a_known_form(self, graph: FlowGraph) -> None:
        head, body = flow_mermaid(graph).split("flowchart TD\n")
        assert re.fullmatch(r'---\ntitle: "(?:[^"\\\n]|\\["\\])*"\n---\n', head)
        assert [] == [line for line in body.split("\n") if not MERMAID_LINE.fullmatch(line)]

    def test_every_block_and_every_edge_is_in_it(self, graph: FlowGraph) -> None:
        drawn = flow_mermaid(graph)
        assert [b.name for b in graph] == re.findall(r"^  (B\d+)\[", drawn, re.MULTILINE)
        assert [(f"B{e.source}", f"B{e.target}") for e in graph.edges] == re.findall(
            r"^  (B\d+) [-=].*[>] (B\d+)$", drawn, re.MULTILINE
        )

    def test_exceptions_are_dotted_and_loops_are_thick(self) -> None:
        drawn = flow_mermaid(graph_of(SOURCE))
        assert '-. "exception" .->' in drawn
        assert '== "jump back" ==>' in drawn

    def test_a_name_can_be_read_back_from_its_label(self) -> None:
        drawn = flow_mermaid(hostile_graph())
        shown = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), drawn)
        assert f"STORE_FAST {escape(HOSTILE)[:50]}" in shown


class TestDot:
    def test_each_line_is_of_a_known_form(self, graph: FlowGraph) -> None:
        first, *lines, last = flow_dot(graph).split("\n")
        assert ("digraph flow {", "}") == (first, last)
        assert [] == [line for line in lines if not DOT_LINE.fullmatch(line)]

    def test_every_block_and_every_edge_is_in_it(self, graph: FlowGraph) -> None:
        drawn = flow_dot(graph)
        assert [b.name for b in graph] == re.findall(r"^  (B\d+) \[", drawn, re.MULTILINE)
        assert [(f"B{e.source}", f"B{e.target}") for e in graph.edges] == re.findall(
            r"^  (B\d+) -> (B\d+) \[", drawn, re.MULTILINE
        )

    @pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
    def test_graphviz_draws_it(self, graph: FlowGraph) -> None:
        done = subprocess.run(
            ["dot", "-Tsvg"],
            input=flow_dot(graph).encode(),
            capture_output=True,
            check=True,
        )
        drawn = ElementTree.fromstring(done.stdout)
        groups = [element.get("class") for element in drawn.iter(f"{SVG}g")]
        assert b"" == done.stderr
        assert (len(graph), len(graph.edges)) == (groups.count("node"), groups.count("edge"))


class TestSvg:
    def test_it_is_xml_with_every_block_and_every_edge(self, graph: FlowGraph) -> None:
        drawn = ElementTree.fromstring(flow_svg(graph))
        titles = [element.text for element in drawn.iter(f"{SVG}title")]
        boxes = [e for e in drawn.iter(f"{SVG}rect") if e.get("class") == "pyflow-box"]
        assert len(graph) == len(boxes)
        assert {f"B{e.source} to {edge_words(e)}" for e in graph.edges} <= set(titles)

    def test_every_instruction_is_in_it(self, graph: FlowGraph) -> None:
        drawn = ElementTree.fromstring(flow_svg(graph))
        words = [element.text for element in drawn.iter(f"{SVG}text")]
        assert [i.opname for block in graph for i in block] == [
            word for word in words if word in {i.opname for block in graph for i in block}
        ]

    def test_it_needs_nothing_from_elsewhere(self, graph: FlowGraph) -> None:
        drawn = ElementTree.fromstring(flow_svg(graph))
        tags = {element.tag.removeprefix(SVG) for element in drawn.iter()}
        references = {
            value
            for element in drawn.iter()
            for value in element.attrib.values()
            if "url(" in value or "://" in value
        }
        assert tags <= {
            *("svg", "title", "style", "defs", "marker", "path", "rect", "circle", "text", "g")
        }
        assert references <= {
            f"url(#pyflow-arrow-{kind})" for kind in ("line", "back", "exception")
        }
        assert "@import" not in flow_svg(graph)

    def test_it_follows_the_colour_scheme_of_the_viewer(self) -> None:
        assert "@media (prefers-color-scheme: dark)" in flow_svg(graph_of(SOURCE))

    def test_its_page_is_big_enough(self, graph: FlowGraph) -> None:
        drawn = ElementTree.fromstring(flow_svg(graph))
        placed = flow_layout(graph)
        assert float(drawn.attrib["width"]) > placed.width
        assert float(drawn.attrib["height"]) > placed.height
        assert drawn.attrib["viewBox"] == f"0 0 {drawn.attrib['width']} {drawn.attrib['height']}"

    def test_lines_that_meet_end_in_one_arrow_head(self) -> None:
        graph = graph_of("def f(a):\n    return 1 if a and a.b and a.c else 2\n")
        targets = {e.target for e in graph.edges if e.kind is not EdgeKind.EXCEPTION}
        drawn = ElementTree.fromstring(flow_svg(graph))
        heads = [e for e in drawn.iter(f"{SVG}path") if e.get("marker-end")]
        legend = 1
        assert len(targets) + legend == len(heads)

    def test_what_is_cut_is_in_the_tooltip(self) -> None:
        drawn = ElementTree.fromstring(flow_svg(graph_of(f"def f(): return {'x' * 110!r}")))
        assert repr("x" * 110) in {element.text for element in drawn.iter(f"{SVG}title")}


DRAW_ALL = """
import sys
from pyinternals.bytecode.disassemble import dis
from pyinternals.render.flow_dot import flow_dot
from pyinternals.render.flow_mermaid import flow_mermaid
from pyinternals.render.flow_svg import flow_svg
from pyinternals.render.flow_text import flow_lines
from pyinternals.render.palette import plain_palette
graph = dis(sys.stdin.read()).children[0].flow
sys.stdout.write("".join(draw(graph) for draw in (flow_dot, flow_mermaid, flow_svg)))
sys.stdout.write("\\n".join(flow_lines(graph, plain_palette(), width=None)))
"""


def test_drawings_are_the_same_in_every_process() -> None:
    drawn = {
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", DRAW_ALL],
            input=SOURCE.encode(),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert 1 == len(drawn)


@pytest.mark.parametrize("draw", [text, flow_dot, flow_mermaid, flow_svg])
def test_a_class_without_code_of_its_own_can_be_drawn(draw: Callable[[FlowGraph], str]) -> None:
    class Empty:
        def method(self) -> None: ...

    assert "Empty" in draw(dis(Empty).flow)
