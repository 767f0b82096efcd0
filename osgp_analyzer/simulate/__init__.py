# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic of a made-up OSGP segment, with what its senders knew of every frame.

It builds frames, digests and ciphertext with its own small code, from the facts and not from the definitions of the
analyzer, so that the two check each other.
"""
