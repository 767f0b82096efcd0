# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of proxied traffic: `python -m tests.bench.proxied FRAMES OUT.pcap` writes one, and
`python -m tests.bench.proxied measure FILE` tells how long its chains take on top of its columns.

Chains of one to five repeaters in several networks, interleaved; one in twenty messages is sent again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from tests.bench.encode import add_crc, lpdus
from tests.bench.generate import NANOSECONDS, USER0, records
from tests.bench.rows import Array
from tests.bench.traffic import FRAME, MS, NODE, REQUEST, RESPONSE, SPDU, START, VERSIONS

CHAINS = 8192
"""Made at once."""
BETWEEN, HOP, SOON = 300 * MS, 130 * MS, 40 * MS
LEGACY = np.flatnonzero(VERSIONS == 0)
MOST = 5
AGAIN = 0.05


def pieces(seed: int = 1) -> object:
    """Arrays of `FRAME`, in the order of time."""
    rng, start, sequence = np.random.default_rng(seed), START, 0
    while True:
        made = []
        repeaters = 1 + rng.integers(0, MOST, CHAINS)
        begin = start + np.sort(rng.integers(0, CHAINS * BETWEEN, CHAINS))
        network = LEGACY[rng.integers(0, len(LEGACY), CHAINS)]
        nodes = rng.integers(2, 120, (CHAINS, MOST + 2))
        nodes[:, 0] = 1
        numbers = 1 + (np.arange(CHAINS) + sequence) % 15
        inner = rng.integers(0, 256, (CHAINS, 21), np.uint8)
        inner[:, :2] = 0, 0x3F
        inner[:, 9:13] = (np.arange(CHAINS) + sequence).astype(">u4").view(np.uint8).reshape(-1, 4)
        answer = rng.integers(0, 256, (CHAINS, 28), np.uint8)
        answer[:, :4] = 0, 0, 0, 16
        for hop in range(MOST + 1):
            some = np.flatnonzero(repeaters >= hop)
            left = repeaters[some] - hop - 1
            frame = np.zeros(len(some), FRAME)
            frame["network"], frame["pdu"], frame["format"], frame["backlog"] = network[some], SPDU, NODE, 1
            frame["src_subnet"] = frame["dst_subnet"] = 1
            frame["src_node"], frame["dst_node"] = nodes[some, hop], nodes[some, hop + 1]
            frame["transaction"], frame["type"] = numbers[some], REQUEST
            frame["time"] = begin[some] + HOP * hop
            apdu, length = _proxied(nodes[some], hop, left, inner[some])
            frame["apdu"][:, : apdu.shape[1]], frame["length"] = apdu, length
            again = frame[rng.random(len(some)) < AGAIN].copy()
            again["time"] += SOON
            back = frame.copy()
            back["src_node"], back["dst_node"], back["type"], back["backlog"] = (
                frame["dst_node"], frame["src_node"], RESPONSE, 0,
            )  # fmt: skip
            back["apdu"][:, :28], back["length"] = answer[some], 28
            back["time"] = begin[some] + HOP * (2 * repeaters[some] + 1 - hop)
            made += [frame, again, back]
        frames = np.concatenate(made)
        start, sequence = int(frames["time"].max()) + BETWEEN, sequence + CHAINS
        yield frames[np.argsort(frames["time"], kind="stable")]


def _proxied(nodes: Array, hop: int, left: Array, inner: Array) -> tuple[Array, Array]:
    """The APDU on a hop: `left` repeaters follow; -1: what the agent sends."""
    size = len(left)
    apdu, end = np.zeros((size, 60), np.uint8), np.zeros(size, np.int64)
    rows = np.arange(size)

    def put(where: Array, value: Array | int) -> None:
        apdu[rows[where], end[where]] = value[where] if isinstance(value, np.ndarray) else value
        end[where] += 1

    proxied = left >= 0
    put(proxied, 0x4D)
    put(proxied, np.maximum(left, 0))
    for ahead in range(MOST):
        listed = left > ahead
        put(listed, 1)
        put(listed, nodes[:, min(hop + 2 + ahead, nodes.shape[1] - 1)])
    put(left > 0, 0x28)
    target = nodes[rows, np.clip(hop + 2 + left, 0, nodes.shape[1] - 1)]
    for value in (0x2C, 0x25, 0x01):
        put(proxied, value)
    put(proxied, target)
    for column in range(inner.shape[1]):
        put(np.ones(size, bool), inner[:, column])
    return apdu, end


def generate(frames: int, path: Path, seed: int = 1) -> None:
    """Write a capture of so many frames."""
    header = np.array([NANOSECONDS, 2 | 4 << 16, 0, 0, 65_535, USER0], "<u4")
    left = frames
    with path.open("wb") as file:
        file.write(header.tobytes())
        for piece in pieces(seed):  # type: ignore[attr-defined]
            piece = piece[:left]
            rows = lpdus(piece)
            add_crc(rows)
            file.write(records(rows, piece["time"]))
            left -= len(piece)
            if not left:
                return


def measure(path: Path) -> None:
    """Print seconds of processor time, without chains and with them."""
    import dissectors.layers  # noqa: F401
    from dissectors.carriers import LINK_TYPES
    from osgp_analyzer.analysis.tracking import track
    from osgp_analyzer.capture import Capture
    from osgp_analyzer.store import FrameStore

    for chains in (False, True):
        begin, count = time.process_time(), 0
        with Capture.open(path) as capture:
            for tracked in track(FrameStore(capture, LINK_TYPES), ahead=True, chains=chains):
                count += len(tracked.chained.ended) if tracked.chained is not None else 0
        print(f"chains={chains}: {time.process_time() - begin:.2f} s, {count} chains")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs=2)
    given = parser.parse_args().words
    if given[0] == "measure":
        measure(Path(given[1]))
    else:
        generate(int(given[0]), Path(given[1]))
