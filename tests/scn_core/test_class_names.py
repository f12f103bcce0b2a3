import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core import class_names
from scn_core.class_names import ALIASES, ClassVocabulary, canonical, one_spelling_each, short_names
from scn_core.errors import DataError

PUBLISHED = {
    "raf-db": (class_names.RAF_DB, 7),
    "ferplus 8": (class_names.FERPLUS_8, 8),
    "ferplus 7": (class_names.FERPLUS_7, 7),
    "affectnet 8": (class_names.AFFECTNET_8, 8),
    "affectnet 7": (class_names.AFFECTNET_7, 7),
    "expw": (class_names.EXPW, 7),
}


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Happiness", "happy"), (" angry ", "anger"), ("FEARFUL", "fear"), ("Puzzled ", "puzzled"), ("", "")],
)
def test_known_spellings_become_one_and_others_stay(said: str, meant: str) -> None:
    assert canonical(said) == meant


@given(st.text())
def test_the_project_spelling_is_its_own(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_vocabularies_speak_the_project_spelling(name: str) -> None:
    vocabulary, count = PUBLISHED[name]
    assert len(vocabulary) == count
    assert set(vocabulary.names) <= set(ALIASES.values())
    assert ("contempt" in vocabulary.names) == (count == 8)


def test_numbers_are_those_of_the_published_files() -> None:
    assert class_names.RAF_DB.find("surprise") == 0
    assert class_names.RAF_DB.find("neutral") == 6
    assert class_names.FERPLUS_8.find("neutral") == 0
    assert class_names.AFFECTNET_8.find("surprise") == 3
    assert class_names.EXPW.find("anger") == 0


def test_finding_takes_any_spelling_and_says_none_for_strangers() -> None:
    vocabulary = ClassVocabulary(("Happy", "sad", "puzzled"))
    assert [vocabulary.find(name) for name in ("joy", "SADNESS", " Puzzled", "fear", "0", "")] == [0, 1, 2] + [None] * 3
    assert vocabulary.allowed() == "Happy, sad, puzzled"


def test_of_takes_any_spelling_and_leaves_names_that_are_no_emotions_as_they_are() -> None:
    names = ClassVocabulary.of([" Joy", "Sadness", "Überraschung und Staunen ", "سعادة"]).names
    assert names == ("happy", "sad", "Überraschung und Staunen", "سعادة")


def test_several_spellings_are_one_class() -> None:
    found = one_spelling_each(["SMIRK", "smirk", "Smirk ", "Joy", "HAPPY", "Eye Roll"])
    assert found == {"smirk", "happy", "Eye Roll"}


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (("happy", "sad", "joy"), "class names must differ, got happy, sad, joy"),
        (("happy", "Happy "), "must differ"),
        (("happy",), "at least 2 classes are needed, got 1: happy"),
        ((), "at least 2 classes are needed, got 0: none"),
        (("happy", "", "sad"), "a class needs a name, got an empty one among 'happy', '', 'sad'"),
        ((" ", "happy"), "a class needs a name"),
    ],
)
def test_what_is_no_vocabulary_is_refused(names: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        ClassVocabulary(names)


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (("sad", "exactly ten"), ["sad", "exactly ten"]),
        (("angenehm überrascht", "unangenehm überrascht"), ["angen…ascht", "unang…ascht"]),
        (("one kind of many, last", "one kind or many, last"), ["one kind of many, last", "one kind or many, last"]),
        ((), []),
    ],
)
def test_long_names_keep_both_ends_and_stay_different(names: tuple[str, ...], short: list[str]) -> None:
    assert short_names(names, 11) == short
    assert len(set(short)) == len(names)
