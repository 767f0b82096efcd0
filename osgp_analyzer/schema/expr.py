# SPDX-License-Identifier: GPL-2.0-or-later
"""Expression trees for conditions, widths, lengths, counts and computed values.

A definition writes ``F.address_format == 2``; an engine walks the tree and makes of it a Python closure
(:meth:`Expr.compile`, the reference semantics), NumPy over columns, or Lua text.

A value that is not there (absent field, unknown request, end of data) is ``None``. ``None`` goes through every
operator but the logical ones, where it counts as false (and stays unknown where that decides), and `Known`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, final


class Env(Protocol):
    """What the Python form of an expression is evaluated in: a layer being read or built."""

    def field(self, name: str) -> Any:
        """Value of an earlier field of this layer."""

    def outer(self, name: str) -> Any:
        """Value of a field of the nearest enclosing layer, by full name (``npdu.version``)."""

    def request(self, name: str) -> Any:
        """Value of a field of the innermost matching layer of this frame's request."""

    def context(self, name: str) -> Any:
        """Value of a field of another table of the same meter (``bt21.nbr_summations``)."""

    def index(self) -> int | None:
        """Number of the innermost array element that this layer is in."""

    def again(self, names: tuple[str, ...]) -> bool:
        """Whether an element before this one in its array has the same values of these fields."""

    def remaining(self) -> int | None:
        """Bytes left in this bounded part; None while building."""

    def peek(self, offset: int) -> int | None:
        """The byte `offset` bytes ahead, without consuming it."""

    def size_of(self, name: str) -> int | None:
        """Size in bytes (for an array: number of elements) of a field of this layer."""

    def call(self, procedure: str, *args: Any) -> Any:
        """A named procedure, written once per engine."""


Compiled = Callable[[Env], Any]


def expr(value: Expr | int | bytes) -> Expr:
    """Wrap a plain value; leave an expression as it is."""
    return value if isinstance(value, Expr) else Const(value)


class Expr:
    """Base of all nodes. Comparison and arithmetic build trees; ``&`` and ``|`` join conditions (or bits)."""

    __hash__ = object.__hash__
    logical = False
    """True for nodes whose value is a truth value."""

    def compile(self) -> Compiled:
        """A Python function of an `Env` with this node's value."""
        raise NotImplementedError(type(self).__name__)

    def compiled(self) -> Compiled:
        """`compile`, done once for each node."""
        found = _COMPILED.get(self)
        if found is None:
            found = _COMPILED[self] = self.compile()
        return found

    def children(self) -> tuple[Expr, ...]:
        """The nodes directly below."""
        return ()

    def __eq__(self, other: Expr | int | bytes) -> Expr:  # type: ignore[override]
        return Op("==", self, expr(other))

    def __ne__(self, other: Expr | int | bytes) -> Expr:  # type: ignore[override]
        return Op("!=", self, expr(other))

    def __lt__(self, other: Expr | int) -> Expr:
        return Op("<", self, expr(other))

    def __le__(self, other: Expr | int) -> Expr:
        return Op("<=", self, expr(other))

    def __gt__(self, other: Expr | int) -> Expr:
        return Op(">", self, expr(other))

    def __ge__(self, other: Expr | int) -> Expr:
        return Op(">=", self, expr(other))

    def __add__(self, other: Expr | int) -> Expr:
        return Op("+", self, expr(other))

    def __sub__(self, other: Expr | int) -> Expr:
        return Op("-", self, expr(other))

    def __mul__(self, other: Expr | int) -> Expr:
        return Op("*", self, expr(other))

    def __floordiv__(self, other: Expr | int) -> Expr:
        return Op("//", self, expr(other))

    def __mod__(self, other: Expr | int) -> Expr:
        return Op("%", self, expr(other))

    def __lshift__(self, other: Expr | int) -> Expr:
        return Op("<<", self, expr(other))

    def __rshift__(self, other: Expr | int) -> Expr:
        return Op(">>", self, expr(other))

    def __and__(self, other: Expr | int) -> Expr:
        right = expr(other)
        return Op("and" if self.logical and right.logical else "&", self, right)

    def __or__(self, other: Expr | int) -> Expr:
        right = expr(other)
        return Op("or" if self.logical and right.logical else "|", self, right)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value of its own: join conditions with & and |, negate with Not()")

    def among(self, *values: int) -> Expr:
        """True when the value is one of `values`."""
        return Map(self, dict.fromkeys(values, 1), 0) == 1


_COMPILED: dict[Expr, Compiled] = {}

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def _and(a: Any, right: Compiled, env: Env) -> bool | None:
    if a is not None and not a:
        return False
    b = right(env)
    if b is not None and not b:
        return False
    return None if a is None or b is None else True


def _or(a: Any, right: Compiled, env: Env) -> bool | None:
    if a:
        return True
    b = right(env)
    if b:
        return True
    return None if a is None or b is None else False


@final
@dataclass(frozen=True, eq=False, slots=True)
class Const(Expr):
    """A literal integer or byte string."""

    value: int | bytes

    def compile(self) -> Compiled:
        value = self.value
        return lambda env: value


@final
@dataclass(frozen=True, eq=False, slots=True)
class Op(Expr):
    """A binary operator. Division by zero gives None."""

    operator: str
    left: Expr
    right: Expr

    @property
    def logical(self) -> bool:  # type: ignore[override]
        return self.operator in (*_COMPARISONS, "and", "or")

    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)

    def compile(self) -> Compiled:
        left, right = self.left.compile(), self.right.compile()
        if self.operator == "and":
            return lambda env: _and(left(env), right, env)
        if self.operator == "or":
            return lambda env: _or(left(env), right, env)
        function = _BINARY[self.operator]
        divides = self.operator in ("//", "%")

        def run(env: Env) -> Any:
            a, b = left(env), right(env)
            if a is None or b is None or (divides and b == 0):
                return None
            return function(a, b)

        return run


