"""The second and third of the four, in their child: what is learned from the passages, and its worth."""

from daemon.agents.jobs import Bench, Judge, Judged, Learn, Learned, Sample, Sampled
from daemon.agents.stages import UNTRAINED


def learn(job: Learn, bench: Bench) -> Learned:
    del job, bench
    return Learned("", UNTRAINED, None)


def judge(job: Judge, bench: Bench) -> Judged:
    del job, bench
    return Judged(None)


def sample(job: Sample, bench: Bench) -> Sampled:
    del job, bench
    return Sampled("en", [])
