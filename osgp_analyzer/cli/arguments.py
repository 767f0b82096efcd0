# SPDX-License-Identifier: GPL-2.0-or-later
"""What the options of commands have in common, and what is said of wrong ones."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from osgp_analyzer.cli.words import count, decode_as, file, link

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


P = TypeVar("P", bound=Parser)


def nearest(wrong: str, known: Sequence[str]) -> str:
    """``; did you mean ...?``, or nothing when nothing is near."""
    near = difflib.get_close_matches(wrong, known, 3, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def define(parser: argparse.ArgumentParser) -> None:
    """Options for definition files."""
    parser.add_argument(
        "--define",
        type=file,
        action="append",
        default=[],
        metavar="FILE",
        help="read tables and cipher suites of your own from a TOML file (docs/definitions.md); can be repeated",
    )


def colour(parser: argparse.ArgumentParser) -> None:
    """Whether to use colours."""
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colour (auto: on a terminal)"
    )


def common(parser: argparse.ArgumentParser) -> None:
    """The capture, and how it is read."""
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
    define(parser)
    parser.add_argument(
        "--keys",
        type=file,
        action="append",
        default=[],
        metavar="FILE",
        help="use the keys in a TOML file (docs/keys.md); may be given several times",
    )
    shared_keys(parser)


def shared_keys(parser: argparse.ArgumentParser) -> None:
    """Whether key files of others are used."""
    parser.add_argument("--shared-keys", action="store_true", help="use key files that others can read, too")


def command(commands: argparse._SubParsersAction[P], name: str, summary: str, description: str, epilog: str) -> P:
    """A command with its help."""
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def filter_(parser: argparse.ArgumentParser) -> None:
    """A display filter."""
    parser.add_argument(
        "-Y", dest="filter", metavar="FILTER", help="only frames that match, in Wireshark's syntax: npdu.src_node == 10"
    )


def selection(parser: argparse.ArgumentParser) -> None:
    """Which frames."""
    filter_(parser)
    parser.add_argument("-c", dest="count", type=count, metavar="COUNT", help="read the first COUNT frames only")


def fields(parser: argparse.ArgumentParser, field: str, settings: str) -> None:
    """Which fields, and how they are printed."""
    parser.add_argument("-e", dest="fields", action="append", default=[], metavar="FIELD", help=field)
    parser.add_argument("-E", dest="print", action="append", default=[], metavar="KEY=VALUE", help=settings)
