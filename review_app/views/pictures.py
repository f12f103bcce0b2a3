"""Pictures: faces that are in the data set more than once, and pictures that are hard to judge; for leads."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.queries import pictures as queries
from review_app.queries import workspace_state
from review_app.queries.pictures import BadPictures
from review_app.views import messages, parts
from scn_core.errors import counted
from scn_core.picture_records import ISSUE_WORDS
from scn_core.review.duplicates.find import Copies, Duplicates, Kind
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
        _copies(found, now.classes.names, None if asked is None else asked.id)
        _bad(queries.bad())


def _copies(found: Duplicates, names: Sequence[str], round_id: int | None) -> None:
    st.subheader("Copies", anchor=False)
    if found.not_looked_at:
        st.text(f"{counted(found.not_looked_at, 'picture')} not looked at yet: run the command pictures once.")
    if not found.groups:
        st.text("No face is in the data set twice.")
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
    differ = [group for group in found.groups if group.labels_differ or not group.settled]
    differ.sort(key=lambda group: group.settled)
    if differ:
        st.text(
            "Exact copies with different labels: one is certainly wrong. Those among the training faces come first in "
            "the queue, and one answer settles all that nobody else has answered and that are no audit faces. Faces of "
            "val and test are not answered: correct their labels in the data set, then run the command update."
        )
        if any(group.kind == "near" for group in differ):
            st.text("Faces that look much alike may be copies or different faces: look at them. No figure counts them.")
    asked = queries.in_queue(round_id, {face for group in differ[:_SHOWN] for face in group.sample_ids})
    for group in differ[:_SHOWN]:
        st.text(_words(group, names))
        parts.thumbs(group.sample_ids, "copy")
        if there := [face for face in group.sample_ids if face in asked][:MOST_FACES]:
            faces = "_".join(map(str, there))
            link = parts.review_link(
                f"{counted(len(there), 'face')} of these in the grid", round=str(round_id), state="all", faces=faces
            )
            st.html(f"<p>{link.text}</p>")
    if len(differ) > _SHOWN:
        st.text(f"{len(differ) - _SHOWN:,} more groups with different labels: the command duplicates lists all.")


def _words(group: Copies, names: Sequence[str]) -> str:
    exact = group.kind == "exact"
    faces = ", ".join(
        f"{'excluded' if out else names[label]} ({split})"
        for label, split, out in zip(group.label, group.splits, group.excluded, strict=True)
    )
    splits = " and ".join(group.disagreeing_splits) if exact else ""
    fate = ", settled" if exact and group.settled else f", {splits} disagree now" if splits else ""
    return f"{'Same pixels' if exact else 'Much alike'}{fate}: {faces}"


def _bad(found: BadPictures) -> None:
    st.subheader("Hard to judge", anchor=False)
    for issue, share in found.common.items():
        st.text(f"{share:.0%} of these pictures: {ISSUE_WORDS[issue]}. That is how the data set is: no face is marked.")
    if not any(found.counts.values()):
        st.text(
            "No picture is dark, bright, blurred, nearly empty, of odd shape, tiny, grey among colour or far from all "
            "others."
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


if __name__ == "__main__":  # as Streamlit runs it
    page()
