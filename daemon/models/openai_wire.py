"""The wire format of OpenAI-compatible servers: what is sent, and what a reply or an event says."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import prompts
from daemon.models.language_model import Prompt
from daemon.models.openai_errors import Refused

LARGEST_EVENT: Final = 4_194_304
"""Bytes; what a whole reply may take is bounded where it comes in (`daemon.models.http`)."""
_ENDED: Final = "[DONE]"
_THINKS: Final = "<think>"
_THOUGHT: Final = "</think>"


class Form(IntEnum):
    """How a reply of a given shape is asked for, from the surest way to the one all servers know."""

    SCHEMA = 0
    OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Written:
    """A reply or a piece of one. `finish`: why it ends, if it does."""

    text: str = ""
    finish: str | None = None
    refusal: str = ""
    tokens: tuple[object, object] | None = None


def chat(
    model: str, prompt: Prompt, schema: Mapping[str, Any] | None = None, form: Form = Form.SCHEMA
) -> dict[str, Any]:
    """The body of a request for a whole reply."""
    system = prompt.system
    if schema is not None and form is not Form.SCHEMA:
        # Such a server does not show the shape to its model: we do.
        shape = json.dumps(schema, ensure_ascii=False)
        system += "\n\n" + prompts.render("json_form.md", schema=shape)
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": prompt.user},
        ],
    }
    if schema is not None and form is Form.SCHEMA:
        shown = {"name": "reply", "strict": True, "schema": strict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": shown}
    elif schema is not None and form is Form.OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as strict servers want it: nothing beside it, nothing left out, null instead."""
    made = dict(schema)
    if isinstance(items := schema.get("items"), Mapping):
        made["items"] = strict(items)
    if isinstance(properties := schema.get("properties"), Mapping):
        required = schema.get("required", ())
        made["properties"] = {
            name: strict(given) if name in required else _or_null(strict(given))
            for name, given in properties.items()
        }
        made |= {"required": list(properties), "additionalProperties": False}
    return made


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    made = schema | {"type": [schema["type"], "null"]}
    return made | {"enum": [*made["enum"], None]} if "enum" in made else made


async def whole(response: Any) -> Any:
    """The body as JSON; `ValueError` where it is none."""
    return json.loads(await response.aread())


async def refused(response: Any, sent: Mapping[str, Any]) -> Refused:
    """The error reply, with its body as JSON or else as text."""
    text = (await response.aread()).decode("utf-8", "replace")
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    return Refused(response.status_code, body, response.headers, sent)


async def events(response: Any) -> AsyncGenerator[Any]:
    """Each event's JSON, up to the last; a server that does not stream gives its whole reply."""
    if "json" in response.headers.get("content-type", ""):
        yield await whole(response)
        return
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LARGEST_EVENT:
            raise ValueError("an event is too large")
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"data" and value.strip():
                if value.strip() == _ENDED.encode():
                    yield _ENDED
                    return
                yield json.loads(value)


def read(event: Any) -> Written:
    """What a reply or an event says; `Refused` if it is an error, `ValueError` if it is neither."""
    if event == _ENDED:
        return Written(finish="stop")
    if not isinstance(event, dict):
        raise ValueError("the reply is no JSON object")  # noqa: TRY004 (a value of the wire)
    if event.get("error"):
        error = event["error"]
        code = error.get("code") if isinstance(error, dict) else None
        raise Refused(code if isinstance(code, int) else 0, event)
    choice = (_list(event, "choices") or [{}])[0]
    said = choice.get("message") or choice.get("delta") or {}
    usage = event.get("usage")
    return Written(
        text=_text(said.get("content")),
        finish=choice.get("finish_reason") or None,
        refusal=_text(said.get("refusal")),
        tokens=(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if isinstance(usage, dict)
        else None,
    )


def names(listed: Any) -> list[str]:
    """The models of a list."""
    if not isinstance(listed, dict):
        raise ValueError("the list of models is no JSON object")  # noqa: TRY004 (as above)
    return [str(model["id"]) for model in _list(listed, "data") if model.get("id")]


def vectors(embedded: Any) -> list[list[float]]:
    """The embeddings, in the order in which their texts were given."""
    if not isinstance(embedded, dict):
        raise ValueError("the embeddings are no JSON object")  # noqa: TRY004 (as above)
    given = _list(embedded, "data")
    # Some servers leave the places out: then they are in order.
    ordered = sorted(range(len(given)), key=lambda n: given[n].get("index", n))
    found = [given[n].get("embedding") for n in ordered]
    if not all(isinstance(vector, list) for vector in found):
        raise ValueError("an embedding is no list")
    return [vector for vector in found if isinstance(vector, list)]


def _list(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = table.get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError(f"{name} is no list of objects")
    return found


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    if content is not None and not isinstance(content, str):
        raise ValueError("the content is no text")
    return content or ""


class Thoughts:
    """Takes out what a model thinks aloud before it answers: `<think>…</think>`."""

    def __init__(self) -> None:
        self._held = ""
        self._speaks = False

    def without(self, text: str) -> str:
        """The part of the text that is said, as far as that is known."""
        if self._speaks:
            return text
        self._held += text
        said = self._held.lstrip()
        if said.startswith(_THINKS):
            said = said.partition(_THOUGHT)[2].lstrip()
        if _THINKS.startswith(said):
            # Nothing yet, or what may become the beginning of a thought.
            return ""
        self._speaks, self._held = True, ""
        return said

    def rest(self) -> str:
        """What was held back at the end; a thought is none of it."""
        return "" if self._held.lstrip().startswith(_THINKS) else self._held
