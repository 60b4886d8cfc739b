"""The schema of state.db, as numbered migrations."""

from typing import Final

from daemon.store.database import Migration

STATE_MIGRATIONS: Final = (
    Migration(
        1,
        "flows, their steps, events, inquiries and approvals",
        """
        CREATE TABLE flow (
            id TEXT PRIMARY KEY,
            conversation TEXT NOT NULL,
            question TEXT NOT NULL,
            agent TEXT,
            language TEXT NOT NULL,
            cwd TEXT NOT NULL,
            given TEXT,
            type TEXT,
            block TEXT NOT NULL,
            status TEXT NOT NULL,
            inquiry TEXT,
            terminal TEXT,
            plan TEXT NOT NULL,
            answer TEXT,
            citations TEXT NOT NULL,
            error TEXT,
            rounds INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            reasoner TEXT,
            usage TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX flow_by_time ON flow (created_at);
        CREATE INDEX flow_by_conversation ON flow (conversation, created_at);
        CREATE INDEX flow_by_status ON flow (status, created_at);

        -- What a block did and need not do again: a model call, a search, a person's reply.
        CREATE TABLE step (
            flow_id TEXT NOT NULL REFERENCES flow ON DELETE CASCADE,
            round INTEGER NOT NULL,
            name TEXT NOT NULL,
            result TEXT NOT NULL,
            ended_at TEXT NOT NULL,
            PRIMARY KEY (flow_id, round, name)
        ) STRICT, WITHOUT ROWID;

        -- AUTOINCREMENT: a number is never given twice, not even after a flow is deleted.
        CREATE TABLE event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            flow_id TEXT NOT NULL REFERENCES flow ON DELETE CASCADE,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            data TEXT NOT NULL
        ) STRICT;
        CREATE INDEX event_by_flow ON event (flow_id, seq);

        CREATE TABLE inquiry (
            id TEXT PRIMARY KEY,
            flow_id TEXT NOT NULL REFERENCES flow ON DELETE CASCADE,
            kind TEXT NOT NULL,
            status TEXT NOT NULL,
            text TEXT NOT NULL,
            secret INTEGER NOT NULL,
            script TEXT,
            plan TEXT NOT NULL,
            cwd TEXT,
            environment TEXT NOT NULL,
            urls TEXT NOT NULL,
            digest TEXT NOT NULL,
            preview TEXT,
            permission_hint TEXT,
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            answered_by TEXT,
            answered_at TEXT,
            decision TEXT
        ) STRICT;
        CREATE INDEX inquiry_by_flow ON inquiry (flow_id);
        CREATE INDEX inquiry_by_status ON inquiry (status, expires_at);

        -- One yes to one inquiry; used once.
        CREATE TABLE approval (
            id TEXT PRIMARY KEY,
            inquiry_id TEXT NOT NULL UNIQUE REFERENCES inquiry ON DELETE CASCADE,
            flow_id TEXT NOT NULL,
            conversation TEXT NOT NULL,
            digest TEXT NOT NULL,
            scripts TEXT NOT NULL,
            cwd TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            used_at TEXT
        ) STRICT;

        -- Each bash that was started, so that what a crash left of it can be ended.
        CREATE TABLE session (
            incarnation TEXT PRIMARY KEY,
            marker TEXT NOT NULL,
            started_at TEXT NOT NULL
        ) STRICT;
        """,
    ),
    Migration(
        2,
        "approvals of addresses, which a crash may have cut off while they were read",
        """
        ALTER TABLE approval ADD COLUMN urls TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE approval ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    Migration(
        3,
        "the audit log, which only grows at its end and is removed from its beginning by age",
        """
        CREATE TABLE audit (
            n INTEGER PRIMARY KEY,
            flow_id TEXT,
            entry TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_by_flow ON audit (flow_id, n);
        CREATE TABLE audit_stub (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            n INTEGER NOT NULL,
            hash TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
            BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
        CREATE TRIGGER audit_is_removed_by_age_alone BEFORE DELETE ON audit
            WHEN old.n > coalesce((SELECT n FROM audit_stub), 0)
            BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
        """,
    ),
    Migration(
        4,
        "previews, and the journal of what was written from them",
        """
        CREATE TABLE preview (
            inquiry_id TEXT PRIMARY KEY REFERENCES inquiry ON DELETE CASCADE,
            changes TEXT NOT NULL
        ) STRICT;
        CREATE TABLE change_set (
            id TEXT PRIMARY KEY,
            flow_id TEXT NOT NULL REFERENCES flow ON DELETE CASCADE,
            status TEXT NOT NULL,
            changes TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            kept INTEGER NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX change_set_by_flow ON change_set (flow_id, status);
        """,
    ),
    Migration(
        5,
        "standing permissions",
        """
        CREATE TABLE permission (
            id TEXT PRIMARY KEY,
            pattern TEXT NOT NULL,
            program TEXT NOT NULL,
            program_digest TEXT,
            cwd TEXT NOT NULL,
            scope TEXT NOT NULL,
            conversation TEXT,
            "match" TEXT NOT NULL,
            not_match TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            created_by TEXT NOT NULL,
            used INTEGER NOT NULL,
            used_at TEXT,
            revoked_at TEXT
        ) STRICT;
        """,
    ),
    Migration(
        6,
        "what an inquiry's words lead to, whose idea it is, and its sources",
        """
        ALTER TABLE inquiry ADD COLUMN programs TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE inquiry ADD COLUMN proposed_by TEXT;
        ALTER TABLE inquiry ADD COLUMN citations TEXT NOT NULL DEFAULT '[]';
        """,
    ),
    Migration(
        7,
        "flows that a command began, of which there may be only so many",
        """
        ALTER TABLE flow ADD COLUMN from_session INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    Migration(
        8,
        "when the events of an ended flow were folded",
        """
        ALTER TABLE flow ADD COLUMN folded_at TEXT;
        CREATE INDEX flow_by_update ON flow (updated_at);
        """,
    ),
    Migration(
        9,
        "agents: their versions, the stages of each training, what they were trained from",
        """
        -- last_version: a number is never given twice.
        CREATE TABLE agent (
            user_id TEXT PRIMARY KEY,
            status TEXT NOT NULL,
            version INTEGER,
            training INTEGER,
            last_version INTEGER NOT NULL,
            config TEXT NOT NULL,
            error TEXT,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- One call's training data, spooled in a file of this name.
        CREATE TABLE agent_material (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user_id TEXT NOT NULL REFERENCES agent ON DELETE CASCADE,
            file TEXT NOT NULL,
            documents INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX agent_material_by_agent ON agent_material (user_id);

        -- materials: their ids; given: whether model, profile and report came with an import.
        CREATE TABLE agent_version (
            user_id TEXT NOT NULL REFERENCES agent ON DELETE CASCADE,
            number INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            materials TEXT NOT NULL,
            given INTEGER NOT NULL,
            documents INTEGER NOT NULL DEFAULT 0,
            passages INTEGER NOT NULL DEFAULT 0,
            languages TEXT NOT NULL DEFAULT '[]',
            chosen TEXT,
            model BLOB,
            profile TEXT,
            report TEXT,
            error TEXT,
            deployed_at TEXT,
            PRIMARY KEY (user_id, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE agent_stage (
            user_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            stage TEXT NOT NULL,
            position INTEGER NOT NULL,
            status TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            progress TEXT,
            began_at TEXT,
            ended_at TEXT,
            took_ms REAL,
            PRIMARY KEY (user_id, number, stage),
            FOREIGN KEY (user_id, number) REFERENCES agent_version ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;

        -- Partitions of the index that nobody needs any more and that are still to be removed.
        CREATE TABLE agent_leftover (owner TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

        ALTER TABLE flow ADD COLUMN agent_version INTEGER;
        CREATE INDEX flow_by_agent ON flow (agent) WHERE agent IS NOT NULL;
        """,
    ),
)
