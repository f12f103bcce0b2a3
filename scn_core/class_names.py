"""Class vocabularies: the ordered class names of a data set, and the spellings that mean the same."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scn_core.errors import DataError

# Spellings found in published label files and folder names -> the name this project uses.
ALIASES: dict[str, str] = {
    "anger": "anger",
    "angry": "anger",
    "contempt": "contempt",
    "contemptuous": "contempt",
    "disgust": "disgust",
    "disgusted": "disgust",
    "fear": "fear",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happy",
    "happy": "happy",
    "joy": "happy",
    "neutral": "neutral",
    "neutrality": "neutral",
    "sad": "sad",
    "sadness": "sad",
    "surprise": "surprise",
    "surprised": "surprise",
}


_AROUND = f"{string.whitespace}\u00a0\u202f\u3000\u200b\u200e\u200f\ufeff"
"""Blanks and invisible characters that tables have around a name."""


def canonical(name: str) -> str:
    """What is the same for all spellings of a class: the project's name of an emotion, or the name in lower case."""
    return spelt(name).casefold()


def spelt(name: str) -> str:
    """A name as a vocabulary has it: of emotions the project's, others as they are, without blanks around."""
    bare = unicodedata.normalize("NFC", name).strip(_AROUND)
    return ALIASES.get(bare.casefold(), bare)


def one_spelling_each(names: Iterable[str]) -> set[str]:
    """The classes that these names are spellings of; of several spellings the one with the most small letters."""
    return set({canonical(name): spelt(name) for name in sorted(names)}.values())


def short_names(names: Sequence[str], most: int) -> list[str]:
    """Names where there is little room: those longer than `most` letters lose their middle, "überr…chung". Names that
    differ stay different, with more letters where need be."""
    different, longest = len(set(names)), max(map(len, names), default=0)
    for room in range(most, longest):
        short = [_without_middle(name, room) for name in names]
        if len(set(short)) == different:
            return short
    return list(names)


def _without_middle(name: str, most: int) -> str:
    end = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - end]}…{name[len(name) - end :]}"


@dataclass(frozen=True)
class ClassVocabulary:
    """Ordered, distinct class names. The index of a name is the class number everywhere in the project."""

    names: tuple[str, ...]
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {canonical(name): i for i, name in enumerate(self.names)}
        if "" in index:
            raise DataError(f"a class needs a name, got an empty one among {', '.join(map(repr, self.names))}; name it")
        if len(index) != len(self.names):
            raise DataError(f"class names must differ, got {', '.join(self.names)}; remove or rename the doubles")
        if len(index) < 2:
            raise DataError(f"at least 2 classes are needed, got {len(index)}: {', '.join(self.names) or 'none'}")
        object.__setattr__(self, "_index", index)

    @classmethod
    def of(cls, names: Iterable[str]) -> ClassVocabulary:
        """A vocabulary of the given names in the given order; emotions in the project's spelling.

        Raises DataError, showing the names as they were given, where two are spellings of one class.
        """
        known: dict[str, str] = {}
        for name in names:
            first = known.setdefault(canonical(name), name)
            if first is not name:
                raise DataError(
                    f"class names must differ, got {first.strip()!r} and {name.strip()!r}, which both are "
                    f"{canonical(name)!r}; remove or rename one"
                )
        return cls(tuple(map(spelt, known.values())))

    def __len__(self) -> int:
        return len(self.names)

    def find(self, name: str) -> int | None:
        """Class number of a name in any known spelling, or None."""
        return self._index.get(canonical(name))

    def allowed(self) -> str:
        """The names as an error message lists them."""
        return ", ".join(self.names)


# Each in its own data set's numbering.
RAF_DB = ClassVocabulary(("surprise", "fear", "disgust", "happy", "sad", "anger", "neutral"))
FERPLUS_8 = ClassVocabulary(("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear", "contempt"))
FERPLUS_7 = ClassVocabulary(FERPLUS_8.names[:7])
AFFECTNET_8 = ClassVocabulary(("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"))
AFFECTNET_7 = ClassVocabulary(AFFECTNET_8.names[:7])
EXPW = ClassVocabulary(("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"))
