"""The sample company: the same for a seed, messy on purpose, with its stories and its truth in place."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from gapwatch.errors import UserError
from gapwatch.simulate import simulate
from gapwatch.simulate.clock import OFFICE_DAY, Clock, at_office_minute, office_minutes
from gapwatch.simulate.dimensions import SEEDS, service_dimensions
from gapwatch.simulate.dirt import OFF_SCALE, UNKNOWN_STATUS
from gapwatch.simulate.files import EXPORTS
from gapwatch.workspace import load_workspace

pytestmark = pytest.mark.xdist_group("simulate")


class Company:
    """A simulated workspace, its files read without the pipeline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, source: str) -> list[Path]:
        inbox = self.folder / "inbox"
        return sorted(path for path in inbox.glob(EXPORTS[source].glob()) if "again" not in path.name)

    def rows(self, source: str) -> pl.DataFrame:
        return pl.concat([_read(source, path) for path in self.files(source)])

    def truth(self, name: str) -> pl.DataFrame:
        path = self.folder / "truth" / name
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)

    def story(self, name: str) -> dict[str, str]:
        return self.truth("stories.csv").row(by_predicate=pl.col("story") == name, named=True)


def _read(source: str, path: Path) -> pl.DataFrame:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    export = EXPORTS[source]
    if export.is_json:
        return pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)
    text = content.decode(export.encoding).removeprefix("\ufeff")
    return pl.read_csv(text.encode(), separator=export.separator, infer_schema=False)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _number(account_id: str) -> int:
    return int(account_id.removeprefix("A-"))


def _desk(account_id: str) -> str:
    return f"ORG-{40_000 + 3 * _number(account_id):05d}"


def _tool(account_id: str) -> str:
    return f"C{1_000 + 7 * _number(account_id):04d}"


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _scores(company: Company) -> pl.DataFrame:
    """Every perception and expectation answered, on the 0-100 index, one row per answer."""
    scales = company.rows("survey_codebook").select("Survey", "Question", "Low", "High", "Reversed")
    wide = company.rows("survey_relationship").rename({"Response ID": "response"})
    cells = wide.unpivot(
        on=[name for name in wide.columns if name.startswith("Q") and name[-1] in "PE"],
        index=["response", "Survey", "Company", "Respondent", "Submitted", "Changed"],
        value_name="answer",
    ).drop_nulls("answer")
    kinds = {"P": "perception", "E": "expectation"}
    cells = cells.with_columns(
        pl.col("variable").str.tail(1).replace_strict(kinds).alias("measure"),
        pl.col("answer").cast(pl.Int64, strict=False),
        pl.col("Submitted").str.to_datetime().alias("submitted"),
    ).with_columns(
        pl.format("q{}_{}", pl.col("variable").str.extract(r"Q(\d+)_"), pl.col("measure")).alias("Question")
    )
    scored = cells.join(scales, on=["Survey", "Question"]).with_columns(
        (
            (pl.col("answer") - pl.col("Low").cast(int))
            * 100
            / (pl.col("High").cast(int) - pl.col("Low").cast(int))
        )
        .cast(pl.Float64)
        .alias("raw")
    )
    flipped = pl.when(pl.col("Reversed") == "yes").then(100 - pl.col("raw")).otherwise(pl.col("raw"))
    return scored.with_columns(flipped.alias("score")).filter(pl.col("score").is_between(0, 100))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("company")
    simulate(folder)
    return Company(folder)


