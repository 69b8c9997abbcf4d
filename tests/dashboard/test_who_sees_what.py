"""Every role on every page and in every query, with every parameter: nobody reads of another's client.

The accesses are made from the list of pages, the parameters that the pages read, and the query modules
themselves: a page, a parameter or a query that is new takes part, or a test says that it does not.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import alerted_company
import pytest
from conftest import APP, Ask
from streamlit.testing.v1 import AppTest

import dashboards.queries
from dashboards import pages
from dashboards.queries import shared
from dashboards.rows import Filters, Snapshot
from dashboards.texts import CATALOGUES, Words
from gapwatch.access.rows import ABOUT_NOBODY
from gapwatch.access.viewers import Person, person_of
from gapwatch.workspace import load_workspace

ISSUER = "https://login.example.com"
SETTINGS = (
    alerted_company.SETTINGS
    + f"""\
login:
  provider: {ISSUER}/.well-known/openid-configuration
  client_id: gapwatch
  client_secret: env:NONE
  cookie_secret: env:NONE
  address: https://gapwatch.example.com
  issuer: {ISSUER}
roles:
  leader: {{members: [leader@example.com]}}
  tier: {{members: [tier@example.com], clients: {{tier: [S]}}}}
  north: {{members: [north@example.com], clients: {{region: [East, North], tier: [A, B, C]}}}}
  account_team: {{members: [braun@example.com], clients: {{owner: self}}}}
  elsewhere: {{members: [elsewhere@example.com], clients: {{region: Nowhere}}}}
  reader: {{members: [reader@example.com], clients: {{tier: [A]}}, pages: [client, quality]}}
"""
)
#: Which clients each role may see, said anew in SQL.
MAY_SEE = {
    "leader": "true",
    "tier": "tier = 'S'",
    "north": "region in ('East', 'North') and tier in ('A', 'B', 'C')",
    "account_team": "account_manager = 'K. Braun'",
    "elsewhere": "false",
    "reader": "tier = 'A'",
}
MEMBERS = {"account_team": "braun"}
RESTRICTED = [role for role in MAY_SEE if role != "leader"]
#: Every name says whose it is, and so does every id.
NAMED = "update marts.dim_accounts set account_name = 'Name ' || account_id"
SOMEBODY = re.compile(r"A-\d{3}")
NAMES = re.compile(r"Name (A-\d{3})")
HOSTILE = "A-001' or true --"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return alerted_company.publish(tmp_path_factory.mktemp("roles"), NAMED, settings=SETTINGS)


def claims(role: str) -> dict[str, Any]:
    now = datetime.now(UTC).timestamp()
    email = f"{MEMBERS.get(role, role)}@example.com"
    return {"is_logged_in": True, "iss": ISSUER, "iat": now, "email": email, "email_verified": True}


def person(company: Path, role: str) -> Person:
    ws = load_workspace(company)
    assert ws.login is not None
    return person_of(ws, ws.login, claims(role), datetime.now(UTC))


def snapshot(company: Path, role: str) -> Snapshot:
    return Snapshot(str(company / "published"), "0f3a", person(company, role).viewer)


def allowed(ask: Ask, company: Path, role: str) -> set[str]:
    rows = ask(f"select account_id from marts.dim_accounts where {MAY_SEE[role]}", company)
    return {str(row[0]) for row in rows}


def queries() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of the query modules that reads a snapshot."""
    for module in pkgutil.iter_modules(dashboards.queries.__path__):
        found = importlib.import_module(f"dashboards.queries.{module.name}")
        if module.name == "attached":
            continue
        for name, member in vars(found).items():
            if not name.startswith("_") and hasattr(member, "clear") and hasattr(member, "__wrapped__"):
                yield f"{module.name}.{name}", member


def values(name: str, ask: Ask, company: Path, seen: set[str]) -> list[Any]:
    """What is tried for a parameter of a query: what is allowed, what is another's, what is nobody's."""
    strangers = sorted({f"A-{i:03d}" for i in range(1, 41)} - seen)
    ((week,),) = ask("select max(week_id) from marts.dim_weeks", company)
    assert isinstance(week, int)
    accounts = [*sorted(seen)[:1], *strangers[:2], HOSTILE]
    known: dict[str, list[Any]] = {
        "account_id": accounts,
        "week_id": [week],
        "dim": [None, "trust"],
        "filters": [Filters(), Filters(tier="B"), Filters(region="South"), Filters(owner="S. Iyer")],
        "cut": ["all", "tier", "region", "account_manager", "account"],
        "value": ["all", "B", "South", "S. Iyer", *strangers[:1], HOSTILE],
        "pairs": [tuple((each, "trust") for each in accounts)],
        "limit": [500],
        "n_weeks": [26],
        "since": [date(2020, 1, 1)],
        "until": [date(2040, 1, 1)],
        "accounts": [tuple(accounts)],
        "days": [3650],
        "order": ["risk"],
        "among": ["all"],
    }
    if name not in known:
        pytest.fail(f"a query has the parameter {name!r}: say here what a stranger would try for it")
    return known[name]


