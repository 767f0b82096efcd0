# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents and implementations that the definitions rest on. `at()` names the place, `.one`, `.inferred` and
`.unconfirmed` the certainty."""

from osgp_analyzer.schema import Source

DX = Source("izot/lon-stack-dx")
"""EN 14908-1 stack in C (EnOcean, MIT)."""
EX = Source("izot/lon-stack-ex")
"""The older Echelon stack in C++; paths are below LonTalkStack/Source."""
DRV = Source("izot/lon-driver")
"""Linux line disciplines of the USB network interfaces."""
DX_EX = Source("izot/lon-stack-dx and izot/lon-stack-ex")
"""Both, in agreement."""
CTC = Source("gviegas/contic-osgpb")
"""A small data concentrator and meter in C (MIT), without real digests and encryption."""
MEP = Source("OSGP Alliance, MEP Client Developer's Guide 078-0372")
OPT = Source("OSGP Alliance, Optical Port Programmer's Guide")
WS = Source("Wireshark epan/dissectors")
RTR = Source("Echelon LonWorks Router User's Guide 078-0018-01E")
IETF = Source("IETF")
PCAP = Source("tcpdump.org link types")
TERMINETER = Source("rsmusllp/termineter, c1218/data.py")
"""A client of the optical port in Python (BSD); as much of ANSI C12.18 as its own meters need."""
OHB = Source("openHAB smartmeterosgp binding and its unit test")
"""A client of the optical port of OSGP meters in Java."""
TLS12 = Source("IETF RFC 5246")
C1219 = Source("ANSI C12.19", "not at hand")
"""Tables of end devices, on which those of OSGP are modelled; from memory only."""
