"""In what way the newest round doubts its labels."""

from __future__ import annotations

import streamlit as st

from review_app.charts import doubt as charts
from review_app.queries.quality import doubts_of
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import parts
from scn_core.errors import counted
from scn_core.records import DOUBTS


def figure(now: WorkspaceState) -> None:
    """Faces of the two kinds by suspicion; nothing where no round tells them apart."""
    if not now.scored:
        return
    info = now.scored[0]
    bins = doubts_of(info.id)
    if not bins.any():
        return
    faces = dict(zip(DOUBTS, bins.sum(0).tolist(), strict=True))
    st.subheader(f"How {parts.round_name(info).lower()} doubts its labels", anchor=False)
    st.text(
        f"{counted(faces['mislabelled'], 'face')} likely mislabelled: another class is clear. {faces['ambiguous']:,} "
        f"ambiguous: no class is clear. {faces['none']:,} not doubted."
    )
    st.plotly_chart(
        charts.suspicion_bars(bins, dark=parts.is_dark()),
        key="rv-doubt", config={"displayModeBar": False}, alt="Faces of the two kinds of doubt by suspicion",
    )  # fmt: skip
