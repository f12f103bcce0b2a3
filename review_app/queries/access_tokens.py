"""Access tokens, as they are now."""

from __future__ import annotations

from review_app.database import call
from scn_core.store.people.tokens import AccessToken, tokens


def tokens_of(person_id: int | None) -> list[AccessToken]:
    """Of a person, or everybody's by name."""
    return call(tokens, person_id)
