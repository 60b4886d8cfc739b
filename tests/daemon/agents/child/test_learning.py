"""What a training finds out is of one index: where that changed meanwhile, it is found out anew."""

import shutil
from pathlib import Path

import pytest

from daemon.agents.child.learning import learn
from daemon.agents.jobs import Bench, Learn
from daemon.config import Paths, load_config
from daemon.index import pointer
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Progress
from tests.support.agent import OWNER, indexed, made_up_texts
from tests.support.index import document, paths_in


def rebuilt(paths: Paths) -> None:
    """As `alvo-embed rebuild` leaves it: another file, to which the pointer has moved."""
    current = pointer.current(paths.index_dir)
    assert current is not None
    following = pointer.next_database(paths.index_dir)
    shutil.copy(current, following)
    pointer.point_to(following)


@pytest.mark.parametrize("rebuild", [True, False])
def test_what_was_learned_while_the_index_was_rebuilt_is_not_kept(
    tmp_path: Path, rebuild: bool
) -> None:
    paths = paths_in(tmp_path)
    extracted = tmp_path / "extracted.jsonl"
    extracted.touch()
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        if rebuild and not told:
            rebuilt(paths)
        told.append(progress)

    texts = [document(f"{n}.md", text) for n, text in enumerate(made_up_texts(120))]
    with indexed(tmp_path, texts, None):
        pass
    job = Learn(OWNER, False, str(extracted), None, 0, None, None, profile=False)
    bench = Bench(paths, load_config(paths, {"HOME": str(tmp_path)}), None, tell)
    if rebuild:
        with pytest.raises(AlvoError) as caught:
            learn(job, bench)
        assert caught.value.type is errors.INDEX_BUSY
    else:
        assert learn(job, bench).chosen
    assert told
