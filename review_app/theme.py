"""The colours of pages, grid and charts, and the little style the pages add to Streamlit's own.

The colours are here alone: the server gives them to Streamlit as its theme, from which the grid's style sheet has them.
Each has a contrast of at least 3 to 1 on the light and on the dark background.
"""

from __future__ import annotations

BLUE, GREEN, PURPLE, ORANGE, RED, GREY = "#2563eb", "#0d9467", "#a855f7", "#d97706", "#dc4a57", "#7d8590"
"""Blue is the icon's too, and that of buttons: white words can be read on it."""
ANSWERS = {"accept": GREEN, "keep": BLUE, "relabel": PURPLE, "unsure": ORANGE, "exclude": RED}
"""The colour of each answer, on tiles and in figures. Red is for exclude alone, and for what ends something."""

STREAMLIT = {
    f"theme.{ground}.{name}": colour
    for ground in ("light", "dark")
    for name, colour in {"primaryColor": BLUE, "blueColor": BLUE, "greenColor": GREEN, "violetColor": PURPLE,
                         "orangeColor": ORANGE, "redColor": RED}.items()
}  # fmt: skip
"""What Streamlit is told."""

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 2rem 2rem 1rem; }
/* Lines of text and tables are read; only what is looked at has the whole window. */
[data-testid="stMainBlockContainer"]:not(:has(.st-key-rv-grid, [class*="st-key-rv-wide"])) {
  max-width: calc(1100px + 4rem); margin-right: auto;
}
/* With the menu folded away, its button and the header lie over the top of the page. */
.stApp:has([data-testid="stExpandSidebarButton"]) [data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
@media (max-width: 768px) { [data-testid="stMainBlockContainer"] { padding: 3.75rem 1rem 1rem; } }
/* The workspace, and how far it is, above the menu. */
[data-testid="stSidebarContent"] { display: flex; flex-direction: column; }
[data-testid="stSidebarHeader"] { order: -2; }
[data-testid="stSidebarUserContent"] { order: -1; padding-bottom: .5rem; }
[data-testid="stSidebarNavSeparator"] { display: none; }
[data-testid="stSidebarNavItems"] > li:first-child::before { content: "Work"; }
[data-testid="stSidebarNavItems"] > li:has(a[href$="/rounds"])::before { content: "Lead"; }
[data-testid="stSidebarNavItems"] > li::before {
  display: block; padding: .75rem .5rem .25rem; font-size: .875rem; font-weight: 600;
}
[data-testid="stMainBlockContainer"] h1 { font-size: 1.75rem; padding: 0 0 .5rem; }
[data-testid="stMainBlockContainer"] h3 { font-size: 1.25rem; padding: .5rem 0; }
/* What leads to another page looks as every link does. */
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] { background: none; padding-inline: 0; }
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] p {
  color: color-mix(in srgb, BLUE 65%, currentColor); text-decoration: underline;
}
[data-testid="stHtml"] .rv-faces {
  display: flex; flex-wrap: wrap; gap: 8px; margin: 0; padding: 0; list-style: none;
}
[data-testid="stHtml"] .rv-faces > li { margin: 0; padding: 0; }
.rv-faces a, .rv-face { display: block; color: inherit; }
.rv-face img, .rv-faces img, .rv-row img {
  display: block; border-radius: 6px; object-fit: contain;
  background: color-mix(in srgb, currentColor 12%, transparent);
}
.rv-face img { width: 100%; height: auto; max-width: 420px; aspect-ratio: 1; }
.rv-faces img { width: 84px; height: 84px; }
.rv-row { display: flex; gap: 12px; align-items: center; min-width: 0; }
.rv-row img { width: 64px; height: 64px; flex: none; }
.rv-row > div { min-width: 0; overflow-wrap: anywhere; line-height: 1.35; }
[data-testid="stHtml"] p { margin: 0; }  /* the gap of the page is enough: a line belongs to what follows it */
/* Figures in several rows. */
[data-testid="stMain"] :has(> .stElementContainer > [data-testid="stMetric"]) { row-gap: .25rem; }
[data-testid="stHtml"] a { color: color-mix(in srgb, BLUE 65%, currentColor); }
.rv-faces a { color: inherit; }
.rv-quiet { opacity: .72; font-size: .875rem; }
.rv-still { white-space: nowrap; }
.rv-whole { white-space: nowrap; }
.rv-gone { text-decoration: line-through; opacity: .72; }
.rv-training { margin-top: .75rem; }
.rv-me progress { width: 100%; accent-color: BLUE; }
.rv-problem { border-left: 3px solid ORANGE; padding-left: .6rem; overflow-wrap: anywhere; }
.rv-scroll { overflow-x: auto; container-type: inline-size; }
.rv-table { border-collapse: collapse; min-width: min(100%, 30rem); font-size: .9rem; }
.rv-table th, .rv-table td {
  text-align: left; padding: 4px 28px 4px 0; vertical-align: top; overflow-wrap: anywhere;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
}
.rv-table th { font-weight: 600; white-space: nowrap; }
.rv-table td:last-child, .rv-table th:last-child { padding-right: 0; }
.rv-facts th { padding-right: 12px; }
.rv-matrix { border-collapse: separate; border-spacing: 1px; font-size: .9rem; }
.rv-matrix caption { text-align: left; caption-side: bottom; padding-top: 4px; }
.rv-matrix th { font-weight: 400; padding: 2px 8px; text-align: center; white-space: nowrap; }
.rv-matrix th[scope="row"] { text-align: right; }
.rv-matrix td { padding: 0; min-width: 3.2rem; height: 34px; text-align: center; border-radius: 3px; }
.rv-matrix td a { display: inline-block; padding: 6px 4px; color: inherit; text-decoration: none; }
.rv-matrix td a:only-child { display: block; }
.rv-matrix td a:hover, .rv-matrix td a:focus-visible { text-decoration: underline; outline: 2px solid currentColor; }
.rv-other-1 { background: color-mix(in srgb, BLUE 12%, transparent); }
.rv-same-1 { background: color-mix(in srgb, GREY 10%, transparent); }
.rv-other-2 { background: color-mix(in srgb, BLUE 23%, transparent); }
.rv-same-2 { background: color-mix(in srgb, GREY 16%, transparent); }
.rv-other-3 { background: color-mix(in srgb, BLUE 34%, transparent); }
.rv-same-3 { background: color-mix(in srgb, GREY 22%, transparent); }
.rv-other-4 { background: color-mix(in srgb, BLUE 45%, transparent); }
.rv-same-4 { background: color-mix(in srgb, GREY 30%, transparent); }
.rv-other-5 { background: color-mix(in srgb, BLUE 56%, transparent); }
.rv-same-5 { background: color-mix(in srgb, GREY 40%, transparent); }
.rv-links a { margin-right: 1rem; }
/* What ends something for good. */
[class*="st-key-rv-close-"]:not(.st-key-rv-close-not) button[kind="secondary"] {
  color: color-mix(in srgb, RED 75%, currentColor); border-color: color-mix(in srgb, RED 50%, transparent);
}
.st-key-rv-close-now button[kind="primary"] {
  background: color-mix(in srgb, RED 80%, #000); border-color: color-mix(in srgb, RED 80%, #000);
}
.rv-me { line-height: 1.5; overflow-wrap: anywhere; }
.st-key-rv-filters { gap: .5rem; }
.st-key-rv-chips { gap: .35rem; }
/* Two controls beside each other, so that none is below the window. */
@media (min-width: 760px) {
  [data-testid="stPopoverBody"]:has(.st-key-rv-folded) { width: min(40rem, 100vw - 2rem); max-width: none; }
  .st-key-rv-folded {
    display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem 1rem; align-items: end;
  }
}
.st-key-rv-from-map { gap: .75rem; }
.st-key-rv-from-map h3 { padding: 0; font-size: 1rem; }
:is(.st-key-rv-chips, .st-key-rv-from-map) button { min-height: 2rem; padding: 0 .75rem; border-radius: 999px; }
@media (pointer: coarse) { :is(.st-key-rv-chips, .st-key-rv-from-map) button { min-height: 44px; } }
/* Faces with a line or two beside them, as many in a row as there is room for. */
[class*="st-key-rv-tiles"] {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: .75rem 1.5rem;
}
.st-key-rv-tiles-mine { grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); }
.st-key-rv-filters > .stElementContainer:has([data-testid="stSelectbox"]) {
  flex: 1 1 7rem; min-width: 0; max-width: 16rem; width: auto;
}
@media (max-width: 640px) {
  /* Four choices beside each other. */
  .st-key-rv-section [data-testid="stButtonGroup"] button { padding-inline: .5rem; }
  /* The shorter words beside the longer ones, so that neither is cut; "Filter (1)" beneath where there is no room. */
  .st-key-rv-filters { gap: .35rem; }
  .st-key-rv-filters > .stElementContainer:nth-child(1):has([data-testid="stSelectbox"]) { flex-basis: 6.75rem; }
  .st-key-rv-filters > .stElementContainer:nth-child(2):has([data-testid="stSelectbox"]) { flex: 1 1 9.5rem; }
  .st-key-rv-filters [data-testid="stPopoverButton"] { padding-inline: .5rem; }
  /* The faces selected on the map, which fills the window. */
  .st-key-rv-map-chosen {
    position: fixed; inset: auto 0 0; z-index: 9; padding: .5rem 1rem; gap: .25rem; background: Canvas;
    border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent);
  }
  .st-key-rv-map-chosen :is(h3, p) { margin: 0; padding: 0; }
  /* A list of faces: what can be done with each stands beneath its words, and a line ends it. */
  [class*="st-key-rv-mine-"], [class*="st-key-rv-settled-"] {
    gap: 0 .75rem; padding-bottom: .5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
  }
  [class*="st-key-rv-mine-"] > :nth-child(2), [class*="st-key-rv-settled-"] > :nth-child(2) { margin-left: 76px; }
}
@container (max-width: 460px) {FOUR}
@container (max-width: 660px) {SIX}
/* Streamlit's own red is too faint on its dark ground, and on its own tint. */
[data-testid="stSliderThumbValue"] { color: inherit; }
.stApp [data-testid="stButtonGroup"] button[data-selected="true"] { color: inherit; }
/* Figures are drawn for the ground they were first shown on; their words follow when the system turns dark or light. */
[data-testid="stPlotlyChart"] text:not(.hoverlayer text) { fill: currentColor !important; }
[data-testid="stPlotlyChart"] .errorbar path { stroke: currentColor !important; }
/* Two figures beside each other need room. */
@media (max-width: 1100px) {
  [class*="st-key-rv-pair"] [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  [class*="st-key-rv-pair"] [data-testid="stColumn"] { min-width: 100%; }
}
</style>"""
_AS_LIST = """
  TABLE thead { display: block; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  TABLE :is(tbody, tr) { display: block; }
  TABLE tr { padding: .5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
  TABLE td { display: grid; grid-template-columns: 35% minmax(0, 1fr); gap: .75rem; padding: 1px 0; border: 0; }
  TABLE td::before { content: attr(data-head); opacity: .72; font-weight: 400; }
  TABLE td:first-child { font-weight: 600; }
"""
"""A table as a list of rows, with the head's words before each cell: where its columns have no room."""
_LISTS = {each: _AS_LIST.replace("TABLE", f".rv-{each.lower()}") for each in ("FOUR", "SIX")}
_STYLED = _STYLE.replace("FOUR", _LISTS["FOUR"]).replace("SIX", _LISTS["SIX"])
CSS = _STYLED.replace("BLUE", BLUE).replace("ORANGE", ORANGE).replace("GREY", GREY).replace("RED", RED)

ICON = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="{BLUE}"/>
<circle cx="11" cy="13" r="2.4" fill="#fff"/><circle cx="21" cy="13" r="2.4" fill="#fff"/>
<path d="M9 21q7 5 14 0" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>"""
"""Drawn here, so that no page asks another host for it."""
