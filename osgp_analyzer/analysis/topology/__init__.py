# SPDX-License-Identifier: GPL-2.0-or-later
"""The network as its traffic shows it: nodes, the links between them, and the ways to each meter."""

from osgp_analyzer.analysis.topology.topology import Topology

__all__ = ["Topology"]
