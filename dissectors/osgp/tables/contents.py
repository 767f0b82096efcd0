# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the data of a message: the table, or the part of it, that is read or written."""

from collections.abc import Mapping

from dissectors.osgp.names import PENDING
from dissectors.osgp.tables import CONTENTS, TABLES
from dissectors.osgp.tables.dates import PendingEvent
from dissectors.sources import OPT
from osgp_analyzer.schema import Bytes, Expr, F, If, Known, Layer, Not, Outer, Struct, Switch, View


def content(table: Expr, offset: Expr, tables: Mapping[int, type[Layer] | str] = TABLES, qualified: str = "") -> View:
    """The field for the table of number `table` in the field `data` before it. `offset`: where the data begin in the
    table, unknown where they are the whole of it."""
    return View(
        Switch(table, tables),
        F.data,
        skip=If(Known(offset) & (table < PENDING), offset, 0),
        whole=Not(Known(offset)),
        when=Known(F.data),
        qualified=qualified,
        doc="The table that the data are of.",
    )


def message_content(table: Expr, offset: Expr) -> View:
    """The same in a message, which may also have the copy of a table that waits to be activated."""
    return content(table, offset, CONTENTS, qualified="osgp.content")


table = If(Known(Outer("osgp.table")), Outer("osgp.table"), Outer("osgp.request_table"))
offset = If(Known(Outer("osgp.table")), Outer("osgp.offset"), Outer("osgp.request_offset"))


class PendingTable(Layer, name="pending", title="Pending table", source=OPT.at("p.9-12").one):
    """A table that waits to be activated. The count of a message includes the description, its offset does not."""

    event = Struct(PendingEvent, label="Pending event description", doc="When it becomes active.")
    data = Bytes(doc="The table, or the part that was asked for.")
    content = content(table - PENDING, offset)

    info = "{event}"
