"""What the methods `agent.*` do: between the wire's values, the agents and the flows that ask them."""

from dataclasses import replace

import prompts
from daemon.agents.service import Agents
from daemon.flow.inferring import Inferring
from daemon.protocol import agents as a
from daemon.protocol import methods
from daemon.protocol.calls import Nothing
from daemon.rpc.binding import Bindings, Caller


def bind_agents(bindings: Bindings, agents: Agents, inferring: Inferring) -> None:
    async def create(caller: Caller, params: a.CreateAgent) -> a.AgentCreated:
        user_id = await agents.create(params)
        return _created(prompts.phrase("agent_created", caller.language, agent=user_id))

    async def add(caller: Caller, params: a.AddToAgent) -> a.AgentCreated:
        number = await agents.add(params)
        blanks = {"agent": params.user_id, "version": number}
        return _created(prompts.phrase("agent_grows", caller.language, **blanks))

    async def listed(_: Caller, __: Nothing) -> a.AgentList:
        return a.AgentList(await agents.listed())

    async def versions(_: Caller, params: a.ByAgent) -> a.AgentVersions:
        return a.AgentVersions(await agents.versions(params.user_id))

    async def delete(_: Caller, params: a.ByAgent) -> a.AgentDeleted:
        await agents.status(params.user_id)
        flows = await inferring.forget(params.user_id)
        gone = await agents.delete(params.user_id)
        # Somebody may have asked it meanwhile; from now on nobody can.
        return replace(gone, flows=flows + await inferring.forget(params.user_id))

    bindings.bind(methods.AGENT_CREATE, create)
    bindings.bind(methods.AGENT_ADD, add)
    bindings.bind(methods.AGENT_STATUS, lambda _, params: agents.status(params.user_id))
    bindings.bind(methods.AGENT_LIST, listed)
    bindings.bind(methods.AGENT_GET, lambda _, params: agents.details(params.user_id))
    bindings.bind(methods.AGENT_VERSIONS, versions)
    bindings.bind(methods.AGENT_ROLLBACK, lambda _, params: agents.roll_back(params))
    bindings.bind(methods.AGENT_EXPORT, lambda _, params: agents.export(params))
    bindings.bind(methods.AGENT_IMPORT, lambda _, params: agents.take_in(params))
    bindings.bind(methods.AGENT_DELETE, delete)
    bindings.bind(
        methods.AGENT_INFER,
        lambda caller, params: inferring.infer(
            params, caller.language, from_session=caller.from_session
        ),
    )


def _created(message: str) -> a.AgentCreated:
    return a.AgentCreated(message, "created")
