# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture with digests that are right: `python -m tests.bench.secured FRAMES OUT.pcapng [--encrypt]`.

The simulator plays the daily reads of 200 meters, without repeaters; its frames are written again and again until there
are so many. Beside the capture is its key ring, and one in which the same keys belong to nobody.
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.simulate.run import Settings, simulate

PLAYED, METERS, NOBODYS = 20_000, 200, 100
"""Frames that are simulated, meters, and keys of nobody."""
LPDU = 147


def generate(frames: int, path: Path, encrypt: bool = False) -> None:
    """Write a capture of so many frames, and its key rings."""
    played, keys = io.BytesIO(), io.BytesIO()
    settings = Settings(meters=METERS, repeaters=0, frames=min(frames, PLAYED), encrypt=encrypt)
    simulate(settings, played, io.BytesIO(), keys)
    whole = path.with_suffix(".played")
    whole.write_bytes(played.getvalue())
    once = [(frame.data, frame.time or 0) for frame in Capture.open(str(whole))]
    whole.unlink()
    lasts = once[-1][1] - once[0][1] + 10**9
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        writer.add_interface(LPDU, fcs_length=16)
        for number in range(frames):
            again, place = divmod(number, len(once))
            writer.write(once[place][0], once[place][1] + again * lasts)
        writer.close()
    ring = keys.getvalue().decode()
    _private(path.with_suffix(".keys.toml"), ring)
    omaks = re.findall(r'omak = \["([0-9a-f]+)"', ring)[:NOBODYS]
    _private(path.with_suffix(".try.toml"), "[try]\nomak = [\n" + "".join(f'  "{key}",\n' for key in omaks) + "]\n")


def _private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(text)


if __name__ == "__main__":
    generate(int(sys.argv[1]), Path(sys.argv[2]), "--encrypt" in sys.argv)
