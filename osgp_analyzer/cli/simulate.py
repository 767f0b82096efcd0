# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer simulate``: a capture of made-up traffic, what was known of it, and its keys."""

from __future__ import annotations

import argparse
import os
import sys

from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli.arguments import OK, nearest
from osgp_analyzer.cli.export import ended_by_signals
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.output import output
from osgp_analyzer.simulate.run import MOST_METERS, MOST_REPEATERS, START, Settings, simulate
from osgp_analyzer.simulate.scenarios.catalogue import BY_NAME, SCENARIOS, playable


def run(options: argparse.Namespace) -> int:
    """Write the three files, or list the scenarios."""
    if options.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name:16} {scenario.shows}\n{'':16} {', '.join(scenario.ports)}")
        return OK
    settings = _settings(options)
    if not options.output or options.output == "-":
        raise CaptureError("simulate writes three files: name the capture with -o FILE")
    stem = os.path.splitext(options.output)[0]
    sidecar, keys = f"{stem}.json", f"{stem}.keys.toml"
    if sidecar == options.output:
        raise CaptureError(f"{options.output}: is the name of what is written beside the capture: name it .pcapng")
    with (
        ended_by_signals(),
        output(options.output) as capture,
        output(sidecar) as known,
        output(keys, private=True) as ring,
    ):
        count = simulate(settings, capture, known, ring, _progress)
    written = f"{options.output}: {count} frames; {sidecar}: what was known of each; {keys}: made-up keys"
    print(printable(written))
    return OK


def _progress(frames: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[Ksimulating: {frames} frames (Ctrl-C stops)\r")
        sys.stderr.flush()


def _settings(options: argparse.Namespace) -> Settings:
    playing = playable(options.port)
    names = tuple(s.name for s in playing) if options.scenario == "all" else tuple(options.scenario.split(","))
    for name in names:
        if name not in BY_NAME:
            raise CaptureError(f"--scenario {name}: no such scenario{nearest(name, list(BY_NAME))}; --list shows all")
        if options.port not in BY_NAME[name].ports:
            ports = ", ".join(BY_NAME[name].ports)
            raise CaptureError(f"--scenario {name}: cannot be played on {options.port}, but on {ports}")
    if not 1 <= options.meters <= MOST_METERS:
        raise CaptureError(f"--meters {options.meters}: there can be 1 to {MOST_METERS}")
    if options.repeaters > MOST_REPEATERS:
        raise CaptureError(f"--repeaters {options.repeaters}: there can be up to {MOST_REPEATERS}")
    if options.encrypt and options.port == "optical":
        raise CaptureError("--encrypt: there is no encryption on the optical port")
    start = START if options.start is None else options.start
    return Settings(
        options.port, names, options.seed, options.meters, options.repeaters, options.frames, start, options.encrypt
    )
