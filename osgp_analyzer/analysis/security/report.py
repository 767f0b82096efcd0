# SPDX-License-Identifier: GPL-2.0-or-later
"""What an audit has found, in the form in which it is printed. Times are ns since 1970, None where no frame has one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from osgp_analyzer.analysis.security.remarks import REMARKS, SecurityRemark
from osgp_analyzer.schema import Severity

SEVERITIES = tuple(Severity)
"""From remark to fault."""


def said(remark: SecurityRemark, key: str | None = None) -> str:
    """A remark on several frames as a sentence; `key`: the name of the key of all of them, None where there is none."""
    text = remark.text.replace(": {key}", "") if key is None else remark.text
    text = text.format(key=key or "its key", other="a key")
    return f"{text[:1].upper()}{text[1:]}."


def counted(number: int, what: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Finding:
    """What was found at a meter in `count` frames. `frames`: the numbers of the first ones. `text` is that of the
    remark, with the name of the key."""

    remark: SecurityRemark
    count: int
    first: int | None
    last: int | None
    frames: list[int]
    text: str

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return {
            "code": self.remark.code,
            "severity": self.remark.severity.value,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "frames": self.frames,
            "text": self.text,
            "advice": self.remark.advice,
        }


@dataclass(frozen=True)
class Meter:
    """`messages` by status; `keys` with how many messages each verified, the most used first."""

    label: str
    messages: dict[str, int]
    encrypted: int
    keys: dict[str, int]
    findings: list[Finding]

    def frames(self, severity: Severity) -> int:
        """Frames with findings of a severity; a frame counts for each of its findings."""
        return sum(finding.count for finding in self.findings if finding.remark.severity is severity)

    def as_json(self) -> dict[str, Any]:
        """By name."""
        findings = [finding.as_json() for finding in self.findings]
        return {
            "meter": self.label,
            "messages": self.messages,
            "encrypted": self.encrypted,
            "keys": self.keys,
            "findings": findings,
        }


@dataclass(frozen=True)
class Keys:
    """How many keys were `given`; those `used`, with how many messages each verified; the names of those that fitted
    nothing; how many of each kind judge nothing here."""

    given: int
    used: dict[str, int]
    unused: list[str]
    untried: dict[str, int]


@dataclass(frozen=True)
class Unjudged:
    """What was not judged, and why. `count` of messages or frames, as `text` goes on to say; 0 where it is of none."""

    code: str
    count: int
    text: str
    advice: str


@dataclass(frozen=True)
class Report:
    """`frames` that were looked at, of `in_capture`; `messages` in them by status. `meters`: the worst first."""

    in_capture: int
    frames: int
    first: int | None
    last: int | None
    messages: dict[str, int]
    encrypted: int
    keys: Keys
    meters: list[Meter]
    unjudged: list[Unjudged]

    @property
    def total(self) -> int:
        """Messages that there is something to say of."""
        return sum(self.messages.values())

    @property
    def found(self) -> list[Meter]:
        """Meters with findings."""
        return [meter for meter in self.meters if meter.findings]

    @property
    def worst(self) -> Severity | None:
        """The gravest severity of a finding."""
        found = [SEVERITIES.index(one.remark.severity) for meter in self.meters for one in meter.findings]
        return SEVERITIES[max(found)] if found else None

    def at_least(self, severity: Severity) -> Report:
        """The report without findings of less than a severity."""
        shown = SEVERITIES[SEVERITIES.index(severity) :]
        meters = [
            replace(meter, findings=[one for one in meter.findings if one.remark.severity in shown])
            for meter in self.meters
        ]
        return replace(self, meters=meters)

    def by_remark(self) -> list[tuple[SecurityRemark, list[tuple[Meter, Finding]]]]:
        """The remarks that were found, the gravest first, each with the meters that it was found at."""
        found: dict[str, list[tuple[Meter, Finding]]] = {}
        for meter in self.meters:
            for finding in meter.findings:
                found.setdefault(finding.remark.code, []).append((meter, finding))
        remarks = sorted((one for one in REMARKS if one.code in found), key=lambda one: -SEVERITIES.index(one.severity))
        return [(remark, sorted(found[remark.code], key=lambda one: -one[1].count)) for remark in remarks]

    def as_json(self) -> dict[str, Any]:
        """By name: what ``--json`` prints."""
        return {
            "frames": {"in_capture": self.in_capture, "frames": self.frames, "first": self.first, "last": self.last},
            "messages": self.messages,
            "encrypted": self.encrypted,
            "keys": asdict(self.keys),
            "meters": [meter.as_json() for meter in self.meters],
            "not_judged": [asdict(one) for one in self.unjudged],
        }


def worst_first(meters: Iterable[Meter]) -> list[Meter]:
    """Meters by their gravest findings, then by how many there are; the findings of each in this order too."""

    def gravity(meter: Meter) -> tuple[list[int], str]:
        return [-meter.frames(severity) for severity in reversed(SEVERITIES)], meter.label

    return [
        replace(
            meter,
            findings=sorted(
                meter.findings,
                key=lambda one: (-SEVERITIES.index(one.remark.severity), -one.count, one.remark.code),
            ),
        )
        for meter in sorted(meters, key=gravity)
    ]
