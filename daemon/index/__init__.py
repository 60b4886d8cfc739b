"""Passages, keywords and vectors side by side: one writes, many read."""

from daemon.index.documents import KnownFile, ParsedDocument, ParsedPassage
from daemon.index.reader import Index
from daemon.index.writer import IndexWriter

__all__ = ["Index", "IndexWriter", "KnownFile", "ParsedDocument", "ParsedPassage"]
