"""Settings are checked before anything runs, and a mistake is named with its line and its repair."""

from __future__ import annotations

import pytest

from gapwatch import strict_yaml
from gapwatch.contracts import CONTRACTS
from gapwatch.errors import GapwatchError, HeldError, LockBusyError, ResourceError, UserError
from gapwatch.workspace import Limits, Options, Paths, Source, Workspace, load_workspace, settings_rows

SETTINGS = """\
version: 1
name: Sample company
sources:
  - name: crm
    contract: accounts
    reader: csv
    path: inbox/*.csv
    columns:
      account_id: id
      account_name: name
      updated_at: updated
"""


@pytest.fixture
def load(tmp_path):
    def _load(text: str) -> Workspace:
        (tmp_path / "gapwatch.yml").write_text(text, encoding="utf-8")
        return load_workspace(tmp_path)

    return _load


def refusal(load, text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        load(text)
    return caught.value


def test_paths_are_resolved_against_the_workspace_folder(load, tmp_path):
    ws = load(
        SETTINGS + "paths: {landing: store/landing, ledger: /elsewhere/ledger.sqlite}\nroots: [inbox]\n"
    )
    assert ws.folder == tmp_path
    assert ws.landing_path == tmp_path / "store/landing"
    assert str(ws.ledger_path) == "/elsewhere/ledger.sqlite"
    assert ws.root_paths == [tmp_path / "inbox"]
    assert ws.source("crm").path == ["inbox/*.csv"]


@pytest.mark.parametrize(
    ("wrong", "right", "line"),
    [
        ("limitz: {}", "limits", 12),
        ("limits: {memry: 1GB}", "memory", 12),
        ("paths: {landin: x}", "landing", 12),
    ],
)
def test_an_unknown_setting_is_refused_with_line_and_suggestion(load, wrong, right, line):
    error = refusal(load, SETTINGS + wrong + "\n")
    assert error.rule == "unknown_setting"
    assert f"did you mean {right!r}?" in error.what
    assert f"line {line}" in (error.where or "")
    assert "gapwatch doctor" in str(error)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("contract: accounts", "contract: acounts", "did you mean 'accounts'?"),
        ("account_id: id", "acount_id: id", "has no column 'acount_id'; did you mean 'account_id'?"),
        ("      updated_at: updated\n", "", "needs a mapping for updated_at"),
        ("reader: csv", "reader: xlsx", "should be 'csv', 'jsonl' or 'parquet'"),
        ("reader: csv", "reader: csv\n    encoding: utf-9", "no encoding 'utf-9'"),
        ("reader: csv", "reader: csv\n    encoding: base64", "not an encoding of text"),
        ("reader: csv", "reader: csv\n    time_zone: Europe/Berlln", "no time zone 'Europe/Berlln'"),
        ("reader: csv", "reader: csv\n    options: {separator: ''}", "at least 1 character"),
        ("reader: csv", "reader: csv\n    options: {separator: '§'}", "ASCII"),
        ("reader: csv", "reader: csv\n    options: {quote: ','}", "eparator must differ"),
        ("reader: csv", "reader: csv\n    as_of: {file_pattern: 'a-.*'}", "exactly one group"),
        ("reader: csv", "reader: csv\n    as_of: {file_pattern: '(a', column: b}", "ot a regular expression"),
        ("reader: csv", "reader: csv\n    as_of: {}", "either file_pattern or column"),
        ("reader: csv", "reader: csv\n    questions: {q: q1}", "survey_answers only"),
        ("name: crm", "name: CRM", "match pattern"),
        ("version: 1", "version: 2", "less than or equal to 1"),
        ("version: 1", "version: '1'", "valid integer"),
        ("name: Sample company", "name: no", None),
        ("name: Sample company", "name: 0123", None),
    ],
)
def test_a_wrong_value_is_refused_by_name(load, old, new, says):
    text = SETTINGS.replace(old, new, 1)
    if says is None:
        assert load(text).name == new.removeprefix("name: ")  # stays the text that was written
        return
    error = refusal(load, text)
    assert says in str(error)
    assert "gapwatch.yml, line" in (error.where or "")


