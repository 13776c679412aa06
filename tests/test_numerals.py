"""`numerals`: words of numbers, and what a reader may type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecturelib import datasets

NINES = "nine hundred and ninety nine"


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [
        (0, "zero", "zéro"),
        (97, "ninety seven", "quatre vingt dix sept"),
        (80, "eighty", "quatre vingts"),
        (80_000, "eighty thousand", "quatre vingt mille"),
        (1_005, "one thousand and five", "mille cinq"),
        (200, "two hundred", "deux cents"),
        (21_000_001, "twenty one million and one", "vingt et un millions un"),
        (999_999_999, f"{NINES} million {NINES} thousand {NINES}", None),
    ],
)
def test_the_words_of_a_number(number, english, french):
    mine = datasets.number_words(number)
    assert " ".join(mine[0]) == english
    assert french is None or " ".join(mine[1]) == french


@given(st.integers(0, datasets.HIGHEST))
def test_every_number_has_words_in_the_vocabularies(number):
    english, french = datasets.number_words(number)
    assert len(english) <= 17
    assert len(french) <= 20
    assert [datasets.ENGLISH[k] for k in datasets.encode_words(english, datasets.ENGLISH)] == english
    assert [datasets.FRENCH[k] for k in datasets.encode_words(french, datasets.FRENCH)] == french
    assert 0 not in datasets.encode_words(french, datasets.FRENCH)  # the word that ends a sentence


@pytest.mark.parametrize(
    ("typed", "number"), [("97", 97), (" 1,005 ", 1005), ("123 456 789", 123_456_789), ("1_000", 1000), ("007", 7)]
)
def test_what_a_reader_types(typed, number):
    assert datasets.parse_number(typed) == number


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "type a whole number in digits"),
        ("ten", "this is none: 'ten'"),
        ("1.5", "this is none: '1.5'"),
        ("-3", "-3 is not among them"),
        ("1000000000", "1,000,000,000 is not among them"),
        ("9" * 31, "this is none"),
        ("²", "this is none"),
    ],
)
def test_what_is_no_number_is_refused(typed, says):
    with pytest.raises(ValueError, match=says):
        datasets.parse_number(typed)


@pytest.mark.parametrize("number", [-1, 10**9, 1.0, "1", None, True])
def test_no_words_for_what_is_out_of_range(number):
    with pytest.raises(ValueError, match="a whole number from 0 to 999,999,999"):
        datasets.number_words(number)


def test_an_unknown_word_is_named():
    with pytest.raises(ValueError, match="words must be in the vocabulary: 'onze' is none of its 32 words"):
        datasets.encode_words(["one", "onze"], datasets.ENGLISH)
