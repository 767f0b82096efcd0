# SPDX-License-Identifier: GPL-2.0-or-later
"""What a meter's tables hold, laid out as the OSGP Alliance's guides have them."""
