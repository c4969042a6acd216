# SPDX-License-Identifier: MIT
"""The parts of scripts/bench; scripts/lib/bench.py puts them together."""
