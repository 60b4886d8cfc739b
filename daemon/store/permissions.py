"""The rows of permissions: given by a person, used by flows, revoked but never forgotten."""

from dataclasses import asdict, fields
from typing import Any, Final

from daemon.protocol import codec, errors
from daemon.protocol.audit import AuditKind
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    AnsweredBy,
    ConversationId,
    Digest,
    Inquiry,
    Permission,
    PermissionId,
    Scope,
    Timestamp,
)
from daemon.store.audit import append_audit
from daemon.store.clock import now
from daemon.store.database import Database, Row
from daemon.store.ids import resolve

_COLUMNS: Final = tuple(field.name for field in fields(Permission))
# `match` is a word of SQL.
_NAMES: Final = ", ".join(f'"{name}"' for name in _COLUMNS)
_SELECT: Final = f"SELECT {_NAMES} FROM permission"
_LIVE: Final = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


def insert_permission(db: Database, permission: Permission) -> None:
    values: dict[str, Any] = {name: getattr(permission, name) for name in _COLUMNS}
    for name in ("match", "not_match", "created_by"):
        values[name] = codec.encode(values[name]).decode()
    places = ", ".join(f":{name}" for name in _COLUMNS)
    db.run(f"INSERT INTO permission ({_NAMES}) VALUES ({places})", values)
    told = {
        "permission": permission.id,
        "pattern": permission.pattern,
        "program": permission.program,
        "cwd": permission.cwd,
        "scope": permission.scope,
        "conversation": permission.conversation,
        "expires_at": permission.expires_at,
        "by": asdict(permission.created_by),
    }
    append_audit(db, AuditKind.PERMISSION_ADDED, None, told)


def load_permission(db: Database, given: str) -> Permission:
    """By id or the beginning of one; raises PERMISSION_NOT_FOUND, AMBIGUOUS_ID."""
    found = resolve(db, "permission", given, errors.PERMISSION_NOT_FOUND, permission=given)
    row = db.one(f"{_SELECT} WHERE id = ?", (found,))
    if row is None:
        raise AlvoError(errors.PERMISSION_NOT_FOUND, permission=given)
    return _permission(row)


def list_permissions(db: Database, *, all_: bool = False) -> list[Permission]:
    """Oldest first; without `all_` those in force."""
    condition, params = ("1", list[str]()) if all_ else (_LIVE, [str(now())])
    rows = db.all(f"{_SELECT} WHERE {condition} ORDER BY created_at, id", params)
    return [_permission(row) for row in rows]


def revoke_permission(db: Database, given: str, by: AnsweredBy) -> Permission:
    """From this commit on it covers nothing; twice is once."""
    permission = load_permission(db, given)
    if permission.revoked_at is None:
        db.run("UPDATE permission SET revoked_at = ? WHERE id = ?", (now(), permission.id))
        told = {"permission": permission.id, "by": asdict(by)}
        append_audit(db, AuditKind.PERMISSION_REVOKED, None, told)
    return load_permission(db, permission.id)


def note_use(db: Database, permission: Permission, inquiry: Inquiry) -> None:
    db.run(
        "UPDATE permission SET used = used + 1, used_at = ? WHERE id = ?", (now(), permission.id)
    )
    told = {"permission": permission.id, "pattern": permission.pattern, "inquiry": inquiry.id}
    append_audit(db, AuditKind.PERMISSION_USED, inquiry.flow_id, told)


def _permission(row: Row) -> Permission:
    at = dict(zip(_COLUMNS, row, strict=True))
    return Permission(
        id=PermissionId(at["id"]),
        pattern=at["pattern"],
        program=at["program"],
        program_digest=None if at["program_digest"] is None else Digest(at["program_digest"]),
        cwd=at["cwd"],
        scope=Scope(at["scope"]),
        conversation=None if at["conversation"] is None else ConversationId(at["conversation"]),
        match=codec.decode(at["match"], list[str]),
        not_match=codec.decode(at["not_match"], list[str]),
        created_at=Timestamp(at["created_at"]),
        expires_at=None if at["expires_at"] is None else Timestamp(at["expires_at"]),
        created_by=codec.decode(at["created_by"], AnsweredBy),
        used=at["used"],
        used_at=None if at["used_at"] is None else Timestamp(at["used_at"]),
        revoked_at=None if at["revoked_at"] is None else Timestamp(at["revoked_at"]),
    )
