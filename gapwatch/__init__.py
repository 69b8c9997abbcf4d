"""Gapwatch: satisfaction = perception - expectation, watched for every client of a service organisation.

The way of the data: :mod:`gapwatch.landing` -> :mod:`gapwatch.gate` -> :mod:`gapwatch.transform` ->
:mod:`gapwatch.publish`, wired in :mod:`gapwatch.pipeline` and started from :mod:`gapwatch.cli` or from
the files in ``dags/``. Nothing is imported here, so that ``gapwatch --help`` is quick.
"""

from __future__ import annotations

__version__ = "0.1.0"
