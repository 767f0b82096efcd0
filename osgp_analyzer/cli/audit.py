# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer audit``: how messages are protected and what is wrong with it, as text, JSON and HTML."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

from osgp_analyzer.analysis.security.remarks import SecurityRemark
from osgp_analyzer.analysis.security.report import SEVERITIES, Finding, Meter, Report, counted, said
from osgp_analyzer.app.audit import audit
from osgp_analyzer.app.lines import PLAIN
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli import tables
from osgp_analyzer.cli.arguments import FOUND
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.show import notes
from osgp_analyzer.cli.stats_page import share
from osgp_analyzer.cli.tree import STYLES
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.audit_page import write_page
from osgp_analyzer.export.output import check_apart, output
from osgp_analyzer.schema import Severity

WIDTH = 80
MOST_METERS, MOST_OF_FINDING, MOST_KEYS, MOST_LABEL, MOST_DIGITS = 20, 10, 4, 28, 8
"""Lines of a table of meters, meters of a finding, and keys, that text names; characters of a meter
and of a number beside frames."""
STATUSES = {"verified": "verified", "bad digest": "bad", "no key": "no key", "not authenticated": "unauth."}
"""Titles of the columns of these statuses; the rest has no room."""
BOLD = "\x1b[1m"


def run(options: argparse.Namespace) -> int:
    """Print and write the report; 3 when a finding is an error, 1 when the file is damaged."""
    if options.html is not None:
        check_apart(options.file, options.html)
        if options.html == "-" and options.json:
            raise CaptureError(
                "--json and --html -: only one of them can go to standard output; name a file for --html"
            )
    session = opened(options)
    whole = audit(session, options.filter, options.count, Progress(session).of)
    report = whole.at_least(Severity(options.severity))
    if options.html is not None:
        with output(options.html) as file:
            write_page(report, session.capture.name, file)
    if options.json:
        print(json.dumps(report.as_json(), indent=1))
    elif options.html != "-" and report.frames:
        colour = options.color == "always" or (options.color == "auto" and sys.stdout.isatty())
        Text(sys.stdout, colour).write(report, options.severity)
    sys.stdout.flush()
    code = notes(session, bool(report.frames) or options.filter is None, options.count)
    return FOUND if whole.worst is Severity.ERROR else code


class Text:
    """The report in lines of 80 characters."""

    def __init__(self, out: TextIO, colour: bool) -> None:
        self.out, self.colour = out, colour

    def write(self, report: Report, severity: str) -> None:
        """Summary, meters, findings, what was not judged."""
        self._summary(report)
        found = report.found
        if found:
            self._meters(report)
            self._head("Findings")
            for number, (remark, places) in enumerate(report.by_remark()):
                if number:
                    self._line()
                self._finding(remark, places)
        elif report.total:
            grave = "" if severity == SEVERITIES[0].value else f" of severity {severity} or above"
            self._line(f"\nNo findings{grave}.")
        if report.unjudged:
            self._head("Not judged")
            for one in report.unjudged:
                self._wrapped(f"{one.count} {one.text}" if one.count else one.text, "  ")
                self._wrapped(one.advice, "    ")

    def _summary(self, report: Report) -> None:
        some = f" of {report.in_capture}" if report.frames != report.in_capture else ""
        frames = f"{report.frames}{some} frames"
        statuses = ", ".join(f"{count} {status}" for status, count in report.messages.items() if count)
        if not report.total:
            self._line(f"{frames}, no messages that there is anything to say of")
        else:
            encrypted = f"; {report.encrypted} encrypted ({share(report.encrypted, report.total)} %)"
            self._wrapped(f"{frames}, {counted(report.total, 'message')}: {statuses}{encrypted}", "")
        keys = report.keys
        if not keys.given:
            return
        parts = [f"{keys.given} keys given"]
        if keys.unused:
            few = f": {', '.join(keys.unused)}" if len(keys.unused) <= MOST_KEYS else ""
            parts.append(f"{len(keys.unused)} fit no message{few}")
        if keys.untried:
            kinds = ", ".join(f"{count} {kind}" for kind, count in keys.untried.items())
            parts.append(f"of kinds that judge nothing here: {kinds}")
        self._wrapped("; ".join(parts), "")

    def _meters(self, report: Report) -> None:
        self._head("Meters")
        found = report.found
        statuses = [status for status in STATUSES if report.messages[status]]
        severities = [one for one in reversed(SEVERITIES) if any(meter.frames(one) for meter in found)]
        titles = ("meter", *(STATUSES[one] for one in statuses), "encr. %", *(one.value for one in severities))
        rows = []
        for meter in found[:MOST_METERS]:
            messages = (str(meter.messages[status]) for status in statuses)
            encrypted = share(meter.encrypted, sum(meter.messages.values()))
            rows.append((meter.label, *messages, encrypted, *(str(meter.frames(one)) for one in severities)))
        self._table(titles, rows)
        if len(found) > MOST_METERS:
            self._line(f"  and {len(found) - MOST_METERS} more with findings: --json and --html have all")
        if len(report.meters) > len(found):
            self._line(f"  {len(report.meters) - len(found)} more without findings")

    def _finding(self, remark: SecurityRemark, places: list[tuple[Meter, Finding]]) -> None:
        count = counted(sum(finding.count for _, finding in places), "frame")
        name = self._styled(remark.severity.value, STYLES.get(remark.severity, ""))
        self._line(f"{name} {self._styled(remark.code, BOLD)}: {count}, {counted(len(places), 'meter')}")
        self._wrapped(f"{said(remark)} {remark.advice}", "  ")
        shown = places[:MOST_OF_FINDING]
        label = min(MOST_LABEL, max(len(printable(meter.label)) for meter, _ in shown))
        room = WIDTH - len("  ") - label - MOST_DIGITS - 2 * len(tables.GAP)
        self._table(
            ("meter", "frames", "<numbers"),
            [(meter.label, str(finding.count), _numbers(finding, room)) for meter, finding in shown],
        )
        if len(places) > MOST_OF_FINDING:
            self._line(f"  and {counted(len(places) - MOST_OF_FINDING, 'meter')} more: --json and --html have all")

    def _table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows that begin with a meter, whose name is cut where there is no room: its end tells most."""
        others = [max(map(len, column)) for column in zip(*(row[1:] for row in (titles, *rows)), strict=True)]
        room = max(WIDTH - len("  ") - sum(others) - len(others) * len(tables.GAP), tables.NARROWEST)
        made = [(_end(printable(row[0]), room), *row[1:]) for row in rows]
        for line in tables.table((f"<{titles[0]}", *titles[1:]), made):
            self._line(f"  {line}")

    def _head(self, text: str) -> None:
        self._line()
        self._line(self._styled(text, BOLD))

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self.colour and style else text

    def _wrapped(self, text: str, before: str) -> None:
        for line in textwrap.wrap(printable(text), WIDTH, initial_indent=before, subsequent_indent=before):
            self._line(line)

    def _line(self, text: str = "") -> None:
        self.out.write(text + "\n")


def _end(text: str, size: int) -> str:
    """A text, or its end."""
    return text if len(text) <= size else tables.CUT + text[len(tables.CUT) - size :]


def _numbers(finding: Finding, room: int) -> str:
    """The first frames of a finding, as many as there is room for, no number cut."""
    numbers = [str(frame) for frame in finding.frames]
    while len(numbers) > 1 and len(" ".join(numbers)) + len(tables.CUT) + 1 > room:
        numbers.pop()
    return " ".join(numbers) + (f" {tables.CUT}" if len(numbers) < finding.count else "")
