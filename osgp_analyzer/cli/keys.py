# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer keys``: key files written, listed, checked. No key is printed, nor taken from the command line."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from getpass import getpass
from pathlib import Path

from osgp_analyzer.app.keys import VARIABLE, standing
from osgp_analyzer.cli.arguments import BROKEN, OK
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.output import output
from osgp_analyzer.security import keyedit, keyfile, keytext
from osgp_analyzer.security.keyring import LENGTHS, KeyFileError, KeyRing, Kind, Place
from osgp_analyzer.security.weak import weaknesses

LONGEST_LINE = 1000
"""Bytes of a line of standard input that are read."""
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def run(options: argparse.Namespace) -> int:
    """Do what `options.action` says."""
    return {"add": add, "list": list_, "check": check}[options.action](options)


def list_(options: argparse.Namespace) -> int:
    """A line a key."""
    ring = _ring(options)
    rows = [("NAME", "KIND", "BYTES", "WHOSE", "FROM", "UNTIL")]
    for key in ring.keys:
        times = (_moment(key.since), _moment(key.until))
        rows.append((printable(key.name), key.kind, str(len(key.secret)), printable(_whose(key.place)), *times))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return OK


def check(options: argparse.Namespace) -> int:
    """What is in the files, and what is weak."""
    ring = _ring(options)
    counts = Counter(key.kind for key in ring.keys)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in Kind if counts[kind])
    print(f"{len(ring.keys)} key{'s' if len(ring.keys) != 1 else ''}{': ' if kinds else ''}{kinds}")
    for note in ring.notes:
        print(f"note: {printable(note)}")
    weak = weaknesses(ring)
    for line in weak:
        print(f"weak: {printable(line)}")
    return BROKEN if weak else OK


def add(options: argparse.Namespace) -> int:
    """Ask for keys and put them into the file, which is replaced when it is whole."""
    section, lines = _what(options)
    before = _before(options.file, options.shared_keys)
    keyedit.add(options.file, before, section, lines)  # what is wrong is said before a key is asked for
    for kind in map(Kind, options.kinds):
        written = _ask(kind)
        try:
            keytext.key(kind, written)
        except keytext.WrongText as error:
            raise KeyFileError([f"{kind} {error}"]) from None
        lines[kind.value] = written
    changed = keyedit.add(options.file, before, section, lines)
    mode = stat.S_IMODE(os.stat(options.file).st_mode) if os.path.exists(options.file) else 0o600
    with output(options.file, private=True) as file:
        file.write(changed)
        if options.shared_keys and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)  # as it was
    print(printable(f"{options.file}: added {', '.join(options.kinds)} of {' '.join(section)}"))
    return OK


def _what(options: argparse.Namespace) -> tuple[tuple[str, ...], dict[str, str]]:
    """The section that the options name, and what they say of a meter. Raises `KeyFileError`."""
    places = {name: getattr(options, name) for name in keyfile.PLACES if getattr(options, name) is not None}
    if sum((options.meter is not None, options.group is not None, options.try_)) > 1:
        raise KeyFileError(["--meter, --group and --try: choose one"])
    if not options.kinds:
        raise KeyFileError(["name the keys to add: --omak, --mak, ... (keys add --help)"])
    if len(set(options.kinds)) < len(options.kinds):
        raise KeyFileError(["each kind of key once: to write several, edit the file"])
    if options.meter is not None:
        return ("meter", options.meter), places
    if options.group is not None and not places:
        return ("group", options.group), {}
    if options.try_ and not places:
        return ("try",), {}
    if places.keys() == {"domain"} and not (options.group is not None or options.try_):
        return ("domain", options.domain), {}
    whose = "--meter NAME with --address, --neuron-id or --port; --domain alone; --group; or --try"
    raise KeyFileError([f"say whose the keys are: {whose}"])


def _before(name: str, shared: bool) -> bytes:
    """What is in the file; nothing if there is none. Raises `KeyFileError`."""
    if not os.path.exists(name):
        return b""
    if not os.path.isfile(name):
        raise KeyFileError([f"{name}: is no file that keys could be added to"])
    errors: list[str] = []
    data = keyfile.content(Path(name), errors, shared=shared)
    if data is None:
        raise KeyFileError(errors)
    return data


def _ask(kind: Kind) -> str:
    """A key as the user types it, without showing it, or a line of standard input. Raises `KeyFileError`."""
    lengths = " or ".join(map(str, LENGTHS[kind]))
    try:
        if sys.stdin is not None and sys.stdin.isatty():
            return getpass(f"{kind} ({lengths} bytes in hex, or {keytext.TEXT}CHARACTERS): ")
        line = sys.stdin.buffer.readline(LONGEST_LINE) if sys.stdin is not None else b""
    except EOFError:
        line = b""
    if not line:
        raise KeyFileError([f"standard input ends where the {kind} should be: one line a key"])
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _ring(options: argparse.Namespace) -> KeyRing:
    """The keys of the files that are named, or of the standing one. Raises `KeyFileError`."""
    files = options.files or standing()
    if not files:
        raise KeyFileError([f"name a key file: there is none that is read at every start ({VARIABLE})"])
    return KeyRing.read(files, shared=options.shared_keys)


def _whose(place: Place) -> str:
    """What is known of the owner of a key."""
    parts = []
    if place.node is not None:
        parts.append(f"{place.subnet}/{place.node}")
    if place.group is not None:
        parts.append(f"group {place.group}")
    if place.neuron_id is not None:
        parts.append(f"Neuron ID {place.neuron_id.hex(':')}")
    if place.domain is not None:
        parts.append(f"domain {place.domain.hex() or 'of length 0'}")
    if place.port is not None:
        parts.append(f"port {place.port}")
    return ", ".join(parts) or "anybody's"


def _moment(time: int | None) -> str:
    """A time of a key; whole seconds but where it has more."""
    if time is None:
        return "-"
    return (_1970 + timedelta(microseconds=time // 1000)).isoformat().replace("+00:00", "Z")
