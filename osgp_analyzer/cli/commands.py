# SPDX-License-Identifier: GPL-2.0-or-later
"""All commands."""

from __future__ import annotations

import argparse

from osgp_analyzer import __version__
from osgp_analyzer.cli.arguments import EPILOG, Parser, colour, command, common, define, fields, selection
from osgp_analyzer.cli.commands_analysis import audit, chains, stats, topology
from osgp_analyzer.cli.commands_keys import keys
from osgp_analyzer.cli.commands_lua import lua
from osgp_analyzer.cli.words import count, file, moment, offset


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    top = Parser(
        prog="osgp-analyzer",
        description="The Wireshark of OSGP smart-meter networks: reads captures of EN 14908-1 (LonTalk) and of a\n"
        "meter's MEP and optical ports, down to the values in its tables.\n"
        "osgp-analyzer FILE opens the screen, or prints as `show` does when the output is no terminal.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"osgp-analyzer {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)

    show = command(
        commands,
        "show",
        "print the frames of a capture",
        "Print the frames of a capture, a line each, or with -V or -T json all that is in them.",
        EPILOG,
    )
    common(show)
    show.add_argument("-V", dest="tree", action="store_true", help="print every field, with its byte offset")
    show.add_argument(
        "-T",
        dest="format",
        choices=("text", "json", "fields"),
        default="text",
        help="json: one object a line; fields: those named with -e, separated by tabs",
    )
    selection(show)
    fields(
        show,
        "a field for -T fields; a layer: 1 where it is; FIELD_text: the name of an enumeration's value",
        "for -T fields: header=y, separator=TEXT (/t is a tab), occurrence=f|l|a, aggregator=TEXT",
    )
    show.add_argument("-n", dest="names", action="store_false", help="with -V: numbers only, no names for values")
    show.add_argument(
        "--time",
        "-t",
        choices=("r", "relative", "a", "absolute", "ad", "date", "d", "delta", "e", "epoch", "u", "ud", "utc"),
        default="relative",
        metavar="FORMAT",
        help="relative (r) to the first frame, absolute (a), with date (ad), delta (d), epoch (e), UTC (u, ud)",
    )
    colour(show)
    show.set_defaults(run="osgp_analyzer.cli.show")

    view = commands.add_parser("view", help="open the screen (as does the file name alone)")
    common(view)
    view.set_defaults(run="osgp_analyzer.cli.view")

    listed = commands.add_parser(
        "fields",
        help="list the fields that frames have, with meaning and source",
        description="What each field means, and which source says so.",
    )
    listed.add_argument("name", nargs="*", metavar="NAME", help="a field (npdu.domain) or layer (npdu); none: all")
    define(listed)
    listed.set_defaults(run="osgp_analyzer.cli.fields")

    _export(commands)
    _sql(commands)
    stats(commands)
    audit(commands)
    chains(commands)
    topology(commands)
    _table(commands)
    keys(commands)
    lua(commands)
    _simulate(commands)
    return top


EXPORT = """\
formats:
  csv      RFC 4180 with a header line, in UTF-8. An empty cell is a field that the frame lacks. In texts from the
           capture, control characters are escaped and what a spreadsheet would run as a formula (= + - @ in front)
           begins with '
  json     an array of objects;  jsonl  an object a line
  parquet  typed columns, compressed with zstd
  pcapng   the frames as captured, with comments, times and interfaces, always unpacked
  wireshark  pcapng that Wireshark decodes without a plug-in: native frames as exported PDUs, without their CRC

OUT gets its name only when it is whole: after an error or Ctrl-C there is no half file, and an old one stays.
"""


def _export(commands: argparse._SubParsersAction[Parser]) -> None:
    export = command(
        commands,
        "export",
        "write frames to CSV, JSON, Parquet or pcapng",
        "Write fields of frames as a table, or the frames themselves, to a file for other programs.",
        EXPORT,
    )
    common(export)
    export.add_argument("out", type=file, metavar="OUT", help="file to write; - for standard output")
    export.add_argument(
        "--format",
        choices=("csv", "json", "jsonl", "parquet", "pcapng", "wireshark"),
        help="format of OUT (default: by its suffix)",
    )
    selection(export)
    fields(
        export,
        "a column (default: number, time, length, addresses and all header fields)",
        "of a field that is in a frame several times: occurrence=f|l|a (default f), aggregator=TEXT for a",
    )
    export.add_argument("--names", action="store_true", help="beside each enumeration FIELD its names as FIELD_text")
    export.set_defaults(run="osgp_analyzer.cli.export")


SQL = """\
The table is `frames`. Its columns are the fields, named as in filters, without quotes; what a frame lacks is NULL.
FIELD_text is the name of an enumeration's value, frame.time a timestamp in UTC, npdu.src an address such as 1/20, a
layer (spdu) true or false, finding.severity a word.
Of a field that is in a frame several times the first counts. * stands for the columns that `export` writes.

examples:
  osgp-analyzer sql "select npdu.src, count(*) n from frames group by all order by n desc" capture.pcap
  osgp-analyzer sql "select spdu.type_text, avg(frame.len) from frames group by all" capture.pcap --format csv
"""


def _sql(commands: argparse._SubParsersAction[Parser]) -> None:
    sql = command(
        commands,
        "sql",
        "ask about the frames in SQL",
        "Run one SELECT of DuckDB's SQL over the fields of all frames. It reads and writes no other file.",
        SQL,
    )
    sql.add_argument("query", metavar="SELECT", help="the query, in quotation marks")
    common(sql)
    selection(sql)
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table", help="form of the answer")
    sql.set_defaults(run="osgp_analyzer.cli.sql")


TABLE = """\
HEX may have spaces, colons, 0x and line breaks in it. Offsets in the output count from the start of the table.

The sizes of many tables are in others: --context gives these, as single values or as the bytes of the table. What is
missing is said.

examples:
  osgp-analyzer table                              all tables, and which need others
  osgp-analyzer table BT21 3f0e0c0f08000104081a
  osgp-analyzer table BT23 - --context BT21=3f0e0c0f08000104081a < bytes.txt
  osgp-analyzer table ET11 0500 --offset 20        a part, from byte 20 on

exit codes:
  0  all bytes were read
  1  the bytes do not fit, or a --context is missing: what could be read was shown
  2  nothing could be done
"""


def _table(commands: argparse._SubParsersAction[Parser]) -> None:
    table = command(
        commands,
        "table",
        "decode the bytes of a meter table; list the tables",
        "Decode bytes of a meter table that you have from elsewhere. Without arguments: list all tables.",
        TABLE,
    )
    table.add_argument(
        "words",
        nargs="*",
        metavar="TABLE HEX",
        help="a table by name or number (BT23, ET11, 2059, 0x080b), and its bytes; - for standard input",
    )
    table.usage = "osgp-analyzer table [TABLE HEX ...] [options]"
    table.add_argument(
        "--offset", type=offset, metavar="N", help="the bytes are a part that begins at byte N of the table"
    )
    table.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="WHAT=VALUE",
        help="what another table says: bt21.summations=11, or BT21=HEX for all of it; may be given several times",
    )
    table.add_argument("-T", dest="format", choices=("text", "json"), default="text", help="json: one object")
    table.add_argument("-n", dest="names", action="store_false", help="numbers only, no names for values")
    colour(table)
    define(table)
    table.set_defaults(run="osgp_analyzer.cli.table")


