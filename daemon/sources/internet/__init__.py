"""The internet as a thing to ask: only what was approved, only public addresses, only text."""

from daemon.sources.internet.addresses import Resolver
from daemon.sources.internet.door import Internet
from daemon.sources.internet.pages import Page, PagePassage
from daemon.sources.internet.ranking import best

__all__ = ["Internet", "Page", "PagePassage", "Resolver", "best"]
