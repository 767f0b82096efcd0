# SPDX-License-Identifier: GPL-2.0-or-later
"""The kept columns of a store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dissectors.cnip
import dissectors.en14908  # noqa: F401
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.capture import Capture
from osgp_analyzer.store import FrameStore
from tests.conftest import CAPTURES


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcap")), ids=lambda path: path.stem)
def test_what_is_passed_over_makes_no_difference_to_kept_columns(path: Path) -> None:
    with Capture.open(path) as capture:
        while capture.index_more(1000):
            pass
        store = FrameStore(capture, LINK_TYPES)
        bare = store.chunk(0, len(capture))
        whole, _ = store.read(0, len(capture))
        for columns, others in (
            (bare.columns, whole.columns),
            (bare.innermost, whole.innermost),
            (bare.places, whole.places),
        ):
            assert columns.keys() == others.keys()
            for name, column in columns.items():
                np.testing.assert_array_equal(column, others[name], name)
        assert bare.more.keys() == whole.more.keys()
