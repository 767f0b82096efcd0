# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands for keys."""

from __future__ import annotations

import argparse

from osgp_analyzer.cli.arguments import Parser, command, common, shared_keys
from osgp_analyzer.cli.words import file


class _KeysParser(Parser):
    """Does not repeat words: one may be a key."""

    def too_many(self, word: str) -> str:
        return "a word too many: a key is not written here, where others could see it, but asked for"


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


def keys(commands: argparse._SubParsersAction[Parser]) -> None:
    """Key files."""
    made = command(commands, "keys", "write key files, list, check and try them", "Work on files of keys.", KEYS)
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_KeysParser)
    made.set_defaults(run="osgp_analyzer.cli.keys")

    add = command(actions, "add", "add keys to a file", "Add keys of a meter, a domain or a group, or to try.", ADD)
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
    shared_keys(add)

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
        shared_keys(action)
    fits = command(actions, "try", "say which keys fit which meters of a capture", "Try keys on a capture.", TRY)
    common(fits)
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
