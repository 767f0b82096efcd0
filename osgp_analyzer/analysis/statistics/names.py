# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of values, from the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import dissectors.definitions  # noqa: F401  defines the layers
from osgp_analyzer.schema import REGISTRY, Field


@cache
def field(full_name: str) -> Field:
    """A field by full name. Raises KeyError for one that no layer has."""
    for layer in REGISTRY.values():
        for one in layer.definition.fields:
            if layer.definition.full_name(one) == full_name:
                return one
    raise KeyError(full_name)


def values(full_name: str) -> Mapping[int, str]:
    """The names of the values of a field."""
    return getattr(field(full_name), "values", None) or {}


def value(full_name: str, name: str) -> int:
    """The value of that name. Raises KeyError where there is none."""
    for number, text in values(full_name).items():
        if text == name:
            return number
    raise KeyError(f"{full_name}: {name}")


def titles() -> dict[str, str]:
    """What layers are called, by their names in paths."""
    found: dict[str, str] = {"data": "Data"}
    for layer in REGISTRY.values():
        found.setdefault(layer.definition.name, layer.definition.title)
    return found
