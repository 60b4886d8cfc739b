"""The page of REST, from the bridge's table of routes."""

from docs.generate.protocol import parameters
from docs.generate.tables import table
from webui.routes import ROUTES, Route

REST = """# REST

Each address stands for one method of the [protocol](rpc.md): what stands in braces in the path and
what it takes are the method's parameters (of GET in the query, else in a JSON body; `?`: may be left
out), what it gives is the method's result. The same as OpenAPI: `/api/v1/openapi.json`. How to come
in, events, errors: [the web](web.md).
"""
REST_COLUMNS = ("address", "takes", "status", "method", "what")


def rest_page() -> str:
    parts = [REST]
    area = ""
    rows: list[tuple[str, ...]] = []
    for route in sorted(ROUTES, key=lambda route: route.path.split("/")[3]):
        if (here := route.path.split("/")[3]) != area:
            parts += [table(REST_COLUMNS, rows)] if rows else []
            parts.append(f"## {here}\n")
            area, rows = here, []
        rows.append(_rest_row(route))
    return "\n".join([*parts, table(REST_COLUMNS, rows)])


def _rest_row(route: Route) -> tuple[str, ...]:
    names = [name for name in parameters(route.method.params) if name.strip("`?") in route.others]
    takes = ", ".join(names) + (" or a form with files" if route.uploads else "")
    status = f"{route.status}, 202" if route.parks else str(route.status)
    method = f"[`{route.method.name}`](rpc.md#{route.method.name.replace('.', '')})"
    return f"`{route.verb} {route.path}`", takes, status, method, route.method.summary
