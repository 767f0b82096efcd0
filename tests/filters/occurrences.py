# SPDX-License-Identifier: GPL-2.0-or-later
"""How often a field can occur in a frame, found out from the definitions: what occurs once is in the kept columns
entirely, of what occurs again they have the first only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from osgp_analyzer import schema
from osgp_analyzer.schema import REGISTRY

MANY = 2
"""Counting stops here: once, or more often, is all that is asked."""


def targets(choice: Any) -> Iterator[str]:
    """Class names of all layers that a target can stand for."""
    if isinstance(choice, schema.Cases):
        for case in choice.cases:
            yield from targets(case.target)
        yield from targets(choice.default)
    elif isinstance(choice, schema.Switch):
        for inner in choice.cases.values():
            yield from targets(inner)
        yield from targets(choice.default)
    elif isinstance(choice, str):
        yield choice
    elif choice is not None:
        yield choice.definition.class_name


@lru_cache(maxsize=16)
def occurrences(without: frozenset[str] = frozenset()) -> dict[str, Counter[str]]:
    """For every layer class the most often that each field occurs in it and all it encloses, `MANY` standing for
    more; layers of the classes `without` are taken to enclose nothing and to have no fields."""
    most: dict[str, Counter[str]] = {name: Counter() for name in REGISTRY}
    changed = True
    while changed:
        changed = False
        for name in REGISTRY:
            found = _sum(name, most, without)
            if found != most[name]:
                most[name], changed = found, True
    return most


def _sum(name: str, most: dict[str, Counter[str]], without: frozenset[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    if name in without:
        return total
    definition = REGISTRY[name].definition
    for field in definition.fields:
        if isinstance(field, (schema.Struct, schema.Payload)):
            total += _largest([most[t] for t in targets(field.target)])
        elif isinstance(field, schema.Array):
            if isinstance(field.element, schema.Field):
                total[definition.full_name(field)] = MANY
            else:
                inner = most[field.element.definition.class_name]
                total += inner + inner
        else:
            total[definition.full_name(field)] += 1
    return Counter({field: min(count, MANY) for field, count in total.items()})


def _largest(choices: list[Counter[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in choices:
        found |= one
    return found
