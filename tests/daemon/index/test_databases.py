"""What is known of databases lasts, a person's words win, and a question finds its database."""

import pytest

from daemon.index import Index, IndexWriter, databases, schema_words
from daemon.index.databases import DATABASES, Collected
from daemon.index.question import asked
from daemon.index.routing import Router, with_joins
from daemon.protocol.databases import Column, DatabaseDescription, DescribedBy, Table, ValueMatch
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import SourceId, SourceKind
from tests.support.index import paths_in


def column(name, *values, references=None, description="", by=DescribedBy.GUESS):
    return Column(
        name=name,
        type="TEXT",
        nullable=True,
        primary_key=False,
        references=references,
        references_guessed=False,
        description=description,
        described_by=by,
        distinct=len(values) or None,
        minimum=None,
        maximum=None,
        values=list(values),
    )


def table(name, *columns, description="", by=DescribedBy.GUESS):
    return Table(name, "table", 3, False, description, by, list(columns))


def database(name, *tables):
    return DatabaseDescription(
        name=name,
        source_id=SourceId(name),
        kind="sqlite",
        location=f"/{name}",
        private=False,
        tables=list(tables),
        refreshed_at=None,
    )


SHOP = database(
    "shop",
    table("customers", column("customer_id"), column("full_name"), column("city", "São Paulo")),
    table(
        "OrderItems",
        column("order_id", references="orders.order_id"),
        column("UnitPrice"),
        column("product", "Desk lamp"),
    ),
    table("orders", column("order_id"), column("customer_id", references="customers.customer_id")),
    table("suppliers", column("phone")),
)
LIBRARY = database("library", table("books", column("title"), column("authorname")))
ODD = database("odd", table("t1", column("c_01", "Maria Souza"), column("c_07", "Recife")))
ALL = (SHOP, LIBRARY, ODD)


def fits(question, *known):
    known = known or ALL
    words = asked(question)
    phrases = {text: p.words for p in words.phrases for text in (p.words, *p.same)}
    values = [
        (one.source_id, ValueMatch(one.name, t.name, c.name, value, phrases[said]))
        for one in known
        for t in one.tables
        for c in t.columns
        for value in c.values
        if (said := databases.value_words(value)) in phrases
    ]
    return Router(known).fits(words, values)


def best(question, *known):
    found = fits(question, *known)
    return found[0].source_id if found else None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many customers are there?", "shop"),
        ("Quantos clientes existem?", "shop"),
        ("What is the average unit price?", "shop"),
        ("Qual é o preço unitário médio dos itens?", "shop"),
        ("How many customers live in Sao Paulo?", "shop"),
        ("Who is the author of each book?", "library"),
        ("Quais livros existem?", "library"),
        ('How many rows have "Recife"?', "odd"),
        ("Which of them is Maria Souza?", "odd"),
        ("What are the effects of climate change on coral reefs?", None),
        ("Quais são os efeitos da acidificação nos recifes de coral?", None),
        ("How many are there in total?", None),
        ("", None),
    ],
)
def test_a_question_finds_its_database_or_none(question, expected):
    assert best(question) == expected


def test_the_table_that_is_asked_for_comes_first():
    (fit, *_) = fits("How many orders are there?")
    assert fit.tables[0] == "orders"


def test_a_persons_words_on_a_column_route_to_it():
    question = "Which branch has the most patients?"
    assert best(question) is None
    said = column("c_01", description="branch of the clinic", by=DescribedBy.PERSON)
    told = database("odd", table("t1", said, description="patients", by=DescribedBy.PERSON))
    assert best(question, SHOP, told) == "odd"


def test_tables_are_given_with_those_that_join_them():
    found = with_joins(SHOP, ("customers", "OrderItems"), 10)
    assert [one.name for one in found] == ["customers", "OrderItems", "orders"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order_items", ["order", "items"]),
        ("OrderItems", ["order", "items"]),
        ("HTTPServer2", ["http", "server", "2"]),
        ("authorname", ["author", "name"]),
        ("preço_unitário", ["preco", "unitario"]),
        ("uniqname", ["uniqname"]),
    ],
)
def test_a_name_is_taken_apart_into_its_words(name, expected):
    assert schema_words.parts(name) == expected


