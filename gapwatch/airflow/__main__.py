"""``python -m gapwatch.airflow``: Airflow's standalone mode on one workspace, for looking around.

Everything that Airflow writes stays in the workspace, under ``.gapwatch/airflow``; it listens on
loopback only. ``make airflow`` starts this on the demo workspace.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

DAGS = Path(__file__).resolve().parents[2] / "dags"
ADDRESS = "127.0.0.1"


def main() -> None:
    """Migrate the metadata database, make the writer's pool, and hand over to ``airflow standalone``."""
    parser = argparse.ArgumentParser(prog="python -m gapwatch.airflow", description=__doc__)
    parser.add_argument("--workspace", type=Path, default=Path("demo"), help="folder with gapwatch.yml")
    parser.add_argument("--port", type=int, default=8080, help="port on 127.0.0.1")
    parser.add_argument("--prepare-only", action="store_true", help="stop before starting the servers")
    options = parser.parse_args()
    if not (options.workspace / "gapwatch.yml").is_file():
        sys.exit(f"Error: {options.workspace} holds no gapwatch.yml. Next: make demo SERVE=0")
    # Airflow reads its settings when it is first imported, so they are set before.
    os.environ.update(environment(options.workspace, options.port))
    # Its parts trust one another by a key of this start, which is written nowhere.
    os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = secrets.token_urlsafe(64)
    # Airflow and its children look one another up by name.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    prepare()
    if not options.prepare_only:
        stand_alone()


def environment(workspace: Path, port: int = 8080, dags: Path = DAGS) -> dict[str, str]:
    """Environment variables for an Airflow whose home is inside the workspace."""
    folder = workspace.resolve()
    home = folder / ".gapwatch" / "airflow"
    return {
        "GAPWATCH_WORKSPACE": str(folder),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{ADDRESS}:{port}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__HOST": ADDRESS,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{ADDRESS}:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__METRICS__OTEL_ON": "False",
        "AIRFLOW__METRICS__STATSD_ON": "False",
        "AIRFLOW__TRACES__OTEL_ON": "False",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
    }


def prepare() -> None:
    """Bring the metadata database up to date and make the pool with its one slot."""
    Path(os.environ["AIRFLOW_HOME"]).mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)

    from airflow.models.pool import Pool

    from gapwatch.airflow.wiring import WRITER_POOL

    Pool.create_or_update_pool(
        WRITER_POOL, slots=1, description="the one writer of the warehouse", include_deferred=False
    )


def stand_alone() -> None:
    """Run all of Airflow's parts under this process until Ctrl-C."""
    from airflow.cli.commands import standalone_command

    class LoopbackCommand(standalone_command.SubCommand):
        """A part without its log server: that one listens on every interface, and logs are local here."""

        def __init__(self, parent: object, name: str, command: list[str], env: dict[str, str]) -> None:
            skip = ["--skip-serve-logs"] if name in {"scheduler", "triggerer"} else []
            super().__init__(parent, name, [*command, *skip], env)

    standalone_command.SubCommand = LoopbackCommand
    standalone_command.StandaloneCommand().run()


if __name__ == "__main__":
    main()
