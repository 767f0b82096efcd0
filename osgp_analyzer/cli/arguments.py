# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands and options."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from osgp_analyzer import __version__
from osgp_analyzer.cli.words import count, decode_as, file, interval, link, moment, offset, rate

OK, BROKEN, USAGE, FOUND = 0, 1, 2, 3
"""Exit codes. `FOUND`: of an audit, that there is an error."""

EPILOG = """\
exit codes:
  0  all frames were read
  1  the capture is damaged: what could be read was shown, the rest is named on standard error
  2  nothing could be done: wrong arguments, no capture file, or no frame of a known link type
"""


class Parser(argparse.ArgumentParser):
    """Names the nearest option or command when one does not exist."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            wrong = message.removeprefix("unrecognized arguments: ").split()[0]
            if not wrong.startswith("-"):
                self.exit(USAGE, f"{self.prog}: {self.too_many(wrong)}\n")
            known = [option for action in self._actions for option in action.option_strings]
            message = f"unknown option {wrong.split('=')[0]}{nearest(wrong.split('=')[0], known)}"
        if ": ignored explicit argument " in message:
            message = f"{message.partition(': ignored explicit')[0]}: has no value"
        self.exit(USAGE, f"{self.prog}: {message}\nTry: {self.prog} --help\n")

    def too_many(self, word: str) -> str:
        """What to say of a word that nothing asks for."""
        return f"one file at a time: {word!r} is one too many"


_P = TypeVar("_P", bound=Parser)


class _KeysParser(Parser):
    """Does not repeat words: one may be a key."""

    def too_many(self, word: str) -> str:
        return "a word too many: a key is not written here, where others could see it, but asked for"


def nearest(wrong: str, known: Sequence[str]) -> str:
    """``; did you mean ...?``, or nothing when nothing is near."""
    near = difflib.get_close_matches(wrong, known, 3, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--define",
        type=file,
        action="append",
        default=[],
        metavar="FILE",
        help="read tables and cipher suites of your own from a TOML file (docs/definitions.md); can be repeated",
    )


def _colour(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colour (auto: on a terminal)"
    )


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=file, metavar="FILE", help="pcap or pcapng, also gzip or zstd; - for standard input"
    )
    parser.add_argument(
        "--link",
        type=link,
        action="append",
        default=[],
        metavar="N=DECODER",
        help="decode link type N as DECODER: lpdu, npdu, ni, ethernet, sll, ip, cnip, lonudp, mep, optical, ...",
    )
    parser.add_argument(
        "-d",
        dest="decode_as",
        type=decode_as,
        action="append",
        default=[],
        metavar="TABLE==N,DECODER",
        help="decode as: what a port carries, as in udp.port==24010,apdu or udp.port==24010-24019,mep",
    )
    parser.add_argument(
        "--crc",
        choices=("auto", "present", "absent"),
        default="auto",
        help="whether LPDUs end in a CRC (default: found out from the file and its first frames)",
    )
    parser.add_argument(
        "--uniform",
        choices=("source", "destination"),
        help="whose subnet the nodes of a repeater list without subnets are in, where no frame tells (default: as the "
        "message's flag says, which implementations read in two ways)",
    )
    _define(parser)
    parser.add_argument(
        "--keys",
        type=file,
        action="append",
        default=[],
        metavar="FILE",
        help="use the keys in a TOML file (docs/keys.md); may be given several times",
    )
    _shared_keys(parser)


def _shared_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shared-keys", action="store_true", help="use key files that others can read, too")


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

    show = _command(
        commands,
        "show",
        "print the frames of a capture",
        "Print the frames of a capture, a line each, or with -V or -T json all that is in them.",
        EPILOG,
    )
    _common(show)
    show.add_argument("-V", dest="tree", action="store_true", help="print every field, with its byte offset")
    show.add_argument(
        "-T",
        dest="format",
        choices=("text", "json", "fields"),
        default="text",
        help="json: one object a line; fields: those named with -e, separated by tabs",
    )
    _selection(show)
    _fields(
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
    _colour(show)
    show.set_defaults(run="osgp_analyzer.cli.show")

    view = commands.add_parser("view", help="open the screen (as does the file name alone)")
    _common(view)
    view.set_defaults(run="osgp_analyzer.cli.view")

    fields = commands.add_parser(
        "fields",
        help="list the fields that frames have, with meaning and source",
        description="What each field means, and which source says so.",
    )
    fields.add_argument("name", nargs="*", metavar="NAME", help="a field (npdu.domain) or layer (npdu); none: all")
    _define(fields)
    fields.set_defaults(run="osgp_analyzer.cli.fields")

    _export(commands)
    _sql(commands)
    _stats(commands)
    _audit(commands)
    _chains(commands)
    _topology(commands)
    _table(commands)
    _keys(commands)
    _simulate(commands)
    return top


def _command(commands: argparse._SubParsersAction[_P], name: str, summary: str, description: str, epilog: str) -> _P:
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-Y", dest="filter", metavar="FILTER", help="only frames that match, in Wireshark's syntax: npdu.src_node == 10"
    )


def _selection(parser: argparse.ArgumentParser) -> None:
    _filter(parser)
    parser.add_argument("-c", dest="count", type=count, metavar="COUNT", help="read the first COUNT frames only")


def _fields(parser: argparse.ArgumentParser, field: str, settings: str) -> None:
    parser.add_argument("-e", dest="fields", action="append", default=[], metavar="FIELD", help=field)
    parser.add_argument("-E", dest="print", action="append", default=[], metavar="KEY=VALUE", help=settings)


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
    export = _command(
        commands,
        "export",
        "write frames to CSV, JSON, Parquet or pcapng",
        "Write fields of frames as a table, or the frames themselves, to a file for other programs.",
        EXPORT,
    )
    _common(export)
    export.add_argument("out", type=file, metavar="OUT", help="file to write; - for standard output")
    export.add_argument(
        "--format",
        choices=("csv", "json", "jsonl", "parquet", "pcapng", "wireshark"),
        help="format of OUT (default: by its suffix)",
    )
    _selection(export)
    _fields(
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
    sql = _command(
        commands,
        "sql",
        "ask about the frames in SQL",
        "Run one SELECT of DuckDB's SQL over the fields of all frames. It reads and writes no other file.",
        SQL,
    )
    sql.add_argument("query", metavar="SELECT", help="the query, in quotation marks")
    _common(sql)
    _selection(sql)
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table", help="form of the answer")
    sql.set_defaults(run="osgp_analyzer.cli.sql")


STATISTICS = """\
statistics:
  hierarchy      which layers there are inside which, with frames and bytes
  endpoints      frames and bytes from and to each address
  conversations  frames and bytes in each direction between two addresses, when first and for how long
  services       ACKD, UNACKD_RPT, REQUEST, ...
  commands       messages by what they command or carry, responses by their request and its outcome
  errors         findings by code; by sender damaged frames, failures, retries, duplicates, late and missing answers
  responses      how long answers take: distribution, by kind of answer, by who answers
  load           frames, bytes and bits per interval, as a share of the channel's rate

  all            all of these

