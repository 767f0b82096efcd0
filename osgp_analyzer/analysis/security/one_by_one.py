# SPDX-License-Identifier: GPL-2.0-or-later
"""Cipher suites that are tried message by message: those of users, whatever they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from osgp_analyzer.analysis.security.messages import Messages
from osgp_analyzer.analysis.security.opening import Asked, Opening, Texts
from osgp_analyzer.analysis.values import Read, values_by_row
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.schema.expr import Expr, Outer
from osgp_analyzer.schema.layer import walk
from osgp_analyzer.schema.parts import Last, Number, Padded, Part, Slice, Whole, Xor
from osgp_analyzer.schema.suite import Suite
from osgp_analyzer.security.suite import Message, Opened, open_message
from osgp_analyzer.store.header import layers_on_the_way


class OneByOne(Opening):
    """As `Opening`, for any suite. `values`: header fields in clear by full name, by row of the chunk."""

    values: Mapping[int, Mapping[str, Any]] = {}

    def requests(
        self, messages: Messages, key: Ints, encrypted: bool, address: tuple[Ints, Ints] | None = None
    ) -> Bools:
        """Which requests fit a key each, as `encrypted` ones or not."""
        found = [self._try(messages, row, int(key[row]), None, address) for row in range(len(key))]
        return self._taken(found, encrypted)

    def responses(
        self,
        messages: Messages,
        asked: Asked,
        key: Ints,
        encrypted: bool,
        address: tuple[Ints, Ints] | None = None,
        counted: bool = True,
    ) -> Bools:
        """Which responses fit a key each."""
        if not counted:
            return np.zeros(len(key), bool)
        found = []
        for row in range(len(key)):
            request = Messages.at(messages.rows, asked.start, asked.end, messages.response)
            request.subnet, request.node = messages.subnet, messages.node
            opened = self._try(request, row, int(key[row]), None, address)
            found.append(self._try(messages, row, int(key[row]), opened, address))
        return self._taken(found, encrypted)

    def _try(
        self, messages: Messages, row: int, key: int, request: Opened | None, address: tuple[Ints, Ints] | None
    ) -> Opened:
        subnet, node = address if address is not None else self._address(messages, np.full(len(messages), key))
        values = {**self.values.get(int(messages.rows[row]), {})}
        values |= {"target.subnet": int(subnet[row]), "target.node": int(node[row])}
        neuron_id = self.lock.neuron_id(key)
        if neuron_id is not None:
            values["target.neuron_id"] = neuron_id
        wire = self.data[messages.start[row] : messages.end[row]].tobytes()
        message = Message(wire, values, request, response=request is not None)
        base = self.lock.base[:, key].tobytes() if self.lock.size in (12, 16) else None
        return open_message(self.protection.suite, self.lock.secret(key), message, base)

    def _taken(self, found: list[Opened], encrypted: bool) -> Bools:
        """Those that are good and encrypted, or good and not."""
        texts = [one.plain if one.plain is not None and one.encrypted == encrypted else None for one in found]
        length = np.array([len(text or b"") for text in texts], np.int64)
        data = np.frombuffer(b"".join(text or b"" for text in texts) or b"\0", np.uint8)
        self.plain = Texts(data, np.cumsum(length) - length, length)
        return np.array([text is not None for text in texts], bool)


def prepared(opening: Opening, rows: Ints, size: int, read: Read) -> Opening:
    """What tries messages at rows of a chunk of a size, with the header fields that it needs."""
    if isinstance(opening, OneByOne):
        mask = np.zeros(size, bool)
        mask[rows] = True
        opening.values = header_values(opening.protection.suite, mask, read)
    return opening


def header_values(suite: Suite, mask: Bools, read: Read) -> Mapping[int, Mapping[str, Any]]:
    """The header fields that a suite stands on, of the frames of a mask, by row."""
    names = fields_of(suite)
    return values_by_row(read(mask, layers_on_the_way(names)), names) if names and mask.any() else {}


def fields_of(suite: Suite) -> tuple[str, ...]:
    """The header fields that a suite stands on."""
    found: dict[str, None] = {}
    for side in (suite.request, suite.response):
        for expression in (side.when, *_expressions([*side.nonce, *side.associated_data, *side.mac_input])):
            found |= dict.fromkeys(node.name for node in walk(expression) if isinstance(node, Outer))
        found |= dict.fromkeys(_strings([*side.nonce, *side.associated_data, *side.mac_input]))
    for step in suite.derive:
        parts = [part for one in step.inputs.values() for part in one]
        for expression in _expressions(parts):
            found |= dict.fromkeys(node.name for node in walk(expression) if isinstance(node, Outer))
        found |= dict.fromkeys(_strings(parts))
    return tuple(name for name in found if "." in name and not name.startswith("target."))


def _inside(parts: Iterable[Part]) -> Iterable[Part]:
    for part in parts:
        yield part
        if isinstance(part, (Slice, Last, Padded)):
            yield from _inside([part.of])
        elif isinstance(part, Xor):
            yield from _inside([part.left, part.right])


def _expressions(parts: Sequence[Part]) -> list[Expr]:
    return [part.number for part in _inside(parts) if isinstance(part, Number)]


def _strings(parts: Sequence[Part]) -> list[str]:
    return [part.name for part in _inside(parts) if isinstance(part, Whole)]
