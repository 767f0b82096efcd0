# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of a meter: a class named BTnn or ETnn in any module of this package is the table of that number."""

from __future__ import annotations

import importlib
import pkgutil
import re

from dissectors.osgp.names import EXTENDED
from osgp_analyzer.schema import REGISTRY, Layer

TABLES: dict[int, type[Layer]] = {}
"""The defined tables by the number in messages: BT n is n, ET n is 2048 + n."""
WRITTEN = frozenset((7, EXTENDED + 52))
"""Tables that tell something by being written: BT07 and ET52, for the results in BT08 and ET53."""


def _collect() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for name, layer in REGISTRY.items():
        if match := re.fullmatch(r"(BT|ET)(\d{2,3})", name):
            TABLES[int(match[2]) + EXTENDED * (match[1] == "ET")] = layer


_collect()