@final
@dataclass(frozen=True, eq=False, slots=True)
class Not(Expr):
    """Logical negation; of an unknown value it is true."""

    operand: Expr
    logical = True

    def children(self) -> tuple[Expr, ...]:
        return (self.operand,)

    def compile(self) -> Compiled:
        operand = self.operand.compile()
        return lambda env: not operand(env)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Known(Expr):
    """True when the value is there."""

    operand: Expr
    logical = True

    def children(self) -> tuple[Expr, ...]:
        return (self.operand,)

    def compile(self) -> Compiled:
        operand = self.operand.compile()
        return lambda env: operand(env) is not None


@final
class If(Expr):
    """`then` where `condition` holds, else `other`."""

    __slots__ = ("condition", "other", "then")

    def __init__(self, condition: Expr, then: Expr | int, other: Expr | int) -> None:
        self.condition, self.then, self.other = condition, expr(then), expr(other)

    def children(self) -> tuple[Expr, ...]:
        return (self.condition, self.then, self.other)

    def compile(self) -> Compiled:
        condition, then, other = self.condition.compile(), self.then.compile(), self.other.compile()
        return lambda env: then(env) if condition(env) else other(env)


@final
class Map(Expr):
    """Look a value up in a table of constants; `default` (None: unknown) for all others."""

    __slots__ = ("default", "items", "key")

    def __init__(self, key: Expr, items: Mapping[int, int], default: int | None = None) -> None:
        self.key, self.items, self.default = key, dict(items), default

    def children(self) -> tuple[Expr, ...]:
        return (self.key,)

    def compile(self) -> Compiled:
        key, items, default = self.key.compile(), self.items, self.default
        return lambda env: items.get(key(env), default)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Ref(Expr):
    """An earlier field of the same layer, written ``F.name``."""

    name: str

    def compile(self) -> Compiled:
        name = self.name
        return lambda env: env.field(name)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Outer(Expr):
    """A field of the nearest enclosing layer, by full name."""

    name: str

    def compile(self) -> Compiled:
        name = self.name
        return lambda env: env.outer(name)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Request(Expr):
    """A field of the request that this frame answers, by full name; None while the request is unknown."""

    name: str

    def compile(self) -> Compiled:
        name = self.name
        return lambda env: env.request(name)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Context(Expr):
    """A field of another table of the same meter, by full name; None until that table was seen. `index`: of a field
    that is in every element of an array, the one of that element. ``TABLE.frame`` is the number of the frame that the
    table was seen in last."""

    name: str
    index: Expr | None = None

    def children(self) -> tuple[Expr, ...]:
        return (self.index,) if self.index is not None else ()

    def compile(self) -> Compiled:
        name = self.name
        if self.index is None:
            return lambda env: env.context(name)
        index = self.index.compile()
        return lambda env: env.context(element(name, index(env)))


def element(name: str, index: int | None) -> str:
    """What a field is called in an element of an array."""
    return f"{name}[{index}]"


@final
@dataclass(frozen=True, eq=False, slots=True)
class Index(Expr):
    """Number of the innermost array element that this layer is in, from 0."""

    def compile(self) -> Compiled:
        return lambda env: env.index()


@final
class Again(Expr):
    """In an element of an array: true when one before it has the same values of these fields, which are numbers. Where
    a field is in neither, it is the same."""

    __slots__ = ("fields",)
    logical = True

    def __init__(self, *fields: Ref) -> None:
        self.fields = fields

    def children(self) -> tuple[Expr, ...]:
        return self.fields

    def compile(self) -> Compiled:
        names = tuple(field.name for field in self.fields)
        return lambda env: env.again(names)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Remaining(Expr):
    """Bytes left in this bounded part (after it, trailing fields excluded)."""

    def compile(self) -> Compiled:
        return lambda env: env.remaining()


@final
@dataclass(frozen=True, eq=False, slots=True)
class Peek(Expr):
    """A byte ahead, not consumed: the next one for offset 0."""

    offset: int = 0

    def compile(self) -> Compiled:
        offset = self.offset
        return lambda env: env.peek(offset)


@final
@dataclass(frozen=True, eq=False, slots=True)
class SizeOf(Expr):
    """Size in bytes (array: elements) of a field of this layer. Used by `auto` to fill lengths when building.

    The name ``payload`` stands for the enclosed part.
    """

    name: str

    def compile(self) -> Compiled:
        name = self.name
        return lambda env: env.size_of(name)


@final
class Call(Expr):
    """A named procedure: what an expression cannot say, written by hand once per engine (CRC-16, for one)."""

    __slots__ = ("args", "procedure")

    def __init__(self, procedure: str, *args: Expr | int) -> None:
        self.procedure, self.args = procedure, tuple(expr(a) for a in args)

    def children(self) -> tuple[Expr, ...]:
        return self.args

    def compile(self) -> Compiled:
        name, args = self.procedure, tuple(a.compile() for a in self.args)
        return lambda env: env.call(name, *(a(env) for a in args))


class _Fields:
    """``F.name``: a reference to an earlier field of the layer being defined."""

    def __getattr__(self, name: str) -> Ref:
        return Ref(name)


F = _Fields()
