# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be said of the protection of a message. The remarks of a frame are bits of one number."""

from __future__ import annotations

from dataclasses import dataclass

from osgp_analyzer.schema import Severity

UNKNOWN_KEY = "no key"


@dataclass(frozen=True)
class SecurityRemark:
    """`text` may name the ``{key}`` of the message. `advice`: what to do about it. `of`: what its code is
    among."""

    code: str
    severity: Severity
    text: str
    advice: str
    of: str = "security"

    def sentence(self, key: str | None) -> str:
        """What is to be said, with the name of the key."""
        return self.text.format(key=key or "a key that is not known")

    @property
    def finding(self) -> str:
        """Its code among all findings."""
        return f"{self.of}.{self.code}"


CHANGED = SecurityRemark(
    "changed", Severity.ERROR, "a repeater passed on something else than what it got",
    "Find out what the node that sent this frame is: only the end points may change a message.", "chain",
)  # fmt: skip
"""Chains tell, not the messages: it is the bit of none that a guard has judged."""
REMARKS = (
    SecurityRemark(
        "bad_digest", Severity.ERROR, "the digest is not that of the message under {key}",
        "Find out whether the key is right and current; if it is, the message was changed on its way or is forged.",
    ),
    SecurityRemark(
        "good_under_other_key", Severity.ERROR, "the digest is wrong under {key}, but right under the key of another",
        "Two devices may have each other's keys, or the key ring has: compare it with the head-end.",
    ),
    SecurityRemark(
        "good_for_other_address", Severity.ERROR, "the digest is right for another address under {key}",
        "Sender and meter disagree about the meter's subnet and node: compare what each has.",
    ),
    SecurityRemark(
        "good_without_length", Severity.WARN, "the digest is right but for the length of the response at its end",
        "The meter's firmware leaves the length out of the digest of its responses: report it to its vendor.",
    ),
    SecurityRemark(
        "sequence_reused", Severity.WARN, "the sequence number was used before with another message",
        "A sender that lost count, or somebody who sends under its name.",
    ),
    SecurityRemark(
        "sequence_back", Severity.WARN, "the sequence number is lower than the one before",
        "A sender that lost count, two senders that share a key, or an old message sent again.",
    ),
    SecurityRemark(
        "sequence_far", Severity.WARN, "the sequence number is outside the window of eight",
        "Requests are missing in the capture, or the sender lost count.",
    ),
    SecurityRemark(
        "sequence_recovery", Severity.NOTE, "the meter gives the sequence number to use",
        "Expected after a restart; when it comes often two senders share the meter.",
    ),
    SecurityRemark(
        "replayed", Severity.ERROR, "the same message was sent before",
        "Somebody may be sending recorded messages: find out where it came from.",
    ),
    SecurityRemark(
        "keystream_reused", Severity.ERROR, "the same key stream encrypted two different messages",
        "What both say can be worked out from the two: the answer to a request that is sent again must not change.",
    ),
    SecurityRemark(
        "weak_key", Severity.ERROR, "{key} is a default or a key that is easy to guess",
        "Give the meter a random key of its own.",
    ),
    SecurityRemark(
        "unauthenticated_write", Severity.WARN, "it changes the node without authentication",
        "Turn authentication on for management messages and network variables of this node.",
    ),
    SecurityRemark(
        "failures_in_a_row", Severity.WARN, "five or more requests in a row failed authentication",
        "Somebody is trying keys, or the concentrator has a wrong key for this meter.",
    ),
    SecurityRemark(
        "password_in_clear", Severity.WARN, "a password is sent in clear on the optical port",
        "Nothing else is possible on this port: change the password after it was read by others.",
    ),
    SecurityRemark(
        "key_in_clear", Severity.ERROR, "a key is sent in clear", "Change this key in a way that does not show it."
    ),
    SecurityRemark(
        "key_changed", Severity.CHAT, "the meter has a new key from here on: {key}", "Expected when keys are renewed."
    ),
    SecurityRemark(
        "old_key", Severity.WARN, "{key} is in use though it was replaced",
        "The change did not reach everybody: compare the meter's key with the head-end's.",
    ),
    SecurityRemark("commissioning", Severity.CHAT, "part of the commissioning of a node", "Expected for new nodes."),
    CHANGED,
)  # fmt: skip
"""All remarks, in the order of their bits."""
BITS = {remark.code: 1 << number for number, remark in enumerate(REMARKS)}


def bit(code: str) -> int:
    """The bit of a remark."""
    return BITS[code]


def of(bits: int) -> list[SecurityRemark]:
    """The remarks of a frame."""
    return [remark for number, remark in enumerate(REMARKS) if bits >> number & 1]
