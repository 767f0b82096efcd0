# SPDX-License-Identifier: GPL-2.0-or-later
"""Who asks meters: what concentrators, clients of MEP ports and readers at optical ports have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from osgp_analyzer.simulate.clock import Frame, Sent
from osgp_analyzer.simulate.exchange import RIGHT, Fault
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter

if TYPE_CHECKING:
    from osgp_analyzer.simulate.network import Network

T = TypeVar("T")
Talk = Generator[Frame, Sent, T]
"""Frames to be sent, each answered with when it was; in the end a result."""


class Reader(ABC):
    """Asks its meters. `step` is what is being done, `pause` how long to wait before the next request, in ns; `loss` is
    the share of frames that do not arrive, on the alternate path half of it."""

    read_limit: ClassVar[int]
    write_limit: ClassVar[int]
    """Most data bytes of a read and of a write."""
    called: ClassVar[str] = "client"
    """Name of the sender in sidecars, on a serial line."""

    def __init__(self, network: Network, name: str, meters: list[Meter], line: int = 0) -> None:
        self.network, self.meters, self.line = network, meters, line
        self.step = ""
        self.pause = 0
        self.loss = 0.0
        self.rng = network.random(name)
        self._losses = network.random(f"{name} losses")

    @property
    def farthest(self) -> Meter:
        """The meter that is hardest to reach."""
        return self.meters[-1]

    def lost(self, alt_path: int = 0) -> bool:
        """Whether the next frame gets lost."""
        return self.loss > 0 and self._losses.random() < (self.loss / 2 if alt_path else self.loss)

    @abstractmethod
    def ask(self, meter: Meter, request: Request, *, values: dict[str, Any] | None = None) -> Talk[Response | None]:
        """Ask for a table service; None if no answer came. `values` are those of written data."""

    def serial(
        self,
        data: bytes,
        fields: dict[str, Any],
        truth: dict[str, Any],
        values: dict[str, Any],
        after: int,
        *,
        inbound: bool,
    ) -> Frame:
        """What goes over a serial line: to the meter (`inbound`) or from it."""
        sender = self.called if inbound else self.meters[0].name
        return Frame(data, sender, self.step, fields, truth, values, after, self.line, inbound)


class SecureReader(Reader):
    """One whose requests have a sequence number and a digest, and can be encrypted; `key_name` is that of its key."""

    key_name = "omak"

    def __init__(self, network: Network, name: str, meters: list[Meter], line: int = 0) -> None:
        super().__init__(network, name, meters, line)
        self.encrypt = network.encrypt
        self.sequences = {meter.number: meter.sequence for meter in meters}
        """The last number used with each meter."""
        self.asked = 0
        """First frame of the last request."""

    @abstractmethod
    def ask(
        self,
        meter: Meter,
        request: Request,
        *,
        values: dict[str, Any] | None = None,
        fault: Fault = RIGHT,
        sequence: int | None = None,
        truth: dict[str, Any] | None = None,
    ) -> Talk[Response | None]:
        """As `Reader.ask`; with something wrong about it, with another sequence number than the next, with more
        to be said of it in the sidecar.

        If the meter expects another number than the next, it is asked again with that one.
        """
