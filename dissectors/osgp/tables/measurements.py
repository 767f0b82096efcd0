# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurement sources by number: what a register can be of (MEP p.204-206)."""

from osgp_analyzer.schema import Check, Const, Context, Expr, Group, Severity

ENERGY = ("forward active energy", "reverse active energy", "import reactive energy", "export reactive energy")
SUMMATIONS = (*range(8), 26, 27, 28, *range(108, 112))
"""Sources of the first summations in the guides' list, in its order (MEP p.208-211). That list has no source IDs: they
are those of the same names on p.204-206, so this is inferred."""
PRESENT_VALUES = (*range(8, 26), *range(81, 85), *range(104, 108), *range(185, 191))
"""Sources of the first present values in the guides' list, in its order (MEP p.215-220); inferred as above."""
POWER = ("forward active power", "reverse active power", "import reactive power", "export reactive power")
PHASES = ("L1", "L2", "L3")
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
FIRST_TIER, TIER_SIZE, TIERS = 29, 11, 4
"""Each tier has so many sources from the first on."""

_TOTALS = {
    **dict(enumerate(ENERGY)),
    4: "power off time (s)",
    5: "power outages",
    6: "forward + reverse active energy",
    7: "forward - reverse active energy",
    **dict(enumerate(POWER, 8)),
    **{12 + i: f"RMS current {phase}" for i, phase in enumerate(PHASES)},
    **{15 + i: f"RMS voltage {phase}" for i, phase in enumerate(PHASES)},
    18: "power factor L1",
    19: "frequency",
    20: "apparent power",
    21: "power factor L2",
    22: "power factor L3",
    **{23 + i: f"sine of phase angle {phase}" for i, phase in enumerate(PHASES)},
    26: "pulse input channel 0",
    27: "pulse input channel 1",
    28: "error counter",
}
_TIER = (
    *ENERGY,
    "power off time (min)",
    "power outages",
    "forward + reverse active energy",
    "forward - reverse active energy",
    "pulse input channel 0",
    "pulse input channel 1",
    "error counter",
)
_OTHERS = {
    **{73 + i: f"MEP device {1 + i // 2} counter {1 + i % 2}" for i in range(8)},
    **{81 + i: f"{name} after CT/VT ratio" for i, name in enumerate(POWER)},
    **{85 + i: "unused" for i in range(3)},
    **{88 + i: f"present demand {1 + i}" for i in range(8)},
    **{96 + i: f"previous demand {1 + i}" for i in range(8)},
    **{104 + i: f"reactive power {quadrant}" for i, quadrant in enumerate(QUADRANTS)},
    **{108 + i: f"reactive energy {quadrant}" for i, quadrant in enumerate(QUADRANTS)},
    **{112 + i: f"mapped source {1 + i} (ET66)" for i in range(52)},
    **{164 + i: f"minimum voltage {phase}" for i, phase in enumerate(PHASES)},
    **{167 + i: f"maximum voltage {phase}" for i, phase in enumerate(PHASES)},
    170: "maximum forward active power",
    171: "maximum reverse active power",
    **{172 + i: f"maximum reactive power {quadrant}" for i, quadrant in enumerate(QUADRANTS)},
    176: "time stamp of the previous source",
    177: "maximum forward active power after CT/VT ratio",
    178: "maximum reverse active power after CT/VT ratio",
    **{179 + i: f"maximum forward active power {phase} after CT/VT ratio" for i, phase in enumerate(PHASES)},
    **{182 + i: f"maximum reverse active power {phase} after CT/VT ratio" for i, phase in enumerate(PHASES)},
    **{185 + i: f"forward active power {phase}" for i, phase in enumerate(PHASES)},
    **{188 + i: f"reverse active power {phase}" for i, phase in enumerate(PHASES)},
    **{191 + i: f"forward active power {phase} after CT/VT ratio" for i, phase in enumerate(PHASES)},
    **{194 + i: f"reverse active power {phase} after CT/VT ratio" for i, phase in enumerate(PHASES)},
    **{197 + i: f"RMS current {phase} after CT ratio" for i, phase in enumerate(PHASES)},
    200: "reserved",
    201: "adjustment of the load profile interval",
    **{202 + i: f"continuous RMS voltage {phase}" for i, phase in enumerate(PHASES)},
    **{205 + i: f"average RMS voltage {phase}" for i, phase in enumerate(PHASES)},
    208: "average forward active power",
    209: "average reverse active power",
    **{210 + i: f"average forward active power {phase}" for i, phase in enumerate(PHASES)},
    **{213 + i: f"average reverse active power {phase}" for i, phase in enumerate(PHASES)},
    **{216 + i: f"apparent power {quadrant}" for i, quadrant in enumerate(QUADRANTS)},
    **{220 + i: f"apparent power {QUADRANTS[i % 4]} {PHASES[i // 4]}" for i in range(12)},
    232: "neutral current",
    **{233 + i: f"average RMS current {phase}" for i, phase in enumerate(PHASES)},
    **{236 + i: f"voltage angle {pair}" for i, pair in enumerate(("A to B", "B to C", "C to A"))},
    **{239 + i: f"import reactive power {phase}" for i, phase in enumerate("ABC")},
    **{242 + i: f"export reactive power {phase}" for i, phase in enumerate("ABC")},
}

SOURCES = (
    _TOTALS
    | {
        FIRST_TIER + TIER_SIZE * tier + i: f"tier {tier} {name}"
        for tier in range(TIERS)
        for i, name in enumerate(_TIER)
    }
    | _OTHERS
)
"""Names by source ID; without a phase it is all three. Tiers count from 0 here, on the display from 1."""


def other_source(table: str, expected: tuple[int, ...]) -> Check:
    """What to say where a meter has told, in an array of another table, that registers are of other sources than those
    they are named for here."""
    differs: Expr = Context(table, Const(0)) != expected[0]
    for number, source in enumerate(expected[1:], 1):
        differs = differs | (Context(table, Const(number)) != source)
    name = table.split(".")[0].upper()
    return Check(
        "other_source",
        differs,
        Severity.WARN,
        Group.PROTOCOL,
        f"{name} of this meter names other sources than those of the guides' list (matched by name, inferred): the "
        "names do not hold for all registers here",
    )