def test_the_message_about_a_mapping_names_its_line(load):
    error = refusal(load, SETTINGS.replace("account_id: id", "acount_id: id"))
    assert "line 8, key sources[0].columns" in (error.where or "")


def test_two_sources_may_not_share_a_name(load):
    source = SETTINGS.split("sources:\n")[1]
    assert "'crm' is used twice" in str(refusal(load, SETTINGS + source))


def test_versions_may_be_absent_where_a_source_keeps_no_history(load):
    text = SETTINGS.replace("      updated_at: updated\n", "").replace(
        "reader:", "history: none\n    reader:"
    )
    assert load(text).source("crm").history == "none"


def test_a_wide_survey_needs_no_mapping_of_its_cells():
    columns = {c: c for c in ("response_id", "survey_id", "account_id", "submitted_at", "updated_at")}
    wide = {"name": "s", "contract": "survey_answers", "reader": "csv", "path": ["a.csv"], "columns": columns}
    with pytest.raises(ValueError, match="needs a mapping for question_id"):
        Source.model_validate(wide)
    source = Source.model_validate({**wide, "questions": {"Q1": "q1"}, "text_questions": ["q1"]})
    assert source.questions == {"Q1": "q1"}
    with pytest.raises(ValueError, match="'q2' is not in `questions`"):
        Source.model_validate({**wide, "questions": {"Q1": "q1"}, "text_questions": ["q2"]})
    with pytest.raises(ValueError, match="comes from `questions`"):
        Source.model_validate(
            {**wide, "questions": {"Q1": "q1"}, "columns": {**columns, "answer_value": "x"}}
        )


def test_an_anonymous_source_may_not_map_the_contact():
    columns = dict.fromkeys(
        ("response_id", "survey_id", "question_id", "account_id", "contact_id", "submitted_at", "updated_at"),
        "x",
    )
    columns["answer_value"] = "x"
    given = {"name": "s", "contract": "survey_answers", "reader": "csv", "path": ["a"], "columns": columns}
    assert Source.model_validate(given)
    with pytest.raises(ValueError, match="may not map contact_id"):
        Source.model_validate({**given, "anonymous": True})


def test_ids_of_a_row_are_the_systems_where_one_is_named(load):
    assert load(SETTINGS).source("crm").row_source == "crm"
    assert load(SETTINGS.replace("reader:", "system: sales\n    reader:")).source("crm").row_source == "sales"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-06-30", "2025-06-30 00:00:00"),
        ("2025-06-30T12:00:00Z", "2025-06-30 12:00:00"),
        ("2025-06-30T12:00:00+02:00", "2025-06-30 10:00:00"),
        ("'2025-06-30 12:00'", "2025-06-30 12:00:00"),
    ],
)
def test_as_of_is_an_instant_in_utc(load, text, instant):
    assert str(load(SETTINGS + f"as_of: {text}\n").as_of) == instant


def test_as_of_that_is_no_instant_is_refused(load):
    assert "neither an instant" in str(refusal(load, SETTINGS + "as_of: 2025-13-01\n"))


def test_an_as_of_pattern_reads_the_instant_from_a_files_name(load):
    text = SETTINGS.replace("reader:", "as_of: {file_pattern: 'crm-(\\d+)', format: '%Y%m%d'}\n    reader:")
    as_of = load(text).source("crm").as_of
    assert as_of is not None
    assert str(as_of.from_name("crm-20250131.csv")) == "2025-01-31 00:00:00"
    with pytest.raises(ValueError, match="does not match"):
        as_of.from_name("accounts.csv")


def test_an_unknown_source_is_answered_with_a_suggestion(load):
    with pytest.raises(UserError, match="did you mean 'crm'"):
        load(SETTINGS).source("crn")


def test_a_missing_workspace_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(UserError, match="gapwatch init --workspace"):
        load_workspace(tmp_path / "nowhere")


def test_the_settings_list_holds_every_setting_once_with_help():
    rows = settings_rows()
    keys = [row.key for row in rows]
    assert len(keys) == len(set(keys))
    assert all(row.help and row.type for row in rows)
    for model, prefix in [(Limits, "limits."), (Paths, "paths."), (Options, "sources[].options.")]:
        assert {f"{prefix}{name}" for name in model.model_fields} <= set(keys)
    by_key = {row.key: row for row in rows}
    assert by_key["limits.max_rejected_share"].default == "0.05"
    assert by_key["sources[].reader"].type == "csv or jsonl or parquet"


