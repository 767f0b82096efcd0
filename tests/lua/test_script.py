# SPDX-License-Identifier: GPL-2.0-or-later
"""The script itself: it is what the definitions say, and every Lua of every Wireshark can read it."""

from importlib import import_module
from pathlib import Path

import pytest

from osgp_analyzer.app.lua import script
from osgp_analyzer.schema import REGISTRY

HERE = Path(__file__).parents[2] / "lua" / "osgp.lua"


def test_the_script_in_the_repository_is_what_the_definitions_say() -> None:
    assert HERE.read_text("utf-8") == script(), "osgp-analyzer lua generate makes it anew"


@pytest.mark.parametrize("version", ["52", "54", "55"])
def test_each_lua_compiles_it(version: str) -> None:
    lua = import_module(f"lupa.lua{version}").LuaRuntime()
    assert lua.globals().load(script(), "osgp.lua", "t") is not None, lua.eval(
        "(function(s) return select(2, load(s)) end)"
    )(script())


def test_it_names_every_layer_and_every_finding() -> None:
    text = script()
    for layer in REGISTRY.values():
        assert f"\nL.{layer.__name__} = function(" in text
        for check in layer.definition.checks:
            assert f'"osgp.finding.{layer.definition.name}.{check.code}"' in text


def test_it_says_nothing_of_this_machine() -> None:
    assert str(HERE.parents[1]) not in script()
    assert script() == script()
