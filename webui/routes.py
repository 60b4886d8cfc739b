"""The table of the REST interface: each address once, for the bridge and for its OpenAPI page."""

import re
from dataclasses import dataclass, field, fields
from typing import Any, Final

from daemon.protocol import methods as m
from daemon.protocol.methods import Method


@dataclass(frozen=True, slots=True)
class Route:
    """`path`: its `{names}` are fields of the method's parameters. `status`: when all is well.

    `uploads`: takes files too. `parks`: 202 with flow and inquiry when a person has to be asked.
    """

    verb: str
    path: str
    method: Method[Any, Any]
    status: int = 200
    uploads: bool = False
    parks: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.sub(
            r"\{(\w+)\}",
            r"(?P<\1>[^/]+)",
            re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}"),
        )
        object.__setattr__(self, "pattern", re.compile(pattern))

    @property
    def in_path(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def others(self) -> list[str]:
        """The parameters that do not stand in the path: in the query of GET, else in the body."""
        return [one.name for one in fields(self.method.params) if one.name not in self.in_path]

    @property
    def has_body(self) -> bool:
        return self.verb not in ("GET", "DELETE") and bool(self.others)


_V1: Final = "/api/v1"

ROUTES: Final = (
    Route("GET", f"{_V1}/status", m.DAEMON_STATUS),
    Route("GET", f"{_V1}/config", m.CONFIG_GET),
    Route("POST", f"{_V1}/agents", m.AGENT_CREATE, 201, uploads=True),
    Route("GET", f"{_V1}/agents", m.AGENT_LIST),
    Route("GET", f"{_V1}/agents/{{user_id}}", m.AGENT_GET),
    Route("GET", f"{_V1}/agents/{{user_id}}/status", m.AGENT_STATUS),
    Route("POST", f"{_V1}/agents/{{user_id}}/inference", m.AGENT_INFER, parks=True),
    Route("POST", f"{_V1}/agents/{{user_id}}/data", m.AGENT_ADD, 201, uploads=True),
    Route("GET", f"{_V1}/agents/{{user_id}}/versions", m.AGENT_VERSIONS),
    Route("POST", f"{_V1}/agents/{{user_id}}/rollback", m.AGENT_ROLLBACK),
    Route("DELETE", f"{_V1}/agents/{{user_id}}", m.AGENT_DELETE),
    Route("POST", f"{_V1}/flows", m.FLOW_START, 201),
    Route("GET", f"{_V1}/flows", m.FLOW_LIST),
    Route("GET", f"{_V1}/flows/{{flow_id}}", m.FLOW_GET),
    Route("DELETE", f"{_V1}/flows/{{flow_id}}", m.FLOW_DELETE),
    Route("POST", f"{_V1}/flows/{{flow_id}}/cancel", m.FLOW_CANCEL),
    Route("POST", f"{_V1}/flows/{{flow_id}}/retry", m.FLOW_RETRY),
    Route("POST", f"{_V1}/flows/{{flow_id}}/undo", m.FLOW_UNDO),
    Route("GET", f"{_V1}/inquiries", m.INQUIRY_LIST),
    Route("GET", f"{_V1}/inquiries/{{inquiry_id}}", m.INQUIRY_GET),
    Route("POST", f"{_V1}/inquiries/{{inquiry_id}}/preview", m.INQUIRY_PREVIEW),
    Route("POST", f"{_V1}/inquiries/{{inquiry_id}}/answer", m.INQUIRY_ANSWER),
    Route("GET", f"{_V1}/search", m.INDEX_SEARCH),
    Route("GET", f"{_V1}/index", m.INDEX_STATUS),
    Route("GET", f"{_V1}/sources", m.SOURCE_LIST),
    Route("POST", f"{_V1}/sources", m.SOURCE_ADD, 201),
    Route("DELETE", f"{_V1}/sources/{{source_id}}", m.SOURCE_REMOVE),
    Route("POST", f"{_V1}/sources/{{source_id}}/refresh", m.SOURCE_REFRESH),
    Route("GET", f"{_V1}/databases", m.DATABASE_LIST),
    Route("GET", f"{_V1}/databases/{{name}}", m.DATABASE_DESCRIBE),
    Route("POST", f"{_V1}/databases/{{name}}/annotation", m.DATABASE_ANNOTATE),
    Route("POST", f"{_V1}/databases/{{name}}/query", m.DATABASE_QUERY),
    Route("GET", f"{_V1}/permissions", m.PERMISSION_LIST),
    Route("POST", f"{_V1}/permissions", m.PERMISSION_ADD, 201),
    Route("DELETE", f"{_V1}/permissions/{{permission_id}}", m.PERMISSION_REVOKE),
    Route("GET", f"{_V1}/sessions", m.SESSION_LIST),
    Route("DELETE", f"{_V1}/sessions/{{conversation}}", m.SESSION_END),
    Route("GET", f"{_V1}/audit", m.AUDIT_LIST),
    Route("GET", f"{_V1}/audit/verification", m.AUDIT_VERIFY),
)
"""Every address that stands for one method of the protocol."""