def test_every_contract_can_be_mapped(load):
    for name, contract in CONTRACTS.items():
        source = {"name": "s", "contract": name, "reader": "csv", "path": ["a"]}
        columns = dict.fromkeys(contract.columns, "x")
        assert Source.model_validate({**source, "columns": columns}).definition is contract


class TestStrictYaml:
    def test_two_equal_keys_are_refused_with_the_second_ones_line(self):
        with pytest.raises(UserError, match=r"'a' is written twice.*line 3.*duplicate_key"):
            strict_yaml.load("a: 1\nb: 2\na: 3\n", "x.yml")

    @pytest.mark.parametrize(
        "text", ["no", "yes", "on", "0123", "0x1F", "1_000", "1:30", "2025-01-02", "Null"]
    )
    def test_what_looks_like_something_else_stays_text(self, text):
        assert strict_yaml.load(f"a: {text}\n", "x.yml").data == {"a": text}

    def test_plain_values_are_what_they_look_like(self):
        text = "a: true\nb: null\nc: 12\nd: -1.5\ne: '12'\nf:\n"
        expected = {"a": True, "b": None, "c": 12, "d": -1.5, "e": "12", "f": None}
        assert strict_yaml.load(text, "x.yml").data == expected

    def test_aliases_cannot_blow_up(self):
        levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
        with pytest.raises(UserError, match="yaml_aliases"):
            strict_yaml.load("\n".join(levels), "x.yml")

    def test_an_alias_within_itself_is_refused(self):
        with pytest.raises(UserError, match="yaml_depth"):
            strict_yaml.load("a: &a [*a]\n", "x.yml")

    def test_deep_nesting_is_refused(self):
        with pytest.raises(UserError, match="yaml_depth"):
            strict_yaml.load("[" * 5000 + "]" * 5000, "x.yml")

    def test_python_objects_are_refused(self):
        with pytest.raises(UserError, match="not allowed"):
            strict_yaml.load("a: !!python/object/apply:os.system ['true']\n", "x.yml")

    def test_broken_yaml_is_refused_with_its_line(self):
        with pytest.raises(UserError, match="line 2"):
            strict_yaml.load("a: 1\nb: [1 }\n", "x.yml")

    def test_an_empty_file_holds_nothing(self):
        assert strict_yaml.load("", "x.yml").data is None


def test_an_error_is_one_paragraph_that_ends_with_the_next_command():
    error = UserError("It broke", where="a.csv, line 3", rule="row_shape", next_step="gapwatch doctor")
    assert str(error) == "It broke. Where: a.csv, line 3. Rule: row_shape. Next: gapwatch doctor."


def test_errors_carry_their_exit_codes():
    codes = {GapwatchError: 1, UserError: 2, HeldError: 11, LockBusyError: 2, ResourceError: 12}
    assert {kind: kind.exit_code for kind in codes} == codes


def test_an_error_survives_the_way_between_processes():
    import pickle

    error = HeldError("what", where="here", rule="r", next_step="n")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (HeldError, str(error))


@pytest.mark.parametrize(
    "written",
    [
        "channels: {mail: {url: 'mailto://user:hunter2secret@mail.example'}}",
        "channels: {mail: 'mailto://user:hunter2secret@mail.example'}",
        "channels: 'mailto://user:hunter2secret@mail.example'",
        "channels: {mail: {url: [hunter2secret]}}",
        "channels: {mail: {url: 'env:NOT A NAME hunter2secret'}}",
    ],
)
def test_an_address_written_into_the_settings_is_refused_and_never_repeated(load, written):
    error = refusal(load, SETTINGS + written)
    assert "env:NAME" in error.what
    assert "line 12" in str(error.where)
    assert "channels" in str(error.where)
    assert "hunter2secret" not in str(error)


def test_a_channel_names_the_variable_that_holds_its_address(load):
    ws = load(SETTINGS + "channels: {mail: {url: 'env:GAPWATCH_MAIL'}}")
    assert ws.channels["mail"].variable == "GAPWATCH_MAIL"
