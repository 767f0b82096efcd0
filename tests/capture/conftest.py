# SPDX-License-Identifier: GPL-2.0-or-later
"""Capture files assembled byte by byte, and what other programs read in them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from struct import pack

import pytest

from osgp_analyzer.capture import Capture, CaptureNote, Frame

TIME = 1_700_000_000


class Build:
    """Pieces of capture files; `order` is "<" or ">"."""

    @staticmethod
    def pcap(
        records: Sequence[tuple[int, int, bytes]],
        *,
        order: str = "<",
        magic: int = 0xA1B2C3D4,
        link: int = 147,
        snap_length: int = 65535,
        version: tuple[int, int] = (2, 4),
    ) -> bytes:
        """Records are seconds, fraction, frame; the length on the wire is one more than captured."""
        extra = pack(order + "IHBB", 1, 0, 0, 0) if magic == 0xA1B2CD34 else b""
        out = pack(order + "IHHiIII", magic, *version, 0, 0, snap_length, link)
        for seconds, fraction, data in records:
            out += pack(order + "IIII", seconds, fraction, len(data), len(data) + 1) + extra + data
        return out

    @staticmethod
    def block(kind: int, body: bytes, order: str = "<") -> bytes:
        body += bytes(-len(body) % 4)
        return pack(order + "II", kind, len(body) + 12) + body + pack(order + "I", len(body) + 12)

    @staticmethod
    def options(*items: tuple[int, bytes], order: str = "<") -> bytes:
        out = b"".join(pack(order + "HH", code, len(v)) + v + bytes(-len(v) % 4) for code, v in items)
        return out + bytes(4) if items else b""

    def shb(self, *options: tuple[int, bytes], order: str = "<", length: int = -1) -> bytes:
        head = pack(order + "IHHq", 0x1A2B3C4D, 1, 0, length)
        return self.block(0x0A0D0D0A, head + self.options(*options, order=order), order)

    def idb(self, *options: tuple[int, bytes], order: str = "<", link: int = 147, snap_length: int = 0) -> bytes:
        head = pack(order + "HHI", link, 0, snap_length)
        return self.block(1, head + self.options(*options, order=order), order)

    def epb(
        self,
        data: bytes,
        ticks: int = TIME * 10**6,
        interface: int = 0,
        *options: tuple[int, bytes],
        order: str = "<",
        length: int | None = None,
    ) -> bytes:
        wire = len(data) if length is None else length
        head = pack(order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire)
        body = head + data + bytes(-len(data) % 4) + self.options(*options, order=order)
        return self.block(6, body, order)

    def spb(self, data: bytes, length: int | None = None, order: str = "<") -> bytes:
        return self.block(3, pack(order + "I", len(data) if length is None else length) + data, order)

    def old(
        self,
        data: bytes,
        ticks: int = TIME * 10**6,
        interface: int = 0,
        drops: int = 0xFFFF,
        order: str = "<",
    ) -> bytes:
        head = pack(order + "HHIIII", interface, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        return self.block(2, head + data, order)

    def every_block(self, order: str = "<") -> bytes:
        """A section with one block of each kind; 4 frames."""
        return b"".join(
            [
                self.shb((1, b"of a section"), (4, b"hand"), order=order),
                self.idb((2, b"tap"), (9, b"\x09"), order=order),
                self.block(4, bytes(4), order),
                self.epb(b"first", TIME * 10**9, 0, (1, b"one"), (1, b"two"), order=order),
                self.block(0x0BAD, pack(order + "I", 32473) + b"mine", order),
                self.block(0xABCD, b"what", order),
                self.spb(b"simple", order=order),
                self.idb(order=order, link=1),
                self.old(b"old", TIME * 10**6, 1, order=order),
                self.epb(b"last one", TIME * 10**6, 1, order=order),
                self.block(5, pack(order + "III", 0, 0, 0), order),
            ]
        )


Reading = tuple[list[Frame], list[CaptureNote]]


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()


@pytest.fixture(scope="session")
def read() -> Callable[[bytes], Reading]:
    """Frames and notes of the bytes of a capture file."""

    def read(data: bytes) -> Reading:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            with Capture.open(file.name) as capture:
                return list(capture), capture.notes

    return read


@pytest.fixture(scope="session")
def tshark() -> Callable[..., list[list[str]]]:
    """Values of fields, one list a frame, as tshark reads them."""

    def tshark(path: Path, *fields: str) -> list[list[str]]:
        command = ["tshark", "-n", "-r", str(path), "-T", "fields", *(f"-e{field}" for field in fields)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stderr
        return [line.split("\t") for line in run.stdout.splitlines()]

    return tshark


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., None]:
    """Run editcap, mergecap and the like."""

    def run(*command: str | Path) -> None:
        subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=60, cwd=tmp_path)

    return run


@pytest.fixture(scope="session")
def seconds() -> Callable[[int | None], str]:
    """A time in ns as tshark writes it."""

    def seconds(time: int | None) -> str:
        assert time is not None
        return f"{time // 10**9}.{time % 10**9:09d}"

    return seconds
