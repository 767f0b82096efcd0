# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that say what is in a capture as a whole."""

from __future__ import annotations

import argparse

from osgp_analyzer.cli.arguments import Parser, colour, command, common, filter_, selection
from osgp_analyzer.cli.words import file, interval, rate

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


def stats(commands: argparse._SubParsersAction[Parser]) -> None:
    """Numbers of a capture."""
    made = command(
        commands,
        "stats",
        "count: protocols, endpoints, commands, errors, response times, load",
        "Print statistics of a capture as tables and plots, or as one JSON object.",
        STATISTICS,
    )
    common(made)
    made.add_argument("statistics", nargs="*", metavar="NAME", help="a statistic, see below; none: a summary of all")
    filter_(made)
    made.add_argument("--json", action="store_true", help="one JSON object, keyed by statistic")
    made.add_argument(
        "--rate",
        type=rate,
        metavar="BITS/S",
        help="rate of the channel (default: that of the file, else 3600, a power line in the A band; C band: 5400)",
    )
    made.add_argument(
        "--interval", type=interval, metavar="S", help="seconds that the load is averaged over (default: what fits)"
    )
    made.set_defaults(run="osgp_analyzer.cli.stats")


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


def audit(commands: argparse._SubParsersAction[Parser]) -> None:
    """How messages are protected."""
    made = command(
        commands,
        "audit",
        "say how messages are protected, and what is wrong with it, by meter",
        "Say what is wrong with the protection of messages by meter, with evidence and advice, as text, JSON or HTML.",
        AUDIT,
    )
    common(made)
    selection(made)
    made.add_argument("--json", action="store_true", help="one JSON object")
    made.add_argument("--html", type=file, metavar="OUT", help="also write a page, in one file; - for standard output")
    made.add_argument(
        "--severity",
        choices=("chat", "note", "warn", "error"),
        default="note",
        help="the lowest that is shown (default: note)",
    )
    colour(made)
    made.set_defaults(run="osgp_analyzer.cli.audit")


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


def chains(commands: argparse._SubParsersAction[Parser]) -> None:
    """Exchanges through repeaters."""
    made = command(
        commands,
        "chains",
        "proxied exchanges: who carried what, how far it got, and why not",
        "Print the exchanges that go through repeaters, a line each, or with -V drawn hop by hop.",
        CHAINS,
    )
    common(made)
    filter_(made)
    made.add_argument("-V", dest="tree", action="store_true", help="draw the frames of each chain, with times")
    made.add_argument("--json", action="store_true", help="one object a line, with all frames; times are ns")
    made.set_defaults(run="osgp_analyzer.cli.chains")


TOPOLOGY = """\
Nodes, the links between them with their use and success, and the routes to each target, as the traffic shows them. A
node stands below the one that most messages to it come from.

examples:
  osgp-analyzer topology capture.pcap
  osgp-analyzer topology --html network.html capture.pcap
  osgp-analyzer topology --dot capture.pcap | dot -Tsvg > network.svg
"""


def topology(commands: argparse._SubParsersAction[Parser]) -> None:
    """The network."""
    made = command(
        commands,
        "topology",
        "the network: nodes, links, routes to each meter",
        "Print the network that the traffic shows as a tree, or as JSON, GraphML, Graphviz, or an HTML page.",
        TOPOLOGY,
    )
    common(made)
    form = made.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object; times are ns")
    form.add_argument("--graphml", action="store_true", help="GraphML, for graph programs")
    form.add_argument("--dot", action="store_true", help="for Graphviz")
    form.add_argument("--html", type=file, metavar="OUT", help="write a page with a picture; - for standard output")
    made.set_defaults(run="osgp_analyzer.cli.topology")