SIMULATION = """\
The frames, digests and ciphertext are built by a small program of its own, not by the analyzer: one checks the other.
Beside FILE.pcapng it writes FILE.json, what the senders knew of every frame, and FILE.keys.toml, the made-up keys. The
same options give the same bytes.

examples:
  osgp-analyzer simulate --scenario daily,lossy --repeaters 3 -o segment.pcapng
  osgp-analyzer simulate --scenario all --frames 1000000 -o large.pcapng
  osgp-analyzer simulate --port mep --scenario all --encrypt -o mep.pcapng
"""


def _simulate(commands: argparse._SubParsersAction[Parser]) -> None:
    simulate = command(
        commands,
        "simulate",
        "write a capture of a made-up segment",
        "Simulate a power-line segment, a MEP port or an optical port with a concentrator, repeaters and meters.",
        SIMULATION,
    )
    simulate.add_argument("-o", "--output", type=file, metavar="FILE", help="the capture to write, pcapng")
    simulate.add_argument("--list", action="store_true", help="say what each scenario shows, and on which ports")
    simulate.add_argument(
        "--port", choices=("lpdu", "cnip", "lonudp", "mep", "optical"), default="lpdu", help="where to capture"
    )
    simulate.add_argument(
        "--scenario", default="daily", metavar="NAME[,NAME]", help="what happens, in this order (default daily); or all"
    )
    simulate.add_argument("--seed", type=count, default=1, metavar="N", help="of keys, loads and losses (default 1)")
    simulate.add_argument("--meters", type=count, default=6, metavar="N", help="number of meters (default 6)")
    simulate.add_argument(
        "--repeaters", type=count, default=2, metavar="N", help="how many of them pass messages on, 0 to 5 (default 2)"
    )
    simulate.add_argument(
        "--frames", type=count, default=0, metavar="N", help="go on until there are so many (default: once through)"
    )
    simulate.add_argument("--start", type=moment, metavar="TIME", help="when it begins (default 2026-03-01T10:00)")
    simulate.add_argument("--encrypt", action="store_true", help="encrypt all table services with RC4")
    simulate.set_defaults(run="osgp_analyzer.cli.simulate")