@pytest.fixture(scope="module")
def moodless(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("moodless")
    simulate(folder, accounts=240, mood_dependent_response=False)
    return Company(folder)


def test_equal_seeds_give_equal_bytes_and_other_seeds_others(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        simulate(tmp_path / name, accounts=20, months=6, seed=seed)
    one, two, three = (_digests(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one.keys() == three.keys()
    changed = {name for name in one if one[name] != three[name]}
    assert {"inbox/survey/relationship-2026-Q3.csv", "truth/latent.parquet"} <= changed


def test_the_size_at_default_is_what_a_demo_can_take(company: Company) -> None:
    report = json.loads((company.folder / "truth" / "simulation.json").read_text("utf-8"))
    files = [path for path in (company.folder / "inbox").rglob("*") if path.is_file()]
    assert report["files"] == len(files) <= 150
    tickets = company.rows("desk_tickets")
    assert 5_000 <= tickets["id"].n_unique() <= 20_000
    assert 10_000 <= len(_scores(company)) <= 25_000
    assert 8 <= report["outcomes"]["lost"] <= 24


def test_settings_are_valid_and_the_truth_is_outside_the_roots(company: Company) -> None:
    workspace = load_workspace(company.folder)
    truth = (company.folder / "truth").resolve()
    assert [path.resolve() for path in workspace.root_paths] == [(company.folder / "inbox").resolve()]
    assert truth.is_dir()
    assert not any(truth.is_relative_to(root.resolve()) for root in workspace.root_paths)
    assert {source.name for source in workspace.sources} == set(EXPORTS)


def test_files_pass_the_gate_with_only_the_planted_rows_refused(tmp_path: Path) -> None:
    from gapwatch import pipeline

    simulate(tmp_path, accounts=12, months=3)
    workspace = load_workspace(tmp_path)
    pipeline.ingest(workspace)
    pipeline.gate(workspace)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        outcomes = dict(
            connection.execute("select source, max(outcome) filter (outcome in ('held', 'crashed')) "
                               "from raw._batches group by all").fetchall()
        )  # fmt: skip
        rules = dict(connection.execute("select rule, count(*) from quarantine.rows group by all").fetchall())
        rows = connection.execute("select sum(rows) from raw._batches").fetchall()[0][0]
    assert outcomes == dict.fromkeys(EXPORTS)
    expected = {"answer_on_scale", "unknown_value", "value_type", "instant_window", "resolved_after_opened"}
    assert set(rules) == expected | {"unknown_account"}
    assert sum(rules.values()) < 0.02 * rows


def test_a_client_is_promised_too_much(company: Company) -> None:
    story = company.story("promised_too_much")
    scores = _scores(company).filter(pl.col("Company") == _tool(story["account_id"]))
    later = pl.col("submitted") > datetime.fromisoformat(story["turned_on"]) + timedelta(days=40)
    means = scores.group_by("measure", later.alias("later")).agg(pl.col("score").mean())
    by_case = {(measure, is_later): score for measure, is_later, score in means.iter_rows()}
    assert by_case["expectation", True] - by_case["expectation", False] > 8
    assert abs(by_case["perception", True] - by_case["perception", False]) < 8


def test_a_junior_is_ignored_after_a_failed_delivery_and_decides_later(company: Company) -> None:
    story = company.story("ignored_junior")
    exports = company.rows("crm_contacts").filter(pl.col("Contact ID") == story["contact_id"])
    assert exports["Role"].unique(maintain_order=True).to_list() == ["Contact", "Key contact"]
    assert exports["Decides"].unique(maintain_order=True).to_list() == ["Nein", "Ja"]
    received = company.rows("project_deliveries").filter(pl.col("Receiver") == story["contact_id"])
    delivered = received.with_columns(pl.col("Delivered").str.to_date("%d/%m/%Y %H:%M"))
    promised = company.rows("project_promises").filter(pl.col("No") == "1")
    both = delivered.join(promised, on="Delivery").with_columns(pl.col("Due on").str.to_date("%d/%m/%Y"))
    assert (both["Delivered"] - both["Due on"]).max() >= timedelta(days=30)
    respondent = f"R{500_000 + 3 * int(story['contact_id'].removeprefix('K-')):06d}"
    felt = _scores(company).filter((pl.col("Respondent") == respondent) & (pl.col("measure") == "perception"))
    after = felt.filter(pl.col("submitted") > datetime.fromisoformat(story["turned_on"]) + timedelta(days=21))
    assert after["score"].mean() < 35


def test_a_client_is_unhappy_though_every_promise_is_kept(company: Company) -> None:
    story = company.story("unhappy_within_sla")
    own = pl.col("organization").struct.field("id") == _desk(story["account_id"])
    tickets = company.rows("desk_tickets").filter(own)
    solved = tickets.drop_nulls("solved_at").unique("id", keep="last", maintain_order=True)
    assert len(solved) > 10
    assert not (tickets["sla"].struct.field("within_target") == False).any()  # noqa: E712  # null is not False
    assert tickets["counts"].struct.field("reopens").sum() == 0
    waited = _office_minutes(solved)
    assert (
        waited <= 0.6 * solved["priority"].replace_strict({"P1": 480}, default=4320) + 3 * OFFICE_DAY
    ).all()
    scores = _scores(company).filter(pl.col("Company") == _tool(story["account_id"]))
    assert scores.filter(pl.col("measure") == "perception")["score"].mean() < 45


def _office_minutes(tickets: pl.DataFrame) -> pl.Series:
    origin = datetime.fromisoformat("2025-05-12")
    minutes = []
    for column in ("created_at", "solved_at"):
        utc = tickets[column].str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
        local = utc.dt.convert_time_zone("Europe/Berlin").dt.replace_time_zone(None)
        minutes.append(office_minutes((local - origin).dt.total_minutes().to_numpy()))
    return pl.Series(minutes[1] - minutes[0])


def test_a_client_falls_silent(company: Company) -> None:
    story = company.story("silent_client")
    quiet = _day(story["turned_on"]) + timedelta(days=21)
    answers = _scores(company).filter(pl.col("Company") == _tool(story["account_id"]))
    talks = company.rows("crm_activities").filter(pl.col("Account") == story["account_id"])
    when = talks["When"].str.to_date("%d.%m.%Y %H:%M")
    assert len(answers) > 0
    assert answers["submitted"].dt.date().max() < quiet
    assert (when < quiet).any()
    assert not (when > quiet).any()


def test_a_contact_moves_to_another_client(company: Company) -> None:
    story = company.story("contact_moves")
    exports = company.rows("crm_contacts").filter(pl.col("Contact ID") == story["contact_id"])
    places = exports["Account ID"].unique(maintain_order=True).to_list()
    assert places == [story["account_id"], story["other_account_id"]]
    respondent = f"R{500_000 + 3 * int(story['contact_id'].removeprefix('K-')):06d}"
    answers = _scores(company).filter(pl.col("Respondent") == respondent).sort("submitted")
    named = answers["Company"].unique(maintain_order=True).to_list()
    assert named == [_tool(place) for place in places]


def test_an_old_commitment_stays_open(company: Company) -> None:
    story = company.story("old_commitment")
    own = company.rows("project_deliveries").filter(pl.col("Client") == story["account_id"])
    ended = own.filter(pl.col("Delivered").is_not_null() | pl.col("Cancelled").is_not_null())
    open_ones = own.filter(~pl.col("Delivery").is_in(ended["Delivery"].to_list()))["Delivery"].to_list()
    promises = company.rows("project_promises").filter(pl.col("Delivery").is_in(open_ones))
    due = promises["Due on"].str.to_date("%d/%m/%Y")
    assert _day(story["turned_on"]) <= due.min() <= _day(story["turned_on"]) + timedelta(days=3)


def test_losses_show_in_the_crm_as_the_truth_says(company: Company) -> None:
    lost = company.truth("episodes.csv").filter(pl.col("outcome") == "lost")
    causes = {*service_dimensions().names, "over_promising", "silence", "lone_voice", "outside"}
    assert set(lost["cause"]) == causes
    notices = company.rows("crm_accounts").drop_nulls("Notice given").unique("Account ID")
    told = {
        row["Account ID"].strip(): datetime.strptime(row["Notice given"], "%d.%m.%Y").date()  # noqa: DTZ007  # a day
        for row in notices.iter_rows(named=True)
    }
    assert told == {row["account_id"]: _day(row["notice_given_on"]) for row in lost.iter_rows(named=True)}
    assert all(
        _day(row["notice_given_on"]) - _day(row["turned_on"]) >= timedelta(days=45)
        for row in lost.iter_rows(named=True)
    )


def test_planted_causes_move_their_own_side_and_outside_ones_nothing(company: Company) -> None:
    episodes = company.truth("episodes.csv").filter(pl.col("outcome") == "lost")
    latent = company.truth("latent.parquet").filter("is_eligible")
    for row in episodes.iter_rows(named=True):
        turned = _day(row["turned_on"])
        own = latent.filter(pl.col("account_id") == row["account_id"])
        before = own.filter(pl.col("week_start_on").is_between(turned - timedelta(70), turned))
        after = own.filter(
            pl.col("week_start_on").is_between(turned + timedelta(70), turned + timedelta(112))
        )

        def change(column: str, **only: str) -> float:
            # Called within the turn of the loop that made it.
            return float(after.filter(**only)[column].mean()) - float(before.filter(**only)[column].mean())  # noqa: B023

        perceived, expected = change("perception"), change("expectation")
        if row["cause"] in service_dimensions().names:
            assert change("perception", service_dimension=row["cause"]) < -14
        elif row["cause"] == "over_promising":
            assert expected > 8
            assert abs(perceived) < 5
        elif row["cause"] == "lone_voice":
            assert change("perception", contact_id=row["contact_id"]) < -30
        elif row["cause"] == "outside":
            assert abs(perceived) < 5
            assert abs(expected) < 5


def test_the_unhappy_answer_less_only_where_wanted(company: Company, moodless: Company) -> None:
    def link(one: Company) -> float:
        told = {row["contact_id"] for row in one.truth("stories.csv").iter_rows(named=True)}
        told |= set(one.truth("episodes.csv")["contact_id"].drop_nulls())
        asked = one.truth("invitations.parquet").filter(~pl.col("contact_id").is_in(list(told)))
        return float(np.corrcoef(asked["perception"], asked["answered"].cast(pl.Float64))[0, 1])

    assert link(company) > 0.10
    assert abs(link(moodless)) < 0.05


def test_answers_read_the_latent_scores_without_bias(moodless: Company) -> None:
    names = service_dimensions()
    items = {str(item.number): names.names[item.dimension] for item in names.items}
    latent = moodless.truth("latent.parquet").with_columns(
        pl.col("contact_id", "service_dimension").cast(pl.String)
    )
    scores = _scores(moodless).with_columns(
        pl.col("variable").str.extract(r"Q(\d+)_").replace_strict(items).alias("service_dimension"),
        pl.format(
            "K-{}",
            ((pl.col("Respondent").str.extract(r"(\d+)").cast(int) - 500_000) // 3)
            .cast(pl.String)
            .str.zfill(6),
        ).alias("contact_id"),
        pl.col("submitted").dt.truncate("1w").dt.date().alias("week_start_on"),
    )
    both = scores.join(latent, on=["contact_id", "service_dimension", "week_start_on"])
    assert len(both) > 0.98 * len(scores)
    for measure in ("perception", "expectation"):
        part = both.filter(pl.col("measure") == measure)
        error = part["score"] - part[measure]
        assert abs(float(error.mean())) < 0.6
        assert 6 < float(error.std()) < 14


def test_expectations_are_asked_in_fewer_waves_than_perceptions(company: Company) -> None:
    questions = company.rows("survey_codebook").filter(pl.col("Kind") == "relationship")
    asked = {
        measure: set(part["Survey"])
        for (measure,), part in questions.partition_by("Measure", as_dict=True).items()
    }
    assert asked["minimum"] < asked["expectation"] < asked["perception"]
    assert set(questions.filter(pl.col("Measure") == "perception")["High"]) == {"7", "10"}
    assert "yes" in set(questions["Reversed"])
    asked_once = (
        company.truth("invitations.parquet").group_by("survey_id").agg(pl.col("contact_id").n_unique())
    )
    assert (asked_once["contact_id"] < 0.8 * company.rows("crm_contacts")["Contact ID"].n_unique()).all()


def test_a_version_tells_nothing_that_happened_after_it(company: Company) -> None:
    tickets = company.rows("desk_tickets")
    for column in ("first_response_at", "solved_at", "closed_at"):
        assert (tickets[column] <= tickets["updated_at"]).all()
    for column in ("at", "expert_at"):
        assert (tickets["escalation"].struct.field(column) <= tickets["updated_at"]).all()
    deliveries = company.rows("project_deliveries").with_columns(
        pl.col("Delivered", "Accepted", "Cancelled", "Last change").str.to_datetime("%d/%m/%Y %H:%M")
    )
    for column in ("Delivered", "Accepted", "Cancelled"):
        assert (deliveries[column] <= deliveries["Last change"]).all()


def test_tickets_come_in_versions_with_waits_reopenings_and_handovers(company: Company) -> None:
    tickets = company.rows("desk_tickets")
    assert tickets.group_by("id").len()["len"].median() >= 2
    assert {"new", "open", "pending", "hold", "solved", "closed", "deleted", "merged"} <= set(
        tickets["status"]
    )
    assert tickets["sla"].struct.field("resolution_due").is_not_null().any()
    assert tickets["rating"].struct.field("score").is_not_null().any()
    events = company.rows("desk_events")
    assert set(events["event"]) == {
        "opened", "responded", "waiting_on_client", "resumed", "reassigned", "escalated",
        "expert_assigned", "resolved", "reopened", "closed",
    }  # fmt: skip
    keys = events.select("event_id", "ticket", "at", "event").unique()
    assert keys["event_id"].is_unique().all()


def test_dates_are_moved_by_us_by_clients_and_corrected(company: Company) -> None:
    promises = company.rows("project_promises")
    moved = promises.filter(pl.col("No") != "1")
    assert set(moved["Asked by"]) == {"us", "client"}
    corrections = promises.filter(pl.col("Reason") == "correction")
    assert set(corrections["No"]) == {"1"}
    assert ((promises["Due on"].is_null()) != (promises["Due at"].is_null())).all()


def test_each_dialect_has_its_traps(company: Company) -> None:
    inbox = company.folder / "inbox"
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in company.files("survey_relationship"))
    projects = b"".join(path.read_bytes() for path in company.files("project_deliveries"))
    with pytest.raises(UnicodeDecodeError):
        projects.decode("utf-8")
    assert "Qualitätsmonitor" in projects.decode("cp1252")
    assert all(path.read_bytes()[:2] == b"\x1f\x8b" for path in company.files("desk_events"))
    comments = company.rows("survey_relationship")["Comment"].drop_nulls()
    assert comments.str.contains("\n").any()
    assert comments.str.contains("[\u4e00-\u9fff]").any()
    names = company.rows("crm_contacts")["Name"]
    assert names.str.contains("[\u4e00-\u9fff]").any()
    assert names.str.contains("ü").any()
    accounts = company.rows("crm_accounts")
    assert accounts["Annual value"].str.contains(r"^\d+,\d$").all()
    assert accounts["Changed"].str.contains(r"^\d\d\.\d\d\.\d{4} \d\d:\d\d$").all()
    assert any("[" in path.name for path in inbox.rglob("*"))


def test_dirt_is_there_and_rare(company: Company) -> None:
    tickets = company.rows("desk_tickets")
    unknown = (tickets["status"] == UNKNOWN_STATUS).sum()
    assert 0 < unknown < 0.005 * len(tickets)
    organization = tickets["organization"].struct.field("id")
    assert (organization != organization.str.strip_chars()).any()
    assert (organization == "ORG-99999").sum() >= 3
    assert len(tickets) - len(tickets.unique()) > 10
    wide = company.rows("survey_relationship")
    cells = wide.select(pl.col("^Q[0-9]+_[PEM]$"))
    off_scale = int(cells.select(pl.sum_horizontal((pl.all() == OFF_SCALE).sum())).item())
    assert 0 < off_scale < 0.01 * cells.select(pl.sum_horizontal(pl.all().count())).item()
    again = wide.filter(pl.col("Response ID").is_duplicated())
    assert (again["Changed"] != again["Submitted"]).any()
    assert "D" in set(company.rows("crm_accounts")["Tier"])
    digests = [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (company.folder / "inbox").rglob("*.*")
    ]
    assert len(digests) - len(set(digests)) == 2


def test_some_clients_are_entered_weeks_after_their_first_tickets(company: Company) -> None:
    dirt = company.truth("dirt.csv")
    late = dirt.filter(pl.col("kind") == "account_entered_late")["key"].to_list()
    assert late
    accounts = company.rows("crm_accounts").with_columns(pl.col("Account ID").str.strip_chars())
    tickets = company.rows("desk_tickets")
    for account in late:
        entered = accounts.filter(pl.col("Account ID") == account)["Changed"]
        first_entry = entered.str.to_datetime("%d.%m.%Y %H:%M").min()
        opened = tickets.filter(pl.col("organization").struct.field("id") == _desk(account))["created_at"]
        assert opened.str.to_datetime("%Y-%m-%dT%H:%M:%SZ").min() < first_entry - timedelta(days=7)


def test_every_kind_of_dirt_in_the_truth_names_its_source_and_key(company: Company) -> None:
    with (company.folder / "truth" / "dirt.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    kinds = {row["kind"] for row in rows}
    assert {"off_scale", "late_version", "superseded_later", "corrected_identity", "unknown_tier"} <= kinds
    assert all(row["source"] in EXPORTS and row["key"] for row in rows)


def test_memory_stays_bounded_while_the_company_grows(tmp_path: Path) -> None:
    script = (
        "import re, sys; from pathlib import Path; from gapwatch.simulate import simulate\n"
        "simulate(Path(sys.argv[1]), accounts=int(sys.argv[2]), months=12)\n"
        # not ru_maxrss, which begins with the peak of the process that forked
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
    )

    def peak_megabytes(accounts: int) -> float:
        command = [sys.executable, "-c", script, str(tmp_path / str(accounts)), str(accounts)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=SEEDS.parents[1])
        return int(done.stdout) / 1024

    one_block, four_blocks = peak_megabytes(250), peak_megabytes(1000)
    assert four_blocks < 700
    assert four_blocks < 1.5 * one_block
    identities = Company(tmp_path / "1000").rows("crm_identities").unique(["System", "Kind", "Foreign ID"])
    assert identities.filter(Kind="account", System="desk")["CRM ID"].n_unique() == 1000


def test_a_fifth_service_dimension_is_asked_about_without_a_change_in_code(tmp_path: Path) -> None:
    for name in ("service_dimensions.csv", "signals.csv"):
        (tmp_path / name).write_bytes((SEEDS / name).read_bytes())
    with (tmp_path / "service_dimensions.csv").open("a", encoding="utf-8") as stream:
        stream.write(
            "openness,Openness,开放,They say what is,说真话,account_manager,25,1990-01-01,5,Tried.\n"
        )
    dimensions = service_dimensions(tmp_path)
    assert dimensions.names[-1] == "openness"
    assert [item.item_id for item in dimensions.items][-2:] == ["openness_1", "openness_2"]


def test_office_minutes_and_instants_are_inverse() -> None:
    office = np.arange(0, 20 * OFFICE_DAY, 7)
    instants = at_office_minute(office)
    assert (office_minutes(instants) == office).all()
    assert ((instants // 1440) % 7 < 5).all()


@pytest.mark.parametrize(
    "end_on", [date(2026, 1, 2), date(2026, 7, 3), date(2024, 2, 29), date(2026, 11, 15)]
)
def test_no_file_covers_so_few_days_that_it_would_be_held(end_on: date) -> None:
    clock = Clock.of(14, end_on)
    every_day = np.arange(clock.start, clock.end, 1440)
    for labels, fewest in ((clock.month_labels(every_day), 5), (clock.quarter_labels(every_day), 30)):
        sizes = labels.value_counts()
        assert sizes["count"].min() >= fewest
        assert sizes["count"].sum() == len(every_day)


def test_impossible_sizes_and_foreign_workspaces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="accounts"):
        simulate(tmp_path / "small", accounts=3)
    with pytest.raises(UserError, match="months"):
        simulate(tmp_path / "short", months=1)
    own = tmp_path / "own"
    own.mkdir()
    (own / "gapwatch.yml").write_text("version: 1\n", "utf-8")
    with pytest.raises(UserError, match="not simulated"):
        simulate(own, accounts=8, months=3)
    assert (own / "gapwatch.yml").read_text("utf-8") == "version: 1\n"


def test_simulating_again_replaces_the_files_before_and_tells_its_progress(tmp_path: Path) -> None:
    simulate(tmp_path, accounts=20, months=9)
    told: list[tuple[str, int, int]] = []
    report = simulate(tmp_path, accounts=8, months=3, progress=lambda *step: told.append(step))
    files = [path for path in (tmp_path / "inbox").rglob("*") if path.is_file()]
    assert len(files) == report.files
    assert told == [("simulate", 0, 8), ("simulate", 8, 8)]
    assert json.loads(json.dumps(report.as_dict()))["accounts"] == 8


def test_once_a_year_clients_split_a_hundred_points_and_compare_us_with_what_they_expected(
    company: Company,
) -> None:
    questions = company.rows("survey_codebook").filter(
        pl.col("Measure").is_in(["importance", "disconfirmation"])
    )
    wide = company.rows("survey_relationship")
    points = [name for name in wide.columns if re.fullmatch(r"W\d+", name)]
    asked = set(questions["Survey"])

    assert 0 < len(asked) < len(set(wide["Survey"]))
    assert set(wide.filter(pl.col("W1").is_not_null())["Survey"]) == asked
    split = wide.filter(pl.col("W1").is_not_null()).select(pl.col(points).cast(pl.Int64))
    assert len(points) == len(service_dimensions().names)
    assert set(split.sum_horizontal()) == {100}
    assert int(split.min_horizontal().min()) >= 0
    assert set(wide["Compared"].drop_nulls().unique()) <= {"1", "2", "3", "4", "5"}
