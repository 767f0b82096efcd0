# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of a message, by number. Whoever judges nothing needs no more than this to name it."""

VERIFIED, BAD_DIGEST, NO_KEY, NOT_AUTHENTICATED, CHALLENGED = range(5)
STATUSES = ("verified", "bad digest", "no key", "not authenticated", "challenged")
NOTHING = -1
