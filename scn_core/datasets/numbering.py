"""Classes that a data set calls by number where names were given: counted from 0, or from 1 where that is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.cells import whole_number
from scn_core.errors import DataError, UsageError, error_text


def listed_classes(listed: Sequence[str], labels: Iterable[str]) -> ClassVocabulary:
    """The classes of --classes for labels as written. Where some are numbers, one without a name is no class: a,,c.

    Raises UsageError where names do not differ, are fewer than two, or one is empty and no label is a number.
    """
    numbered = any(whole_number(label) is not None for label in labels)
    try:
        return ClassVocabulary.of([name for name in listed if name.strip()] if numbered else listed)
    except DataError as error:
        raise UsageError(f"--classes: {error}") from error


def class_numbers(
    labels: Iterable[str], classes: ClassVocabulary, where: str, listed: Sequence[str] | None = None
) -> dict[str, int]:
    """Label as written -> class number, for those labels that are numbers and not names of classes.

    '3.0' is the class '3' where one is called so. `listed`: what --classes says, in the order of the numbers; None:
    `classes` are those of the numbers.

    Counted from 1 where the numbers are 1 to the number of classes, the last among them and 0 not; else from 0.
    Raises DataError where numbers go beyond and might be counted either way.
    """
    numbers = {
        label: number for label in labels if classes.find(label) is None and (number := whole_number(label)) is not None
    }
    named = {label: place for label, number in numbers.items() if (place := classes.find(str(number))) is not None}
    numbers = {label: number for label, number in numbers.items() if label not in named}
    listed = listed or classes.names
    found, last = set(numbers.values()), len(listed)
    first = 1 if last in found and 0 not in found else 0
    if first and max(found) > last:
        raise DataError(
            error_text(
                where,
                f"label numbers {min(found)} to {max(found)}",
                f"0 to {last - 1}, or 1 to {last}",
                "give as many --classes as there are numbers, or write class names",
            )
        )
    places = {label: number - first for label, number in numbers.items() if first <= number < last + first}
    known = {label: classes.find(listed[place]) for label, place in places.items()}
    return {label: number for label, number in known.items() if number is not None} | named
