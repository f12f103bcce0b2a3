"""sqlite_utils without pandas, which it imports where it is there: a quarter of a second and 35 MB for every process.

To be imported before anything that imports sqlite_utils. Who wants pandas imports it later, as ever.
"""

from __future__ import annotations

import sys

if "pandas" not in sys.modules:
    sys.modules["pandas"] = None  # type: ignore[assignment]  # so that importing it fails, until the line at the end
    try:
        import sqlite_utils  # noqa: F401
    finally:
        del sys.modules["pandas"]
