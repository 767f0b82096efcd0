# SPDX-License-Identifier: GPL-2.0-or-later
"""What whoever has all keys must find: how each message is authenticated, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from osgp_analyzer.simulate.message import WINDOW
from osgp_analyzer.simulate.meter import Meter

VERIFIED, BAD, NONE = "verified", "bad_digest", "not_authenticated"
"""Status of a message: its digest is right, is not, or there is none."""
NOBODYS = "none of the ring"
"""Name of a key that is not in the key ring."""
AFTER = 5
"""Failures in a row are told once, at the fifth."""
REMEMBERED = 64
"""Messages of each meter that are kept to find old ones again."""

FINDINGS = {
    "bad_digest": "the digest fits no key, no address and no other way to make it",
    "good_under_other_key": "the digest is bad, but good under the key of another meter",
    "good_for_other_address": "the digest is bad, but good for the address of another meter",
    "good_without_length": "the digest is bad, but good without the length of the response",
    "sequence_reused": "another message had this number before",
    "sequence_back": "a number before the last one",
    "sequence_far": f"a number more than {WINDOW} after the last one",
    "replayed": "the same message as before, and not as a retry",
    "keystream_reused": "two different responses were encrypted with the same keystream",
    "weak_key": "the key is one byte all over; told once for each meter",
    "unauthenticated_write": "something is changed without the authentication bit",
    "failures_in_a_row": f"told at bad request number {AFTER} in a row, once",
    "password_in_clear": "a password can be read",
}
"""Codes, and when each is told."""


def security(
    status: str, *findings: str, key: str | None = None, encrypted: bool = False, **more: Any
) -> dict[str, Any]:
    """What the sidecar says of a message: its status, the name of the key that made its digest, findings by code."""
    return {"status": status, "key": key, **more, "encrypted": encrypted, "findings": list(findings)}


def plain(*findings: str) -> dict[str, Any]:
    """The truth about a message without a digest."""
    return {"security": security(NONE, *findings)}


def found(truth: dict[str, Any], findings: Iterable[str]) -> dict[str, Any]:
    """A truth with more findings."""
    if not findings:
        return truth
    known = truth["security"]
    return truth | {"security": known | {"findings": [*known["findings"], *findings]}}


@dataclass
class _Seen:
    """An authentic request: its number, whether that was one of the next, and what was answered under encryption."""

    sequence: int
    accepted: bool
    answer: bytes | None = None


@dataclass
class _State:
    failures: int = 0
    requests: dict[bytes, _Seen] = field(default_factory=dict)


class Ledger:
    """What was said on the segment so far, as far as it makes a later message remarkable."""

    def __init__(self) -> None:
        self._states: dict[str, _State] = {}
        self._weak: set[str] = set()

    def _state(self, meter: Meter) -> _State:
        return self._states.setdefault(meter.label, _State())

    def verified(self, meter: Meter, key: bytes) -> list[str]:
        """Findings at a message that is right under a key of a meter."""
        if len(set(key)) > 1 or meter.label in self._weak:
            return []
        self._weak.add(meter.label)
        return ["weak_key"]

    def failed(self, meter: Meter) -> list[str]:
        """Findings at a request whose digest is bad."""
        state = self._state(meter)
        state.failures += 1
        return ["failures_in_a_row"] if state.failures == AFTER else []

    def request(self, meter: Meter, key: bytes, sequence: int, message: bytes) -> list[str]:
        """Findings at a request whose digest is right, with the meter as it is before it gets it."""
        state = self._state(meter)
        state.failures = 0
        findings = self.verified(meter, key)
        if message in state.requests:
            return [*findings, "replayed"]
        ahead = (sequence - meter.sequence) & 0xFFFFFFFF
        accepted = 0 < ahead <= WINDOW
        if not accepted:
            used = not ahead or any(s.sequence == sequence and s.accepted for s in state.requests.values())
            findings.append("sequence_reused" if used else "sequence_far" if ahead < 2**31 else "sequence_back")
        state.requests[message] = _Seen(sequence, accepted)
        if len(state.requests) > REMEMBERED:
            del state.requests[next(iter(state.requests))]
        return findings

    def encrypted_answer(self, meter: Meter, message: bytes, answer: bytes) -> list[str]:
        """Findings at an answer that is encrypted with the stream of a request."""
        seen = self._state(meter).requests.get(message)
        if seen is None:
            return []
        before, seen.answer = seen.answer, seen.answer or answer
        return ["keystream_reused"] if before is not None and before != answer else []