Without a NAME a summary on one screen. With --json all rows of all of them: times are ns, sizes bytes.
"""


def _stats(commands: argparse._SubParsersAction[Parser]) -> None:
    stats = _command(
        commands,
        "stats",
        "count: protocols, endpoints, commands, errors, response times, load",
        "Print statistics of a capture as tables and plots, or as one JSON object.",
        STATISTICS,
    )
    _common(stats)
    stats.add_argument("statistics", nargs="*", metavar="NAME", help="a statistic, see below; none: a summary of all")
    _filter(stats)
    stats.add_argument("--json", action="store_true", help="one JSON object, keyed by statistic")
    stats.add_argument(
        "--rate",
        type=rate,
        metavar="BITS/S",
        help="rate of the channel (default: that of the file, else 3600, a power line in the A band; C band: 5400)",
    )
    stats.add_argument(
        "--interval", type=interval, metavar="S", help="seconds that the load is averaged over (default: what fits)"
    )
    stats.set_defaults(run="osgp_analyzer.cli.stats")


AUDIT = """\
Each message is judged with the keys of --keys: verified, bad digest, no key, not authenticated, challenged. Evidence is
the numbers of the first frames of each finding; -Y and -c choose the frames that are reported.

examples:
  osgp-analyzer audit --keys keys.toml capture.pcapng
  osgp-analyzer audit --keys keys.toml --html audit.html --severity warn capture.pcapng
  osgp-analyzer show -V -Y "finding.code == security.bad_digest" --keys keys.toml capture.pcapng

