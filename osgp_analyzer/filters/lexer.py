# SPDX-License-Identifier: GPL-2.0-or-later
"""A filter as tokens. Names, numbers, byte strings and addresses are all words: what a word is, its place decides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from osgp_analyzer.filters.errors import FilterError

LONGEST = 65_536
"""Characters of a filter."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>[rR]?"(?:[^"\\]|\\.)*")
    |(?P<operator>===|!==|==|!=|<=|>=|&&|\|\||\.\.|[<>!~(){},&])
    |(?P<slice>\[[^\]]*\])
    |(?P<word>[\w:/+-](?:[\w:/+-]|\.(?!\.))*)""",
    re.VERBOSE | re.DOTALL,
)
_NAMED = {
    "eq": "==",
    "any_eq": "==",
    "ne": "!=",
    "all_ne": "!=",
    "all_eq": "===",
    "any_ne": "!==",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "and": "&&",
    "or": "||",
    "not": "!",
    "in": "in",
    "contains": "contains",
    "matches": "matches",
    "any": "any",
    "all": "all",
    "bitand": "&",
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPES.update({c: c for c in "\\\"'"})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: operator, word, string, slice, end. `value`: the operator's sign for operators that have a name too;
    of a string what is between the quotes, escapes untouched; `raw` for ``r"..."``."""

    kind: str
    value: str
    start: int
    length: int
    raw: bool = False


def tokens(text: str) -> list[Token]:
    """Take a filter apart. Raises `FilterError`."""
    if len(text) > LONGEST:
        raise FilterError(f"a filter of {len(text)} characters is longer than {LONGEST}", text, LONGEST)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FilterError(_unreadable(text[at]), text, at)
        kind, value = str(match.lastgroup), match.group()
        at = match.end()
        if kind == "space":
            continue
        raw = False
        if kind == "string":
            raw = value[0] != '"'
            value = value[2 if raw else 1 : -1]
        elif kind == "slice":
            value = value[1:-1]
        elif kind == "word" and value in _NAMED:
            kind, value = "operator", _NAMED[value]
        elif kind == "operator" and value == "~":
            kind, value = "operator", "matches"
        found.append(Token(kind, value, match.start(), match.end() - match.start(), raw))
    found.append(Token("end", "", len(text), 1))
    return found


def _unreadable(character: str) -> str:
    if character == '"':
        return "expected a closing quotation mark for the string"
    if character == "[":
        return "expected ] after the slice"
    hint = {"=": "; for equal write ==", "|": "; for or write ||"}.get(character, "")
    return f"expected a field, a value or an operator, found {character!r}{hint}"


def unescape(text: str, token: Token) -> str:
    """The text of a string; of a byte written as ``\\xHH`` the character with that number."""
    if token.raw:
        return token.value

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) == 3:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise FilterError(
                f"expected an escape such as \\n, \\\\ or \\x0a, found \\{code}", text, token.start, token.length
            )
        return _ESCAPES[code]

    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", one, token.value, flags=re.DOTALL)
