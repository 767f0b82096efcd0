# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of TLS 1.2, as far as they are clear: what a meter's MEP port wraps its messages in."""

from dissectors.sources import MEP, TLS12
from osgp_analyzer.schema import (
    U8,
    U16,
    U24,
    Bytes,
    Check,
    F,
    Group,
    Known,
    Layer,
    Not,
    Peek,
    Remaining,
    Severity,
    SizeOf,
    Struct,
)

CHANGE, ALERT, HANDSHAKE, DATA = 0x14, 0x15, 0x16, 0x17
CONTENTS = {CHANGE: "change cipher spec", ALERT: "alert", HANDSHAKE: "handshake", DATA: "application data"}
VERSIONS = {0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2"}
CLIENT_KEY_EXCHANGE = 0x10
HANDSHAKES = {
    0x00: "hello request",
    0x01: "client hello",
    0x02: "server hello",
    0x04: "new session ticket",
    0x0B: "certificate",
    0x0C: "server key exchange",
    0x0D: "certificate request",
    0x0E: "server hello done",
    0x0F: "certificate verify",
    CLIENT_KEY_EXCHANGE: "client key exchange",
    0x14: "finished",
}
LEVELS = {1: "warning", 2: "fatal"}
ALERTS = {
    0: "close notify",
    10: "unexpected message",
    20: "bad record MAC",
    22: "record overflow",
    40: "handshake failure",
    47: "illegal parameter",
    50: "decode error",
    51: "decrypt error",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
    90: "user canceled",
    100: "no renegotiation",
    110: "unsupported extension",
    115: "unknown PSK identity",
}
KEYS = {0: "MEP Basic Key", 1: "MEP Advanced Key"}

OF_KEY_EXCHANGE = F.type == CLIENT_KEY_EXCHANGE
IDENTITY = 3
"""Bytes of the identity that a meter wants: client and key."""

# A message whose length fills its record. An encrypted one begins with the eight bytes of its nonce.
IS_CLEAR = (Peek(1) << 16) + (Peek(2) << 8) + Peek(3) + 4 == F.length


class TLSHandshake(Layer, name="tls.handshake", title="Handshake message", source=TLS12.at("7.4")):
    """One message of the handshake. Of its contents only the identity of the pre-shared key is read."""

    type = U8(HANDSHAKES, default=1, doc="Which message it is.")
    length = U24(unit="bytes", doc="Length of what follows.")
    identity_length = U16(
        when=OF_KEY_EXCHANGE,
        unit="bytes",
        label="PSK identity length",
        source=TLS12.at("RFC 4279 2"),
        doc="Its length.",
    )
    client_id = U16(
        when=OF_KEY_EXCHANGE & (F.identity_length == IDENTITY),
        order="little",
        label="Client ID",
        source=MEP.at("p.18"),
        doc="Number of the client: not checked by the meter, but noted with the events that its requests cause.",
    )
    key_id = U8(
        KEYS,
        when=OF_KEY_EXCHANGE & (F.identity_length == IDENTITY),
        label="Key ID",
        source=MEP.at("p.18-19"),
        doc="Which of the meter's two keys is used.",
    )
    identity = Bytes(
        F.identity_length,
        when=OF_KEY_EXCHANGE & (F.identity_length != IDENTITY),
        label="PSK identity",
        source=TLS12.at("RFC 4279 2"),
        doc="The identity, where it is not of three bytes.",
    )
    body = Bytes(doc="What else the message says, not read.", when=Not(OF_KEY_EXCHANGE) | (Remaining() > 0))

    info = "{type}"


class TLSAlert(Layer, name="tls.alert", title="Alert", source=TLS12.at("7.2")):
    """Why one side ends the session, or a warning."""

    level = U8(LEVELS, doc="How bad it is.")
    description = U8(ALERTS, doc="What it is about.")

    info = "{level}: {description}"


class TLSRecord(Layer, name="tls", title="TLS record", source=TLS12.at("6.2")):
    """One record. What is encrypted stays bytes."""

    content_type = U8(CONTENTS, default=DATA, doc="What the record holds.")
    version = U16(VERSIONS, show="hex", default=0x0303, doc="Version of the protocol.")
    length = U16(auto=SizeOf("data"), unit="bytes", doc="Length of the rest.")
    handshake = Struct(
        TLSHandshake,
        length=F.length,
        when=(F.content_type == HANDSHAKE) & IS_CLEAR,
        doc="A message of the handshake that fills its record and is not encrypted.",
    )
    alert = Struct(
        TLSAlert, length=F.length, when=(F.content_type == ALERT) & (F.length == 2), doc="An alert in clear."
    )
    data = Bytes(
        F.length,
        when=Not(Known(F.handshake)) & Not(Known(F.alert)),
        doc="Application data and what else is encrypted; of a change of cipher the byte 1.",
    )

    checks = (
        Check(
            "content_type",
            Not(F.content_type.among(*CONTENTS)),
            Severity.WARN,
            Group.PROTOCOL,
            "content type {content_type} is not one of TLS",
            "content_type",
        ),
    )
    info = ((Known(F.handshake), "{handshake}"), (Known(F.alert), "{alert}"), (None, "{content_type}"))
