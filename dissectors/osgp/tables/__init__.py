# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of a meter: a class named BTnn or ETnn in any module of this package is the table of that number. Users
add tables in files of their own (`define`)."""

from __future__ import annotations

import importlib
import pkgutil
import re

from dissectors.osgp import names
from dissectors.osgp.names import EXTENDED, PENDING
from osgp_analyzer.schema import REGISTRY, Layer, Struct, resolve
from osgp_analyzer.schema.types import limits

TABLES: dict[int, type[Layer]] = {}
"""The defined tables by the number in messages: BT n is n, ET n is 2048 + n."""
CONTENTS: dict[int, type[Layer] | str] = {}
"""What the data of a message are by that number: a table, or its copy that waits to be activated."""
WRITTEN = frozenset((7, EXTENDED + 52))
"""Tables that tell something by being written: BT07 and ET52, for the results in BT08 and ET53."""


def define(number: int, layer: type[Layer]) -> None:
    """Make a layer the table of a number. This must be done before a message is read: the engines look once."""
    TABLES[number] = CONTENTS[number] = layer
    CONTENTS[PENDING + number] = "PendingTable"
    unnamed = f"{'ET' if number >= EXTENDED else 'BT'}{number % EXTENDED:02}"
    if names.TABLES.get(number, unnamed) == unnamed:
        names.TABLES[number] = f"{unnamed} {layer.definition.title}"
        names.TABLES[PENDING + number] = f"{names.TABLES[number]}, pending"


def numbers() -> dict[str, tuple[int, int]]:
    """The numbers that tables say and others can be sized by: those that are not in arrays, by full name, with the
    lowest and the highest value."""
    found: dict[str, tuple[int, int]] = {}
    waiting = list(TABLES.values())
    for layer in waiting:
        for field, name in layer.definition.full_names:
            range_ = limits(field)
            if range_ is not None:
                found[name] = range_
            elif isinstance(field, Struct) and isinstance(field.target, (str, type)):
                inner = resolve(field.target)
                if inner not in waiting:
                    waiting.append(inner)
    return found


def _collect() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for name, layer in REGISTRY.items():
        if match := re.fullmatch(r"(BT|ET)(\d{2,3})", name):
            define(int(match[2]) + EXTENDED * (match[1] == "ET"), layer)


_collect()
