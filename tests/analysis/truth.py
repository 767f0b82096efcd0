# SPDX-License-Identifier: GPL-2.0-or-later
"""What really happened in the captures with sidecars, from what the senders knew of each frame: node names, steps of
the scenario, who heard it. Frame by frame, and not from any byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.conftest import load

RECEIVE_TIMER = 24.576
"""Seconds (en14908.md 8)."""
TRANSMIT_TIMER = 3.072
ASKED_BY = {"ACK": ("ACKD", "REM_MSG"), "RESPONSE": ("REQUEST", "REM_MSG")}
MESSAGES = ("ACKD", "REQUEST", "UNACKD_RPT", "REM_MSG", "REMINDER")


@dataclass
class Message:
    """A message with all its sendings (indices of frames), and the answers it got."""

    sendings: list[int] = field(default_factory=list)
    attempts: dict[int, int] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)


@dataclass
class Truth:
    """For each frame what `Exchanges` should say, -1 for none."""

    frames: list[Any]
    answers: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    attempt: list[int] = field(default_factory=list)
    duplicate: list[int] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)
    answered_in: list[int] = field(default_factory=list)
    missing: list[bool] = field(default_factory=list)


def truth(name: str) -> Truth:
    """The truth of a sidecar."""
    frames = load(f"sidecars/{name}.json")["frames"]
    steps = [0]
    for before, after in pairwise(frames):
        steps.append(steps[-1] + (before["step"] != after["step"]))
    messages = _messages(frames, steps)
    of = {i: m for m in messages for i in m.sendings}
    known = Truth(frames)
    origin: dict[int, Message] = {}
    for i, frame in enumerate(frames):
        asked = _asked(frames, steps, i)
        known.answers.append(asked)
        known.late.append(
            asked >= 0
            and not frame["msg"].startswith("REPLY")
            and frame["time"] - frames[asked]["time"] > TRANSMIT_TIMER
            and not frames[asked].get("apdu", "").startswith("4d")
        )
        known.duplicate.append(-1)
        if asked < 0:
            continue
        message = origin[i] = of[asked] if asked in of else origin[asked]
        same = [j for j in message.answers if all(frames[j].get(k) == frame.get(k) for k in ("node", "msg", "pdu"))]
        known.duplicate[i] = min(same, default=-1)
        message.answers.append(i)
    for i, frame in enumerate(frames):
        own = of.get(i)
        known.attempt.append(own.attempts[i] if own else -1)
        known.first.append(own.sendings[0] if own and own.attempts[i] else -1)
        asks = own is not None and frame["msg"] in ("ACKD", "REQUEST", "REM_MSG")
        final = [j for j in own.answers if frames[j]["msg"] in ASKED_BY] if own else []
        known.answered_in.append(final[0] if asks and final else -1)
        waited = frames[-1]["time"] - frames[own.sendings[-1]]["time"] if own else 0
        known.missing.append(asks and not final and waited > RECEIVE_TIMER)
    return known


def _messages(frames: list[Any], steps: list[int]) -> list[Message]:
    """Sendings of one message: the same node, step, number, destination and APDU, with no other number between."""
    found: list[Message] = []
    current: dict[Any, tuple[Any, Message]] = {}
    for i, frame in enumerate(frames):
        if frame["msg"] not in MESSAGES:
            continue
        sender = frame["node"], frame["priority"]
        names = ("trans", "domain", "dst", "version")
        what = [steps[i], [frame[n] for n in names], frame["pdu_type"], frame["msg"] == "UNACKD_RPT"]
        before, message = current.get(sender, (None, Message()))
        again = before is not None and before[:4] == what and (frame["apdu"] or before[4]) == before[4]
        if not again:
            message = Message()
            found.append(message)
        after_reminder = again and frames[message.sendings[-1]]["msg"] == "REMINDER"
        attempt = message.attempts[message.sendings[-1]] + (not after_reminder) if again else 0
        message.sendings.append(i)
        message.attempts[i] = attempt
        current[sender] = ([*what, frame["apdu"] or (before[4] if again else "")], message)
    return found


def _asked(frames: list[Any], steps: list[int], i: int) -> int:
    """The latest frame of the step that the sender of this one heard and that it answers."""
    answer = frames[i]
    for j in range(i - 1, -1, -1):
        asked = frames[j]
        if steps[j] != steps[i]:
            return -1
        if asked.get("trans") != answer.get("trans") or asked["priority"] != answer["priority"]:
            continue
        if answer["node"] not in asked["heard_by"] or not _fits(answer["msg"], asked):
            continue
        if answer["dst"].get("subnet") != asked["src"]["subnet"] or answer["dst"]["node"] != asked["src"]["node"]:
            continue
        if asked["dst"]["mode"] != "subnet_node" or _is(asked["dst"], answer["src"]):
            return j
        if not answer["msg"].startswith("REPLY") and asked["dst"]["mode"] != "group_ack":
            return j
        if answer["msg"].startswith("REPLY") and _is(asked["dst"], answer["src"]):
            return j
    return -1


def _is(one: Any, other: Any) -> bool:
    return bool((one["subnet"], one["node"]) == (other["subnet"], other["node"]))


def _fits(answer: str, asked: Any) -> bool:
    if answer in ASKED_BY:
        layer = "TPDU" if answer == "ACK" else "SPDU"
        return asked["msg"] in ASKED_BY[answer] and asked["pdu_type"] == layer
    if answer.startswith("CHALLENGE"):
        return bool(asked.get("auth")) and asked["msg"] in MESSAGES
    return answer.startswith("REPLY") and asked["msg"] == answer.replace("REPLY", "CHALLENGE")
