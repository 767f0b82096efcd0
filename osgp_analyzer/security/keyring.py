# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys: what kind, whose, from when until when. `osgp_analyzer.security.keyfile` reads them from files."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn


class Kind(StrEnum):
    """What a key is for; the value is its name in a file. Lengths: `LENGTHS`."""

    OMAK = "omak"
    """OSGP on the power line: digests, and RC4 through what is derived from it."""
    BASE_KEY = "base_key"
    """The base key of RC4 on the power line where it is known by itself."""
    DOMAIN_KEY = "domain_key"
    """EN 14908-1 authentication."""
    OMA_KEY = "oma_key"
    """EN 14908-1 Open Media Authentication."""
    MAK = "mak"
    """MEP port, advanced."""
    MBK = "mbk"
    """MEP port, basic."""
    PSK = "psk"
    """TLS on the MEP port, and AES suites."""
    MK = "mk"
    """Password of the optical port (master)."""
    PK = "pk"
    """Password of the optical port (programming)."""
    RK = "rk"
    """Password of the optical port (reading)."""


LENGTHS: dict[Kind, tuple[int, ...]] = {
    Kind.OMAK: (12,),
    Kind.BASE_KEY: (16,),
    Kind.DOMAIN_KEY: (6,),
    Kind.OMA_KEY: (12,),
    Kind.MAK: (16, 20),
    Kind.MBK: (16, 20),
    Kind.PSK: (16, 32),
    Kind.MK: (20,),
    Kind.PK: (20,),
    Kind.RK: (20,),
}
"""Bytes that a key may be given with. Of MAK and MBK the first 16 are used, of 20 (MEP guide p.13)."""
USED = {Kind.MAK: 16, Kind.MBK: 16}
"""Bytes that are used where more may be given."""


class Secret:
    """Bytes that nothing shows but `reveal`: not repr, str, format, copies of the object, nor pickle, which fails."""

    __slots__ = ("__value",)

    def __init__(self, value: bytes) -> None:
        self.__value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes, for a cipher."""
        return self.__value

    def __len__(self) -> int:
        return len(self.__value)

    def __eq__(self, other: object) -> bool:
        return hmac.compare_digest(self.__value, other.__value) if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.__value)

    def __repr__(self) -> str:
        return f"Secret({len(self)} bytes)"

    def __format__(self, specification: str) -> str:
        return format(repr(self), specification)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled: reveal it where it is used")


@dataclass(frozen=True)
class Place:
    """Whose a key is, by all that is known of it. All None: anybody's, to be tried."""

    domain: bytes | None = None
    subnet: int | None = None
    node: int | None = None
    neuron_id: bytes | None = None
    group: int | None = None
    port: str | None = None
    """Name of an interface of the capture."""


@dataclass(frozen=True)
class Key:
    """A key. Several of one kind in one place at the same time: any of them may be the right one."""

    name: str
    """What output calls it: ``meter Main street 4 omak``. No other key of the ring has it, and no key is in it."""
    kind: Kind
    secret: Secret
    place: Place
    since: int | None = None
    """ns since 1970, inclusive; None: always."""
    until: int | None = None
    """ns since 1970, exclusive; None: for ever."""

    @property
    def section(self) -> str | None:
        """The name of the meter's section in the key file, None for keys of other sections."""
        head, _, name = self.name.rpartition(f" {self.kind.value}")[0].partition(" ")
        return name if head == "meter" and name else None


class KeyFileError(ValueError):
    """What is wrong with key files: a line each, none with a key or a part of one in it."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = list(errors)


@dataclass(frozen=True)
class KeyRing:
    """The keys of all files together. `notes`: what people should know though it is not wrong, a line each."""

    keys: tuple[Key, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, paths: Iterable[str | os.PathLike[str]], *, shared: bool = False) -> KeyRing:
        """The keys of files (docs/keys.md). `shared`: also of files that others can read.

        Raises `KeyFileError` with all that is wrong in all files.
        """
        from osgp_analyzer.security import keyfile

        return keyfile.read(paths, shared=shared)


EMPTY = KeyRing()
"""No keys."""
