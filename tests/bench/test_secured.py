# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's captures have digests that are right, under keys by address and of nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.inside import digests, judged
from tests.bench.secured import generate

FRAMES = 300


@pytest.mark.parametrize("encrypt", [False, True])
def test_every_message_is_verified(tmp_path: Path, encrypt: bool) -> None:
    path = tmp_path / "secured.pcapng"
    generate(FRAMES, path, encrypt)
    found = judged(str(path), str(path.with_suffix(".keys.toml")))
    assert (found["frames"], found["verified"], found["opened"]) == (FRAMES, FRAMES, FRAMES * encrypt)
    assert judged(str(path), str(path.with_suffix(".try.toml")))["verified"] == FRAMES


def test_digests_agree() -> None:
    assert digests("").keys() == {"bulk", "alone"}  # it compares the two itself
