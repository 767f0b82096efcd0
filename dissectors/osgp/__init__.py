# SPDX-License-Identifier: GPL-2.0-or-later
"""OSGP (ETSI TS 104 001): messages that read and write the tables of a meter. Importing this package defines them."""

from dissectors.osgp import atm, c1218, mep, message, optical, suites, tables, tls

__all__ = ["atm", "c1218", "mep", "message", "optical", "suites", "tables", "tls"]
