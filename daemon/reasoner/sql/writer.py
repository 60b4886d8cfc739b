"""SQL for a question by rules over names, keys and values; none where something is not understood."""

from dataclasses import replace

from daemon.index import language
from daemon.index.language import Language
from daemon.protocol.databases import DatabaseDescription
from daemon.reasoner.sql import query as queries
from daemon.reasoner.sql.building import Building
from daemon.reasoner.sql.linking import link
from daemon.reasoner.sql.reading import Measure, NotUnderstood, Reading
from daemon.reasoner.sql.schema import Schema
from daemon.reasoner.sql.settling import Settling
from daemon.reasoner.sql.tokens import tokens
from daemon.reasoner.sql.understanding import understand
from daemon.reasoner.sql_request import SqlRequest

LONGEST_QUESTION = 600
"""Characters: longer ones hold more than one SELECT says."""


def write(request: SqlRequest) -> tuple[str, str]:
    """Database and SQL; both empty where it cannot be said. The first database that can, does.

    Where the question as a whole is not understood, what is missing of it may be.
    """
    if max(len(request.question), len(request.information)) > LONGEST_QUESTION or request.tried:
        # Rules do not learn from an error: the same question would give the same SQL.
        return "", ""
    for question in dict.fromkeys((request.question, request.information)):
        lang = language.detect(question, language.known(request.language))
        for database in request.databases:
            sql = _written(question, request, database, lang) if question else ""
            if sql:
                return database.name, sql
    return "", ""


def _written(
    question: str, request: SqlRequest, database: DatabaseDescription, lang: Language
) -> str:
    matches = [match for match in request.matches if match.database == database.name]
    schema = Schema(database)
    if not schema.relations:
        return ""
    try:
        items = link(tokens(question), schema, matches, lang)
        return _sql(understand(items, schema), schema)
    except NotUnderstood:
        return ""


def _sql(reading: Reading, schema: Schema) -> str:
    settling = Settling(schema)
    if reading.ratio and not reading.groups:
        return _quotient(reading, schema, settling)
    settled = settling.settle(reading)
    return queries.written(Building(schema, reading, settled).query())


def _quotient(reading: Reading, schema: Schema, settling: Settling) -> str:
    """Each number from rows of its own: they need not join."""
    sides = [_side(reading, measure, schema, settling) for measure in reading.measures]
    return f"SELECT {queries.quotient(*(f'({side})' for side in sides), percent=reading.share)}"


def _side(reading: Reading, measure: Measure, schema: Schema, settling: Settling) -> str:
    conditions = (*reading.conditions, *measure.within)
    one = Reading(measures=(replace(measure, within=()),), conditions=conditions)
    return queries.written(Building(schema, one, settling.settle(one)).query())
