# SPDX-License-Identifier: GPL-2.0-or-later
"""The layer that comes next in each of many rows."""

from __future__ import annotations

import numpy as np
import pytest

from osgp_analyzer.engines.columns.decode import decode
from osgp_analyzer.engines.columns.group import Known
from osgp_analyzer.schema import U8, U16, Bytes, F, Field, Layer, Payload, Source, Switch

HERE = Source("tests/engines/test_choices.py")


@pytest.mark.parametrize(("field", "size"), [(U8, 1), (U16, 2)])
def test_the_greatest_key_that_a_field_can_hold(field: type[Field], size: int) -> None:
    """Numbers are kept in as few bytes as they need: there is no room above the greatest."""
    last = (1 << 8 * size) - 1

    class Chosen(Layer, name="choices.chosen", source=HERE):
        """What the greatest key means."""

        rest = Bytes(doc="All.")

    class Choosing(Layer, name="choices.choosing", source=HERE):
        """A key, and what it means."""

        key = field(doc="The key.")
        body = Payload(Switch(F.key, {1: None, last: Chosen}), doc="By the key.")

    keys = [0, 1, last - 1, last] * 50
    frames = b"".join(key.to_bytes(size, "big") + b"x" for key in keys)
    start = np.arange(len(keys)) * (size + 1)
    known = Known({}, np.full(len(keys), -1, np.int64))
    groups = decode(Choosing, np.frombuffer(frames, np.uint8), start, np.full(len(keys), size + 1), known)
    found = [group.frames.tolist() for group in groups if group.name == "choices.chosen"]
    assert found == [[row for row, key in enumerate(keys) if key == last]]
