# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of TOML files: texts whose values say themselves in which line they are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osgp_analyzer.schema.tomlfile import Document, Steps, parse

HARD = r'''# [not.a.header]
top = "@" # = "no"
"quoted key" = '@'
dotted . "inner key".x = "@"
[a]
text = """
[not.a.header]
key = "no" \""" "quotes" """"
after = "@"
[ a . "b]c" ]
list = [ # comment ]
  "@", '@', [ "@",
    "@" ], { x = "@", y = [ "@" ] },
  { x.y = "@" }
]
date = 1979-05-27 07:32:00
"" = "@"
raw = '\'
other = "@"
[[many]]
n = "@"
[many.inner]
n = "@"
[[many.parts]]
n = "@"
[[many.parts]]
n = "@"
[[many]]
parts = [{ n = "@" }]
[last."x\u00e9"]
empty = ["", '', """""", """@"""]
'''
"""Each @ stands for its line."""


def leaves(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*steps, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*steps, number))
    elif isinstance(value, str) and value.isdigit():
        yield steps, value


def read(text: str) -> Document:
    errors: list[str] = []
    document = parse("f", text.encode(), errors)
    assert (document is not None, errors) == (True, [])
    assert document is not None
    return document


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_value_is_in_its_line(end: str) -> None:
    lines = HARD.rstrip("\n").split("\n")
    document = read(end.join(line.replace("@", str(number)) for number, line in enumerate(lines, 1)))
    found = dict(leaves(document.values))
    assert len(found) == HARD.count("@")
    assert {steps: document.where(steps) for steps in found} == {steps: f"f:{line}" for steps, line in found.items()}


KEYS = st.sampled_from(["a", "b-1", "x_y", '"p q"', '"#"', "'[z]'", '"=é"'])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Sections, keys, arrays and inline tables, each string the number of its line."""
    lines: list[str] = []

    def value(depth: int) -> None:
        kind = draw(st.integers(0, 5 if depth < 3 else 2))
        if kind <= 2:
            lines[-1] += f'"{len(lines)}"' if kind else f"'{len(lines)}'"
        elif kind <= 4:
            lines[-1] += "["
            for _ in range(draw(st.integers(0, 3))):
                if draw(st.booleans()):
                    lines[-1] += " # ]"
                    lines.append("  ")
                value(depth + 1)
                lines[-1] += ","
            lines[-1] += "]"
        else:
            lines[-1] += "{"
            for number, key in enumerate(draw(st.lists(KEYS, max_size=3, unique=True))):
                lines[-1] += f"{', ' if number else ''}{key} = "
                value(depth + 1)
            lines[-1] += "}"

    for section in range(draw(st.integers(1, 4))):
        if section:
            name = draw(KEYS)
            lines.append(draw(st.sampled_from([f"[s{section}.{name}]", f"[[t.{name}]]"])))
        for key in draw(st.lists(KEYS, max_size=4, unique=True)):
            lines.append(f"{key} = ")
            value(0)
    return "\n".join(lines)


@settings(max_examples=200, deadline=None)
@given(texts())
def test_every_value_of_any_text_is_in_its_line(text: str) -> None:
    document = read(text)
    assert document.values == tomllib.loads(text)
    for steps, line in leaves(document.values):
        assert document.where(steps) == f"f:{line}"


def test_what_has_no_line_is_where_what_is_around_it_is() -> None:
    document = read('[a.b]\nx = "1"\n\n# end\n')
    assert document.where(("a", "b", "missing", 3)) == "f:1"
    assert document.where(("missing",)) == "f"
    assert document.end(("a", "b")) == 2
    assert document.end(("a",)) is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('a = 1\na = "secret"\nb = 1', "f:2: is no TOML: Cannot overwrite a value: the name is there twice"),
        ('a = 1\na = "secret"', "f:2: is no TOML: Cannot overwrite a value: the name is there twice"),
        ("[secret]\n[secret]", "f:2: is no TOML: Cannot declare ... twice: the name is there twice"),
        ("x = {secret = 1, secret = 2}", "f:1: is no TOML: Duplicate inline table key ...: the name is there twice"),
        ('\nx = "sec\\ret', "f:2: is no TOML: "),
        ("\nx = secret", "f:2: is no TOML: Invalid value"),
        ('x = "secret', "f:1: is no TOML: "),
        ("x = 2026-02-30", "f:1: is no TOML: "),
        ("x = " + "7" * 5000, "f: is no TOML: has a number or date that is none"),
    ],
)
def test_what_is_no_toml_is_not_repeated(text: str, error: str) -> None:
    errors: list[str] = []
    assert parse("f", text.encode(), errors) is None
    assert len(errors) == 1
    assert errors[0].startswith(error)
    assert "secret" not in errors[0]
    assert "777" not in errors[0]
