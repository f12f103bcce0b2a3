"""SQL expressions that migrations and queries share: moments, what stands, wrong labels, bins of alpha."""

from __future__ import annotations


def ago(seconds: int) -> str:
    """The SQL of a moment so many seconds back: UTC, ISO-8601, milliseconds. Texts of this form sort as times do."""
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{seconds:d} seconds')"


def from_now(seconds: float) -> str:
    """The SQL of a moment to come, in the same form."""
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{seconds:+f} seconds')"


NOW = ago(0)
"""The SQL that stamps rows."""

STANDS = """iif(EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id), (
  WITH RECURSIVE chain(id) AS (
    SELECT d.id UNION ALL SELECT u.id FROM chain JOIN decision u ON u.undoes = chain.id)
  SELECT count(*) FROM chain) % 2 = 1, 1)"""
"""SQL: whether decision `d` and the chain of undos hanging on it have an odd length, so that it stands."""

TIMED = "d.milliseconds IS NOT NULL"
"""SQL: whether somebody measured how long answer `d` took, as the browser does; Python and files say nothing of it."""

LABEL_WAS_WRONG = "(o.action = 'exclude' OR (o.label IS NOT NULL AND o.label <> c.start_label))"
"""SQL: whether outcome `o`, decided, says that the label the round began with, in score `c`, was wrong: people chose
another one, or excluded the face. Where they could not tell, it counts as right."""

OUTSIDE_QUEUE = """NOT EXISTS (SELECT 1 FROM queue_item q
  WHERE q.round_id = o.round_id AND q.sample_id = o.sample_id AND q.listed = 1)"""
"""SQL: whether the round of row `o` asks nobody about its face: a copy answered with another one, or a face answered on
the page Samples. What the grid counts leaves these out."""

ALPHA = "nullif(c.alpha, -1)"
"""SQL: the importance weight of score `c`; NULL where its round was made from opinions (`records.NO_ALPHA`)."""

BINS = 20
ALPHA_BIN = "min(19, CAST(alpha * 20 AS INTEGER))"
"""SQL: the bin of column `alpha`, 0 to BINS - 1."""
PRESENT = "vanished_in IS NULL AND withdrawn_in IS NULL"
"""SQL: of samples that the data set has and nobody took out."""
TAKEN_OUT = """(SELECT id FROM sample WHERE (vanished_in IS NOT NULL OR withdrawn_in IS NOT NULL)
  AND withdrawn_in IS NOT NULL)"""
"""SQL: ids of samples that were withdrawn or erased, by the index of those that are gone."""
