# SPDX-License-Identifier: GPL-2.0-or-later
"""The escape command 0x7D: product query and commands of network interfaces."""

from dissectors.sources import EX
from osgp_analyzer.schema import U8, Bytes, Check, F, Group, Label, Layer, Not, Remaining, Request, Severity

is_product_query = (Request("nm.escape.subcommand") == 1) & (Request("nm.escape.function") == 1)


class Escape(
    Layer,
    name="nm.escape",
    title="Network management escape",
    source=EX.at("LtNetworkManagerLit.h LT_NM_ESCAPE_*").one,
):
    """Commands of network interfaces and service nodes, by product."""

    subcommand = U8(values={1: "general", 3: "network services"}, default=1, doc="Whose command it is.")
    function = U8(
        when=Remaining() > 0,
        labels=(
            Label(F.subcommand == 1, F.function, {1: "product query"}),
            Label(
                F.subcommand == 3,
                F.function,
                {
                    0x09: "reset required",
                    0x0A: "change MIP mode",
                    0x0F: "query MIP EEPROM variables",
                    0x64: "set NSS data",
                    0x65: "get MIP mode",
                    0x66: "get NSS data",
                },
            ),
        ),
        doc="The command.",
    )
    data = Bytes(when=Remaining() > 0, doc="Parameters of the command; not decoded.")

    info = "{subcommand}: {function}"


class EscapeResponse(
    Layer,
    name="nm.escape_response",
    title="Network management escape response",
    source=EX.at("LtMipApp.cpp").one,
):
    """The answer to a product query; those to other escapes are in no source."""

    product = U8(when=is_product_query)
    model = U8(when=is_product_query)
    version = U8(when=is_product_query)
    reserved = U8(when=is_product_query & (Remaining() > 0), doc="0 in the one implementation known.")
    transceiver = U8(when=is_product_query & (Remaining() > 0), doc="Transceiver ID.")
    data = Bytes(when=Remaining() > 0, doc="The answer; not decoded.")

    checks = (
        Check(
            "layout",
            Not(is_product_query) & (F.data != b""),
            Severity.NOTE,
            Group.UNDECODED,
            "the layout of this answer is in no available source",
            "data",
        ),
    )
    info = ((is_product_query, "product {product} model {model} version {version}"), (None, ""))
