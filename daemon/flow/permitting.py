"""Standing permissions: how a person gives one, and how it answers for them (P1)."""

import os
from datetime import datetime
from pathlib import Path
from typing import Final

import prompts
from daemon.flow.inquiring import say_inquiry
from daemon.flow.ledger import Ledger
from daemon.flow.transitions import advance
from daemon.protocol import errors
from daemon.protocol.calls import AddPermission, ListPermissions, PermissionList, RevokePermission
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    AnswerDecision,
    AnsweredBy,
    ConversationId,
    Digest,
    FlowStatus,
    Inquiry,
    InquiryKind,
    InquiryStatus,
    Permission,
    PermissionId,
    Scope,
    Timestamp,
)
from daemon.shell.permissions import (
    PatternRefused,
    Place,
    covering,
    find_program,
    is_sound,
    read_pattern,
)
from daemon.shell.session import Shell
from daemon.store import Database
from daemon.store.approvals import aside_of, grant_approval
from daemon.store.clock import later, now, timestamp
from daemon.store.flows import StoredFlow
from daemon.store.ids import new_id
from daemon.store.inquiries import close_inquiry
from daemon.store.permissions import (
    insert_permission,
    list_permissions,
    note_use,
    revoke_permission,
)

CONVERSATION_LIFETIME_S: Final = 24 * 3600.0
"""A permission for a conversation ends after a day at the latest."""
CLIENT: Final = "permission"


class Permissions:
    """What the methods `permission.*` do."""

    def __init__(self, ledger: Ledger, shell: Shell) -> None:
        self._ledger = ledger
        self._shell = shell

    async def list(self, wanted: ListPermissions) -> PermissionList:
        found = await self._ledger.read(lambda db: list_permissions(db, all_=wanted.all))
        return PermissionList(found)

    async def add(self, given: AddPermission, by: AnsweredBy) -> Permission:
        return await self._ledger.record(lambda db: add_permission(db, given, by, self._shell.path))

    async def revoke(self, given: RevokePermission, by: AnsweredBy) -> Permission:
        return await self._ledger.record(lambda db: revoke_permission(db, given.permission_id, by))


def add_permission(db: Database, given: AddPermission, by: AnsweredBy, path: str) -> Permission:
    """Call it inside a transaction; PERMISSION_INVALID says what is wrong with it."""
    try:
        pattern = read_pattern(given.pattern)
    except PatternRefused as refused:
        raise _invalid(given, refused.reason) from None
    cwd = _directory(given.cwd)
    program = find_program(pattern.words[0], cwd, path)
    if program is None:
        raise _invalid(given, "pattern_no_program")
    if given.scope is Scope.ONCE:
        raise _invalid(given, "permission_once")
    if (given.scope is Scope.CONVERSATION) is not bool(given.conversation):
        raise _invalid(given, "permission_conversation")
    words = str(pattern).removesuffix(" *")
    permission = Permission(
        id=PermissionId(new_id()),
        pattern=str(pattern),
        program=program.path,
        program_digest=None if program.digest is None else Digest(program.digest),
        cwd=cwd,
        scope=given.scope,
        conversation=given.conversation,
        match=list(given.match) or [words],
        not_match=[*given.not_match, *_never_covered(words)],
        created_at=now(),
        expires_at=_expiry(given),
        created_by=by,
    )
    if not is_sound(permission):
        raise _invalid(given, "pattern_examples")
    insert_permission(db, permission)
    return permission


def _never_covered(words: str) -> list[str]:
    """Examples that no permission may ever match: they are looked at each time it is loaded."""
    return [f"{words}; true", f"{words} $(true)", f"{words} > x", f"X=1 {words}"]


def _directory(cwd: str) -> str:
    if "\0" in cwd or not Path(cwd).is_absolute() or not Path(cwd).is_dir():
        raise AlvoError(errors.DIRECTORY_MISSING, path=cwd)
    return os.path.realpath(cwd)


def _expiry(given: AddPermission) -> Timestamp | None:
    """In the one form of stored times, which sorts; a conversation's ends by itself."""
    latest = later(CONVERSATION_LIFETIME_S) if given.scope is Scope.CONVERSATION else None
    if given.expires_at is None:
        return latest
    try:
        wanted = timestamp(datetime.fromisoformat(given.expires_at))
    except (ValueError, OverflowError):
        raise _invalid(given, "permission_expiry") from None
    if wanted <= now():
        raise _invalid(given, "permission_expiry")
    return wanted if latest is None else min(wanted, latest)


def _invalid(given: AddPermission, reason: str) -> AlvoError:
    return AlvoError(
        errors.PERMISSION_INVALID, pattern=given.pattern, reason=prompts.Phrase(reason)
    )


def stand_for(
    db: Database,
    inquiry: Inquiry,
    place: tuple[ConversationId, Scope],
    by: AnsweredBy,
    path: str,
) -> Permission:
    """Exactly the permission that this inquiry showed: its pattern, its directory, this scope."""
    conversation, scope = place
    given = AddPermission(
        pattern=inquiry.permission_hint or "",
        cwd=inquiry.cwd or "",
        scope=scope,
        conversation=conversation if scope is Scope.CONVERSATION else None,
        match=sorted({command.script for command in inquiry.plan}),
    )
    return add_permission(db, given, by, path)


def standing_for(
    db: Database, stored: StoredFlow, inquiry: Inquiry, path: str
) -> tuple[Permission, ...] | None:
    """The permissions that cover the whole plan; None: a person is asked."""
    if inquiry.kind is not InquiryKind.RUN or not inquiry.cwd:
        return None
    scripts = [command.script for command in inquiry.plan]
    place = Place(inquiry.cwd, path, stored.flow.conversation, now())
    return covering(list_permissions(db), scripts, place)


def approve_standing(db: Database, stored: StoredFlow, inquiry: Inquiry, path: str) -> str | None:
    """Answers in the person's place where permissions cover the whole plan; gives the approval.

    Inside the transaction that puts the inquiry: a permission revoked before it covers nothing.
    """
    flow = stored.flow
    found = standing_for(db, stored, inquiry, path)
    if found is None:
        return None
    scripts = tuple(command.script for command in inquiry.plan)
    by = AnsweredBy(CLIENT, os.getpid(), ",".join(dict.fromkeys(one.id for one in found)))
    say_inquiry(db, close_inquiry(db, inquiry, InquiryStatus.ANSWERED, AnswerDecision.ALLOW, by))
    for permission in found:
        note_use(db, permission, inquiry)
    # In a bash of its own: no function, alias or variable of the session changes its meaning.
    approval_id = grant_approval(db, inquiry, scripts, aside_of(flow.id, inquiry.id))
    waiting = frozenset({FlowStatus.WAITING})
    plan = list(inquiry.plan)
    advance(db, flow.id, FlowStatus.EXECUTING, waiting, inquiry=None, plan=plan)
    return approval_id
