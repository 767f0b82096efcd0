# SPDX-License-Identifier: GPL-2.0-or-later
"""The capture of a command line, opened as its options say."""

from __future__ import annotations

import argparse

from osgp_analyzer.app.keys import ring
from osgp_analyzer.app.options import settings
from osgp_analyzer.app.session import Session


def opened(options: argparse.Namespace) -> Session:
    """The capture with the keys to it. Raises `CaptureError` and `KeyFileError`."""
    keys = ring(options.keys, options.shared_keys)
    chosen = settings(options.link, options.crc, options.decode_as, keys, options.uniform)
    return Session.open(options.file, chosen)
