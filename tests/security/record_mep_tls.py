# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes captures/mep_tls_psk.pcapng and its sidecar: `python -m tests.security.record_mep_tls`.

The session is one of openssl with itself, put into the frames of a meter's MEP port (guide p.8-9). The messages in it
are those of the guide's examples (p.14-17, 53), written down without sequence number and digest.
"""

from __future__ import annotations

import json
import tempfile
from itertools import groupby
from pathlib import Path

from osgp_analyzer.capture import PcapngWriter
from tests.conftest import CAPTURES, TESTS
from tests.security.openssl import IDENTITY, PSK, Server, Stream, version

NAME = "mep_tls_psk"
MEP = 150
START, STEP = 1_772_359_200_000_000_000, 150_000_000
"""2026-03-01 10:00 UTC, and 150 ms between frames."""
FIRST, NEXT, TABLE, SUCCESS = 0x58, 0x59, 0x80, 0x00
TERMINATE, TERMINATED = bytes.fromhex("00025700"), bytes.fromhex("000100")

MESSAGES = [
    ("3f 0017 000000 002c", "00 002c" + "00" * 16 + "0800000003" + "00" * 19 + "06000000"),  # part of BT23 (p.15-16)
    ("3f 0846 00008e 0001", "00 0001 02"),  # a byte of ET70 (p.14-15)
    ("4f 0832 00001e 0001 01", "00"),  # register in ET50 (p.17)
    ("40 0007 0006 11080700f803", "00"),  # call EP17 by BT07 (p.53)
    ("30 0001 0020", "00 0020" + b"MADE UP METER IN A TEST OF TLS..".hex()),
    ("4f 0801 000000 0001 ff", "03"),  # not permitted
]
"""Requests and answers."""


def turns(stream: Stream) -> Stream:
    """What one side sent until the other did, in one piece."""
    return [(side, b"".join(data for _, data in each)) for side, each in groupby(stream, lambda sent: sent[0])]


def frame(code: int, records: bytes) -> bytes:
    """A message behind its length."""
    return (1 + len(records)).to_bytes(2, "big") + bytes([code]) + records


def record() -> tuple[Stream, list[str | None]]:
    """Frames of a session, and of each its text."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), "-quiet") as server:
        with server.connect() as client:
            for request, answer in MESSAGES:
                client.send(True, bytes.fromhex(request))
                client.send(False, bytes.fromhex(answer))
        sides = turns(server.stream)
    handshake = 4  # hellos, then the client's key exchange and the server's ticket, each with a change and a finished
    frames: Stream = []
    texts: list[str | None] = []
    for i, (from_client, records) in enumerate(sides):
        code = SUCCESS if not from_client else FIRST if i == 0 else NEXT if i < handshake else TABLE
        frames.append((from_client, frame(code, records)))
        of_table = handshake <= i < handshake + len(server.sent)
        texts.append(server.sent[i - handshake][1].hex() if of_table else None)
    return [*frames, (True, TERMINATE), (False, TERMINATED)], [*texts, None, None]


def main() -> None:
    frames, texts = record()
    made_by = f"tests/security/record_mep_tls.py, {version()}"
    with PcapngWriter(CAPTURES / f"{NAME}.pcapng", section_comment=made_by) as writer:
        writer.add_interface(MEP, name="mep0", description="openssl with itself, in MEP frames")
        for i, (_, data) in enumerate(frames):
            writer.write(data, START + i * STEP)
    sidecar = {
        "description": made_by,
        "psk": PSK.hex(),
        "identity": IDENTITY.hex(),
        "frames": [
            {"frame": i, "direction": "request" if from_client else "response", "plain": text}
            for i, ((from_client, _), text) in enumerate(zip(frames, texts, strict=True), 1)
        ],
    }
    lines = json.dumps(sidecar).replace('"frames": [', '"frames": [\n').replace("}, {", "},\n{").replace("]}", "\n]}\n")
    (TESTS / "data" / "sidecars" / f"{NAME}.json").write_text(lines)


if __name__ == "__main__":
    main()
