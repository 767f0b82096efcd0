# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m osgp_analyzer``."""

import sys

from osgp_analyzer.cli.main import main

sys.exit(main())
