# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing this defines every layer there is: a new package of definitions is named here."""

import dissectors.carriers
import dissectors.cnip
import dissectors.en14908
import dissectors.osgp  # noqa: F401
