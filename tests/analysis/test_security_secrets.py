# SPDX-License-Identifier: GPL-2.0-or-later
"""No key is in the repr of what works with it, in messages of errors, nor in tracebacks with local variables."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dissectors import security_columns
from osgp_analyzer.analysis.security import opening as opening_module
from osgp_analyzer.analysis.security.locks import Lock
from osgp_analyzer.analysis.security.one_by_one import OneByOne
from osgp_analyzer.analysis.security.opening import Opening
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.security.hidden import hidden
from osgp_analyzer.security.keyring import KeyRing, Kind
from tests.analysis.leaks import leaks, secrets_of
from tests.analysis.secured import known, opened, ring_of, simulated, verdicts, written

SCENARIOS = {"lpdu": "on_demand,authentication,tampered", "mep": "on_demand,wrong_key,basic_key"}


@pytest.fixture(params=["lpdu", "mep"])
def secured(request: pytest.FixtureRequest) -> tuple[Session, KeyRing]:
    path = simulated(request.param, SCENARIOS[request.param], "--encrypt")
    ring = ring_of(path)
    return opened(path, ring), ring


def inside(thing: object, depth: int = 3) -> Iterator[object]:
    """A thing, its attributes, and theirs."""
    yield thing
    if depth and hasattr(thing, "__dict__"):
        for one in list(vars(thing).values()):
            for item in one if isinstance(one, (list, tuple)) else [one]:
                if type(item).__module__.startswith(("osgp_analyzer", "dissectors", "numpy")):
                    yield from inside(item, depth - 1)


def test_the_search_finds_keys(secured: tuple[Session, KeyRing]) -> None:
    """What is looked for is found where it is."""
    _, ring = secured
    secrets = secrets_of(ring)
    assert len(secrets) > 20
    for secret in secrets[:6]:
        for text in (secret.hex(), secret.hex().upper(), secret.hex(":"), repr(secret), str(list(secret)),
                     str(np.frombuffer(secret, np.uint8)), secret.hex()[:8]):  # fmt: skip
            assert leaks(f"... {text} ...".encode(), secrets), text
        assert leaks(b"\0" + secret, secrets)
    assert not leaks(b"nothing 12 34 ab cd", secrets)


def test_nothing_shows_keys_of_its_own(secured: tuple[Session, KeyRing]) -> None:
    """repr, str and format of all that has keys, before and after it has worked."""
    session, ring = secured
    guard = session.guard(remember=True)
    secrets, before = secrets_of(ring), list(inside(guard))
    verdicts(session, guard=guard)
    data = np.frombuffer(session.capture.buffer, np.uint8)
    kinds = [guard.power_line, *guard._kinds]
    things: list[object] = [guard, session, session.settings, Settings(keys=ring), ring, *ring.keys, *before]
    things += [*inside(guard), *kinds, *(kind.lock for kind in kinds), *(kind.opening(data) for kind in kinds)]
    things += [OneByOne(kinds[0].protection, kinds[0].lock, data), guard._changes, guard._tls, guard._challenges]
    things += [session._guard, session[0], session[5].security]
    assert sum(isinstance(thing, Lock) for thing in things) >= 4
    said = "\n".join(f"{thing!r}\n{thing!s}\n{thing}" for thing in things)
    assert leaks(said.encode(), secrets) == []
    assert len(said) > 2000


def test_matrices_of_keys_are_hidden() -> None:
    made = hidden(np.arange(24, dtype=np.uint8).reshape(12, 2))
    for one in (made, made[:, [0, 1, 0]], made[3], made[:, 1:].copy(), made.T, made ^ 1):
        shown = repr(hidden(one))
        assert (repr(one), str(one), f"{one}") == (shown, shown, shown)
        assert shown.startswith("Hidden(")
        assert "," not in shown
    assert (made + 1).sum() == 24 * 25 // 2


class Broken(Exception):
    """What goes wrong in the middle of work."""


def broken(*arguments: Any, **more: Any) -> Any:
    raise Broken("it broke")


def in_requests(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Opening, "_agrees", broken)


def in_stream(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(opening_module, "rc4", broken)


def in_digest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security_columns, "_block", broken)


def in_rc4(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security_columns, "_streams", broken)


def in_a_step(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security_columns, "_step", broken)


@pytest.mark.parametrize("way", [in_requests, in_stream, in_digest, in_rc4, in_a_step])
@pytest.mark.parametrize("port", ["lpdu", "mep"])
def test_tracebacks_with_locals(
    port: str, way: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some programs log them: every local variable of every function on the way. With one message and one key, whose
    bytes are next to each other then."""
    path = simulated(port, "on_demand", "--encrypt")
    kind, meter = Kind.OMAK if port == "lpdu" else Kind.MAK, known(path)[0]["meter"]
    key = next(one for one in ring_of(path).keys if one.kind is kind and one.name.startswith(f"meter {meter} "))
    first = opened(path).frame(0)
    made = written(tmp_path / "one.pcapng", first.interface.link_type, [first.data], key.place.port)
    assert verdicts(opened(made, KeyRing((key,)))).status == ["verified"]
    session = opened(made, KeyRing((key,)))
    guard = session.guard(remember=True)
    with np.printoptions(threshold=1_000_000):
        way(monkeypatch)
        with pytest.raises(Broken) as caught:
            verdicts(session, guard=guard)
        told = traceback.TracebackException(Broken, caught.value, caught.value.__traceback__, capture_locals=True)
        text = "".join(told.format())
    assert "it broke" in text
    assert "messages = " in text
    assert "Hidden(" in text or way is in_requests
    assert leaks(text.encode(), secrets_of(KeyRing((key,)))) == []


def test_nothing_is_logged(secured: tuple[Session, KeyRing]) -> None:
    session, ring = secured
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        verdicts(session)
        assert session[3].security is not None
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert leaks(stream.getvalue().encode(), secrets_of(ring)) == []
