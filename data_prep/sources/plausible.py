"""How plausible a short text is in the encoding that it was read in: a cost, the sum over its characters.

A cost says how rare something is, from 1 for what people write every day to 20 for what nobody means. It looks at classes
of characters and at what stands beside them, and at no word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_USUAL, _SELDOM, _RARE, _ODD, _ABSURD = 1.0, 2.0, 3.0, 4.0, 20.0

_WORD = re.compile(r"[^\W\d_]+")
_SIGNS_AMONG_LETTERS = "ªºµ"
_BEFORE_WORDS, _AFTER_WORDS = "“‘„‚¡¿«‹", "”’»›™®²³¹"
_PUNCTUATION = ".,;:!?)]}'\"*%…”’»"
_WITH_NUMBERS, _BETWEEN, _ANYWHERE = "£€¥¢°¹²³½¼¾±×÷µ‰ªº", "·×", "–—•…©’‘«»\xa0"
_TWO_BYTES, _LATIN_1 = "\u07ff", "\xff"
# First and last letters of the alphabets in use that UTF-8 spells in two bytes: Latin, Greek, Cyrillic with the letters
# of Asia, Armenian, Hebrew, Arabic, Thaana.
_LATIN, _MARK, _EXTENDED_LATIN = "LATIN", "COMBINING", ("\u0100", "\u017f")
_ALPHABETS = (
    ("\u0300", "\u036f"),
    ("\u0250", "\u02ad"),
    ("\u0386", "\u03ce"),
    ("\u0400", "\u045f"),
    ("\u0490", "\u04f9"),
    ("\u0531", "\u0587"),
    ("\u05b0", "\u05ea"),
    ("\u060c", "\u06d2"),
    ("\u0780", "\u07b1"),
)


def western_cost(text: str) -> float:
    """The cost of a text that was read in Windows-1252.

    Accents stand in words, beside plain letters, small ones after small ones; quotes and signs stand where people
    write them: `”` after a word, `¿` before one, `£` at a number.

    Example:

    >>> western_cost("it’s"), western_cost("it¡¯s")
    (1.0, 8.0)
    """
    signs = sum(_sign(text, place) for place, character in enumerate(text) if _is_sign(character))
    return signs + sum(_accents(word[0]) for word in _WORD.finditer(text))


def chinese_cost(characters: Sequence[tuple[str, bytes]]) -> float:
    """The cost of a text that was read in GB 18030, given each of its characters with its bytes.

    Chinese characters are mostly the frequent ones of GB 2312, and stand apart from Latin letters. Signs, kana, Greek,
    Cyrillic, accented letters and, in four bytes, emoji and the scripts of all the world are what a Western text hardly
    spells by chance.
    """
    cost = 0.0
    for place, (character, spelled) in enumerate(characters):
        if character > "\x7f":
            around = [each for each, _ in (*characters[max(place - 1, 0) : place], *characters[place + 1 : place + 2])]
            letters = sum(each.isascii() and each.isalpha() for each in around)
            cost += _chinese(character, spelled, letters)
    return cost


def unicode_cost(text: str, broken: str) -> float:
    """The cost of a text that was read in UTF-8, with `broken` in place of each byte that is none.

    Only its characters of two bytes come about by chance, and what they spell then is mostly no letter in use.
    """
    cost = western_cost("".join(character if character <= _LATIN_1 else " " for character in text))
    for place, character in enumerate(text):
        if character == broken:
            cost += _ODD
        elif unicodedata.category(character) in ("Co", "Cn"):
            cost += _ABSURD
        elif character > _TWO_BYTES:
            cost += _USUAL / 2
        elif character > _LATIN_1:
            cost += _letter(character, text[max(place - 1, 0) : place], text[place + 1 : place + 2])
    return cost


def _is_sign(character: str) -> bool:
    return character > "\x7f" and (not character.isalpha() or character in _SIGNS_AMONG_LETTERS)


def _sign(text: str, place: int) -> float:
    sign = text[place]
    before, after = text[place - 1 : place] or " ", text[place + 1 : place + 2] or " "
    fits = (
        sign in _ANYWHERE
        or sign == before
        or (sign in _BETWEEN and before.isalnum() == after.isalnum() and before.isspace() == after.isspace())
        or (sign in _BEFORE_WORDS and not before.isalnum() and not after.isspace())
        or (sign in _AFTER_WORDS and (before.isalnum() or before in _PUNCTUATION))
        or (sign in _WITH_NUMBERS and any(map(str.isdigit, text[max(place - 2, 0) : place + 3])))
    )
    return _USUAL if fits else _ODD


def _accents(word: str) -> float:
    accents = [place for place, letter in enumerate(word) if letter > "\x7f" and letter not in _SIGNS_AMONG_LETTERS]
    cost = 0.0
    for place in accents:
        letter, before = word[place], word[place - 1 : place]
        cost += _USUAL
        if before > "\x7f":
            cost += _USUAL if letter == before else _SELDOM
        # Capitals begin a word or stand among their like.
        cost += _ODD if letter.isupper() and before.islower() else 0
    if len(accents) < len(word):
        return cost
    # Words of accents alone are few: `à`, or a long vowel.
    return cost + (_USUAL if len(set(word)) == 1 else _RARE)


def _chinese(character: str, spelled: bytes, letters: int) -> float:
    """The cost of one character with so many plain letters right beside it."""
    kind, is_chinese = unicodedata.category(character), "CJK UNIFIED" in unicodedata.name(character, "")
    if kind in ("Co", "Cn", "Cs", "Cc"):
        return _ABSURD
    if len(spelled) == 4:
        return _ODD + _SELDOM if is_chinese else _USUAL
    if is_chinese:
        first, second = spelled
        if second > 0xA0 and 0xB0 <= first <= 0xF7:
            return (_SELDOM if first <= 0xD7 else _ODD) + _USUAL * letters
        # Of the larger GBK: traditional forms and rarities. An accent before a plain letter looks like one.
        return _ODD + (_SELDOM if chr(second).isalpha() and second < 0x80 else 0) + _USUAL * letters
    if character == "\u3000":
        return _RARE
    # `¡Á` of a Spanish text is `×` here.
    return _USUAL + (_SELDOM if letters and len(spelled) == 2 and (kind[0] == "S" or kind == "No") else 0)


def _letter(character: str, before: str, after: str) -> float:
    """The cost of a character of two bytes: a letter of an alphabet in use, among its like or apart, or a mark on one."""
    alphabet = _alphabet(character)
    if alphabet is None or (unicodedata.combining(character) and not before.isalpha()):
        # A mark after a mark has a letter before it all the same.
        return _USUAL if unicodedata.combining(before or " ") else _ODD + _RARE + _RARE
    others = {_alphabet(other) for other in before + after if other.isalpha() and other > "\x7f"}
    if others - {alphabet, _MARK} and alphabet != _MARK:
        return _RARE + _RARE
    foreign = alphabet not in (_LATIN, _MARK) and any(other.isascii() and other.isalpha() for other in before + after)
    return _SELDOM if foreign else _USUAL


def _alphabet(character: str) -> str | None:
    """What it is called in Unicode; None for one that nobody writes today."""
    if character <= _LATIN_1 or _EXTENDED_LATIN[0] <= character <= _EXTENDED_LATIN[1]:
        return _LATIN
    in_use = any(low <= character <= high for low, high in _ALPHABETS)  # By name, phonetic letters are Latin.
    return unicodedata.name(character, "").partition(" ")[0] if in_use else None
