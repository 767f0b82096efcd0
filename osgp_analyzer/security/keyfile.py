# SPDX-License-Identifier: GPL-2.0-or-later
"""Key files (docs/keys.md): read whole or not at all, with all that is wrong in them.

What is said of a file has its lines and words that are known here, and nothing else of it: what is in the wrong place
may be a key.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from osgp_analyzer.schema import tomlfile
from osgp_analyzer.schema.entries import nearest
from osgp_analyzer.schema.tomlfile import Document, Steps
from osgp_analyzer.security import keytext
from osgp_analyzer.security.keyring import Key, KeyFileError, KeyRing, Kind, Place, Secret
from osgp_analyzer.security.keytext import WrongText

LARGEST_FILE = 8 << 20
"""Bytes: 10 000 meters with all their keys fit."""
KINDS = tuple(kind.value for kind in Kind)
PLACES = ("domain", "address", "neuron_id", "port")
"""What a meter can be known by."""
SECTIONS = ("meter", "domain", "group", "try")
MOMENTS = ("from", "until")
_ALWAYS = -(1 << 63), 1 << 63
_T = TypeVar("_T")


def read(paths: Iterable[str | os.PathLike[str]], *, shared: bool = False) -> KeyRing:
    """The keys of all files together. `shared`: also of files that others can read. Raises `KeyFileError`."""
    reader = _Reader()
    for path in map(Path, paths):
        data = content(path, reader.errors, shared=shared)
        if data is not None:
            reader.add(tomlfile.parse(str(path), data, reader.errors))
    return reader.ring()


def parse(name: str, data: bytes) -> KeyRing:
    """The keys of what is, or is to become, the file `name`. Raises `KeyFileError`."""
    reader = _Reader()
    reader.add(tomlfile.parse(name, data, reader.errors))
    return reader.ring()


def content(path: Path, errors: list[str], *, shared: bool) -> bytes | None:
    """The bytes of a key file; why they are not to be had is added to `errors`."""
    return tomlfile.content(path, LARGEST_FILE, errors, partial(_refusal, path, shared))


def _refusal(path: Path, shared: bool, status: os.stat_result) -> str:
    """Why an open file is not to be read, or nothing. A pipe is private, as that of a shell's ``<(...)``."""
    if stat.S_ISFIFO(status.st_mode):
        return ""
    if not stat.S_ISREG(status.st_mode):
        return "is no file: keys are read from files and pipes"
    if os.name == "posix" and status.st_mode & (stat.S_IRGRP | stat.S_IROTH) and not shared:
        return f"others can read it: chmod 600 {path}, or --shared-keys to use it as it is"
    return ""


@dataclass(frozen=True)
class _Section:
    """A part of a file, with what it says."""

    document: Document
    steps: Steps
    values: Mapping[str, Any]
    errors: list[str]

    def where(self, *steps: str | int) -> str:
        """``file:line`` of something in it."""
        return self.document.where((*self.steps, *steps))

    def wrong(self, text: str, *steps: str | int) -> None:
        """Note an error."""
        self.errors.append(f"{self.where(*steps)}: {text}")

    def only(self, known: tuple[str, ...]) -> None:
        """Refuse other names than these."""
        for name in self.values:
            if name not in known:
                hint = nearest(name, known) or f"; there are {', '.join(known)}"
                self.wrong(f"no such name is known here{hint}", name)

    def take(self, name: str, read: Callable[[Any], _T]) -> _T | None:
        """A value; None where there is none, or where it is wrong, which is noted."""
        return self.read(name, read, self.values[name], name) if name in self.values else None

    def read(self, what: str, read: Callable[[Any], _T], written: Any, *steps: str | int) -> _T | None:
        """What is written; None where it is wrong, which is noted."""
        try:
            return read(written)
        except WrongText as error:
            self.wrong(f"{what} {error}", *steps)
        return None


