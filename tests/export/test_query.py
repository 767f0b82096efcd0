# SPDX-License-Identifier: GPL-2.0-or-later
"""SQL against counting over what the senders knew; and what a query must not be able to do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.export.query import Query, QueryError
from tests.conftest import CAPTURES, load

NATIVE = CAPTURES / "native_lpdu.pcap"
SENT: list[dict[str, Any]] = load("sidecars/native_lpdu.json")["frames"]


def ask(text: str, filter_text: str | None = None, capture: Path = NATIVE) -> list[dict[str, Any]]:
    with Query(text) as query:
        query.load(selected_chunks(Session.open(str(capture)), Wanted(filter_text)))
        found = [json.loads(row) for row in query.objects()]
        texts = list(query.rows())
    assert len(texts) == len(found)
    assert all(list(row) == query.names for row in found)
    return found


def test_counts() -> None:
    found = ask("select npdu.src, count(*) as n from frames group by npdu.src order by n desc, 1")
    wanted = Counter(f"{f['src']['subnet']}/{f['src']['node']}" for f in SENT)
    assert {row["npdu.src"]: row["n"] for row in found} == wanted
    assert [row["n"] for row in found] == sorted(wanted.values(), reverse=True)


def test_names_as_in_filters_with_and_without_quotes_and_tables() -> None:
    wanted = sum(f["len"] for f in SENT if f["src"]["node"] == 20)
    for text in (
        "select sum(frame.len) s from frames where npdu.src_node = 20",
        'select sum("frame.len") s from frames where NPDU.SRC_NODE = 20',
        "select sum(f.frame.len) s from frames f where f.npdu.src_node = 20",
        "with t as (select npdu.src_node a, frame.len b from frames) select sum(b) s from t where a = 20",
        "select sum(l) s from (select frame.len l from frames where npdu.src_node = 20)",
        "select s from (select npdu.src_node, sum(frame.len) s from frames group by all) where npdu.src_node = 20",
    ):
        assert ask(text) == [{"s": wanted}], text
    assert ask("select sum(frame.len) s from frames", "npdu.src_node == 20") == [{"s": wanted}]


def test_requests_joined_with_their_responses() -> None:
    found = ask(
        "select a.frame.number as q, b.frame.number as r, b.apdu.outcome_text as o from frames a "
        "join frames b on b.frame.request = a.frame.number order by r"
    )
    session = Session.open(str(NATIVE))
    wanted = [(session[i].request, i + 1) for i in range(len(SENT)) if session[i].request is not None]
    assert [(row["q"], row["r"]) for row in found] == wanted
    assert len(wanted) > 100


def test_only_what_a_query_names_is_made() -> None:
    for text, names in (
        ("select count(*) from frames", ["frame.number"]),
        ("select npdu.src_node from frames where spdu.type = 2 order by frame.time", None),
    ):
        with Query(text) as query:
            assert set(query.columns.names) == set(names or ["npdu.src_node", "spdu.type", "frame.time"])
    assert len(ask("select * from frames")[0]) > 40
    assert ask("describe frames")[0]["column_name"] == "frame.number"


def test_absent_is_null() -> None:
    wanted = sum(f["pdu_type"] != "SPDU" for f in SENT)
    assert ask("select count(*) n from frames where spdu.type is null") == [{"n": wanted}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("selec 1", ("syntax error", "selec")),
        ("select npdu.src_nod from frames", ("npdu.src_nod", "npdu.src_node")),
        ("select src_node from frames", ("src_node", "npdu.src_node")),
        ("select 1; select 2", ("one SELECT",)),
        ("select * from frame", ("frames",)),
        ("select 'a'::int from frames", ("Could not convert",)),
        ("select nothing_like_it from frames", ("nothing_like_it",)),
        ("select 'x\udcff' + from frames", ("syntax error",)),
        ("select 'é' as x, ä from frames", ("ä",)),
        ("select ((((", ("syntax error",)),
    ],
)
def test_wrong_queries_are_explained(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as caught:
        ask(text)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("select src_node from frames", "src_node"),
        ("select npdu.src_node, cuont(*) from frames group by 1", "cuont(*)"),
        ("select npdu.src_node from frame", "frame"),
        ("select 'äö', npdu.src_node\n  , npdu.src_nod\nfrom frames", "npdu.src_nod"),
        ("select 1,\n\tsum(npdu.src) from frames", "sum(npdu.src)"),
        ("select frame.number from frames where npdu.src = 5", "npdu.src = 5"),  # only the values show that
        ("select count(*), frame.len / 'x' from frames group by all", "'x'"),
        ("select '" + "long" * 50 + "', frame.len / 'x' from frames", "'x'"),
    ],
)
def test_errors_are_marked_in_what_was_asked(text: str, marked: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask(text)
    message, line, mark = str(caught.value).rsplit("\n", 2)
    assert line.removeprefix("...") in text.replace("\t", " ")
    assert line[mark.index("^") : len(mark)] == marked
    assert len(line) <= 110
    assert "DESCRIBE" not in message
    assert '"npdu.' not in message


def test_a_layer_is_there_or_not_and_severities_are_words() -> None:
    found = ask("select count(*) n from frames where authpdu")
    assert found == [{"n": sum(f["pdu_type"] == "AuthPDU" for f in SENT)}]
    found = ask("select finding.severity s, finding.group g, count(*) n from frames where finding group by all")
    session = Session.open(str(NATIVE))
    first = [session[i].findings[0] for i in range(len(SENT)) if session[i].findings]
    assert {(r["s"], r["g"]): r["n"] for r in found} == Counter((f.severity.value, f.group.value) for f in first)


def test_a_query_reaches_nothing_but_the_frames(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    target = tmp_path / "new"
    outside = 5  # noqa: F841 - DuckDB can find variables of Python by name
    for text in (
        f"select * from '{secret}'",
        f"select * from read_csv('{secret}')",
        f"select * from read_text('{secret}')",
        f"select * from glob('{tmp_path}/*')",
        f"copy frames to '{target}'",
        f"attach '{target}'",
        f"export database '{target}'",
        "set enable_external_access = true",
        "select * from outside",
        "select * from chunk",
        "install httpfs",
        "drop table frames",
        f"select * from query('copy frames to ''{target}''')",
        f"select * from parquet_metadata('{secret}')",
        f"select * from sniff_csv('{secret}')",
    ):
        with pytest.raises(QueryError):
            ask(text)
    assert not target.exists()
    assert list(tmp_path.iterdir()) == [secret]
