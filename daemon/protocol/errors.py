"""Names and codes of every error that leaves a process; the sentences are in `prompts/errors.toml`.

JSON-RPC's own codes are as specified; ours lie outside its reserved range, in hundreds:
1000 daemon, 1100 flow and inquiry, 1200 index and sources, 1300 reasoner, 1400 shell and
permissions, 1500 database, 1600 internet, 1700 agents, 1800 web.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ErrorType:
    name: str
    code: int


class AlvoError(Exception):
    """An error that a person will read. `blanks` fill the sentence of its type."""

    def __init__(self, type_: ErrorType, **blanks: Any) -> None:
        super().__init__(type_.name, blanks)
        self.type = type_
        self.blanks = blanks

    def __str__(self) -> str:
        return f"{self.type.name} {self.blanks}" if self.blanks else self.type.name


_types: dict[str, ErrorType] = {}


def _error(name: str, code: int) -> ErrorType:
    type_ = ErrorType(name, code)
    if name in _types or any(code == other.code for other in _types.values()):
        raise ValueError(f"{name} {code} is declared twice")
    _types[name] = type_
    return type_


PARSE_ERROR: Final = _error("PARSE_ERROR", -32700)
INVALID_REQUEST: Final = _error("INVALID_REQUEST", -32600)
METHOD_NOT_FOUND: Final = _error("METHOD_NOT_FOUND", -32601)
INVALID_PARAMS: Final = _error("INVALID_PARAMS", -32602)
INTERNAL_ERROR: Final = _error("INTERNAL_ERROR", -32603)

DAEMON_UNREACHABLE: Final = _error("DAEMON_UNREACHABLE", 1000)
DAEMON_RUNNING: Final = _error("DAEMON_RUNNING", 1001)
DAEMON_STOPPING: Final = _error("DAEMON_STOPPING", 1002)
FRAME_TOO_LARGE: Final = _error("FRAME_TOO_LARGE", 1003)
TOO_MANY_CONNECTIONS: Final = _error("TOO_MANY_CONNECTIONS", 1004)
PEER_REFUSED: Final = _error("PEER_REFUSED", 1005)
CONFIG_INVALID: Final = _error("CONFIG_INVALID", 1006)
DAEMON_IN_SESSION: Final = _error("DAEMON_IN_SESSION", 1007)
STORE_NEWER: Final = _error("STORE_NEWER", 1010)
STORE_DAMAGED: Final = _error("STORE_DAMAGED", 1011)
STORE_FULL: Final = _error("STORE_FULL", 1012)
STORE_READONLY: Final = _error("STORE_READONLY", 1013)
STORE_BUSY: Final = _error("STORE_BUSY", 1014)

FLOW_NOT_FOUND: Final = _error("FLOW_NOT_FOUND", 1100)
FLOW_ENDED: Final = _error("FLOW_ENDED", 1101)
FLOW_ACTIVE: Final = _error("FLOW_ACTIVE", 1102)
FLOW_CONFLICT: Final = _error("FLOW_CONFLICT", 1103)
AMBIGUOUS_ID: Final = _error("AMBIGUOUS_ID", 1104)
FLOW_TOO_MANY: Final = _error("FLOW_TOO_MANY", 1105)
FLOW_ATTEMPTS: Final = _error("FLOW_ATTEMPTS", 1106)
NO_FAILED_COMMAND: Final = _error("NO_FAILED_COMMAND", 1107)
FLOW_TOO_MANY_BY_COMMANDS: Final = _error("FLOW_TOO_MANY_BY_COMMANDS", 1108)
INQUIRY_NOT_FOUND: Final = _error("INQUIRY_NOT_FOUND", 1110)
INQUIRY_CLOSED: Final = _error("INQUIRY_CLOSED", 1111)
INQUIRY_CHANGED: Final = _error("INQUIRY_CHANGED", 1112)
INQUIRY_EXPIRED: Final = _error("INQUIRY_EXPIRED", 1113)
DECISION_UNFIT: Final = _error("DECISION_UNFIT", 1114)
SECRET_FORGOTTEN: Final = _error("SECRET_FORGOTTEN", 1115)
INSUFFICIENT_INFORMATION: Final = _error("INSUFFICIENT_INFORMATION", 1120)
PERMISSION_DENIED: Final = _error("PERMISSION_DENIED", 1121)

INDEX_MISSING: Final = _error("INDEX_MISSING", 1200)
INDEX_BUSY: Final = _error("INDEX_BUSY", 1201)
INDEX_REBUILD_NEEDED: Final = _error("INDEX_REBUILD_NEEDED", 1202)
SOURCE_NOT_FOUND: Final = _error("SOURCE_NOT_FOUND", 1210)
SOURCE_UNREADABLE: Final = _error("SOURCE_UNREADABLE", 1211)
SOURCE_EXISTS: Final = _error("SOURCE_EXISTS", 1212)
WATCH_LIMIT: Final = _error("WATCH_LIMIT", 1213)
DOCUMENT_UNREADABLE: Final = _error("DOCUMENT_UNREADABLE", 1220)
DOCUMENT_TOO_LARGE: Final = _error("DOCUMENT_TOO_LARGE", 1221)
DOCUMENT_ENCRYPTED: Final = _error("DOCUMENT_ENCRYPTED", 1222)
DOCUMENT_UNSUPPORTED: Final = _error("DOCUMENT_UNSUPPORTED", 1223)
DOCUMENT_TIMEOUT: Final = _error("DOCUMENT_TIMEOUT", 1224)
EMBEDDER_MISSING: Final = _error("EMBEDDER_MISSING", 1230)
EMBEDDER_FAILED: Final = _error("EMBEDDER_FAILED", 1231)
MODEL_FETCH_FAILED: Final = _error("MODEL_FETCH_FAILED", 1232)
MODEL_FILE_WRONG: Final = _error("MODEL_FILE_WRONG", 1233)
EMBEDDER_SERVER_FAILED: Final = _error("EMBEDDER_SERVER_FAILED", 1234)

REASONER_NO_KEY: Final = _error("REASONER_NO_KEY", 1300)
REASONER_WRONG_KEY: Final = _error("REASONER_WRONG_KEY", 1301)
REASONER_UNKNOWN_MODEL: Final = _error("REASONER_UNKNOWN_MODEL", 1302)
REASONER_QUOTA: Final = _error("REASONER_QUOTA", 1303)
REASONER_BLOCKED: Final = _error("REASONER_BLOCKED", 1304)
REASONER_CUT_OFF: Final = _error("REASONER_CUT_OFF", 1305)
REASONER_INVALID_REPLY: Final = _error("REASONER_INVALID_REPLY", 1306)
REASONER_TIMEOUT: Final = _error("REASONER_TIMEOUT", 1307)
REASONER_UNREACHABLE: Final = _error("REASONER_UNREACHABLE", 1308)
REASONER_FAILED: Final = _error("REASONER_FAILED", 1309)

COMMAND_FAILED: Final = _error("COMMAND_FAILED", 1400)
COMMAND_TIMEOUT: Final = _error("COMMAND_TIMEOUT", 1401)
COMMAND_INTERRUPTED: Final = _error("COMMAND_INTERRUPTED", 1402)
COMMAND_INVALID: Final = _error("COMMAND_INVALID", 1403)
SHELL_FAILED: Final = _error("SHELL_FAILED", 1404)
APPROVAL_USED: Final = _error("APPROVAL_USED", 1405)
APPROVAL_MISMATCH: Final = _error("APPROVAL_MISMATCH", 1406)
ANSWER_FROM_SESSION: Final = _error("ANSWER_FROM_SESSION", 1407)
NO_COMMAND_RUNNING: Final = _error("NO_COMMAND_RUNNING", 1408)
DIRECTORY_MISSING: Final = _error("DIRECTORY_MISSING", 1409)
SESSION_BUSY: Final = _error("SESSION_BUSY", 1410)
SESSION_ENDED: Final = _error("SESSION_ENDED", 1411)
PREVIEW_UNAVAILABLE: Final = _error("PREVIEW_UNAVAILABLE", 1420)
PREVIEW_CONFLICT: Final = _error("PREVIEW_CONFLICT", 1421)
PREVIEW_TOO_LARGE: Final = _error("PREVIEW_TOO_LARGE", 1422)
UNDO_UNAVAILABLE: Final = _error("UNDO_UNAVAILABLE", 1423)
PERMISSION_INVALID: Final = _error("PERMISSION_INVALID", 1440)
PERMISSION_NOT_FOUND: Final = _error("PERMISSION_NOT_FOUND", 1441)

DATABASE_NOT_FOUND: Final = _error("DATABASE_NOT_FOUND", 1500)
DATABASE_GONE: Final = _error("DATABASE_GONE", 1501)
DATABASE_BUSY: Final = _error("DATABASE_BUSY", 1502)
DATABASE_DAMAGED: Final = _error("DATABASE_DAMAGED", 1503)
DATABASE_NOT_READABLE: Final = _error("DATABASE_NOT_READABLE", 1504)
DATABASE_EMPTY: Final = _error("DATABASE_EMPTY", 1505)
DATABASE_CHANGED: Final = _error("DATABASE_CHANGED", 1506)
TABLE_NOT_FOUND: Final = _error("TABLE_NOT_FOUND", 1507)
SQL_REFUSED: Final = _error("SQL_REFUSED", 1510)
SQL_INVALID: Final = _error("SQL_INVALID", 1511)
SQL_TIMEOUT: Final = _error("SQL_TIMEOUT", 1512)
SQL_TOO_LARGE: Final = _error("SQL_TOO_LARGE", 1513)

URL_REFUSED: Final = _error("URL_REFUSED", 1600)
ADDRESS_REFUSED: Final = _error("ADDRESS_REFUSED", 1601)
FETCH_FAILED: Final = _error("FETCH_FAILED", 1602)
FETCH_TIMEOUT: Final = _error("FETCH_TIMEOUT", 1603)
FETCH_TOO_LARGE: Final = _error("FETCH_TOO_LARGE", 1604)
FETCH_KIND_REFUSED: Final = _error("FETCH_KIND_REFUSED", 1605)
FETCH_REDIRECTS: Final = _error("FETCH_REDIRECTS", 1606)
CURL_MISSING: Final = _error("CURL_MISSING", 1607)

AGENT_MODEL_DAMAGED: Final = _error("AGENT_MODEL_DAMAGED", 1750)

WEB_LOGIN_NEEDED: Final = _error("WEB_LOGIN_NEEDED", 1800)
WEB_HOST_REFUSED: Final = _error("WEB_HOST_REFUSED", 1801)
WEB_ORIGIN_REFUSED: Final = _error("WEB_ORIGIN_REFUSED", 1802)
WEB_REQUEST_REFUSED: Final = _error("WEB_REQUEST_REFUSED", 1803)
WEB_TYPE_REFUSED: Final = _error("WEB_TYPE_REFUSED", 1804)
WEB_TOO_LARGE: Final = _error("WEB_TOO_LARGE", 1805)
WEB_TOO_SLOW: Final = _error("WEB_TOO_SLOW", 1806)
WEB_TOO_MANY_ATTEMPTS: Final = _error("WEB_TOO_MANY_ATTEMPTS", 1807)
WEB_NOT_FOUND: Final = _error("WEB_NOT_FOUND", 1808)
WEB_METHOD_REFUSED: Final = _error("WEB_METHOD_REFUSED", 1809)
WEB_PEER_REFUSED: Final = _error("WEB_PEER_REFUSED", 1810)
WEB_CALL_REFUSED: Final = _error("WEB_CALL_REFUSED", 1811)
WEB_BUSY: Final = _error("WEB_BUSY", 1812)
WEB_USER_REFUSED: Final = _error("WEB_USER_REFUSED", 1813)
WEB_ADDRESS_REFUSED: Final = _error("WEB_ADDRESS_REFUSED", 1820)
WEB_PORT_TAKEN: Final = _error("WEB_PORT_TAKEN", 1821)
WEB_NOT_STARTED: Final = _error("WEB_NOT_STARTED", 1822)
WEB_IN_SESSION: Final = _error("WEB_IN_SESSION", 1823)
WEB_LOGIN_NOT_FOUND: Final = _error("WEB_LOGIN_NOT_FOUND", 1824)

ALL: Final = dict(_types)
"""Every error type by name."""