def test_words_of_both_languages_are_brought_together():
    assert set(schema_words.stems("customer")) & schema_words.same("cliente")
    assert set(schema_words.stems("preco")) & schema_words.same("price")
    assert "brazil" in schema_words.same_values("brasil")


@pytest.fixture
def paths(tmp_path):
    return paths_in(tmp_path)


def kept(paths):
    with IndexWriter.open(paths, None) as writer:
        source = writer.add_source(SourceKind.DATABASE, "/shop", "shop", False, owner=DATABASES)
        databases.put(writer.db, source.id, Collected("sqlite", "1", tuple(SHOP.tables)))
        return source.id


def read(paths):
    return Index.open(paths, None).look(databases.read, [])


def test_an_annotation_outlives_a_refresh_and_a_rebuild(paths):
    id_ = kept(paths)
    with IndexWriter.open(paths, None) as writer:
        databases.annotate(writer.db, id_, "orders", "", "what was sold")
        databases.annotate(writer.db, id_, "suppliers", "phone", "by day only")
        databases.put(writer.db, id_, Collected("sqlite", "2", tuple(SHOP.tables)))
        writer.begin_rebuild()
        writer.commit_rebuild()
    (known,) = read(paths)
    orders = databases.table_of(known, "ORDERS")
    assert (orders.description, orders.described_by) == ("what was sold", DescribedBy.PERSON)
    (phone,) = databases.table_of(known, "suppliers").columns
    assert (phone.description, phone.described_by) == ("by day only", DescribedBy.PERSON)


def test_an_annotation_can_be_taken_back(paths):
    id_ = kept(paths)
    with IndexWriter.open(paths, None) as writer:
        databases.annotate(writer.db, id_, "orders", "", "what was sold")
        databases.annotate(writer.db, id_, "orders", "", "")
    (known,) = read(paths)
    assert databases.table_of(known, "orders").described_by is DescribedBy.GUESS


def test_a_problem_leaves_what_was_known(paths):
    id_ = kept(paths)
    with IndexWriter.open(paths, None) as writer:
        databases.set_problem(writer.db, id_, "sqlite", "It is gone.")
    (known,) = read(paths)
    assert known.problem == "It is gone."
    assert len(known.tables) == len(SHOP.tables)


def test_every_change_is_noticed_by_a_reader(paths):
    id_ = kept(paths)
    index = Index.open(paths, None)
    before = index.look(databases.revision, 0)
    with IndexWriter.open(paths, None) as writer:
        databases.annotate(writer.db, id_, "orders", "", "x")
    assert index.look(databases.revision, 0) > before


def test_removing_a_database_leaves_nothing_of_it(paths):
    id_ = kept(paths)
    with IndexWriter.open(paths, None) as writer:
        databases.annotate(writer.db, id_, "orders", "", "x")
        writer.remove_source(id_)
        for left in ("database", "database_table", "database_value", "annotation"):
            assert writer.db.value(f"SELECT count(*) FROM {left}") == 0


def test_values_are_found_by_their_folded_words(paths):
    kept(paths)
    ((_, match),) = Index.open(paths, None).look(
        lambda db: databases.values_among(db, ["sao paulo", "nowhere"]), []
    )
    assert (match.database, match.column, match.value) == ("shop", "city", "São Paulo")


def test_a_persons_documents_never_show_what_describes_databases(paths):
    kept(paths)
    index = Index.open(paths, None)
    assert index.sources() == []
    assert [source.name for source in index.sources(DATABASES)] == ["shop"]


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AlvoError, match="TABLE_NOT_FOUND"):
        databases.table_of(SHOP, "nowhere")
    with pytest.raises(AlvoError, match="DATABASE_NOT_FOUND"):
        databases.find(ALL, "nowhere")
