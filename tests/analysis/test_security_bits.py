# SPDX-License-Identifier: GPL-2.0-or-later
"""One flipped bit anywhere in a message makes its digest bad: nothing of it is opened, and the key is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osgp_analyzer.simulate.checksums import lpdu_crc
from tests.analysis.secured import LPDU, MEP, known, opened, ring_of, simulated, tracked, verdicts, written
from tests.simulate.judge import pdu

Exchange = tuple[bytes, bytes, str]
"""Request, response, and the meter."""
SECOND = 10**9
SAME = {"lpdu": 4 + 2 + 6 + 2 + 2, "mep": 2}
"""Bytes that are not flipped."""


def exchange(port: str, table: int, more: list[str]) -> tuple[Path, Exchange]:
    """A read of a table of a meter in a simulated capture."""
    path = simulated(port, "daily", *more)
    frames, session = known(path), opened(path)
    for f in frames:
        asked = frames[f["answers"] - 1] if "answers" in f else f
        if asked is not f and asked["fields"].get("osgp.table") == table and f["fields"]["osgp.response"] == 0:
            return path, (session.frame(asked["frame"] - 1).data, session.frame(f["frame"] - 1).data, f["meter"])
    raise LookupError(table)


def flipped_lpdu(frame: bytes) -> list[bytes]:
    """Each bit behind the APDU code, with a CRC that is right."""
    start = len(frame) - 2 - len(pdu(frame)[1]) + 2
    return [made + lpdu_crc(made) for made in flipped(frame[:-2], start)]


def flipped_mep(frame: bytes) -> list[bytes]:
    """Each bit behind the length."""
    return flipped(frame, 2)


def flipped(data: bytes, start: int) -> list[bytes]:
    number, size = int.from_bytes(data, "big"), len(data)
    return [(number ^ 1 << bit).to_bytes(size, "big") for bit in range((size - start) * 8)]


@pytest.mark.parametrize("size", [4096, 40])
@pytest.mark.parametrize("more", [[], ["--encrypt"]], ids=["plain", "encrypted"])
@pytest.mark.parametrize("way", ["request", "response"])
@pytest.mark.parametrize(
    ("port", "link", "table", "flip", "key"),
    [("lpdu", LPDU, 21, flipped_lpdu, "omak 1"), ("mep", MEP, 21, flipped_mep, "mak")],
    ids=["lpdu", "mep"],
)
def test_one_bit(
    port: str, link: int, table: int, flip: Callable[[bytes], list[bytes]], key: str, way: str, more: list[str],
    size: int, tmp_path: Path,
) -> None:  # fmt: skip
    path, (request, response, meter) = exchange(port, table, more)
    wrong = flip(request if way == "request" else response)
    assert len(wrong) == 8 * (len(wrong[0]) - SAME[port])
    # A request that is refused by silence: the response to another one would not be its own.
    pairs = [(one,) if way == "request" else (request, one) for one in wrong]
    frames, times, bad = [], [], set()
    for number, pair in enumerate([(request, response), *pairs, (request, response)]):
        times += [(30 * number * 10 + i) * SECOND // 10 for i in range(len(pair))]
        frames += pair
        bad |= {len(frames) - 1} if 0 < number <= len(wrong) else set()
    ring = ring_of(path)
    name = next(one.place.port for one in ring.keys if one.name.startswith(f"meter {meter} "))
    session = opened(written(tmp_path / "bits.pcapng", link, frames, name, times), ring)
    found = verdicts(session, size)
    own = f"meter {meter} {key}"
    for i in range(len(frames)):
        is_bad = i in bad
        expected = ("bad digest", own, False) if is_bad else ("verified", own, bool(more))
        assert (found.status[i], found.key[i], found.encrypted[i]) == expected, (i, frames[i].hex())
        assert ("bad_digest" in found.remarks[i]) == is_bad
    shown = [row for chunk in tracked(session, size) if chunk.opened is not None
             for row in (chunk.opened.plain.known.nonzero()[0] + chunk.chunk.start).tolist()]  # fmt: skip
    assert shown == ([i for i in range(len(frames)) if i not in bad] if more else [])
    for i in sorted(bad)[:: len(bad) // 8]:
        security = session[i].security
        assert security is not None
        assert (security.as_json(), security.opened) == ({"status": "bad digest", "key": own, "encrypted": False}, None)