def answer(query: Callable[..., Any], given: dict[str, Any]) -> Any:
    return query.__wrapped__(**given) if hasattr(query, "__wrapped__") else query(**given)


def told(found: Any) -> set[str]:
    """Of whom an answer says something: keys that were asked for with nothing behind them say nothing."""
    if isinstance(found, Mapping):
        found = [(key, value) for key, value in found.items() if value not in ([], None)]
    return set(SOMEBODY.findall(repr(found)))


def test_no_query_can_be_asked_without_a_viewer() -> None:
    found = dict(queries())
    assert len(found) > 25

    for name, query in found.items():
        first = next(iter(inspect.signature(query).parameters.values()))
        assert (first.name, first.annotation) == ("snapshot", "Snapshot"), name
        assert first.default is inspect.Parameter.empty, name
    with pytest.raises(TypeError):
        Snapshot("folder", "0f3a")  # type: ignore[call-arg]  # that is what is tested


def test_queries_name_neither_the_whole_snapshot_nor_the_private_one() -> None:
    for path in (CATALOGUES.parent / "queries").glob("*.py"):
        if path.name not in ("attached.py", "personal.py"):
            text = path.read_text(encoding="utf-8")
            assert re.findall(r"\b(?:private_)?snapshot\.\w+\.\w+", text) == [], path.name


def test_two_viewers_never_share_a_cached_answer(company: Path) -> None:
    one, other = snapshot(company, "tier"), snapshot(company, "north")

    first, second = shared.clients(one), shared.clients(other)

    assert first != second
    assert shared.clients(one) == first


def test_a_thousand_queries_tell_nobody_of_anothers_client(company: Path, ask: Ask) -> None:
    accesses, leaks = 0, []
    nothing: dict[str, Any] = {}
    for role in RESTRICTED:
        seen, at = allowed(ask, company, role), snapshot(company, role)
        for name, query in queries():
            asked = list(inspect.signature(query).parameters)[1:]
            for chosen in itertools.product(*(values(each, ask, company, seen) for each in asked)):
                given = dict(zip(asked, chosen, strict=True))
                found = answer(query, {"snapshot": at, **given})
                accesses += 1
                if told(found) - seen:
                    leaks.append((role, name, given))
                if given.get("account_id") in seen or "account_id" not in given:
                    continue
                unknown = {"snapshot": at, **given, "account_id": "no such client"}
                key = repr((role, name, unknown))
                if key not in nothing:
                    nothing[key] = answer(query, unknown)
                if found != nothing[key]:
                    leaks.append((role, name, given))
    assert leaks == []
    assert accesses >= 1000, accesses


def test_a_mean_is_shown_where_every_client_in_it_may_be_seen_and_nowhere_else(
    company: Path, ask: Ask
) -> None:
    from dashboards.queries import portfolio

    ((week,),) = ask("select max(week_id) from marts.dim_weeks", company)
    cuts = {"all": "'all'", "tier": "tier", "region": "region", "account_manager": "account_manager"}
    for role in MAY_SEE:
        seen = allowed(ask, company, role)
        for cut, column in cuts.items():
            members: dict[str, set[str]] = {}
            for value, account in ask(
                f"select {column}, account_id from marts.dim_accounts where is_active", company
            ):
                if value is not None:
                    members.setdefault(str(value), set()).add(str(account))
            for value, inside in members.items():
                shown = answer(
                    portfolio.portfolio,
                    {"snapshot": snapshot(company, role), "week_id": week, "cut": cut, "value": value},
                )
                assert bool(shown) is (inside <= seen), (role, cut, value)


