# SPDX-License-Identifier: GPL-2.0-or-later
"""How a network-management or diagnostic command is defined: code, name, and the layers of its bodies."""

from dataclasses import dataclass

from dissectors.sources import DX_EX
from osgp_analyzer.schema import Bytes, Check, F, Group, Known, Layer, Remaining, Severity


@dataclass(frozen=True)
class Command:
    """One command. A body of None is empty: not a byte may follow the code. `answered` is False for commands that
    never get a response."""

    code: int
    name: str
    request: type[Layer] | None = None
    response: type[Layer] | None = None
    failure: type[Layer] | None = None
    answered: bool = True

    @property
    def success_code(self) -> int:
        """APDU code of the response that says it worked."""
        return (self.code & 0x1F) | 0x20

    @property
    def failure_code(self) -> int:
        """APDU code of the response that says it did not."""
        return self.code & 0x1F


class UnknownBody(
    Layer,
    name="unknown",
    title="Body of unknown layout",
    source=DX_EX.at("named only, in one or the other").unconfirmed,
):
    """A command that is known by name only: no source tells what its body holds."""

    data = Bytes(when=Remaining() > 0, doc="The body, not decoded: no source tells its layout.")

    checks = (
        Check(
            "layout",
            Known(F.data),
            Severity.NOTE,
            Group.UNDECODED,
            "the layout of this body is in no available source",
            "data",
        ),
    )
