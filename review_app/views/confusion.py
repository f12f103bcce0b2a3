"""Labels against labels: a matrix on the page Quality whose cells lead to their faces, and the list of these faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log
from urllib.parse import urlencode

import streamlit as st

from review_app import state
from review_app.queries import confusion as queries
from review_app.settings import current
from review_app.views import messages, parts
from review_app.views.parts import Html
from scn_core.errors import counted
from scn_core.records import QueueFilter, RoundInfo
from scn_core.store.people.people import Person
from scn_core.store.queue.cells import EXCLUDED, NO_PROPOSAL, UNSURE, Cell, Comparison, cell_text
from scn_core.store.reports.confusion import LeftOut

_ENDS = {UNSURE: "unsure", EXCLUDED: "excluded", NO_PROPOSAL: "no proposal"}
_SHADES = 5  # as many as theme.py has; no text here, Streamlit would show it


def section(info: RoundInfo, classes: Sequence[str], viewer: Person) -> None:
    """What is compared, chosen by a control and named in the address, and the matrix of it."""
    st.subheader("Labels against labels", anchor=False)
    known = {_words(of): of for of in queries.comparisons_of(info.id)}
    asked = state.read_comparison(st.query_params.to_dict(), info.id)
    decided = next(word for word, of in known.items() if of.kind == "decided")
    st.session_state["rv-compare"] = next((word for word, of in known.items() if of == asked), decided)
    if "compare" in st.query_params and asked not in known.values():
        messages.note(f"round {info.id} has nothing of what the address compares; this is the {decided}")
    chosen = st.selectbox("Compare", list(known), key="rv-compare", on_change=_choose, args=(known,), width=420)
    of = known[chosen]
    counts = queries.counts_of(of, viewer)
    if counts:
        queued = queries.queued_of(of, viewer)
        st.html(_matrix(of, counts, queued, classes))
        outside = sum(counts.values()) - sum(queued.values())
        parts.small(
            f"{counted(sum(counts.values()), 'face')}. A number opens its faces in the grid"
            + (
                f", one with a + lists those that this round does not ask about: {counted(outside, 'face')}"
                if outside
                else ""
            )
            + ". Grey: the label is the same."
        )
    else:
        st.text(_NOTHING[of.kind])
    if out := _left_out(of, queries.left_out_of(of, viewer), closed=info.state == "closed"):
        parts.small(out)


def _left_out(of: Comparison, out: LeftOut, *, closed: bool) -> str:
    """Empty: nothing is."""
    where, words = "a" if closed else "this or another", []
    if out.withheld:
        words.append(
            f"{counted(out.withheld, 'face')} that must not be known before the answer: audit faces of {where} round "
            "in review, and faces that you are asked about once more"
        )
    if of.kind == "proposed" and out.audit:
        words.append(f"{counted(out.audit, 'other audit face')}, drawn at random and not for a proposal")
    if of.kind == "readers":
        words.append("faces whose readings are not all in")
    stays = " This round is closed and stays as it is: they are counted again once that is answered."
    return f"Left out: {'; '.join(words)}.{stays if closed and out.withheld else ''}" if words else ""


_NOTHING = {
    "proposed": "No face of this round is asked about.",
    "decided": "No face is decided.",
    "opinion": "It says nothing of these faces.",
    "readers": "No face that both have read has all its readings.",
}


def listed(cell: Cell, classes: Sequence[str], viewer: Person) -> None:
    """The faces of a cell, page by page; the address says which."""
    names = {**dict(enumerate(classes)), **_ENDS}
    row, column = _sides(cell.of)
    after = parts.number(st.query_params.get("after")) or 0
    page = queries.cell_page(cell, viewer, after=after)
    st.text(
        f"Round {cell.of.round}, {_words(cell.of)}: {counted(page.total, 'face')}, {row} {names[cell.row]}, "
        f"{column} {names[cell.column]}."
    )
    if not page.faces:
        messages.show("No such face", "None is left here. The page Quality has the numbers as they are now.")
    for face in page.faces:
        parts.row(face.sample_id, face.key, [parts.link(face.sample_id, face.key), parts.quiet(face.split)])
    here = state.write_cell(cell, classes)
    onward = [_link("/quality", state.write_comparison(cell.of), "Back to the matrix")]
    if page.queued:
        onward.append(_link("/", _in_grid(cell, classes), f"In the grid: {page.queued:,} that the round asks about"))
    if after:
        onward.append(_link("/samples", here, "First faces"))
    if page.more:
        onward.append(_link("/samples", here | {"after": str(page.faces[-1].sample_id)}, "More faces"))
    st.html(f'<p class="rv-links">{" ".join(link.text for link in onward)}</p>')


def _choose(known: Mapping[str, Comparison]) -> None:
    st.query_params.from_dict(state.write_comparison(known[st.session_state["rv-compare"]]))


def _words(of: Comparison) -> str:
    return {
        "proposed": "label before the round against the proposed one",
        "decided": "label before the round against the decided one",
        "opinion": f"given label against what {of.first} says",
        "readers": f"{of.first} against {of.second}",
    }[of.kind]


def _sides(of: Comparison) -> tuple[str, str]:
    """What a row is, and what a column is."""
    return {
        "proposed": ("label before", "proposed"),
        "decided": ("label before", "decided"),
        "opinion": ("given", of.first),
        "readers": (of.first, of.second),
    }[of.kind]


def _matrix(
    of: Comparison, counts: Mapping[tuple[int, int], int], queued: Mapping[tuple[int, int], int], classes: Sequence[str]
) -> str:
    names = {**dict(enumerate(classes)), **_ENDS}
    row, column = _sides(of)
    rows, columns = (
        [label for label in names if label >= 0 or any(ends[side] == label for ends in counts)] for side in (0, 1)
    )
    most = max(counts.values())
    head = "".join(f'<th scope="col">{escape(names[label])}</th>' for label in columns)
    body = ""
    for start in rows:
        cells = "".join(_cell(Cell(of, start, end), counts, queued, most, names, classes) for end in columns)
        body += f'<tr><th scope="row">{escape(names[start])}</th>{cells}</tr>'
    return (
        f'<div class="rv-scroll" tabindex="0" role="group" aria-label="{escape(_words(of))}">'
        f'<table class="rv-matrix"><caption>Rows: {escape(row)}. Columns: {escape(column)}.</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(
    cell: Cell, counts: Mapping[tuple[int, int], int], queued: Mapping[tuple[int, int], int], most: int,
    names: Mapping[int, str], classes: Sequence[str],
) -> str:  # fmt: skip
    count = counts.get((cell.row, cell.column), 0)
    if not count:
        return "<td></td>"
    shade = 1 + round((_SHADES - 1) * log(count) / log(most)) if most > 1 else _SHADES
    stays = cell.of.kind in ("proposed", "decided") and cell.column in (NO_PROPOSAL, UNSURE)
    kind = "same" if cell.row == cell.column or stays else "other"
    row, column = _sides(cell.of)
    labels = f"{row} {names[cell.row]}, {column} {names[cell.column]}"
    inside = queued.get((cell.row, cell.column), 0)
    links = []
    if inside:
        links.append(_link("/", _in_grid(cell, classes), f"{inside:,}", f"{counted(inside, 'face')}, {labels}"))
    if outside := count - inside:
        words = f"{counted(outside, 'face')} that this round does not ask about, {labels}"
        links.append(_link("/samples", state.write_cell(cell, classes), f"+{outside:,}", words))
    return f'<td class="rv-{kind}-{shade}">{" ".join(link.text for link in links)}</td>'


def _in_grid(cell: Cell, classes: Sequence[str]) -> dict[str, str]:
    """The address of the faces of a cell in the grid, to be answered there."""
    none = cell.column == NO_PROPOSAL
    where = (
        QueueFilter(state="all", given=cell.row, proposed=None if none else cell.column, unproposed=none)
        if cell.of.kind == "proposed"
        else QueueFilter(state="all", cell=cell_text(cell))
    )
    return state.write(state.Asked(cell.of.round, where), classes)


def words_of(cell: Cell, classes: Sequence[str]) -> str:
    """A cell in the words of a chip: "given sad, clip happy"."""
    names = {**dict(enumerate(classes)), **_ENDS}
    sides = zip(_sides(cell.of), (cell.row, cell.column), strict=True)
    return ", ".join(f"{side} {names.get(label, label)}" for side, label in sides)


def _link(path: str, asked: Mapping[str, str], text: str, title: str = "") -> Html:
    more = f' title="{escape(title)}"' if title else ""
    return Html(f'<a href="{escape(current().url(f"{path}?{urlencode(asked)}"))}"{more}>{escape(text)}</a>')
