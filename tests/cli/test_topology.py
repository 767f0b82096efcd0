# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer topology``: the tree, JSON, GraphML, Graphviz, and the page in a real browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from osgp_analyzer.cli.main import main
from osgp_analyzer.export.graphs import dot, graphml
from osgp_analyzer.export.topology_page import page
from tests.analysis.test_chains import NODES
from tests.analysis.test_chains_simulated import run
from tests.conftest import CAPTURES

CAPTURE = str(CAPTURES / "ltep_lpdu.pcap")
GRAPH = "{http://graphml.graphdrawing.org/xmlns}"
HOSTILE = "\"><script>alert(1)</script>'&\\"


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command that ends well prints."""
    assert main(["topology", *words]) == 0
    return capsys.readouterr().out


def test_tree(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, CAPTURE)
    tree = out.split("\n\n")[0]
    for place in (NODES[name] for name in ("S", "R1", "R2", "R3", "AG", "T", "T2", "T3", "X")):
        assert len(re.findall(rf"(?<![\d/]){place}(?!\d)", tree)) == 1, place
    assert "05:00:bb:00:00:06" in tree
    assert "Reached only through" in out


def test_json_and_graphs_agree(capsys: pytest.CaptureFixture[str]) -> None:
    result = json.loads(printed(capsys, CAPTURE, "--json"))
    graph = ElementTree.fromstring(printed(capsys, CAPTURE, "--graphml")).find(f"{GRAPH}graph")
    assert graph is not None
    assert len(graph.findall(f"{GRAPH}node")) == len(result["nodes"]) == 9
    edges = {(e.get("source"), e.get("target")): e for e in graph.findall(f"{GRAPH}edge")}
    lines = printed(capsys, CAPTURE, "--dot").splitlines()
    assert len(edges) == len(result["links"]) == sum(" -> " in line for line in lines)
    for link in result["links"]:
        edge = edges[f"5a:{link['from']}", f"5a:{link['to']}"]
        values = {data.get("key"): data.text for data in edge.findall(f"{GRAPH}data")}
        assert values["edge_sent"] == str(link["sent"])
        assert f'  "5a:{link["from"]}" -> "5a:{link["to"]}"' in "\n".join(lines)


def test_names_of_the_key_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nodes are called as the sections of their keys."""
    path, keys = tmp_path / "made.pcapng", tmp_path / "named.toml"
    run(path, ("chains",), 1)
    text = path.with_suffix(".keys").read_text().replace('[meter."4f5347503031/1/25"]', '[meter."Main <street> 4"]')
    keys.write_text(text)
    words = (str(path), "--keys", str(keys), "--shared-keys")
    result = json.loads(printed(capsys, *words, "--json"))
    named = {node["address"]: node["name"] for node in result["nodes"]}
    assert named["1/25"] == "Main <street> 4"
    assert named["1/22"] == "4f5347503031/1/22"
    assert named["1/1"] is None
    assert {meter["meter"]: meter["name"] for meter in result["meters"]}["1/25"] == "Main <street> 4"
    assert "1/25  Main <street> 4  " in printed(capsys, *words)
    printed(capsys, *words, "--html", str(tmp_path / "page.html"))
    html = (tmp_path / "page.html").read_text()
    assert "Main &lt;street&gt; 4" in html
    assert "<street>" not in html
    assert re.search("<td class=text>[▁▂▃▄▅▆▇█·]{8,16}</td>", html)


def test_page_is_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks for nothing else, and its policy allows its own script and style only."""
    path = tmp_path / "net.html"
    assert printed(capsys, CAPTURE, "--html", str(path)) == ""
    text = path.read_text()
    assert not re.search(r"(src|href)\s*=|url\(|@import", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")


class Tags(HTMLParser):
    """The tags of a page, and the texts between them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def hostile() -> dict[str, Any]:
    """A network whose every name is an attack."""
    node = {"domain": HOSTILE, "address": HOSTILE, "neuron_id": HOSTILE, "roles": ["source"], "reached": True,
            "frames_sent": 1, "asked": 1, "answered": 1, "first_heard": 1, "last_heard": 1,
            "name": HOSTILE, "silent": 90}  # fmt: skip
    link = {"domain": HOSTILE, "from": HOSTILE, "to": "1/2", "sent": 1, "retries": 0, "alt_path": 0, "asked": 1,
            "answered": 0, "missing": 1, "success": 0.0, "time": None}  # fmt: skip
    route = {"route": [HOSTILE], "messages": 1, "answered": 1, "first": 1, "last": 1}
    meter = {
        "domain": HOSTILE,
        "meter": "1/2",
        "name": HOSTILE,
        "over_time": [{"from": 1, "messages": 2, "answered": 1}],
        "changes": 0,
        "only_through": [HOSTILE],
        "routes": [route],
        "recent": [],
    }
    return {"nodes": [node, node | {"address": "1/2"}], "links": [link], "meters": [meter], "weakest": [0],
            "from": 1, "to": 100}  # fmt: skip


def test_hostile_names_are_text() -> None:
    result = hostile()
    tags = Tags()
    tags.feed(page(result, HOSTILE))
    assert sum(tag == "script" for tag, _ in tags.found) == 1
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)
    assert any(HOSTILE in text for text in tags.texts)
    graph = ElementTree.fromstring(graphml(result)).find(f"{GRAPH}graph")
    assert graph is not None
    assert graph.find(f"{GRAPH}node/{GRAPH}data[@key='node_address']").text == HOSTILE  # type: ignore[union-attr]
    for line in dot(result).splitlines():  # outside of its texts no line has anything else
        rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
        assert "script" not in rest


@pytest.fixture
def browser(tmp_path: Path) -> Callable[[str], str]:
    """Opens pages in Chromium, and gives the document as it is then."""

    def dump(url: str) -> str:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}",
                   "--virtual-time-budget=2000", "--dump-dom", url]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    return dump


def test_in_a_browser(tmp_path: Path, browser: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    """The script runs under the policy, and what the filter does not let through is faint."""
    path = tmp_path / "net.html"
    printed(capsys, CAPTURE, "--html", str(path))
    tags = Tags()
    tags.feed(browser(f"{path.as_uri()}#1/14%20agent"))
    boxes = {a["data-words"]: a["class"] or "" for tag, a in tags.found if tag == "g" and a.get("data-words")}
    assert len(boxes) == 12
    clear = [words for words, kind in boxes.items() if "faint" not in kind]
    assert len(clear) == 1
    assert (clear[0] or "").startswith("1/14 agent")
    tags = Tags()
    tags.feed(browser(path.as_uri()))
    assert not any("faint" in (attributes.get("class") or "") for _, attributes in tags.found)


def test_hostile_page_in_a_browser(tmp_path: Path, browser: Callable[[str], str]) -> None:
    path = tmp_path / "net.html"
    path.write_text(page(hostile(), HOSTILE))
    tags = Tags()
    tags.feed(browser(path.as_uri()))
    assert sum(tag == "script" for tag, _ in tags.found) == 1
