"""``dis --html``: source on the left, bytecode on the right; what belongs to one line lights up together.

One file without references to anything outside: it can be mailed, archived, opened offline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..bytecode.facts import CodeObject
from .carets import display_text
from .dis_listing import listing_lines
from .html import page
from .instruction_rows import ListingOptions
from .palette import Palette, html_palette

__all__ = ["listing_page"]

_STYLE = """\
.pyinternals .panes { display: grid; grid-template-columns: minmax(20rem, 2fr) 3fr; gap: 1.5rem;
  height: calc(100vh - 5.5rem); }
.pyinternals .panes.single { grid-template-columns: 1fr; }
.pyinternals .pane { overflow: auto; min-width: 0; }
.pyinternals .pane pre { overflow: visible; width: max-content; min-width: 100%; }
.pyinternals .row { display: block; cursor: default; min-height: 1.45em; }
.pyinternals .row:target, .pyinternals .row.lit { background: #fff3bf; }
@media (prefers-color-scheme: dark) {
.pyinternals .row:target, .pyinternals .row.lit { background: #3b3410; }
}
@media (max-width: 60rem) { .pyinternals .panes { display: block; height: auto; } }"""

# Hovering lights up a line on both sides; a click brings the other side's first row of it into view.
_SCRIPT = """\
<script>
(() => {
  const rows = new Map();
  for (const row of document.querySelectorAll('.row[data-line]')) {
    const line = row.dataset.line;
    if (!rows.has(line)) rows.set(line, []);
    rows.get(line).push(row);
  }
  const same = (event) => {
    const row = event.target.closest('.row[data-line]');
    return row ? [row, rows.get(row.dataset.line)] : [null, []];
  };
  document.addEventListener('mouseover', (event) => same(event)[1].forEach((r) => r.classList.add('lit')));
  document.addEventListener('mouseout', (event) => same(event)[1].forEach((r) => r.classList.remove('lit')));
  document.addEventListener('click', (event) => {
    const [row, all] = same(event);
    if (!row || String(getSelection())) return;
    const other = all.find((r) => r.closest('.pane') !== row.closest('.pane'));
    if (other) other.scrollIntoView({block: 'center', behavior: 'smooth'});
  });
})();
</script>"""


def listing_page(roots: Sequence[CodeObject], *, options: ListingOptions | None = None) -> str:
    """The whole page."""
    palette = html_palette()
    title = roots[0].title or roots[0].qualname
    listing = "".join(_listing_rows(roots, palette, options))
    source = "".join(_source_rows(roots, palette))
    if source:
        panes = f"<div class='panes'>{_pane('Source', source)}{_pane('Bytecode', listing)}</div>"
    else:
        panes = f"<div class='panes single'>{_pane('Bytecode', listing)}</div>"
    return page(title, f"{panes}\n{_SCRIPT}", style=_STYLE)


def _pane(label: str, rows: str) -> str:
    return f"<section class='pane' aria-label='{label}' tabindex='0'><pre>{rows}</pre></section>"


def _listing_rows(
    roots: Sequence[CodeObject], palette: Palette, options: ListingOptions | None
) -> Iterator[str]:
    for line in listing_lines(roots, palette, width=None, options=options):
        # a row of the listing that belongs to a source line brings its own span
        yield line if line.startswith("<span class='row'") else f"<span class='row'>{line}</span>"


def _source_rows(roots: Sequence[CodeObject], palette: Palette) -> Iterator[str]:
    """The part of the source that the code objects come from."""
    source = roots[0].source
    if source is None:
        return
    compiled: set[int] = set()
    for root in roots:
        for code_object in root.walk():
            compiled.add(code_object.first_line)
            compiled.update(ins.line_number for ins in code_object if ins.line_number)
    if not compiled:
        return
    heat = _line_styles(roots)
    first, last = (
        (1, len(source.lines)) if roots[0].name == "<module>" else (min(compiled), max(compiled))
    )
    for number in range(max(first, 1), min(last, len(source.lines)) + 1):
        text = palette.paint(
            heat.get(number, "source.text"), display_text(source.lines[number - 1])
        )
        style = "source.line_number" if number in compiled else "muted"
        yield (
            f"<span class='row' data-line='{number}'>{palette.paint(style, f'{number:>5} ')}"
            f"{text}</span>"
        )


def _line_styles(roots: Sequence[CodeObject]) -> dict[int, str]:
    """By line: the style for what a run made of it; empty without a run."""
    if all(root.run is None for root in roots):
        return {}
    from ..bytecode.specialisation import line_records
    from .run_rows import heat_style

    return {record.line: heat_style(record) for root in roots for record in line_records(root)}
