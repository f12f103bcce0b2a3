"""Flags and notes of rounds, which ask a lead to look, as links to the faces in the grid."""

from __future__ import annotations

from review_app.views import parts
from scn_core.store.reports.marks import MarkedFaces


def links(found: MarkedFaces) -> parts.Html:
    """The faces of one round with a flag, and those with a note."""
    asked, shown = {"round": str(found.round), "state": "all"}, []
    if found.flagged:
        shown.append(parts.review_link(f"flagged ({found.flagged:,})", **asked, flag="1"))
    if found.noted:
        shown.append(parts.review_link(f"with a note ({found.noted:,})", **asked, note="1"))
    return parts.Html(", ".join(link.text for link in shown))
