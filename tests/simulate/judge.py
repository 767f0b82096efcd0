# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages of a simulated capture, cut out of its bytes by hand and judged with the key ring (osgp.md 1.5 to 2.6)."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from osgp_analyzer.capture import Capture
from osgp_analyzer.simulate.security import mep_base_key, oma_digest, plc_base_key
from tests.simulate.agreement import sidecar

IP = 14 + 20 + 8
CNIP = 20
M = 0xFFFFFFFF


def key_ring(path: Path) -> dict[str, dict[str, str]]:
    """The keys beside a capture, in hexadecimal: of those that change the one that is in use, and after ``first_`` the
    one before."""
    found: dict[str, dict[str, str]] = {}
    for meter, section in tomllib.loads(path.with_suffix(".keys.toml").read_text())["meter"].items():
        own = found[meter] = {}
        for name, value in section.items():
            first, *more = value if isinstance(value, list) else [value]
            own[name] = first.removeprefix("text:").encode().hex() if first.startswith("text:") else first
            own.update({f"first_{name}": one for one in more})
    return found


def pdu(lpdu: bytes) -> tuple[bytes, bytes]:
    """Address bytes, and the PDU in an LPDU with CRC and a domain of 6 bytes (en14908.md 2)."""
    kind, answers_group = lpdu[1] >> 2 & 3, not lpdu[3] & 0x80
    at = 4 + {0: 1, 1: 1, 2: 4 if answers_group else 2, 3: 7}[kind]
    return lpdu[4:at], lpdu[at + 6 : -2]


def message(port: str, data: bytes) -> bytes:
    """The message in a frame without repeaters."""
    match port:
        case "lpdu":
            return pdu(data)[1][1:]
        case "cnip":
            return pdu(data[IP + CNIP :])[1][1:]
        case "lonudp":
            return data[IP + 2 + (data[IP + 1] >> 3 & 1) + 1 :]
        case _:
            return data[2:]


def rc4(base: bytes, digest: bytes, *texts: bytes) -> list[bytes]:
    """Texts encrypted or decrypted one behind the other."""
    key = bytes(a ^ b for a, b in zip(base, digest + bytes(8), strict=True))
    stream = Cipher(ARC4(key), mode=None).decryptor()
    return [stream.update(text) for text in texts]


class Judge:
    """Goes through a capture without repeaters, frame by frame, and says of each what its `security` must be."""

    def __init__(self, path: Path, port: str) -> None:
        self.port, self.mep = port, port == "mep"
        self.known = sidecar(path)["frames"]
        self.data = [message(port, frame.data) for frame in Capture.open(str(path))]
        self.keys = {
            meter: bytes.fromhex(ring["mak" if self.mep else "omak"]) for meter, ring in key_ring(path).items()
        }
        self.plain: dict[int, bytes] = {}
        """Text in clear by frame, of requests whose key is known and their responses."""
        self.opened: dict[int, tuple[bytes, bytes, bool]] = {}
        """Of requests that are right: key, digest, whether encrypted."""
        self.failures: Counter[str] = Counter()
        self.seen: set[tuple[str, bytes]] = set()
        self.used: set[tuple[str, int]] = set()
        """Numbers that were taken."""
        self.answers: dict[tuple[bytes, bytes], bytes] = {}
        self.weak: set[str] = set()

    def __iter__(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        refused = {f["answers"]: f["fields"].get("osgp.sequence") for f in self.known if "answers" in f}
        for f in self.known:
            if "osgp.digest" not in f["fields"]:
                continue
            if "answers" in f:
                yield f, self.response(f)
            else:
                yield f, self.request(f, refused.get(f["frame"]))

    def address(self, meter: str) -> bytes:
        return b"" if self.mep else bytes(map(int, meter.split("/")[1:]))

    def variants(self, text: bytes, digest: bytes, key: bytes) -> Iterator[tuple[bytes, bool]]:
        """A text as it is, and decrypted; the message code of the power line never is encrypted."""
        yield text, False
        code = 0 if self.mep else 1
        base = (mep_base_key if self.mep else plc_base_key)(key)
        yield text[:code] + rc4(base, digest, text[code:])[0], True

    def request(self, f: dict[str, Any], expected: int | None) -> dict[str, Any]:
        meter, frame = f["meter"], f["frame"]
        text, digest = self.data[frame - 1][:-8], self.data[frame - 1][-8:]
        own = self.keys[meter]
        tries = [(own, meter, "")]
        tries += [(key, meter, "good_under_other_key") for name, key in self.keys.items() if name != meter]
        tries += [(own, name, "good_for_other_address") for name in self.keys if name != meter]
        for key, place, finding in tries:
            for plain, encrypted in self.variants(text, digest, key):
                if oma_digest(key, self.address(place) + plain) != digest:
                    continue
                self.plain[frame] = plain
                if finding:
                    self.failures[meter] += 1
                    return {"status": "bad_digest", "encrypted": encrypted, "findings": [finding]}
                self.failures[meter] = 0
                self.opened[frame] = (key, digest, encrypted)
                findings = self.weakness(meter, key) + self.number(meter, plain, expected)
                return {"status": "verified", "encrypted": encrypted, "findings": findings}
        self.failures[meter] += 1
        told = ["failures_in_a_row"] if self.failures[meter] == 5 else []
        return {"status": "bad_digest", "encrypted": f["security"]["encrypted"], "findings": ["bad_digest", *told]}

    def weakness(self, meter: str, key: bytes) -> list[str]:
        if len(set(key)) > 1 or meter in self.weak:
            return []
        self.weak.add(meter)
        return ["weak_key"]

    def number(self, meter: str, plain: bytes, expected: int | None) -> list[str]:
        """What is wrong with a sequence number: the meter says what it expected instead."""
        if (meter, plain) in self.seen:
            return ["replayed"]
        self.seen.add((meter, plain))
        number = int.from_bytes(plain[-4:], "big")
        if expected is None:
            self.used.add((meter, number))
            return []
        if (meter, number) in self.used:
            return ["sequence_reused"]
        ahead = (number - expected + 1) & M
        assert ahead > 8
        return ["sequence_far" if ahead < 2**31 else "sequence_back"]

    def response(self, f: dict[str, Any]) -> dict[str, Any]:
        meter, asked, code = f["meter"], f["answers"], 0 if self.mep else 1
        text, digest = self.data[f["frame"] - 1][:-8], self.data[f["frame"] - 1][-8:]
        own, heard, findings, encrypted = self.keys[meter], self.data[asked - 1][:-8], [], False
        if asked in self.opened:
            heard = self.plain[asked]
            _, used, encrypted = self.opened[asked]
            if encrypted:
                base = (mep_base_key if self.mep else plc_base_key)(own)
                text = text[:code] + rc4(base, used, heard[code:], text[code:])[1]
                stream = (own, used)
                if self.answers.setdefault(stream, text) != text:
                    findings.append("keystream_reused")
        self.plain[f["frame"]] = text
        covered = self.address(meter) + heard + text
        length = b"" if self.mep else bytes([len(text)])
        if oma_digest(own, covered + length) == digest:
            return {"status": "verified", "encrypted": encrypted, "findings": findings}
        good = not self.mep and oma_digest(own, covered) == digest
        finding = "good_without_length" if good else "bad_digest"
        return {"status": "bad_digest", "encrypted": encrypted, "findings": [finding, *findings]}
