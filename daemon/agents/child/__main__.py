"""The process that trains: it gets one job, says how far it is, gives the result, and can reach
nothing but the index, the cache and the data of agents.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon.agents import jobs
from daemon.agents.jobs import EMBEDDING, Bench
from daemon.agents.naming import agents_directory
from daemon.config import Config, EmbedderKind, Paths, load_config, private_directory
from daemon.confinement import keep_to_work
from daemon.models.choice import choose_embedder
from daemon.process import end_with_parent, lower
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Json, Progress
from daemon.store.failures import of_system


def main() -> int:
    """`python -m daemon.agents.child JOB PARENT`, with the job as JSON on standard input."""
    name, parent = sys.argv[1], int(sys.argv[2])
    end_with_parent(parent)
    paths = Paths.from_environment(os.environ)
    config = load_config(paths, os.environ)
    lower(0, config.agents.niceness)
    # Its numbers are small: one thread, so that two children have a processor each.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # SQLite's files for a moment; elsewhere none can be made.
    os.environ["SQLITE_TMPDIR"] = str(agents_directory(paths))
    given = sys.stdin.buffer.read()
    work, form = _work(name)
    try:
        # Before the walls are up: its key may lie in a file that is beyond them.
        embedder = None
        if name in EMBEDDING:
            embedder = choose_embedder(config.embedder, paths, os.environ)
        _confine(name, paths, config)
        result = work(codec.decode(given, form), Bench(paths, config, embedder, _tell))
    except AlvoError as error:
        return _failed(error)
    except (MemoryError, SystemError, ImportError):
        # The others are how the interpreter says so where it compiles, or takes in a library that is
        # there, as most of them were before the walls.
        return _failed(AlvoError(errors.AGENT_OUT_OF_MEMORY, limit=config.agents.memory_bytes))
    except OSError as error:
        return _failed(of_system(error, paths.index_dir))
    _say({"event": "result", "result": codec.to_builtins(result)})
    return 0


def _failed(error: AlvoError) -> int:
    blanks = {blank: str(value) for blank, value in error.blanks.items()}
    _say({"event": "error", "name": error.type.name, "blanks": blanks})
    return 1


def _work(name: str) -> tuple[Callable[[Any, Bench], Any], type[Any]]:
    """What does a job, and how it is told of. Each imports what it needs alone."""
    match name:
        case "process":
            from daemon.agents.child.processing import process

            return process, jobs.Process
        case "learn":
            from daemon.agents.child.learning import learn

            return learn, jobs.Learn
        case "judge":
            from daemon.agents.child.learning import judge

            return judge, jobs.Judge
        case "sample":
            from daemon.agents.child.learning import sample

            return sample, jobs.Sample
        case "drop":
            from daemon.agents.child.processing import drop

            return drop, jobs.Drop
        case "unpack":
            from daemon.agents.packing import unpack

            return lambda job, _: unpack(job), jobs.Unpack
    raise ValueError(name)


def _confine(name: str, paths: Paths, config: Config) -> None:
    writable = [paths.index_dir, paths.cache_dir, agents_directory(paths)]
    for directory in writable:
        private_directory(directory)
    system = ["/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", f"{sys.base_prefix}/lib"]
    readable = [*map(Path, filter(None, sys.path)), *map(Path, system), *paths.models_dirs]
    readable.append(Path(__file__).parents[3])
    served = config.embedder.kind in (EmbedderKind.GEMINI, EmbedderKind.OPENAI)
    keep_to_work(
        config.agents.memory_bytes,
        [os.fsencode(path) for path in readable],
        [*(os.fsencode(path) for path in writable), b"/dev/null"],
        network=served and name in EMBEDDING,
    )


def _tell(progress: Progress) -> None:
    _say({"event": "progress", "progress": codec.to_builtins(progress)})


def _say(event: Json) -> None:
    sys.stdout.buffer.write(codec.encode(event) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
