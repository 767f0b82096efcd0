# SPDX-License-Identifier: GPL-2.0-or-later
"""Display filters in Wireshark's syntax, evaluated over columns of frames."""

from osgp_analyzer.filters.errors import FilterError
from osgp_analyzer.filters.filter import Filter
from osgp_analyzer.filters.nodes import Expression
from osgp_analyzer.filters.parser import parse

__all__ = ["Expression", "Filter", "FilterError", "parse"]
