"""Agents, their versions and what those were worth, as a person reads them."""

from __future__ import annotations

from client import moments
from client.prose import one_line
from client.screens.index import progress_text
from client.terminal import Paint
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.agents import (
        Agent,
        AgentDeleted,
        AgentDetails,
        AgentProfile,
        AgentVersion,
        EvaluationReport,
        Measure,
    )

STAGES = ("data_processor", "model_trainer", "model_evaluator", "model_deployer")
_COLOURS = {"ready": "green", "error": "red"}
_MANY = 12
_LEARNED = ("untrained", "related words", "neighbours", "translations", "adapter")
"""What a training may have chosen; beside these `weights (en)`."""


def agent_lines(agent: Agent, words: Words, paint: Paint) -> str:
    """An agent: how it is, what it knows, how far a training has come."""
    state = paint(words(f"agent_{agent.status}"), _COLOURS.get(agent.status, "yellow"))
    private = "  " + paint(words("source_private"), "yellow") if agent.private else ""
    lines = [f"{paint(agent.user_id, 'bold')}  {state}{private}"]
    known = [words("source_counts", documents=agent.documents, passages=agent.passages)]
    if agent.version is not None:
        known.insert(0, words("agent_version_serves", version=agent.version))
    if agent.languages:
        known.append(", ".join(agent.languages))
    known.append(moments.moment(agent.updated_at))
    lines.append("    " + " · ".join(known))
    if agent.training is not None:
        lines.append("    " + training_text(agent, words))
    if agent.error is not None:
        lines.append(f"    {paint('✗', 'red')} {escape(agent.error.message)}")
        lines.append(f"      {escape(agent.error.action)}")
    return "\n".join(lines) + "\n"


def training_text(agent: Agent, words: Words) -> str:
    """`version 2 · 2/4 training the model · 120/800`"""
    parts = [words("agent_trains", version=agent.training)]
    if agent.stage is not None:
        at = STAGES.index(agent.stage) + 1
        parts.append(f"{at}/{len(STAGES)} {words(f'agent_{agent.stage}')}")
    if agent.progress is not None:
        parts.append(progress_text(agent.progress, words))
    return " · ".join(parts)


def details_screen(details: AgentDetails, words: Words, paint: Paint) -> str:
    text = agent_lines(details.agent, words, paint)
    if details.profile is not None:
        text += "\n" + _profile(details.profile, words, paint)
    return text + "\n" + versions_screen(details.versions, words, paint)


def _profile(profile: AgentProfile, words: Words, paint: Paint) -> str:
    rows = [
        ("agent_expertise", one_line(profile.expertise)),
        ("agent_tone", one_line(profile.tone)),
        ("agent_vocabulary", one_line(", ".join(profile.vocabulary[:_MANY]))),
        ("agent_written_by", escape(profile.written_by)),
    ]
    lines = [f"  {paint(words(name) + ':', 'dim')} {value}" for name, value in rows if value]
    lines += [f"  {paint('?', 'dim')} {one_line(one)}" for one in profile.questions[:5]]
    return "\n".join(lines) + "\n"


def versions_screen(versions: list[AgentVersion], words: Words, paint: Paint) -> str:
    return "".join(_version(one, words, paint) for one in versions)


def _version(version: AgentVersion, words: Words, paint: Paint) -> str:
    serves = "  " + paint(words("agent_in_service"), "green") if version.in_service else ""
    head = paint(words("agent_version", version=version.number), "bold")
    lines = [f"  {head}  {moments.moment(version.created_at)}{serves}"]
    counts = words("source_counts", documents=version.documents, passages=version.passages)
    took = sum(stage.took_ms or 0 for stage in version.stages) / 1000
    parts = [counts, moments.span(took)]
    if version.chosen is not None:
        parts.append(words("agent_chosen", chosen=_chosen(version.chosen, words)))
    lines.append("    " + " · ".join(parts))
    if version.report is not None:
        lines += _report(version.report, words, paint)
    elif not version.error and all(stage.status == "done" for stage in version.stages):
        lines.append("    " + paint(words("agent_no_report"), "dim"))
    if any(stage.status == "running" for stage in version.stages):
        lines.append("    " + paint(words("agent_processing"), "yellow"))
    if version.error is not None:
        lines.append(f"    {paint('✗', 'red')} {escape(version.error.message)}")
    return "\n".join(lines) + "\n"


def _chosen(names: str, words: Words) -> str:
    """`neighbours + weights (en)`, in the person's language; what is not known here as it is."""
    return " + ".join(
        words(f"learned_{name.replace(' ', '_')}")
        if name in _LEARNED
        else escape(name).replace("weights", words("learned_weights"))
        for name in names.split(" + ")
    )


def _report(report: EvaluationReport, words: Words, paint: Paint) -> list[str]:
    """A row for each that was measured, on the same questions."""
    rows = [
        ("agent_keyword", report.keyword),
        ("agent_baseline", report.baseline),
        ("agent_trained", report.trained),
    ]
    if report.in_service is not None:
        rows.append(("agent_was_serving", report.in_service))
    labels = [words(name) for name, _ in rows]
    column = max(map(len, labels))
    head = f"    {''.ljust(column)}  recall@5  MRR    nDCG@10"
    lines = [paint(words("agent_judged_on", count=report.pairs), "dim"), paint(head, "dim")]
    lines[0] = "    " + lines[0]
    for label, (_, figures) in zip(labels, rows, strict=True):
        low, high = figures.ndcg_10.low, figures.ndcg_10.high
        lines.append(
            f"    {label.ljust(column)}  {figures.recall_5.mean:.3f}     {figures.mrr.mean:.3f}"
            f"  {figures.ndcg_10.mean:.3f} ({low:.3f}–{high:.3f})"
        )
    if report.support is not None:
        lines.append("    " + words("agent_support", share=_share(report.support)))
    mark = paint("✓", "green") if report.deployed else paint("✗", "yellow")
    lines.append(f"    {mark} {escape(report.reason)}")
    return lines


def _share(measure: Measure) -> str:
    return f"{100 * measure.mean:.0f} %"


def deleted_screen(gone: AgentDeleted, words: Words, paint: Paint) -> str:
    said = words(
        "agent_deleted",
        agent=gone.user_id,
        versions=gone.versions,
        documents=gone.documents,
        passages=gone.passages,
        flows=gone.flows,
        files=gone.files,
        size=moments.size(gone.size_bytes),
    )
    return f"{paint('✓', 'green')} {said}\n"
