# SPDX-License-Identifier: GPL-2.0-or-later
"""Adding keys to the text of a key file. What is there stays as it is, comments too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from osgp_analyzer.schema import tomlfile
from osgp_analyzer.security import keyfile
from osgp_analyzer.security.keyring import KeyFileError


def add(name: str, data: bytes, section: Sequence[str], lines: Mapping[str, str]) -> bytes:
    """The content of the file `name` with names and values more in a section, such as ``("meter", "Main street 4")``.

    A section that is not there is added at the end. A value that the section has already must be the same. Raises
    `KeyFileError` where that is not so, or where the outcome, or what was there, is no key file.
    """
    keyfile.parse(name, data)  # what is wrong already is said with its own lines
    document = tomlfile.parse(name, data, [])
    assert document is not None
    there = document.values
    for step in section:
        there = there.get(step, {})
    errors = [
        f"{document.where((*section, key))}: has {'another' if key in keyfile.PLACES else 'this'} {key} already: "
        "to change it, or to write a history, edit the file"
        for key, value in lines.items()
        if key in there and not (key in keyfile.PLACES and there[key] == value)
    ]
    if errors:
        raise KeyFileError(errors)
    carriage = "\r" if b"\r\n" in data else ""
    added = [f"{key} = {quoted(value)}{carriage}" for key, value in lines.items() if key not in there]
    written = data.decode().split("\n")
    end = document.end(tuple(section))
    if end is None and there:
        raise KeyFileError([f"{document.where(tuple(section))}: is not written as a section: edit the file"])
    if end is None:
        header = ".".join([section[0], *map(quoted, section[1:])])
        blank = [carriage] if document.text.strip() else []
        last = [f"{written[-1]}{carriage}"] if written[-1] else []
        written[-1:] = [*last, *blank, f"[{header}]{carriage}", *added, ""]
    else:
        if end == len(written):  # the last line does not end
            written[-1] += carriage
            added = [*added, ""]
        written[end:end] = added
    changed = "\n".join(written).encode("utf-8", "surrogateescape")
    keyfile.parse(name, changed)
    return changed


def quoted(text: str) -> str:
    """A text as TOML has it: its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