exit codes:
  0  all frames were read, and no finding is an error
  1  the capture is damaged: what could be read was judged, the rest is named on standard error
  2  nothing could be done: wrong arguments, no capture file, or no frame of a known link type
  3  a finding is an error, whatever else there is, and whether or not --severity shows it
"""


def _audit(commands: argparse._SubParsersAction[Parser]) -> None:
    audit = _command(
        commands,
        "audit",
        "say how messages are protected, and what is wrong with it, by meter",
        "Say what is wrong with the protection of messages by meter, with evidence and advice, as text, JSON or HTML.",
        AUDIT,
    )
    _common(audit)
    _selection(audit)
    audit.add_argument("--json", action="store_true", help="one JSON object")
    audit.add_argument("--html", type=file, metavar="OUT", help="also write a page, in one file; - for standard output")
    audit.add_argument(
        "--severity",
        choices=("chat", "note", "warn", "error"),
        default="note",
        help="the lowest that is shown (default: note)",
    )
    _colour(audit)
    audit.set_defaults(run="osgp_analyzer.cli.audit")


CHAINS = """\
A chain is one question on its way through repeaters and back: every frame of it, as far as it was heard. Outcomes:
  answered      the source got the target's answer
  delivered     the agent reports that it has sent the message
  failed        at the hop that is named: a node said so, or nothing came back however often it was sent
  answer lost   an answer got to the hop that is named, and was asked for again in vain
  open          the timers had not run out at the end of the capture
  in part       the tap heard too little to tell

In a drawing an arrow of dots is the alternate path. With -Y a chain is shown when one of its frames matches.

examples:
  osgp-analyzer chains -Y "chain.outcome == failed" capture.pcap
  osgp-analyzer chains -V -Y "frame.number == 1234" capture.pcap
"""


def _chains(commands: argparse._SubParsersAction[Parser]) -> None:
    chains = _command(
        commands,
        "chains",
        "proxied exchanges: who carried what, how far it got, and why not",
        "Print the exchanges that go through repeaters, a line each, or with -V drawn hop by hop.",
        CHAINS,
    )
    _common(chains)
    _filter(chains)
    chains.add_argument("-V", dest="tree", action="store_true", help="draw the frames of each chain, with times")
    chains.add_argument("--json", action="store_true", help="one object a line, with all frames; times are ns")
    chains.set_defaults(run="osgp_analyzer.cli.chains")


TOPOLOGY = """\
Nodes, the links between them with their use and success, and the routes to each target, as the traffic shows them. A
node stands below the one that most messages to it come from.

examples:
  osgp-analyzer topology capture.pcap
  osgp-analyzer topology --html network.html capture.pcap
  osgp-analyzer topology --dot capture.pcap | dot -Tsvg > network.svg
"""


def _topology(commands: argparse._SubParsersAction[Parser]) -> None:
    topology = _command(
        commands,
        "topology",
        "the network: nodes, links, routes to each meter",
        "Print the network that the traffic shows as a tree, or as JSON, GraphML, Graphviz, or an HTML page.",
        TOPOLOGY,
    )
    _common(topology)
    form = topology.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object; times are ns")
    form.add_argument("--graphml", action="store_true", help="GraphML, for graph programs")
    form.add_argument("--dot", action="store_true", help="for Graphviz")
    form.add_argument("--html", type=file, metavar="OUT", help="write a page with a picture; - for standard output")
    topology.set_defaults(run="osgp_analyzer.cli.topology")


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
    table = _command(
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
    _colour(table)
    _define(table)
    table.set_defaults(run="osgp_analyzer.cli.table")


KEYS = """\
docs/keys.md describes the files. One is read at every start: ~/.config/osgp-analyzer/keys.toml, or what the environment
variable OSGP_ANALYZER_KEYS names. No command shows a key.

