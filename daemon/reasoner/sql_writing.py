"""The prompt that asks for SQL: only what a model may see, and no more of it than fits."""

from dataclasses import dataclass, replace

import prompts
from daemon.models.language_model import Prompt
from daemon.protocol.databases import DatabaseDescription, Table
from daemon.reasoner.sql_request import SqlRequest
from daemon.reasoner.tables import shown, shown_value
from daemon.reasoner.writing import language_name, new_fence, visible, visible_agent


@dataclass(frozen=True, slots=True)
class FittedSql:
    """The request as it is sent, and what a person should know about what was not."""

    request: SqlRequest
    notices: tuple[str, ...]


def fit(request: SqlRequest, budget: int, reasoner: str, *, remote: bool) -> FittedSql:
    """At most about `budget` characters; no private database for a remote model."""
    notices: list[str] = []
    if remote and request.agent is not None and request.agent.private:
        request = replace(request, agent=None)
    hidden = {database.name for database in request.databases if database.private}
    if remote and hidden:
        request = _without(request, hidden)
        notices.append(_said("reasoner_private_databases", request, reasoner, count=len(hidden)))
    shortened = _shortened(request, budget)
    before, after = _tables(request), _tables(shortened)
    if after < before:
        what = prompts.phrase(
            "reasoner_cut_tables", request.language, count=before - after, of=before
        )
        notices.append(_said("reasoner_cut", request, reasoner, what=what))
    return FittedSql(shortened, tuple(notices))


def sql_prompt(request: SqlRequest) -> Prompt:
    """Asks for SQL on a request that fits."""
    fence = new_fence([repr(request)])
    values = {"request": request, "fence": fence, "language": language_name(request.language)}
    return Prompt(prompts.render("sql.md", **values), prompts.render("sql_context.md", **values))


def _said(name: str, request: SqlRequest, reasoner: str, **blanks: object) -> str:
    return prompts.phrase(name, request.language, reasoner=reasoner, **blanks)


def _without(request: SqlRequest, hidden: set[str]) -> SqlRequest:
    """What was tried may name columns and values of any database that does not own up to it."""
    return replace(
        request,
        databases=tuple(one for one in request.databases if one.name not in hidden),
        matches=tuple(one for one in request.matches if one.database not in hidden),
        tried=tuple(one for one in request.tried if one.database and one.database not in hidden),
    )


def _shortened(request: SqlRequest, budget: int) -> SqlRequest:
    """Databases and their tables come best first: what no longer fits is the least likely."""
    question = visible(request.question[: max(budget // 2, 1)])
    left = budget - len(question)
    databases: list[DatabaseDescription] = []
    for database in request.databases:
        tables: list[Table] = []
        for table in map(shown, database.tables):
            left -= len(repr(table))
            if left < 0 and (tables or databases):
                break
            tables.append(table)
        if tables:
            databases.append(replace(database, tables=tables))
    return replace(
        request,
        question=question,
        information=visible(request.information[:1000]),
        agent=visible_agent(request.agent),
        databases=tuple(databases),
        matches=tuple(
            replace(match, value=shown_value(match.value), phrase=shown_value(match.phrase))
            for match in request.matches[:20]
        ),
        tried=tuple(
            replace(one, sql=visible(one.sql[:4000]), problem=visible(one.problem[:1000]))
            for one in request.tried
        ),
    )


def _tables(request: SqlRequest) -> int:
    return sum(len(database.tables) for database in request.databases)
