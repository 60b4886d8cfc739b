"""The schema of index-N.db, and how the numbers in it are made."""

from typing import Final

from daemon.store import Migration

PAGE_SIZE: Final = 16_384
MMAP_BYTES: Final = 4 * 1024**3
"""With pages of 16 KiB a scan of 100,000 vectors takes 12 ms instead of 38; it is address space,
not memory."""
CACHE_KIB: Final = 2_048
"""Of each connection's own pages: what is mapped need not be kept twice."""

CHUNK_SIZE: Final = 512
AGENT_CHUNK_SIZE: Final = 24
"""Vectors for which a partition sets room aside at once: each version of an agent has a partition,
and most are small."""

FIRST_AGENT: Final = 256
"""Owners from this number on are agents. They have tables of their own for words and vectors, so
that however many there are the person's own search neither slows down nor ranks otherwise."""

# A passage's id tells its owner, so that a keyword search of one owner is a range of row ids;
# a window's id tells its passage.
OWNER_BITS: Final = 40
WINDOW_BITS: Final = 6
MAX_WINDOWS: Final = 1 << WINDOW_BITS

STEM_MARK: Final = "="
"""Before each stem, so that stems and words have counts of their own."""

INDEX_MIGRATIONS: Final = (
    Migration(
        1,
        "owners, sources, documents, passages and their words",
        f"""
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE owner (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        INSERT INTO owner VALUES (0, '');

        CREATE TABLE source (
            id TEXT PRIMARY KEY,
            owner INTEGER NOT NULL REFERENCES owner,
            kind TEXT NOT NULL,
            location TEXT NOT NULL,
            name TEXT NOT NULL,
            private INTEGER NOT NULL,
            state TEXT NOT NULL,
            progress TEXT,
            refreshed_at TEXT,
            documents INTEGER NOT NULL DEFAULT 0,
            passages INTEGER NOT NULL DEFAULT 0,
            embedded INTEGER NOT NULL DEFAULT 0,
            length INTEGER NOT NULL DEFAULT 0,
            UNIQUE (owner, kind, location)
        ) STRICT;

        CREATE TABLE failure (
            source_id TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
            path TEXT NOT NULL,
            sentence TEXT NOT NULL,
            PRIMARY KEY (source_id, path)
        ) STRICT, WITHOUT ROWID;

        -- embedded: whether its passages have vectors.
        CREATE TABLE document (
            id INTEGER PRIMARY KEY,
            source_id TEXT NOT NULL REFERENCES source,
            path TEXT NOT NULL,
            title TEXT NOT NULL,
            language TEXT NOT NULL,
            modified_at TEXT NOT NULL,
            size INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            content_hash TEXT NOT NULL,
            embedded INTEGER NOT NULL,
            UNIQUE (source_id, path)
        ) STRICT;
        CREATE INDEX document_by_path ON document (path);

        -- length: words in all four columns below; windows: how many vectors it has.
        CREATE TABLE passage (
            id INTEGER PRIMARY KEY,
            document_id INTEGER NOT NULL REFERENCES document,
            place TEXT NOT NULL,
            heading TEXT NOT NULL,
            text TEXT NOT NULL,
            length INTEGER NOT NULL,
            windows INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX passage_by_document ON passage (document_id);

        -- Words come folded and stems marked: the tokenizer only takes them apart again.
        CREATE VIRTUAL TABLE keyword USING fts5 (
            title, body, title_stem, body_stem,
            content = '', contentless_delete = 1,
            tokenize = "unicode61 remove_diacritics 2 tokenchars '{STEM_MARK}'"
        );
        CREATE VIRTUAL TABLE vocabulary USING fts5vocab ('keyword', 'row');
        """,
    ),
    Migration(
        2,
        "databases: what they hold, what a person says of it, which values they have",
        """
        -- problem: why it cannot be read now.
        CREATE TABLE database (
            source_id TEXT PRIMARY KEY REFERENCES source ON DELETE CASCADE,
            kind TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            problem TEXT
        ) STRICT, WITHOUT ROWID;

        -- described: the table with its columns, as JSON, as it was collected.
        CREATE TABLE database_table (
            source_id TEXT NOT NULL REFERENCES database ON DELETE CASCADE,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            described TEXT NOT NULL,
            PRIMARY KEY (source_id, position)
        ) STRICT;

        -- A person's words; column_name '': on the table. Kept whatever is collected anew.
        CREATE TABLE annotation (
            source_id TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
            table_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            text TEXT NOT NULL,
            noted_at TEXT NOT NULL,
            PRIMARY KEY (source_id, table_name, column_name)
        ) STRICT, WITHOUT ROWID;

        -- words: the value's, folded, with one space between: what a question is compared with.
        CREATE TABLE database_value (
            words TEXT NOT NULL,
            source_id TEXT NOT NULL REFERENCES database ON DELETE CASCADE,
            table_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (words, source_id, table_name, column_name, value)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX database_value_by_source ON database_value (source_id);

        -- Those in a folder of databases that a person does not want.
        CREATE TABLE unwanted_database (location TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        3,
        "what the reasoner says of tables and columns",
        """
        -- column_name '': of the table. signature: what it was like when the reasoner was asked;
        -- text '': nothing was said. Kept whatever is collected anew.
        CREATE TABLE description (
            source_id TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
            table_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            signature TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (source_id, table_name, column_name)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        4,
        "the words of agents' passages",
        f"""
        -- terms: words and stems; which passages have them is asked, not where and how often.
        CREATE VIRTUAL TABLE agent_keyword USING fts5 (
            terms, content = '', contentless_delete = 1, detail = none,
            tokenize = "unicode61 remove_diacritics 2 tokenchars '{STEM_MARK}'"
        );
        """,
    ),
)


def vector_tables(dimensions: int) -> tuple[str, str]:
    """SQL that makes the vectors' tables, where they are missing: plain floats, so that every
    sqlite-vec reads them.
    """

    def table(name: str, chunk: int) -> str:
        return f"""CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING vec0 (
            owner INTEGER PARTITION KEY,
            embedding FLOAT[{dimensions}],
            chunk_size = {chunk}
        )"""

    return table("vector", CHUNK_SIZE), table("agent_vector", AGENT_CHUNK_SIZE)


def is_agent(owner: int) -> bool:
    return owner >= FIRST_AGENT


def owner_of(passage: int) -> int:
    return passage >> OWNER_BITS


def vectors_of(owner: int) -> str:
    """The table that has this owner's vectors."""
    return "agent_vector" if is_agent(owner) else "vector"


def passage_range(owner: int) -> tuple[int, int]:
    """First and last id that a passage of this owner can have."""
    first = owner << OWNER_BITS
    return first, first + (1 << OWNER_BITS) - 1


def window_ids(passage: int, windows: int) -> range:
    first = passage << WINDOW_BITS
    return range(first, first + windows)


def passage_of(window: int) -> int:
    return window >> WINDOW_BITS
