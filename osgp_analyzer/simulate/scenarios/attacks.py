# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests, sequence numbers and keystreams that are not as they should be."""

from __future__ import annotations

from dataclasses import replace

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.exchange import REQUEST, REQUEST_DIGEST, RESPONSE, RESPONSE_DIGEST, Fault
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.reader import SecureReader, Talk
from osgp_analyzer.simulate.scenarios.reading import MINUTE, read_table, say

REGISTERS = msg.read(23, 0, 44)
GUESSES = 10


def ask(
    reader: SecureReader,
    meter: Meter,
    what: str,
    fault: Fault | None = None,
    sequence: int | None = None,
    request: msg.Request = REGISTERS,
) -> Talk[None]:
    """Ask for registers, or for something else, with something wrong."""
    say(reader, what, meter)
    yield from reader.ask(meter, request, fault=fault or Fault(), sequence=sequence)


def neighbour(reader: SecureReader, meter: Meter) -> Meter | None:
    """Another meter of the segment, if there is one."""
    meters = reader.network.concentrators[0].meters
    other = meters[(meter.number + 1) % len(meters)]
    return None if other is meter else other


def tampered(reader: SecureReader) -> Process:
    """One bit changed on the way, of each part of both messages, plain and encrypted; behind repeaters by the last."""
    for meter in reader.meters:
        reader.step = "tampered"
        yield from read_table(reader, meter, 21)
        before = reader.encrypt
        for reader.encrypt in (False, True):
            for part in (REQUEST, REQUEST_DIGEST, RESPONSE, RESPONSE_DIGEST):
                yield from ask(reader, meter, f"BT23, {part} changed,", Fault(flips=part))
                yield from ask(reader, meter, "BT23")
        reader.encrypt = before
        reader.pause += 500 * MS


def other_key(reader: SecureReader) -> Process:
    """A question under another meter's key, and the same one under the right key."""
    for meter in reader.meters:
        reader.step = "other_key"
        yield from read_table(reader, meter, 21)
        other = neighbour(reader, meter)
        if other is not None:
            key = getattr(other.keys, reader.key_name)
            yield from ask(reader, meter, "BT23", Fault(key=key, key_of=other.label))
        yield from ask(reader, meter, "BT23")


def other_address(reader: SecureReader) -> Process:
    """A question whose digest is made for the neighbour's address, and the same one as it should be."""
    for meter in reader.meters:
        reader.step = "other_address"
        yield from read_table(reader, meter, 21)
        other = neighbour(reader, meter)
        if other is not None:
            yield from ask(reader, meter, "BT23", Fault(address=bytes([other.subnet, other.node])))
        yield from ask(reader, meter, "BT23")


def no_length(reader: SecureReader) -> Process:
    """The first meter forgets the length in the digest of its responses."""
    meter, fault = reader.meters[0], Fault(no_length=True)
    reader.step = "no_length"
    yield from ask(reader, meter, "BT21", fault, request=msg.read(21))
    yield from ask(reader, meter, "BT23", fault)
    yield from ask(reader, meter, "BT23", fault, (meter.sequence + 5000) & 0xFFFFFFFF)


def sequence_trouble(reader: SecureReader) -> Process:
    """A number used again, one before the last, two too far ahead, each refused; the last of the window is taken."""
    for meter in reader.meters:
        reader.step = "sequence_trouble"
        yield from read_table(reader, meter, 21)
        yield from ask(reader, meter, "BT23, last number again,", sequence=meter.sequence)
        for ahead in (-100, msg.WINDOW + 1, 1_000_000):
            number = (meter.sequence + ahead) & 0xFFFFFFFF
            yield from ask(reader, meter, f"BT23, number {ahead:+},", sequence=number)
        reader.sequences[meter.number] += msg.WINDOW - 1
        yield from ask(reader, meter, f"BT23, number {msg.WINDOW:+},")
        reader.pause += 500 * MS


def keystream(reader: SecureReader) -> Process:
    """The same encrypted question a quarter of an hour later, which the meter answers with what has changed."""
    for meter in reader.meters:
        reader.step = "keystream"
        yield from read_table(reader, meter, 21)
        before, reader.encrypt, meter.takes_twice = reader.encrypt, True, True
        yield from ask(reader, meter, "BT23")
        number, first = meter.sequence, reader.asked
        reader.pause += 15 * MINUTE
        yield from reader.ask(meter, REGISTERS, sequence=number, truth={"replay_of": first})
        reader.encrypt, meter.takes_twice = before, False


def weaken(network: Network) -> None:
    """The last meter has a key of one byte all over, the one before it a key of zeros."""
    meters = network.concentrators[0].meters
    for meter, byte in zip(reversed(meters), (b"\xdf", b"\0"), strict=False):
        meter.use_keys(replace(meter.keys, omak=byte * 12, mak=byte * 16))


def default_key(reader: SecureReader) -> Process:
    """Reads of all meters, two of which have keys that anybody guesses."""
    for meter in reader.meters:
        reader.step = "default_key"
        yield from read_table(reader, meter, 21, 3)


def failures(reader: SecureReader) -> Process:
    """Somebody tries ten keys in a row."""
    for meter in reader.meters:
        reader.step = "failures"
        keys = reader.network.random(f"guesses {meter.label}")
        yield from read_table(reader, meter, 21)
        for _ in range(GUESSES):
            fault = Fault(key=keys.randbytes(12))
            yield from ask(reader, meter, "BT23", fault, (meter.sequence + 1) & 0xFFFFFFFF)
        yield from ask(reader, meter, "BT23")
