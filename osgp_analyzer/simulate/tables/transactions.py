# SPDX-License-Identifier: GPL-2.0-or-later
"""ET52 and ET53: several commands in one write, and their answers (MEP guide p.43-50, p.130-132)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from osgp_analyzer.simulate.layout import Layout
from osgp_analyzer.simulate.message import Request, Response

REQUESTS, RESPONSES = 0, 1


def et52(number: int, requests: Iterable[Request]) -> Layout:
    """MEP Transaction Request; its requests are as on the port but without sequence number and digest."""
    records = [(request.body(), _named("request", request.fields())) for request in requests]
    return _transaction("et52", REQUESTS, number, records)


def et53(number: int, answers: Iterable[tuple[Request, Response, Mapping[str, Any]]]) -> Layout:
    """MEP Transaction Response: each answer with its request, and what is in the part of the table that was read."""
    records = []
    for request, response, values in answers:
        found = _named("response", response.fields(request))
        del found["transaction.response.request_service"]
        found["transaction.response.request_offset"] = request.offset
        records.append((response.body(), found | dict(values)))
    return _transaction("et53", RESPONSES, number, records)


def _named(what: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("osgp", f"transaction.{what}"): value for name, value in fields.items()}


def _transaction(name: str, type: int, number: int, records: list[tuple[bytes, dict[str, Any]]]) -> Layout:
    table = Layout(name)
    table.uint("size", 7 + sum(2 + len(message) for message, _ in records), 2)
    table.uint("type", type)
    table.uint("number", number, 2)
    for message, values in records:
        table.uint("transaction.record.length", len(message), 2)
        table.encoded(message, values)
    table.uint("end_number", number, 2)
    return table
