# SPDX-License-Identifier: GPL-2.0-or-later
"""Cipher suites that are tried message by message: those of users, whatever they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from osgp_analyzer.analysis.security.messages import Messages
from osgp_analyzer.analysis.security.opening import Asked, Opening, Texts
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.security.suite import Message, Opened, open_message


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
