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
from scn_core.store.reports.confusion import EXCLUDED, NO_PROPOSAL, UNSURE, Cell, Comparison, LeftOut

_ENDS = {UNSURE: "unsure", EXCLUDED: "excluded", NO_PROPOSAL: "no proposal"}
_SHADES = 5  # as many as theme.py has; no text here, Streamlit would show it


def section(info: RoundInfo, classes: Sequence[str], viewer: Person) -> None:
    """What is compared, chosen by a control and named in the address, and the matrix of it."""
    st.subheader("Labels against labels", anchor=False)
    known = {_words(of): of for of in queries.comparisons_of(info.id)}
    asked = state.read_comparison(st.query_params.to_dict(), info.id)
    decided = next(word for word, of in known.items() if of.kind == "decided")
    st.session_state["rv-compare"] = next((word for word, of in known.items() if of == asked), decided)
    chosen = st.selectbox("Compare", list(known), key="rv-compare", on_change=_choose, args=(known,), width=420)
    of = known[chosen]
    counts = queries.counts_of(of, viewer)
    if counts:
        st.html(_matrix(of, counts, classes))
        parts.small(
            f"{counted(sum(counts.values()), 'face')}. A number leads to its faces. Grey: the label is the same."
        )
    else:
        st.text(_NOTHING[of.kind])
    parts.small(_left_out(of, queries.left_out_of(of, viewer)))


def _left_out(of: Comparison, out: LeftOut) -> str:
    words = [
        f"{counted(out.withheld, 'face')} that you may not know of yet: audit faces of this or another round in review "
        "that wait for an answer, and faces you are asked about once more"
    ]
    if of.kind == "proposed":
        words.append(f"{counted(out.audit, 'other audit face')}, drawn at random and not for a proposal")
    if of.kind == "readers":
        words.append("faces whose readings are not all in")
    return f"Left out: {'; '.join(words)}."


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
    found, more = queries.faces_of(cell, viewer, after=after)
    total = queries.counts_of(cell.of, viewer).get((cell.row, cell.column), 0)
    st.text(
        f"Round {cell.of.round}, {_words(cell.of)}: {counted(total, 'face')}, {row} {names[cell.row]}, "
        f"{column} {names[cell.column]}."
    )
    if not found:
        messages.show("No such face", "None is left here. The page Quality has the numbers as they are now.")
    for face in found:
        parts.row(face.sample_id, face.key, [parts.link(face.sample_id, face.key), parts.quiet(face.split)])
    here = state.write_cell(cell, classes)
    onward = [_link("/quality", state.write_comparison(cell.of), "Back to the matrix")]
    if after:
        onward.append(_link("/samples", here, "First faces"))
    if more:
        onward.append(_link("/samples", here | {"after": str(found[-1].sample_id)}, "More faces"))
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


def _matrix(of: Comparison, counts: Mapping[tuple[int, int], int], classes: Sequence[str]) -> str:
    names = {**dict(enumerate(classes)), **_ENDS}
    row, column = _sides(of)
    rows, columns = (
        [label for label in names if label >= 0 or any(ends[side] == label for ends in counts)] for side in (0, 1)
    )
    most = max(counts.values())
    head = "".join(f'<th scope="col">{escape(names[label])}</th>' for label in columns)
    body = ""
    for start in rows:
        cells = "".join(_cell(Cell(of, start, end), counts, most, names, classes) for end in columns)
        body += f'<tr><th scope="row">{escape(names[start])}</th>{cells}</tr>'
    return (
        f'<div class="rv-scroll" tabindex="0" role="group" aria-label="{escape(_words(of))}">'
        f'<table class="rv-matrix"><caption>Rows: {escape(row)}. Columns: {escape(column)}.</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(
    cell: Cell, counts: Mapping[tuple[int, int], int], most: int, names: Mapping[int, str], classes: Sequence[str]
) -> str:
    count = counts.get((cell.row, cell.column), 0)
    if not count:
        return "<td></td>"
    shade = 1 + round((_SHADES - 1) * log(count) / log(most)) if most > 1 else _SHADES
    stays = cell.of.kind in ("proposed", "decided") and cell.column in (NO_PROPOSAL, UNSURE)
    kind = "same" if cell.row == cell.column or stays else "other"
    row, column = _sides(cell.of)
    words = f"{counted(count, 'face')}, {row} {names[cell.row]}, {column} {names[cell.column]}"
    link = _address(cell, classes)
    return f'<td class="rv-{kind}-{shade}"><a href="{escape(link)}" title="{escape(words)}">{count:,}</a></td>'


def _address(cell: Cell, classes: Sequence[str]) -> str:
    """Faces of the queue open in the grid, to be answered there; others in a list."""
    if cell.of.kind == "proposed":
        return current().url(f"/?{urlencode(_of_pair(cell, classes))}")
    return current().url(f"/samples?{urlencode(state.write_cell(cell, classes))}")


def _of_pair(cell: Cell, classes: Sequence[str]) -> dict[str, str]:
    none = cell.column == NO_PROPOSAL
    where = QueueFilter(state="all", given=cell.row, proposed=None if none else cell.column, unproposed=none)
    return state.write(state.Asked(cell.of.round, where), classes)


def _link(path: str, asked: Mapping[str, str], text: str) -> Html:
    return Html(f'<a href="{escape(current().url(f"{path}?{urlencode(asked)}"))}">{escape(text)}</a>')
