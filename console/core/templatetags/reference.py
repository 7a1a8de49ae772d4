"""Tables of reference pages: the source states each header once, the page has it beside every cell."""

from __future__ import annotations

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
_CELL = re.compile(r"<(th|td)>(.*?)</\1>", re.S)
_CODE = re.compile(r"`([^`]+)`")


@register.simple_block_tag(end_name="endreference")
def reference(content: str, label: str, headers: str) -> SafeString:
    """The rows of `content` as a table that narrow screens show as a list.

    `label` names the region for screen readers; `headers` are the column headings with | between. A
    row is a `<tr>` of `<th>` and `<td>` without attributes; what is between backticks is code.
    Raises ValueError for a row with another number of cells.
    """
    names = headers.split("|")
    # What a template wrote between the tags is escaped already.
    rows = mark_safe("".join(_row(row, names) for row in _ROW.findall(content)))  # noqa: S308
    return format_html(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table class="stack">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        label,
        format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names)),
        rows,
    )


def _row(row: str, names: list[str]) -> str:
    cells = _CELL.findall(row)
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} cells for the columns {', '.join(names)}: {row.strip()[:80]}")
    return f"<tr>{''.join(map(_cell, cells, names))}</tr>"


def _cell(cell: tuple[str, str], name: str) -> str:
    tag, text = cell
    label = format_html(' data-label="{}"', name) if tag == "td" else ' scope="row"'
    text = _CODE.sub(r"<code>\1</code>", text.strip())
    return f"<{tag}{label}>{text}</{tag}>"