@dataclass(frozen=True)
class _Span:
    """A key for a time, and where it is written."""

    secret: Secret
    since: int | None
    until: int | None
    section: _Section
    steps: Steps

    @property
    def where(self) -> str:
        """``file:line``."""
        return self.section.where(*self.steps)

    @property
    def timed(self) -> bool:
        """Whether it has a beginning or an end."""
        return self.since is not None or self.until is not None

    @property
    def limits(self) -> tuple[int, int]:
        """Beginning and end as numbers that compare."""
        return _ALWAYS[0] if self.since is None else self.since, _ALWAYS[1] if self.until is None else self.until


class _Reader:
    """Reads files together: what one says can contradict another."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.notes: list[str] = []
        self._spans: dict[tuple[str, Kind], tuple[Place, list[_Span]]] = {}
        """By what the keys are called."""
        self._tried: dict[Kind, dict[Secret, None]] = {}

    def ring(self) -> KeyRing:
        """All keys. Raises `KeyFileError` if anything was wrong."""
        self._contradictions()
        if self.errors:
            raise KeyFileError(self.errors)
        keys = []
        for (name, kind), (place, spans) in self._spans.items():
            for number, span in enumerate(spans, 1):
                called = f"{name} {kind} {number}" if len(spans) > 1 else f"{name} {kind}"
                keys.append(Key(called, kind, span.secret, place, span.since, span.until))
        for kind, secrets in self._tried.items():
            keys += [Key(f"tried {kind} {number}", kind, s, Place()) for number, s in enumerate(secrets, 1)]
        return KeyRing(tuple(keys), tuple(self.notes))

    # -- sections -----------------------------------------------------------------------------------------------------

    def add(self, document: Document | None) -> None:
        """Read a file, if it could be opened and is TOML."""
        if document is None:
            return
        whole = _Section(document, (), document.values, self.errors)
        whole.only(SECTIONS)
        for word in SECTIONS:
            named = document.values.get(word, {})
            pattern = "[try]" if word == "try" else f'[{word}."NAME"]'
            if not isinstance(named, Mapping):
                whole.wrong(f"write {pattern}", word)
            elif word == "try":
                self._try(_Section(document, (word,), named, self.errors))
            else:
                for name, values in named.items():
                    if isinstance(values, Mapping):
                        self._section(name, _Section(document, (word, name), values, self.errors))
                    else:
                        whole.wrong(f"belongs into a section with a name: {pattern}", word, name)

    def _section(self, name: str, section: _Section) -> None:
        """A meter, domain or group."""
        word = section.steps[0]
        section.only((*PLACES, *KINDS) if word == "meter" else KINDS)
        called, place = name, None
        if word == "meter":
            section.read("the name of a meter", keytext.name, name)
            place = self._meter(section)
        elif word == "domain" and (domain := section.read("a domain", keytext.domain, name)) is not None:
            called, place = domain.hex() or "of length 0", Place(domain=domain)
        elif word == "group" and (group := section.read("a group", keytext.group, name)) is not None:
            called, place = f"{group[0].hex()}/{group[1]}", Place(domain=group[0], group=group[1])
        for kind in Kind:
            spans = self._keys(section, kind)
            if place is not None and spans:
                self._hold(section, f"{word} {called}", kind, place, spans)
            if word == "meter" and _holds_one(f"{name}\n{section.values.get('port', '')}", spans):
                section.wrong(f"its name or port has its {kind} in it, and is shown: choose another")

    def _meter(self, section: _Section) -> Place | None:
        """Whose the keys of a section are."""
        before = len(self.errors)
        subnet, node = section.take("address", keytext.address) or (None, None)
        place = Place(
            domain=section.take("domain", keytext.domain),
            subnet=subnet,
            node=node,
            neuron_id=section.take("neuron_id", keytext.neuron_id),
            port=section.take("port", keytext.name),
        )
        if not _known_by(place) and len(self.errors) == before:
            section.wrong("says not which meter it is: give its address, neuron_id or port")
        return place if len(self.errors) == before else None

    def _try(self, section: _Section) -> None:
        section.only(KINDS)
        for kind in Kind:
            spans = self._keys(section, kind)
            if any(span.timed for span in spans):
                section.wrong(f"{kind}: keys to try have no times", kind)
            self._tried.setdefault(kind, {}).update((span.secret, None) for span in spans)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _keys(self, section: _Section, kind: Kind) -> list[_Span]:
        """The keys of one kind: one, or a list of alternatives or of a history."""
        written = section.values.get(kind)
        if written is None:
            return []
        if written == []:
            section.wrong(f"{kind} has no key in its list", kind)
        listed = isinstance(written, list)
        found: dict[tuple[Secret, tuple[int, int]], _Span] = {}
        for number, one in enumerate(written if listed else [written]):
            span = self._span(section, kind, one, (kind.value, number) if listed else (kind.value,))
            if span is not None:
                found.setdefault((span.secret, span.limits), span)
        history = sorted(found.values(), key=lambda span: span.limits)
        for earlier, later in pairwise(history):
            if (earlier.timed or later.timed) and earlier.limits[1] > later.limits[0]:
                other = earlier.where.rpartition(":")[2]
                self.errors.append(
                    f"{later.where}: {kind} begins before that of line {other} ends: give each from and until"
                )
        return list(found.values())

    def _span(self, section: _Section, kind: Kind, written: Any, steps: Steps) -> _Span | None:
        times: dict[str, int | None] = dict.fromkeys(MOMENTS)
        if isinstance(written, Mapping):
            one = _Section(section.document, (*section.steps, *steps), written, self.errors)
            one.only(("key", *MOMENTS))
            if "key" not in written:
                one.wrong(f'{kind} has no key: {{ key = "...", from = 2026-03-01T10:00:00Z }}')
                return None
            times = {name: one.take(name, keytext.moment) for name in MOMENTS}
            written = written["key"]
        data = section.read(kind, partial(keytext.key, kind), written, *steps)
        if data is None:
            return None
        if len(used := keytext.used(kind, data)) < len(data):
            where = section.where(*steps)
            self.notes.append(f"{where}: {kind} has {len(data)} bytes, of which the first {len(used)} are the key")
        span = _Span(Secret(used), times["from"], times["until"], section, steps)
        if span.limits[0] >= span.limits[1]:
            section.wrong(f"{kind} ends (until) before it begins (from)", *steps)
            return None
        return span

    def _hold(self, section: _Section, called: str, kind: Kind, place: Place, spans: list[_Span]) -> None:
        """Keep keys; where some are called so already they must be the same."""
        held, before = self._spans.setdefault((called, kind), (place, spans))
        same = held == place and [(s.secret, s.limits) for s in before] == [(s.secret, s.limits) for s in spans]
        if not same:
            section.wrong(f"{kind} is given for this {section.steps[0]} in {before[0].where} too: leave one", kind)

    def _contradictions(self) -> None:
        """Note different keys of one kind for one place at one time, unless one list has them as alternatives."""
        by_place: dict[tuple[Kind, tuple[object, ...]], list[tuple[str, _Span]]] = {}
        for (called, kind), (place, spans) in self._spans.items():
            for known in _known_by(place):
                by_place.setdefault((kind, known), []).extend((called, span) for span in spans)
        for (kind, (what, *_)), there in by_place.items():
            there.sort(key=lambda one: one[1].limits)
            (owner, last), *others = there
            for called, span in others:
                if called != owner and span.limits[0] < last.limits[1] and span.secret != last.secret:
                    self.errors.append(
                        f"{span.where}: {kind}: {last.where} has another one for the same {what} at the same time: "
                        "leave one, or say from when until when each is right"
                    )
                if span.limits[1] > last.limits[1]:
                    owner, last = called, span


def _holds_one(shown: str, spans: Iterable[_Span]) -> bool:
    """Whether a text that is shown has a key in it, in hex or as characters."""
    digits = re.sub(r"[\s:]", "", shown).lower()
    keys = [span.secret.reveal() for span in spans]
    return any(key.hex() in digits or (key.isascii() and key.decode("ascii") in shown) for key in keys)


def _known_by(place: Place) -> list[tuple[object, ...]]:
    """All that by itself says which meter a key is of."""
    known: list[tuple[object, ...]] = []
    if place.node is not None:
        known.append(("address", place.domain, place.subnet, place.node))
    if place.neuron_id is not None:
        known.append(("Neuron ID", place.neuron_id))
    if place.port is not None:
        known.append(("port", place.port))
    return known
