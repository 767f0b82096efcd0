# SPDX-License-Identifier: GPL-2.0-or-later
"""An audit as one page of HTML that needs nothing else: no script, no other file, and a policy that forbids both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import BinaryIO

from osgp_analyzer import __version__
from osgp_analyzer.analysis.security.remarks import SecurityRemark
from osgp_analyzer.analysis.security.report import Finding, Meter, Report, counted, said
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.audit_style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
FEW = 12
"""Rows and names that are shown without being asked for."""
LEVELS = {"all": "all", "warn": "warnings and errors", "error": "errors"}
"""What the page can be narrowed to."""
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def write_page(report: Report, name: str, out: BinaryIO) -> None:
    """Write the page in UTF-8. `name` of the capture."""
    for part in _page(report, name):
        out.write(part.encode("utf-8", "backslashreplace") + b"\n")


def _page(report: Report, name: str) -> Iterator[str]:
    title = f"Security audit of {_text(name)}"
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{title}</title><style>{STYLE}</style></head><body>"
    yield f"<header><h1>Security audit</h1><p>{_text(name)}<br>{_what(report)}</p></header>"
    yield from _summary(report)
    ids = {id(meter): f"meter-{number}" for number, meter in enumerate(report.meters, 1)}
    yield from _findings(report, ids)
    yield from _meters(report, ids)
    yield from _unjudged(report)
    yield from _keys(report)
    yield f"<footer>osgp-analyzer {__version__}. Times are UTC; frames are counted from 1.</footer>"
    yield "</body></html>"


def _what(report: Report) -> str:
    some = f" of {report.in_capture}" if report.frames != report.in_capture else ""
    span = "" if report.first is None else f", {_time(report.first)} to {_time(report.last)}"
    return f"{report.frames}{some} frames{span}"


def _summary(report: Report) -> Iterator[str]:
    yield "<section><h2>Messages</h2>"
    if not report.total:
        yield "<p>There are no messages that there is anything to say of.</p></section>"
        return
    bar, legend = [], []
    for status, count in report.messages.items():
        if count:
            kind = status.replace(" ", "-")
            bar.append(f'<i class="{kind}" style="flex-grow:{count}"></i>')
            legend.append(f'<li><i class="{kind}"></i><b>{count}</b> {status}</li>')
    yield f'<div class="bar" aria-hidden="true">{"".join(bar)}</div><ul class="legend">{"".join(legend)}</ul>'
    encrypted = f"{report.encrypted} of them encrypted ({_share(report.encrypted, report.total)})"
    found = f"{counted(len(report.found), 'meter')} of {len(report.meters)} with findings"
    yield f"<p>{counted(report.total, 'message')}; {encrypted}. {found}.</p></section>"


def _findings(report: Report, ids: Mapping[int, str]) -> Iterator[str]:
    yield '<section class="findings"><h2>Findings</h2>'
    remarks = report.by_remark()
    if not remarks:
        yield "<p>None.</p></section>"
        return
    for level, text in LEVELS.items():
        checked = " checked" if level == "all" else ""
        yield f'<input type="radio" name="level" id="level-{level}"{checked}><label for="level-{level}">{text}</label>'
    for remark, places in remarks:
        yield from _finding(remark, places, ids)
    yield "</section>"


def _finding(remark: SecurityRemark, places: list[tuple[Meter, Finding]], ids: Mapping[int, str]) -> Iterator[str]:
    severity, count = remark.severity.value, sum(finding.count for _, finding in places)
    text = said(remark)
    yield f'<article class="{severity}" id="{remark.code}">'
    yield f"<h3>{_badge(severity)} {_text(text.rstrip('.'))}</h3>"
    yield f'<p class="advice">{_text(remark.advice)}</p>'
    amount = f"{counted(count, 'frame')} of {counted(len(places), 'meter')}"
    shown = " open" if len(places) <= FEW else ""
    yield f"<details{shown}><summary>{amount} <code>{remark.code}</code></summary><table><thead><tr>"
    yield '<th>Meter</th><th class="n">Frames</th><th>First</th><th>Last</th><th>Evidence: frame numbers</th>'
    yield "</tr></thead><tbody>"
    for meter, finding in places:
        more = " &hellip;" if finding.count > len(finding.frames) else ""
        own = f'<br><span class="quiet">{_text(finding.text)}</span>' if finding.text != text else ""
        yield f'<tr><td><a href="#{ids[id(meter)]}">{_text(meter.label)}</a></td><td class="n">{finding.count}</td>'
        yield f'<td class="time">{_time(finding.first)}</td><td class="time">{_time(finding.last)}</td>'
        yield f'<td class="frames">{" ".join(map(str, finding.frames))}{more}{own}</td></tr>'
    yield "</tbody></table></details></article>"


def _meters(report: Report, ids: Mapping[int, str]) -> Iterator[str]:
    yield "<section><h2>Meters</h2>"
    if not report.meters:
        yield "<p>None.</p></section>"
        return
    statuses = [status for status, count in report.messages.items() if count]
    heads = "".join(f'<th class="n">{status.capitalize()}</th>' for status in statuses)
    yield f'<table class="meters"><thead><tr><th>Meter</th>{heads}<th class="n">Encrypted</th>'
    yield "<th>Findings</th><th>Keys</th></tr></thead><tbody>"
    for meter in report.meters:
        total = sum(meter.messages.values())
        cells = "".join(f'<td class="n">{meter.messages[status] or ""}</td>' for status in statuses)
        links = " ".join(
            f'<a class="badge {one.remark.severity.value}" href="#{one.remark.code}">{one.remark.code} {one.count}</a>'
            for one in meter.findings
        )
        yield f'<tr id="{ids[id(meter)]}"><td>{_text(meter.label)}</td>{cells}'
        yield f'<td class="n">{_share(meter.encrypted, total)}</td><td>{links}</td><td>{_used(meter.keys, 1)}</td></tr>'
    yield "</tbody></table></section>"


def _unjudged(report: Report) -> Iterator[str]:
    if not report.unjudged:
        return
    yield "<section><h2>Not judged</h2><ul>"
    for one in report.unjudged:
        count = f"<b>{one.count}</b> " if one.count else ""
        yield f'<li>{count}{_text(one.text)} <span class="advice">{_text(one.advice)}</span></li>'
    yield "</ul></section>"


def _keys(report: Report) -> Iterator[str]:
    keys = report.keys
    yield "<section><h2>Keys</h2>"
    yield f"<p>{counted(keys.given, 'key')} given. No key is shown here: these are their names.</p>"
    if keys.used:
        yield f"<h3>Used, with how many messages each verified</h3>{_used(keys.used, FEW)}"
    if keys.unused:
        yield f"<h3>Fitted no message</h3>{_names(keys.unused)}"
    if keys.untried:
        kinds = ", ".join(f"{count} {_text(kind)}" for kind, count in keys.untried.items())
        yield f"<p>Of kinds that judge nothing here: {kinds}.</p>"
    yield "</section>"


def _used(keys: Mapping[str, int], few: int) -> str:
    """Names of keys with how many messages each verified."""
    return _folded([f'{_text(name)} <span class="quiet">{count}</span>' for name, count in keys.items()], few)


def _names(names: list[str]) -> str:
    return _folded([_text(name) for name in names], FEW)


def _folded(items: list[str], few: int) -> str:
    """A list; of a long one the rest is shown when it is asked for."""
    made = [f"<li>{item}</li>" for item in items]
    rest = f"<details><summary>{len(made) - few} more</summary><ul>{''.join(made[few:])}</ul></details>"
    return f"<ul>{''.join(made[:few])}</ul>{rest if len(made) > few else ''}" if made else ""


def _badge(severity: str) -> str:
    return f'<span class="badge {severity}">{severity}</span>'


def _text(text: str) -> str:
    """Text as it is shown: nothing in it is a command to a terminal or to a browser."""
    return escape(printable(text))


def _time(time: int | None) -> str:
    return "" if time is None else f"{_1970 + timedelta(microseconds=time // 1000):%Y-%m-%d %H:%M:%S}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f} %" if whole else ""
