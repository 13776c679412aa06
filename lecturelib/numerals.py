"""Numbers as words, English and French: the sentences that notebook 05 translates. The words come from the library num2words.

A word's place in ENGLISH or FRENCH is its code, as `nets` wants it; FRENCH begins with the word that ends a sentence.
"""

import re
import reprlib

import numpy as np
from num2words import num2words

from lecturelib import expect

__all__ = ["ENGLISH", "FRENCH", "HIGHEST", "codes", "said", "sentences"]

HIGHEST = 999_999_999
ENGLISH = tuple(
    "and zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million".split()
)
FRENCH = tuple(
    "<EOS> et zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts trente "
    "quarante cinquante soixante cent cents mille million millions".split()
)


def sentences(number):
    """The words of a whole number from 0 to HIGHEST: (English, French), two lists. ValueError: another number, or none.

    >>> sentences(97)
    (['ninety', 'seven'], ['quatre', 'vingt', 'dix', 'sept'])
    """
    if not isinstance(number, int | np.integer) or isinstance(number, bool) or not 0 <= number <= HIGHEST:
        expect.refuse("number", f"a whole number from 0 to {HIGHEST:,}", number)
    return tuple(re.split(r"[ ,-]+", num2words(int(number), lang=language)) for language in ("en", "fr"))


def said(line):
    """The number that a reader typed, such as "1,234" or " 97 ". ValueError: that is none, or out of range."""
    digits = re.sub(r"[ ,_'’]", "", expect.text("line", line))
    if not re.fullmatch(r"-?[0-9]{1,30}", digits):
        raise ValueError(f"type a whole number in digits, from 0 to {HIGHEST:,}; this is none: {reprlib.repr(line)}")
    if not 0 <= int(digits) <= HIGHEST:
        raise ValueError(f"the nets know the numbers from 0 to {HIGHEST:,}; {int(digits):,} is not among them")
    return int(digits)


def codes(words, vocabulary):
    """The places of words in ENGLISH or FRENCH, an array (T,). ValueError: a word that is not there."""
    expect.instance("vocabulary", vocabulary, tuple | list, "ENGLISH or FRENCH")
    expect.instance("words", words, tuple | list, "a list of words")
    unknown = [word for word in words if word not in vocabulary]
    if unknown:
        raise ValueError(f"words must be in the vocabulary: {unknown[0]!r} is none of its {len(vocabulary)} words")
    return np.array([vocabulary.index(word) for word in words], int)
