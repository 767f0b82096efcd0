# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields that users define in files: from the keys of an entry to a `Field`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from osgp_analyzer.schema.entries import LONGEST, Entry, nearest
from osgp_analyzer.schema.expr import Expr
from osgp_analyzer.schema.formula import Find, FormulaError, Term, formula
from osgp_analyzer.schema.layer import Layer
from osgp_analyzer.schema.types import (
    BCD,
    I8,
    I16,
    I32,
    TIME_SIZES,
    U8,
    U16,
    U24,
    U32,
    U48,
    U64,
    Array,
    Bits,
    BitSet,
    Bytes,
    Field,
    Flags,
    Integer,
    Struct,
    Text,
    Time,
    limits,
)

NUMBERS: dict[str, Callable[..., Integer]] = {
    "u8": U8,
    "u16": U16,
    "u24": U24,
    "u32": U32,
    "u48": U48,
    "u64": U64,
    "i8": I8,
    "i16": I16,
    "i32": I32,
}
COMMON = ("name", "type", "label", "doc", "source", "certainty", "when", "count")
OF_NUMBERS = ("unit", "scale", "values")
KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, OF_NUMBERS),
    "bits(n)": OF_NUMBERS,
    "flags": ("length", "values"),
    "bytes": ("length",),
    "text": ("length",),
    "bcd": ("length",),
    "bitset": ("length", "values"),
    **dict.fromkeys(TIME_SIZES, ()),
}
"""The types, with the keys that each has beside the common ones; a struct has a length."""
FLAG_SIZES = (1, 2, 3, 4, 6)
MOST_BITS = 32
UP_TO_THE_END = "*"
"""As a count: elements up to the end."""


@dataclass(frozen=True)
class Kind:
    """A type as it is written: its word in `KEYS`, or the name of a struct; of ``bits(5)`` the width."""

    word: str
    width: int = 0
    struct: bool = False
    limits: tuple[int, int] | None = None
    """The lowest and the highest value of a number that expressions can refer to."""


def kind_of(entry: Entry, structs: Iterable[str]) -> Kind | None:
    """The type of a field, None where it has none; says what is wrong with it."""
    word = entry.text("type", required=True)
    length = entry.values.get("length")
    if bits := re.fullmatch(r"bits\(\s*(\d{1,4})\s*\)", word):
        width = int(bits[1])
        if 1 <= width <= MOST_BITS:
            return Kind("bits(n)", width, limits=limits(Bits(width)))
        entry.wrong(f"has 1 to {MOST_BITS} bits", "type")
    elif word in structs:
        return Kind(word, struct=True)
    elif word in NUMBERS:
        return Kind(word, limits=limits(NUMBERS[word]()))
    elif word == "flags":
        if length in FLAG_SIZES and not isinstance(length, bool):
            return Kind(word, limits=limits(Flags(length, {})))
        entry.wrong(f"of flags is {', '.join(map(str, FLAG_SIZES))} (bytes)", "length")
    elif word in KEYS and word != "bits(n)":
        return Kind(word)
    elif word:
        known = [*KEYS, *structs]
        hint = nearest(word, known) or f"; there are {', '.join(known)}"
        entry.wrong(f"is {word[:40]!r}, which is no type{hint}", "type")
    entry.only((*COMMON, *OF_NUMBERS, "length"), "a field")
    return None


def make_field(entry: Entry, kind: Kind, find: Find, layers: Mapping[str, type[Layer]]) -> Field | None:
    """The field of an entry, None where it cannot be made; what is wrong is said. `find` has the fields that its
    expressions can refer to, `layers` the structs."""
    known = (*COMMON, *(("length",) if kind.struct else KEYS[kind.word]))
    entry.only(known, f"a field of type {kind.word}")
    count = size(entry, "count", find) if entry.values.get("count") != UP_TO_THE_END else None
    when = _formula(entry, "when", find)
    common: dict[str, Any] = {"label": entry.text("label"), "doc": entry.text("doc"), "source": entry.source()}
    common["when"] = when.expression if when is not None else None
    repeated = "count" in entry.values
    if kind.width and (repeated or when is not None):
        entry.wrong("is not for bits: put them into a struct of whole bytes", "count" if repeated else "when")
        return None
    made = _one(entry, kind, {} if repeated else common, find, layers)
    if made is None or not repeated:
        return made
    if isinstance(made, Struct):
        if made.length is not None:
            entry.wrong("is not for elements: give the struct fields of that length", "length")
        return Array(layers[kind.word], count, **common)
    if isinstance(made, (Bytes, Text, BitSet)) and made.length is None:
        entry.wrong("has no length: elements need one")
        return None
    return Array(made, count, **common)


def _one(
    entry: Entry, kind: Kind, common: Mapping[str, Any], find: Find, layers: Mapping[str, type[Layer]]
) -> Field | None:
    """The field, or an element of it where it is an array."""
    if kind.struct:
        return Struct(layers[kind.word], size(entry, "length", find), **common) if kind.word in layers else None
    if kind.word == "flags":
        length = entry.values["length"]
        return Flags(length, entry.names((0, length * 8 - 1)) or {}, **common)
    if kind.limits is not None:
        more: dict[str, Any] = {"unit": entry.text("unit"), "scale": entry.scale(), "values": entry.names(kind.limits)}
        return Bits(kind.width, **more, **common) if kind.width else NUMBERS[kind.word](**more, **common)
    match kind.word:
        case "bytes":
            return Bytes(size(entry, "length", find), **common)
        case "text":
            return Text(size(entry, "length", find), **common)
        case "bcd":
            digits = size(entry, "length", find)
            if digits is None:
                entry.wrong("has no length")
                return None
            return BCD(digits, **common)
        case "bitset":
            return BitSet(size(entry, "length", find), entry.names((0, LONGEST * 8 - 1)), **common)
    return Time(kind.word, **common)


def size(entry: Entry, key: str, find: Find) -> int | Expr | None:
    """A length or count: a number, an expression, or None where there is none."""
    value = entry.values.get(key)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= LONGEST:
            return value
        entry.wrong(f"is {'negative' if value < 0 else 'too large'}: it can be 0 to {LONGEST}", key)
        return None
    term = _formula(entry, key, find)
    if term is None:
        return None
    if term.high < 0 or term.low > LONGEST:
        entry.wrong(f"is always {'negative' if term.high < 0 else f'more than {LONGEST}'}", key)
        return None
    return term.expression


def _formula(entry: Entry, key: str, find: Find) -> Term | None:
    value = entry.values.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        entry.wrong(f'is an expression in text: write {key} = "..."', key)
        return None
    try:
        return formula(value, find)
    except FormulaError as error:
        entry.wrong(str(error), key)
        return None
