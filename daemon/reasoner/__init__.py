"""What to do with a question: the decision, by a language model or without one."""

from daemon.reasoner.decision import Decision, Missing, PlanItem
from daemon.reasoner.marks import cited
from daemon.reasoner.reasoner import AnswerStream, Reasoner, Reply
from daemon.reasoner.request import AskedAgent, ContextPiece, DecisionRequest, Exchange, RanCommand
from daemon.reasoner.sql_request import SqlReply, SqlRequest, TriedSql

__all__ = [
    "AnswerStream",
    "AskedAgent",
    "ContextPiece",
    "Decision",
    "DecisionRequest",
    "Exchange",
    "Missing",
    "PlanItem",
    "RanCommand",
    "Reasoner",
    "Reply",
    "SqlReply",
    "SqlRequest",
    "TriedSql",
    "cited",
]
