"""The sample company: a plausible B2B service firm, written as the messy files its systems export.

Reads nothing but the default seeds and writes ``gapwatch.yml``, ``inbox/`` and ``truth/``.
"""

from __future__ import annotations

from gapwatch.simulate.company import SimulationReport, simulate

__all__ = ["SimulationReport", "simulate"]
