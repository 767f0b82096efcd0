# SPDX-License-Identifier: GPL-2.0-or-later
"""How LON/UDP puts LON addresses into IP addresses. The prefixes are conventions that an installation can change."""

from osgp_analyzer.schema import Call, Const, Expr, If, Known, Not, Outer

IPV4_SRC, IPV4_DST = Outer("ipv4.src"), Outer("ipv4.dst")
IPV6_SRC, IPV6_DST = Outer("ipv6.src"), Outer("ipv6.dst")

over_ipv6 = (Outer("ip.version") == 6) | (Known(IPV6_SRC) & Not(Outer("ip.version") == 4))
"""The nearest IP layer is version 6; under layers that do not tell, whichever is there."""


def byte(address: Expr, index: int) -> Expr:
    """Byte `index` of an address."""
    return Call("byte", address, index)


def part(address: Expr, start: int, stop: int) -> Expr:
    """Bytes `start` to `stop` (not included) of an address."""
    return Call("slice", address, start, stop)


def subnet_in(ipv4: Expr, ipv6: Expr) -> Expr:
    """The subnet in a unicast address."""
    return If(over_ipv6, byte(ipv6, 7), byte(ipv4, 2))


def node_in(ipv4: Expr, ipv6: Expr) -> Expr:
    """The node in a unicast address."""
    return If(over_ipv6, byte(ipv6, 15), byte(ipv4, 3)) & 0x7F


no_domain = (byte(IPV4_SRC, 0) == 192) & (byte(IPV4_SRC, 1) == 168)
one_byte_domain = byte(IPV4_SRC, 0) == 10

DOMAIN_LENGTH_CODE = If(over_ipv6, 3, If(no_domain, 0, If(one_byte_domain, 1, 2)))
"""As in an NPDU: 0, 1, 2, 3 for 0, 1, 3, 6 bytes."""

DOMAIN = If(
    over_ipv6,
    part(IPV6_SRC, 0, 6),
    If(
        no_domain,
        part(IPV4_SRC, 0, 0),
        If(one_byte_domain, part(IPV4_SRC, 1, 2), Call("join", part(IPV4_SRC, 0, 2), Const(b"\0"))),
    ),
)
"""192.168.s.n is in the domain of length 0, 10.d.s.n in a domain of length 1, anything else in one of length 3 with
a third byte 0; in IPv6 the first six bytes are the domain."""

UNIQUE_ID = Call("eui64_unique_id", IPV6_DST)
"""The interface identifier of an IPv6 address is made of the unique ID: FF FE in the middle, first byte rotated."""