exit codes:
  0  all is well
  1  check: a key is weak, or several meters have it
  2  a file is wrong, cannot be read, or can be read by others: what is wrong is said, with its line
"""
ADD = """\
Keys are asked for, one after the other in the order of the options; when standard input is no terminal, each is a line
of it. A key is written in hex, or after "text:" as characters. FILE is made, for its owner only, if it is not there; a
section that it has gets what is new, and all else in it stays as it is.

examples:
  osgp-analyzer keys add keys.toml --meter "Main street 4" --domain 4F5347 --address 1/20 --omak --mak
  osgp-analyzer keys add keys.toml --domain 4F5347 --domain-key < key.txt
  osgp-analyzer keys add keys.toml --group 4F5347/3 --oma-key
  osgp-analyzer keys add keys.toml --try --omak
"""
TRY = """\
Each message is tried with the keys of its meter, and the first messages of a meter with all keys.

example:
  osgp-analyzer keys try capture.pcapng --keys keys.toml
"""


def _keys(commands: argparse._SubParsersAction[Parser]) -> None:
    keys = _command(commands, "keys", "write key files, list, check and try them", "Work on files of keys.", KEYS)
    actions = keys.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_KeysParser)
    keys.set_defaults(run="osgp_analyzer.cli.keys")

    add = _command(actions, "add", "add keys to a file", "Add keys of a meter, a domain or a group, or to try.", ADD)
    add.allow_abbrev = False
    add.add_argument("file", type=file, metavar="FILE", help="the key file")
    add.add_argument("--meter", metavar="NAME", help="the meter: any name; with at least one of the next")
    add.add_argument("--address", metavar="SUBNET/NODE", help="its address, such as 1/20")
    add.add_argument("--neuron-id", metavar="HEX", help="its Neuron ID")
    add.add_argument("--port", metavar="NAME", help="the interface of captures that it is at")
    add.add_argument("--domain", metavar="HEX", help="its domain; without --meter: keys of the whole domain")
    add.add_argument("--group", metavar="DOMAIN/GROUP", help="keys of a group")
    add.add_argument("--try", dest="try_", action="store_true", help="keys to try where none is known")
    for kind, what in KINDS.items():
        option = f"--{kind.replace('_', '-')}"
        add.add_argument(option, dest="kinds", action="append_const", const=kind, default=[], help=what)
    _shared_keys(add)

    for name, summary, description in (
        ("list", "list keys, without showing one", "List keys: name, kind, length, whose, from when until when."),
        (
            "check",
            "say what is wrong or weak",
            "Say what is wrong with key files, or how many keys they have, and weak ones.",
        ),
    ):
        action = actions.add_parser(name, help=summary, description=description)
        action.add_argument("files", nargs="*", type=file, metavar="FILE", help="key files; none: the standing one")
        _shared_keys(action)
    fits = _command(actions, "try", "say which keys fit which meters of a capture", "Try keys on a capture.", TRY)
    _common(fits)
    fits.set_defaults(run="osgp_analyzer.cli.keys_try")


KINDS = {
    "omak": "OMAK: OSGP on the power line (12 bytes)",
    "base_key": "base key of RC4 on the power line (16)",
    "domain_key": "EN 14908-1 authentication (6)",
    "oma_key": "EN 14908-1 Open Media Authentication (12)",
    "mak": "MAK: MEP port, advanced (16)",
    "mbk": "MBK: MEP port, basic (16)",
    "psk": "pre-shared key: TLS on the MEP port, AES suites (16 or 32)",
    "mk": "MK: password of the optical port, master (20)",
    "pk": "PK: password of the optical port, programming (20)",
    "rk": "RK: password of the optical port, reading (20)",
}
"""Kinds of keys; the key ring is not imported before it is used."""


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
    simulate = _command(
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
