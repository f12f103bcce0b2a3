"""Pictures: faces that are in the data set more than once, and pictures that are hard to judge; for leads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from review_app.queries import pictures as queries
from review_app.queries import workspace_state
from review_app.queries.pictures import BadPictures
from review_app.settings import current
from review_app.views import messages, parts
from scn_core.errors import counted
from scn_core.picture_records import ISSUE_WORDS
from scn_core.review.duplicates.find import Copies, Duplicates, Kind
from scn_core.shell import command_line
from scn_core.store.queue.filter import MOST_FACES

_SHOWN = 20  # groups of copies; no text here, Streamlit would show it


def page() -> None:
    """The page Pictures."""
    messages.require("lead")
    st.session_state["rv-page"] = "pictures"
    st.title("Pictures", anchor=False)
    now = workspace_state.workspace_state()
    asked = now.find(None)
    with messages.shown():
        found = queries.copies()
        if found.not_looked_at:
            _not_looked_at(found)
        if found.faces:
            _copies(found, now.classes.names, None if asked is None else asked.id)
            _bad(queries.bad())


def _not_looked_at(found: Duplicates) -> None:
    """Of these nothing is known, so that nothing may be said of the whole set."""
    command = command_line("pictures", current().workspace.path)
    every = found.faces + found.not_looked_at
    some = f"{counted(found.not_looked_at, 'picture')} of {every:,} not looked at yet, or could not be opened"
    st.text(f"{some}. This command looks at them: {command}")
    if found.faces:
        st.text(f"What follows is of the other {found.faces:,}.")


def _copies(found: Duplicates, names: Sequence[str], round_id: int | None) -> None:
    st.subheader("Copies", anchor=False)
    if not found.groups:
        st.text("No face is in the data set twice." if not found.not_looked_at else "None of them is there twice.")
        return
    counts = found.counts()

    def unsettled(kind: Kind) -> int:
        return sum(not group.settled for group in found.of(kind))

    parts.metrics(
        {
            "Exact copies, groups": f"{counts['exact']:,}",
            "Exact, not settled": f"{unsettled('exact'):,}",
            "Much alike, groups to look at": f"{counts['near']:,}",
            "Much alike, labels differ": f"{unsettled('near'):,}",
        }
    )
    for leak in found.leaks:
        share = f"{leak.leaked:,} of {counted(leak.faces, 'face')} of {leak.split} ({leak.leaked / leak.faces:.1%})"
        line = f"{share} have the same pixels as a training face"
        if leak.accuracy is not None and leak.accuracy_without is not None:
            line += f": accuracy {leak.accuracy:.1%}, without them {leak.accuracy_without:.1%}"
        st.text(f"{line}.")
    ordered = sorted(found.groups, key=lambda group: (_is_plain(group), group.settled))
    differ = [group for group in ordered if not _is_plain(group)]
    first = _first(len(ordered))
    kinds = {group.kind for group in differ} if first == 0 else set()
    if "exact" in kinds:
        st.text(
            "Exact copies with different labels: one is certainly wrong. Those among the training faces come first in "
            "the queue, and one answer settles all that nobody else has answered and that are no audit faces. Faces of "
            "val and test are not answered: correct their labels in the data set, then run the command update."
        )
    if "near" in kinds:
        st.text("Faces that look much alike may be copies or different faces: look at them. No figure counts them.")
    _groups(ordered[first : first + _SHOWN], names, round_id)
    _pager(first, len(ordered))


def _is_plain(group: Copies) -> bool:
    """Nothing differs in it, and never did."""
    return group.settled and not group.labels_differ


def _first(groups: int) -> int:
    """The place of the first group that the page shows, of one of its pages."""
    asked = parts.number(st.query_params.get("from")) or 0
    return min(asked, groups - 1) // _SHOWN * _SHOWN


def _pager(first: int, groups: int) -> None:
    if groups <= _SHOWN:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"Groups {first + 1:,} to {min(first + _SHOWN, groups):,} of {groups:,}, different labels first.")
        if first > 0:
            st.button("Groups before", key="rv-groups-before", on_click=_turn, args=(first - _SHOWN,))
        if first + _SHOWN < groups:
            st.button("Further groups", key="rv-groups-after", on_click=_turn, args=(first + _SHOWN,))


def _turn(first: int) -> None:
    st.query_params.from_dict({"from": str(first)} if first else {})


def _groups(groups: Sequence[Copies], names: Sequence[str], round_id: int | None) -> None:
    asked = queries.in_queue(round_id, {face for group in groups for face in group.sample_ids})
    for group in groups:
        st.text(_words(group, names))
        parts.thumbs(group.sample_ids, "copy")
        if there := [face for face in group.sample_ids if face in asked][:MOST_FACES]:
            faces = "_".join(map(str, there))
            which = f"{len(there)} of these {counted(len(group.sample_ids), 'face')} in the grid"
            link = parts.review_link(which, round=str(round_id), state="all", faces=faces)
            st.html(f"<p>{link.text}</p>")


def _words(group: Copies, names: Sequence[str]) -> str:
    exact = group.kind == "exact"
    same = Counter(
        (split, "excluded" if out else names[label])
        for label, split, out in zip(group.label, group.splits, group.excluded, strict=True)
    )
    faces = "; ".join(f"{count:,} of {split}: {label}" for (split, label), count in same.items())
    splits = " and ".join(group.disagreeing_splits) if exact else ""
    settled = exact and group.settled and group.labels_differ
    fate = ", settled" if settled else f", {splits} disagree now" if splits else ""
    return f"{'Same pixels' if exact else 'Much alike'}{fate}: {faces}"


def _bad(found: BadPictures) -> None:
    st.subheader("Hard to judge", anchor=False)
    for issue, share in found.common.items():
        st.text(f"{share:.0%} of these pictures: {ISSUE_WORDS[issue]}. That is how the data set is: no face is marked.")
    if not any(found.counts.values()):
        st.text(
            "No picture looked at is dark, bright, blurred, nearly empty, of odd shape, tiny, grey among colour or far "
            "from all others."
            if not found.common
            else "Nothing else is wrong with any picture."
        )
        return
    st.text("None is left out by itself. The filter Picture on the page Review shows those that are in the queue.")
    for issue, count in found.counts.items():
        if count:
            name = ISSUE_WORDS[issue]
            st.html(f"<p>{parts.review_link(name.capitalize(), picture=issue).text}: {count:,}</p>")
            parts.thumbs([face.sample_id for face in found.first[issue]], name)
            if count > len(found.first[issue]):
                command = f"{command_line('pictures', current().workspace.path)} --issue {issue} --json"
                st.text(f"These are the first {len(found.first[issue])}; all of them: {command}")


if __name__ == "__main__":  # as Streamlit runs it
    page()
