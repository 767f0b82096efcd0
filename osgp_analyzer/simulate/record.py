# SPDX-License-Identifier: GPL-2.0-or-later
"""What a simulation leaves behind: the capture, what was known of each frame, and the key ring."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from osgp_analyzer.capture import PcapngWriter
from osgp_analyzer.simulate.carriers import Carrier
from osgp_analyzer.simulate.clock import Frame
from osgp_analyzer.simulate.meter import Meter

INBOUND, OUTBOUND = 1, 2
"""Direction in the flags of a packet block."""


class Recorder:
    """Writes each frame to the capture and to the sidecar, an object a line in one JSON document. `about` is what the
    sidecar says of the whole; `lines` are the names of the interfaces."""

    def __init__(
        self, capture: BinaryIO, sidecar: BinaryIO, carrier: Carrier, lines: Iterable[str], about: dict[str, Any]
    ) -> None:
        self.count = 0
        self._sidecar, self._carrier = sidecar, carrier
        self._writer = PcapngWriter(capture, section_comment=about["description"])
        for line in lines:
            self._writer.add_interface(
                carrier.link_type, name=line, fcs_length=carrier.fcs_length, speed=carrier.rate,
                description="simulated",
            )  # fmt: skip
        self._encode = json.JSONEncoder(separators=(",", ":")).encode
        sidecar.write(self._encode(about)[:-1].encode() + b',"frames":[\n')

    def record(self, frame: Frame, time: int) -> int:
        """Write a frame that had passed at `time`, in ns; gives its number."""
        self.count += 1
        data, fields = self._carrier.encode(frame.content, time)
        flags = None if frame.inbound is None else INBOUND if frame.inbound else OUTBOUND
        self._writer.write(data, time, frame.line, flags=flags)
        known = {"frame": self.count, "time": time, "len": len(data), "step": frame.step, "node": frame.sender}
        known |= frame.truth
        known["fields"] = fields | frame.fields
        if frame.values:
            known["values"] = frame.values
        self._sidecar.write((b",\n" if self.count > 1 else b"") + self._encode(known).encode())
        return self.count

    def close(self) -> None:
        """Finish both files."""
        self._sidecar.write(b"\n]}\n")
        self._writer.close()


def key_ring(meters: Iterable[Meter], ports: Mapping[Meter, str]) -> str:
    """The made-up keys as the analyzer reads them (docs/keys.md), a section for each meter. `ports`: the interfaces of
    meters that have one of their own. Of two keys the first is that of a meter in use, the other that of a new one."""
    parts = ["# Keys of simulated meters.\n"]
    for meter in meters:
        keys = meter.keys
        parts.append(f'\n[meter."{meter.label}"]\ndomain = "{meter.domain.hex()}"\naddress = "{meter.name}"\n')
        parts.append(f'neuron_id = "{meter.neuron_id.hex()}"\n')
        if meter in ports:
            parts.append(f'port = "{ports[meter]}"\n')
        for name, length in (("omak", 12), ("domain_key", 6), ("oma_key", 12)):
            parts.append(f'{name} = ["{keys.omak[:length].hex()}", "{keys.first_omak[:length].hex()}"]\n')
        for name in ("mak", "mbk", "mk", "pk", "rk"):
            parts.append(f'{name} = "text:{getattr(keys, name).decode()}"\n')
    return "".join(parts)
