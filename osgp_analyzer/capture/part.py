# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that get their name only when they are whole: until then they stand beside their place."""

from __future__ import annotations

import atexit
import os
from contextlib import suppress

_UNFINISHED: set[str] = set()


class Part:
    """What is to become the file `target`, under a `path` that ends in ".part". A part that is neither finished nor
    discarded when Python ends goes then: an exception of a signal can come anywhere, also while another is handled."""

    def __init__(self, target: str) -> None:
        self.target, self.path = target, f"{target}.{os.urandom(4).hex()}.part"
        _UNFINISHED.add(self.path)

    def finish(self) -> None:
        """Give the file its name. Raises OSError."""
        os.replace(self.path, self.target)
        _UNFINISHED.discard(self.path)

    def discard(self) -> None:
        """Take the file away, unless it has got its name."""
        if self.path in _UNFINISHED:
            with suppress(OSError):
                os.unlink(self.path)
            _UNFINISHED.discard(self.path)


@atexit.register
def _discard_unfinished() -> None:
    for path in list(_UNFINISHED):
        with suppress(OSError):
            os.unlink(path)
