"""Seeds: every threshold, weight and mapping as rows with a reason.

The defaults stand in ``dbt_project/seeds``; a workspace's own ``seeds/`` replaces them file by file.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from gapwatch.did_you_mean import suggestion
from gapwatch.errors import UserError

if TYPE_CHECKING:
    from gapwatch.workspace import Workspace

DBT_PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
DEFAULT_SEEDS = DBT_PROJECT / "seeds"


def seed_files(ws: Workspace) -> dict[str, Path]:
    """File name -> file that counts in this workspace. Raises UserError on a seed that does not exist
    by that name, or whose header differs from the default's.
    """
    files = {path.name: path for path in sorted(DEFAULT_SEEDS.glob("*.csv"))}
    for own in sorted(ws.seeds_path.glob("*.csv")):
        if own.name not in files:
            raise UserError(
                f"There is no seed {own.name!r}{suggestion(own.name, list(files))}",
                where=str(own),
                rule="seed_known",
                next_step=f"rename or remove {own}",
            )
        expected, found = _header(files[own.name]), _header(own)
        if found != expected:
            raise UserError(
                f"The seed's columns are {', '.join(found)}; expected are {', '.join(expected)}",
                where=f"{own}, line 1",
                rule="seed_columns",
                next_step=f"give {own} the columns of the default seed, in that order",
            )
        files[own.name] = own
    return files


def assemble(ws: Workspace) -> Path:
    """Copy the seeds that count into the workspace's state folder and return that folder."""
    folder = ws.state_path / "seeds"
    files = seed_files(ws)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, path in files.items():
        shutil.copyfile(path, folder / name)
    return folder


def rows(ws: Workspace, name: str) -> list[dict[str, str]]:
    """The rows of one seed, as text."""
    with seed_files(ws)[f"{name}.csv"].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def settings(ws: Workspace) -> dict[str, float]:
    """Thresholds by name: the settings seed, overridden by the workspace's ``vars``. Raises UserError."""
    values = {row["name"]: float(row["value"]) for row in rows(ws, "settings")}
    for name, value in ws.vars.items():
        if name not in values:
            raise UserError(
                f"There is no threshold {name!r}{suggestion(name, list(values))}",
                where=f"{ws.file}, vars.{name}",
                rule="vars",
                next_step=f"correct vars in {ws.file}; the names are those of seeds/settings.csv",
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UserError(
                f"The threshold {name!r} has to be a number, not {value!r}",
                where=f"{ws.file}, vars.{name}",
                rule="vars",
                next_step=f"correct vars in {ws.file}",
            )
        values[name] = float(value)
    return values


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])
