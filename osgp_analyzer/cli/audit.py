# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer audit``: how messages are protected and what is wrong with it, as text, JSON and HTML."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from typing import TextIO

from osgp_analyzer.analysis.security.remarks import SecurityRemark
from osgp_analyzer.analysis.security.report import SEVERITIES, Finding, Meter, Report, said
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
MOST_METERS, MOST_OF_FINDING, MOST_KEYS, LABEL = 20, 10, 4, 28
"""Lines of a table of meters, meters of a finding, and keys, that text names; characters of a meter."""
BOLD = "\x1b[1m"


def run(options: argparse.Namespace) -> int:
    """Print and write the report; 3 when a finding is an error, 1 when the file is damaged."""
    if options.html is not None:
        check_apart(options.file, options.html)
        if options.html == "-" and options.json:
            raise CaptureError("--json and --html -: only one of them can go to standard output; name a file for --html")
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
            self._meters(found, len(report.meters) - len(found))
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
                self._wrapped(f"{one.count} {one.text}", "  ")
                self._wrapped(one.advice, "    ")

    def _summary(self, report: Report) -> None:
        some = f" of {report.in_capture}" if report.frames != report.in_capture else ""
        statuses = ", ".join(f"{count} {status}" for status, count in report.messages.items() if count)
        if not report.total:
            self._line(f"{report.frames}{some} frames, no messages that there is anything to say of")
        else:
            encrypted = f"; {report.encrypted} encrypted ({share(report.encrypted, report.total)} %)"
            self._wrapped(f"{report.frames}{some} frames, {report.total} messages: {statuses}{encrypted}", "")
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

    def _meters(self, found: list[Meter], others: int) -> None:
        self._head("Meters")
        shown = [one for one in reversed(SEVERITIES) if any(meter.frames(one) for meter in found)]
        titles = ("<meter", "messages", "verified", "bad", "no key", "encr. %", *(one.value for one in shown))
        rows = []
        for meter in found[:MOST_METERS]:
            messages, total = meter.messages, sum(meter.messages.values())
            amounts = total, messages["verified"], messages["bad digest"], messages["no key"]
            findings = (meter.frames(severity) for severity in shown)
            rows.append((_label(meter), *map(str, amounts), share(meter.encrypted, total), *map(str, findings)))
        self._table(titles, rows)
        if len(found) > MOST_METERS:
            self._line(f"  and {len(found) - MOST_METERS} more with findings: --json and --html have all")
        if others:
            self._line(f"  {others} more without findings")

    def _finding(self, remark: SecurityRemark, places: list[tuple[Meter, Finding]]) -> None:
        count = sum(finding.count for _, finding in places)
        name = self._styled(remark.severity.value, STYLES.get(remark.severity, ""))
        self._line(f"{name} {self._styled(remark.code, BOLD)}: {_frames(count)}, {_meters(len(places))}")
        text = said(remark)
        self._wrapped(f"{text[:1].upper()}{text[1:]}. {remark.advice}", "  ")
        titles = ("<meter", "count", "<frames")
        shown = [(_label(meter), str(finding.count), finding) for meter, finding in places[:MOST_OF_FINDING]]
        room = WIDTH - 2 - sum(max(len(titles[n]), *(len(row[n]) for row in shown)) + 2 for n in range(2))
        rows = [(label, number, _numbers(finding, room)) for label, number, finding in shown]
        self._table(titles, rows)
        if len(places) > MOST_OF_FINDING:
            self._line(f"  and {_meters(len(places) - MOST_OF_FINDING)} more: --json and --html have all")

    def _table(self, titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        for line in tables.table(titles, rows, WIDTH - 2):
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


def _frames(count: int) -> str:
    return f"{count} frame{'' if count == 1 else 's'}"


def _meters(count: int) -> str:
    return f"{count} meter{'' if count == 1 else 's'}"


def _label(meter: Meter) -> str:
    text = printable(meter.label)
    return text if len(text) <= LABEL else text[: LABEL - len(tables.CUT)] + tables.CUT


def _numbers(finding: Finding, room: int) -> str:
    """The first frames of a finding, as many as there is room for, no number cut."""
    numbers = [str(frame) for frame in finding.frames]
    while len(numbers) > 1 and len(" ".join(numbers)) + len(tables.CUT) + 1 > room:
        numbers.pop()
    return " ".join(numbers) + (f" {tables.CUT}" if len(numbers) < finding.count else "")
