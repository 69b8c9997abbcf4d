"""Named places at which a test may kill the process, to prove that nothing is lost or doubled."""

from __future__ import annotations

import os
import signal

VARIABLE = "GAPWATCH_FAULT"

#: All names, in the order a run meets them. A test reads the sources and compares; add yours here.
FAULT_POINTS: tuple[str, ...] = (
    "landing.start",
    "files.before_decoded",
    "files.after_decoded",
    "landing.before_parquet",
    "landing.parquet_written",
    "landing.after_parquet",
    "landing.manifest_written",
    "landing.after_manifest",
    "landing.after_ledger",
    "landing.end",
    "gate.before_load",
    "gate.rows_inserted",
    "gate.before_commit",
    "gate.after_commit",
    "gate.before_hold",
    "gate.before_replay",
    "gate.rows_replayed",
    "gate.before_replay_commit",
    "gate.before_sources_commit",
    "build.before_dbt",
    "build.after_dbt",
    "build.after_record",
    "publish.after_snapshot_file",
    "publish.after_private_file",
    "publish.after_rename",
    "publish.before_pointer",
    "publish.after_pointer",
    "publish.inside_prune",
    "notify.decided",
    "notify.alert_written",
    "notify.audit_written",
    "notify.outbox_written",
    "notify.before_commit",
    "notify.after_commit",
    "alerts.withdrawn",
    "alerts.changed",
    "delivery.inside_enclose",
    "delivery.inside_digest",
    "delivery.before_lease",
    "delivery.inside_lease",
    "delivery.after_lease",
    "delivery.after_send",
    "delivery.inside_mark",
    "delivery.after_mark",
)


def fault_point(name: str) -> None:
    """Die at once, as by ``kill -9``, where the environment's ``GAPWATCH_FAULT`` names this place."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
