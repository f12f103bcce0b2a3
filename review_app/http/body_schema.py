"""JSON Schemas of request bodies, taken from the very functions that check them, so that the two cannot differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from review_app.http.json_body import ID_MAX, UUID_PATTERN, Fields

Schema = dict[str, Any]
_T = TypeVar("_T")
_W = TypeVar("_W", bound=str)


def schema_of(read: Callable[[Fields], object]) -> Schema:
    """What `read` takes. It must ask for the same fields whatever it finds, as all readers of bodies do."""
    fields = _Recorder()
    read(fields)
    return fields.schema()


class _Recorder(Fields):
    """Holds no values: notes which fields are asked for and what each may be, and answers with a value that may be."""

    def __init__(self) -> None:
        super().__init__({}, "")
        self._properties: dict[str, Schema | _Recorder] = {}
        self._required: list[str] = []

    def schema(self) -> Schema:
        found = {
            name: each.schema() if isinstance(each, _Recorder) else each for name, each in self._properties.items()
        }
        schema: Schema = {"type": "object", "properties": found, "additionalProperties": False}
        return schema | ({"required": self._required} if self._required else {})

    def end(self) -> None:
        pass

    def integer(self, name: str, low: int = 1, high: int = ID_MAX) -> int:
        self._needs(name, {"type": "integer", "minimum": low, "maximum": high})
        return low

    def maybe_integer(self, name: str, low: int = 0, high: int = ID_MAX) -> int | None:
        self._properties[name] = {"type": ["integer", "null"], "minimum": low, "maximum": high, "default": None}
        return None

    def share(self, name: str, default: float) -> float:
        self._properties[name] = {"type": "number", "minimum": 0, "maximum": 1, "default": default}
        return default

    def flag(self, name: str) -> bool:
        self._properties[name] = {"type": "boolean", "default": False}
        return False

    def word(self, name: str, words: Sequence[_W], default: _W | None = None) -> _W:
        schema: Schema = {"type": "string", "enum": list(words)}
        if default is None:
            self._needs(name, schema)
            return words[0]
        self._properties[name] = schema | {"default": default}
        return default

    def uuid(self, name: str) -> str:
        self._needs(name, {"type": "string", "pattern": f"^{UUID_PATTERN}$"})
        return "00000000-0000-0000-0000-000000000000"

    def maybe_uuid(self, name: str) -> str | None:
        self._properties[name] = {"type": ["string", "null"], "pattern": f"^{UUID_PATTERN}$", "default": None}
        return None

    def maybe_text(self, name: str, longest: int) -> str | None:
        text: Schema = {"type": ["string", "null"], "minLength": 1, "maxLength": longest, "default": None}
        self._properties[name] = text
        return None

    def integers(self, name: str, most: int) -> list[int]:
        number = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
        self._properties[name] = {"type": "array", "items": number, "maxItems": most, "default": []}
        return []

    def objects(self, name: str, most: int, read: Callable[[Fields], _T]) -> list[_T]:
        self._needs(name, {"type": "array", "items": schema_of(read), "minItems": 1, "maxItems": most})
        return []

    def fields(self, name: str) -> Fields:
        within = self._properties[name] = _Recorder()
        return within

    def json(self, name: str, longest: int) -> str:
        self._properties[name] = {"type": "object", "default": {}, "description": f"at most {longest:,} bytes as JSON"}
        return "{}"

    def _needs(self, name: str, schema: Schema) -> None:
        self._properties[name] = schema
        self._required.append(name)
