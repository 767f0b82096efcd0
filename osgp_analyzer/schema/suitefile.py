# SPDX-License-Identifier: GPL-2.0-or-later
"""The cipher suites that users define in files: from the keys of an entry to a `Suite`.

A suite that has the name of one that is defined already changes the parts that the file says, and keeps the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from osgp_analyzer.schema.entries import Entry, nearest
from osgp_analyzer.schema.expr import Expr
from osgp_analyzer.schema.formula import FormulaError
from osgp_analyzer.schema.parts import MESSAGE, REQUEST, REQUEST_TAG, WIRE, Names, Parts
from osgp_analyzer.schema.parttext import condition, read_parts
from osgp_analyzer.schema.suite import (
    CARRIERS,
    CIPHERS,
    COUNTER_BITS,
    COUNTER_INPUTS,
    COUNTER_KDFS,
    FIXED,
    GPSK_INPUTS,
    GPSK_KDFS,
    KDFS,
    KEYS,
    LONGEST_KEY,
    MACS,
    NONE,
    OMA,
    RC4,
    RESPONSE_STREAMS,
    Derivation,
    Side,
    Suite,
    problems,
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")
_SIDE = ("when", "nonce", "associated_data", "mac_input")
SUITE_KEYS = (
    *("name", "title", "source", "certainty", "doc", "carrier", "key", "derive", "cipher", "tag_length"),
    *("encrypted_from", "clear_at_end", "mac", "response_stream", "plain_has_sequence"),
    *(f"{key}{ending}" for key in _SIDE for ending in ("", "_response")),
)
MOST_CLEAR = 255
"""Bytes before or behind the encrypted ones, at most."""
MOST_STEPS = 8
"""Derivations of a key, at most."""


def read_suites(entries: Iterable[Entry], suites: Mapping[str, Suite], names: Names) -> list[Suite]:
    """The suites of entries, each made on the one of that name before it. What is wrong is said to the entries; then
    the suites are of no use."""
    known, places, found = dict(suites), dict[str, str](), list[Suite]()
    for entry in entries:
        name = entry.text("name", required=True)
        if name and not _NAME.fullmatch(name):
            entry.wrong("is letters, digits, _, - and ., and begins with a letter", "name")
        elif places.get(name) == entry.file:
            entry.wrong("is that of an earlier suite of this file", "name")
        elif name:
            places[name] = entry.file
            made = _Reader(entry, name, known.get(name), names, suites).suite()
            if made is not None:
                known[name] = made
                found.append(made)
    return found


class _Reader:
    """Reads one suite; `base` is the one that it changes, `others` are names that could be meant."""

    def __init__(self, entry: Entry, name: str, base: Suite | None, names: Names, others: Iterable[str]) -> None:
        self.entry, self.name, self.base, self.names, self.others = entry, name, base, names, others

    def suite(self) -> Suite | None:
        """The suite, None where something is wrong."""
        entry, base, before = self.entry, self.base, len(self.entry.errors)
        entry.only(SUITE_KEYS, "a suite")
        source = entry.source()
        if source is None:
            entry.wrong('has no source: say who says so, source = "vendor manual, p. 12"')
        cipher = self._one("cipher", CIPHERS, base.cipher if base else None)
        usual = OMA if cipher == RC4 else NONE
        mac = self._one("mac", MACS, base.mac if base and "cipher" not in entry.values else usual)
        tag = self._number("tag_length", 1, 16, base.tag_length if base else 8 if mac == OMA else 16)
        clear = self._number("clear_at_end", 0, MOST_CLEAR, max(base.clear_at_end, tag) if base else tag)
        values: dict[str, Any] = {
            "carrier": self._one("carrier", CARRIERS, base.carrier if base else None),
            "keys": self._keys(),
            "encrypted_from": self._number("encrypted_from", 0, MOST_CLEAR, base.encrypted_from if base else 0),
            "derive": self._derivations(),
            "response_stream": self._one(
                "response_stream", RESPONSE_STREAMS, base.response_stream if base else next(iter(RESPONSE_STREAMS))
            ),
            "plain_has_sequence": entry.flag("plain_has_sequence")
            if base is None or "plain_has_sequence" in entry.values
            else base.plain_has_sequence,
            "doc": entry.text("doc") or (base.doc if base else ""),
            "title": entry.text("title") or (base.title if base else self.name),
        }
        request = self._side("", base.request if base else None, (WIRE,))
        response = self._side("_response", base.response if base else request, (WIRE, REQUEST, REQUEST_TAG))
        if "response_stream" in entry.values and cipher != RC4:
            entry.wrong(f"is not for {cipher}", "response_stream")
        if len(entry.errors) > before or source is None:
            return None
        made = Suite(
            name=self.name,
            source=source,
            cipher=cipher,
            mac=mac,
            tag_length=tag,
            clear_at_end=clear,
            request=request,
            response=response,
            **values,
        )
        for key, text in dict(problems(made)).items():
            self._wrong_together(key, text)
        return made if len(entry.errors) == before else None

    def _wrong_together(self, key: str, text: str) -> None:
        """Say it where the file has the key, else at the entry."""
        if key in self.entry.values:
            self.entry.wrong(text, key)
        elif not key.endswith("_response") or self.base is not None:  # without a base it is the same as for requests
            self.entry.wrong(f"{key} {text}")

    def _missing(self, key: str, hint: str) -> None:
        near = nearest(self.name, self.others).replace("mean", "mean the suite")
        self.entry.wrong(f"has no {key}{hint}{near}")

    def _one(self, key: str, known: Collection[str], default: str | None) -> str:
        value = self.entry.text(key)
        if key not in self.entry.values:
            if default is None:
                self._missing(key, f": one of {', '.join(known)}")
            return default or ""
        if value and value not in known:
            hint = nearest(value, known) or f"; there are {', '.join(known)}"
            self.entry.wrong(f"is {value[:40]!r}, which is none{hint}", key)
        return value

    def _number(self, key: str, least: int, most: int, default: int) -> int:
        return _number(self.entry, key, least, most, default)

    def _keys(self) -> tuple[str, ...]:
        given = self.entry.values.get("key")
        if given is None:
            if self.base is None:
                self._missing("key", f": one of {', '.join(KEYS)}")
            return self.base.keys if self.base else ()
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
            self.entry.wrong('is a kind of key, or a list of them: key = ["mak", "mbk"]', "key")
            return ()
        for one in listed:
            if one not in KEYS:
                hint = nearest(one, KEYS) or f"; there are {', '.join(KEYS)}"
                self.entry.wrong(f"is {one[:40]!r}, which is no kind of key{hint}", "key")
        return tuple(dict.fromkeys(listed))

    def _side(self, ending: str, base: Side | None, messages: Sequence[str]) -> Side:
        """What is said for requests (`ending` is empty) or responses; the rest is as in `base`."""
        when = self._condition(f"when{ending}", base.when if base else None)
        lists = {
            key: _parts(
                self.entry,
                f"{key}{ending}",
                self.names,
                (*messages, MESSAGE) if key == "mac_input" else messages,
                getattr(base, key) if base else (),
            )
            for key in _SIDE
            if key != "when"
        }
        return Side(when, **lists)

    def _condition(self, key: str, default: Expr | None) -> Expr:
        value = self.entry.values.get(key)
        if value is None and default is None:
            self._missing(key, ', which says what messages it is for: when = "apdu.code == 0x11"')
        elif value is not None and not isinstance(value, str):
            self.entry.wrong(f'is an expression in text: write {key} = "..."', key)
        elif value is not None:
            try:
                return condition(value, self.names)
            except FormulaError as error:
                self.entry.wrong(str(error), key)
        return default if default is not None else Side().when

    def _derivations(self) -> tuple[Derivation, ...]:
        if "derive" not in self.entry.values:
            return self.base.derive if self.base else ()
        if len(self.entry.fields) > MOST_STEPS:
            self.entry.wrong(f"has more than {MOST_STEPS} steps", "derive")
            return ()
        made = [_derivation(step, self.names) for step in self.entry.fields]
        return tuple(one for one in made if one is not None)


def _derivation(entry: Entry, names: Names) -> Derivation | None:
    kdf = entry.text("kdf", required=True)
    if kdf not in KDFS:
        if kdf:
            hint = nearest(kdf, KDFS) or f"; there are {', '.join(KDFS)}"
            entry.wrong(f"is {kdf[:40]!r}, which is no derivation{hint}", "kdf")
        return None
    if kdf in GPSK_KDFS:
        entry.only(("kdf", "take", "length", *GPSK_INPUTS), f"a derivation with {kdf}")
        keys = GPSK_KDFS[kdf]
        take = entry.text("take", required=True)
        if take and take not in keys:
            entry.wrong(f"is {take[:40]!r}: {kdf} gives {', '.join(keys)}", "take")
        length = _number(entry, "length", 1, keys.get(take, LONGEST_KEY), keys.get(take, LONGEST_KEY))
        return Derivation(kdf, length, _inputs(entry, GPSK_INPUTS, names), take=take)
    inputs = (FIXED,) if FIXED in entry.values else COUNTER_INPUTS
    sizes = ("length", "counter_bits") if FIXED in entry.values else ("length", "counter_bits", "length_bits")
    entry.only(("kdf", *sizes, *inputs), f"a derivation with {kdf}{f' and {FIXED}' if FIXED in entry.values else ''}")
    if "length" not in entry.values:
        entry.wrong("has no length: how many bytes the key has")
    length = _number(entry, "length", 1, LONGEST_KEY, 16)
    bits = {key: _number(entry, key, 8, 32, 32) for key in ("counter_bits", "length_bits")}
    for key, value in bits.items():
        if value not in COUNTER_BITS:
            entry.wrong("is 8, 16, 24 or 32", key)
    if FIXED not in entry.values and length * 8 >= 1 << bits["length_bits"]:
        entry.wrong(f"cannot say {length * 8}, the bits that are derived", "length_bits")
    assert kdf in COUNTER_KDFS
    return Derivation(kdf, length, _inputs(entry, inputs, names), bits["counter_bits"], bits["length_bits"])


def _inputs(entry: Entry, keys: Sequence[str], names: Names) -> dict[str, Parts]:
    return {key: _parts(entry, key, names, (WIRE,), ()) for key in keys}


def _parts(entry: Entry, key: str, names: Names, messages: Sequence[str], default: Parts) -> Parts:
    value = entry.values.get(key)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        entry.wrong(f'is a list of parts in text: {key} = ["u8(target.subnet)", "wire[1:5]"]', key)
        return default
    try:
        return read_parts(value, names, messages)
    except FormulaError as error:
        entry.wrong(str(error), key)
        return default


def _number(entry: Entry, key: str, least: int, most: int, default: int) -> int:
    value = entry.values.get(key)
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    entry.wrong(f"is a number from {least} to {most}", key)
    return default
