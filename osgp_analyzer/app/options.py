# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a user typed to `Settings`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from dissectors.carriers import DECODERS, TABLES
from osgp_analyzer.app.session import Settings
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.security.keyring import EMPTY, KeyRing

DecodeAs = tuple[str, range, str]
"""``udp.port==24010,apdu``: table, numbers, decoder."""


def settings(
    links: Iterable[tuple[int, str]],
    crc: str = "auto",
    decode_as: Iterable[DecodeAs] = (),
    keys: KeyRing = EMPTY,
    uniform: str | None = None,
) -> Settings:
    """Settings from ``--link``, ``--crc``, ``-d``, a key ring, and ``--uniform``.

    Raises `CaptureError` naming the nearest decoders.
    """
    chosen_links = {number: _decoder(decoder, f"--link {number}={decoder}") for number, decoder in links}
    chosen: dict[str, dict[int, str]] = {}
    for table, numbers, decoder in decode_as:
        option = f"-d {table}==...,{decoder}"
        if table not in TABLES:
            raise CaptureError(f"{option}: no table named {table!r}; {_nearest(table, TABLES)}")
        chosen.setdefault(table, {}).update(dict.fromkeys(numbers, _decoder(decoder, option)))
    return Settings(chosen_links, {"auto": None, "present": True, "absent": False}[crc], chosen, keys, uniform)


def _decoder(name: str, option: str) -> str:
    """The layer class of a decoder."""
    if name not in DECODERS:
        raise CaptureError(f"{option}: no decoder named {name!r}; {_nearest(name, DECODERS)}")
    return DECODERS[name]


def _nearest(wrong: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(wrong, known, 3, 0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
