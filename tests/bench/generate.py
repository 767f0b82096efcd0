# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of any size: `python -m tests.bench.generate FRAMES OUT.pcap [--cnip]`.

Link type 147 (LPDU with its CRC, 3 in 1000 damaged), or with `--cnip` Ethernet/IPv4/UDP/CN/IP without CRC. Written in
pieces: memory does not grow with the file.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.bench.encode import add_crc, damage, in_cnip, lpdus
from tests.bench.rows import Array, Rows
from tests.bench.traffic import NETWORKS, Traffic, counted

NANOSECONDS = 0xA1B23C4D
USER0, ETHERNET = 147, 1
DAMAGED_SHARE = 0.003


def generate(frames: int, path: Path, cnip: bool = False, damaged: float = DAMAGED_SHARE, seed: int = 1) -> None:
    """Write a capture of so many frames."""
    for _ in written(frames, path, cnip, damaged, seed):
        pass


def written(frames: int, path: Path, cnip: bool, damaged: float, seed: int = 1) -> Iterator[Array]:
    """Write a capture piece by piece; gives the frames of each piece as they are on the wire (`traffic.FRAME`)."""
    rng = np.random.default_rng(seed + 1)
    sequences = np.zeros(len(NETWORKS), np.int64)
    left = frames
    header = np.array([NANOSECONDS, 2 | 4 << 16, 0, 0, 65_535, ETHERNET if cnip else USER0], "<u4")
    with path.open("wb") as file:
        file.write(header.tobytes())
        for piece in Traffic(seed).pieces():
            piece = piece[:left]
            rows = lpdus(piece)
            if cnip:
                rows = in_cnip(rows, piece, counted(piece["network"].astype(np.int64), sequences))
            else:
                add_crc(rows)
                damage(rows, damaged, rng)
            file.write(records(rows, piece["time"]))
            left -= len(piece)
            yield piece
            if not left:
                return


def records(rows: Rows, times: Array) -> bytes:
    """Records of a pcap file with nanoseconds."""
    out = Rows(len(rows.data), 16 + rows.data.shape[1])
    head = np.stack([times // 10**9, times % 10**9, rows.end, rows.end], axis=1).astype("<u4")
    out.put_bytes(head.view(np.uint8), 16)
    out.put_bytes(rows.data, rows.end)
    return out.joined()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.generate", description=__doc__)
    parser.add_argument("frames", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cnip", action="store_true", help="Ethernet/IPv4/UDP 1628/CN/IP, LPDU without CRC")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generate(options.frames, options.out, options.cnip, seed=options.seed)


if __name__ == "__main__":
    main()
