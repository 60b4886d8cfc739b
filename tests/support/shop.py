"""Three small databases as people have them: a shop, a Brazilian workshop, one with poor names."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.protocol.databases import DatabaseDescription, ValueMatch
from daemon.protocol.values import SourceId
from daemon.reasoner.sql import write
from daemon.reasoner.sql_request import SqlRequest
from daemon.sources import database as door
from daemon.sources.database import DatabaseLimits

LIMITS = DatabaseLimits(timeout_s=5, rows=100, bytes=1_000_000, memory_bytes=1 << 28)

SHOP = """
CREATE TABLE artist (artist_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE album (album_id INTEGER PRIMARY KEY, title TEXT, year INTEGER,
    artist_id INTEGER REFERENCES artist(artist_id));
CREATE TABLE track (track_id INTEGER PRIMARY KEY, name TEXT, milliseconds INTEGER, price REAL,
    is_live BOOLEAN, album_id INTEGER REFERENCES album(album_id));
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT,
    city TEXT, country TEXT);
CREATE TABLE "order" (order_id INTEGER PRIMARY KEY, order_date DATE, total REAL,
    customer_id INTEGER REFERENCES customer(customer_id));
CREATE TABLE order_item (order_id INTEGER REFERENCES "order"(order_id),
    track_id INTEGER REFERENCES track(track_id), quantity INTEGER,
    PRIMARY KEY (order_id, track_id));
INSERT INTO artist VALUES (1,'Ana Lima'),(2,'The Boats'),(3,'Nobody Yet');
INSERT INTO album VALUES (1,'Harbour',2019,2),(2,'Second Wind',2021,2),(3,'Sol',2021,1);
INSERT INTO track VALUES (1,'Anchor',200000,0.99,0,1),(2,'Buoy',310000,1.29,1,1),
    (3,'Gale',180000,0.99,0,2),(4,'Manhã',240000,1.99,0,3),(5,'Tarde',150000,1.99,1,3);
INSERT INTO customer VALUES (1,'Bia','Souza','Porto Alegre','Brazil'),
    (2,'Carl','Berg','Oslo','Norway'),(3,'Dora','Reis','Recife','Brazil'),
    (4,'Eve','Stone','Bergen','Norway');
INSERT INTO "order" VALUES (1,'2024-03-01',10.5,1),(2,'2024-07-09',20.0,1),(3,'2025-01-15',5.25,2);
INSERT INTO order_item VALUES (1,1,2),(1,4,1),(2,2,3),(3,4,1);
"""
WORKSHOP = """
CREATE TABLE clientes (id INTEGER PRIMARY KEY, nome TEXT, cidade TEXT);
CREATE TABLE veiculos (placa TEXT PRIMARY KEY, marca TEXT, ano INTEGER,
    cliente_id INTEGER REFERENCES clientes(id));
CREATE TABLE servicos (id INTEGER PRIMARY KEY, descricao TEXT, valor REAL, data DATE,
    placa TEXT REFERENCES veiculos(placa));
INSERT INTO clientes VALUES (1,'João Prado','Curitiba'),(2,'Lia Nunes','São Paulo'),
    (3,'Rui Costa','Curitiba');
INSERT INTO veiculos VALUES ('ABC1D23','Fiat',2015,1),('XYZ9A88','Ford',2020,2),
    ('QWE4R56','Fiat',2021,2);
INSERT INTO servicos VALUES (1,'Troca de óleo',180.0,'2025-02-03','ABC1D23'),
    (2,'Freios',650.0,'2025-05-20','XYZ9A88'),(3,'Troca de óleo',200.0,'2024-11-11','QWE4R56');
"""


def made(folder: Path, name: str, script: str) -> DatabaseDescription:
    """The database as the embedding tool would describe it."""
    path = folder / f"{name}.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    tables = door.collect(str(path), name, LIMITS)
    return DatabaseDescription(name, SourceId(name), "sqlite", str(path), False, tables, None)


def sql_for(
    question: str, language: str, *databases: DatabaseDescription, information: str = ""
) -> str:
    """What the offline reasoner writes, with the values that are found as routing finds them."""
    matches = tuple(match for one in databases for match in values(one, question))
    request = SqlRequest(question, language, databases, information, matches)
    return write(request)[1]


def values(database: DatabaseDescription, question: str) -> list[ValueMatch]:
    phrases = list(_phrases(question.replace("?", " ").replace('"', " ").split()))
    return door.find_values(database.location, database.name, phrases, database.tables, LIMITS)


def result(database: DatabaseDescription, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{database.location}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _phrases(words: Sequence[str]) -> Iterator[str]:
    for first in range(len(words)):
        for last in range(first + 1, min(first + 4, len(words)) + 1):
            yield " ".join(words[first:last])