def parameters() -> set[str]:
    """Every name that a page reads from the address, as the code has it."""
    found = set()
    for path in CATALOGUES.parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"query_params(?:\.get\(|\.pop\(|\[)\s*[\"'](\w+)", text))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("filters.options", "options"):
                found |= {a.value for a in node.args[3:4] if isinstance(a, ast.Constant)}
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("filters.lasting", "lasting"):
                found |= {a.value for a in node.args[:1] if isinstance(a, ast.Constant)}
    return found


#: What a stranger would write behind each parameter.
TRIED = {
    "account": ["A-001", "A-002", "nobody", HOSTILE],
    "against": ["52"],
    "alert": [f"{1:012x}", f"{2:012x}"],
    "dim": ["trust"],
    "lang": ["zh"],
    "owner": ["S. Iyer", "K. Braun"],
    "page": ["2"],
    "period": ["all"],
    "region": ["South"],
    "show": ["all"],
    "snapshot": ["0f3a"],
    "state": ["all"],
    "tier": ["B"],
    "sort": ["gap"],
    "term": ["trust"],
    "week": ["1"],
}


def opened(company: Path, role: str, entry: pages.Entry, monkeypatch: Any, **asked: str) -> AppTest:
    monkeypatch.setenv("GAPWATCH_WORKSPACE", str(company))
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.user = claims(role)
    for name, value in asked.items():
        at.query_params[name] = value
    if entry.view != "portfolio":
        at.switch_page(f"views/{entry.view}.py")
    return at.run()


def everything_on(at: AppTest) -> str:
    """All that reaches the browser: texts, tables, charts with their data, choices of the widgets."""
    parts = [str(element.proto) for element in at.get("html")]
    parts += [str(element.proto) for element in at.get("vega_lite_chart")]
    parts += [element.value for element in [*at.title, *at.markdown, *at.subheader, *at.error, *at.code]]
    parts += [str(element.proto) for element in [*at.selectbox, *at.segmented_control, *at.button]]
    return json.dumps(parts, ensure_ascii=False)


def test_the_parameters_of_the_pages_are_all_tried() -> None:
    assert parameters() - set(TRIED) == set(), "a page reads it: say in TRIED what a stranger would write"


def addresses(entry: pages.Entry) -> list[dict[str, str]]:
    """Every value of every parameter, one at a time; the client page needs to be asked for a client."""
    always = {"account": "A-002"} if entry.code == "client" else {}
    return [always, *({**always, name: value} for name, values in TRIED.items() for value in values)]


@pytest.mark.parametrize("entry", pages.entries(Words()), ids=lambda entry: entry.code)
def test_no_page_shows_anothers_client_whatever_the_address_says(
    company: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, entry: pages.Entry
) -> None:
    together = [
        {name: values[at % len(values)] for name, values in TRIED.items() if name != "alert"}
        for at in range(2)
    ]
    singly = addresses(entry)
    for role in RESTRICTED:
        seen = allowed(ask, company, role)
        for asked in [*(singly if role == "account_team" else singly[:1]), *together]:
            at = opened(company, role, entry, monkeypatch, **asked)
            assert not at.exception, (role, asked, at.exception)
            # What was typed into the address is said back, and nothing about it.
            shown, typed = everything_on(at), set(SOMEBODY.findall(asked.get("account", "")))
            assert set(SOMEBODY.findall(shown)) - seen - typed == set(), (role, asked)
            assert set(NAMES.findall(shown)) - seen == set(), (role, asked)
            if entry.code == "client" and asked["account"] not in seen:
                nobody = Words(asked.get("lang", "en")).say("No such client")
                assert at.title[0].value == nobody, (role, asked)


def test_a_mean_that_is_not_for_the_viewer_is_said_and_their_own_is_shown(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *_) = pages.entries(Words())

    mine = everything_on(opened(company, "account_team", first, monkeypatch))
    mixed = everything_on(opened(company, "north", first, monkeypatch))

    assert "No mean is shown here" not in mine
    assert "Where the whole portfolio stands" not in mine
    assert "owner K" in mine.replace("\\", "")
    assert "No mean is shown here" in mixed


def test_every_mart_says_whom_it_is_about(ask: Ask, company: Path) -> None:
    from fixture_snapshot import contracts

    for mart, columns in contracts().items():
        is_about_somebody = "account_id" in columns or {"cut", "cut_value"} <= set(columns)
        assert is_about_somebody != (mart in ABOUT_NOBODY), (
            f"{mart}: has an account_id or a cut, or stands in gapwatch.access.rows.ABOUT_NOBODY"
        )
