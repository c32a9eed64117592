"""A user's own file is imported once, and what is wrong with it is said plainly."""

import pytest

from corpus_kit import stage
from corpus_kit.errors import PlanError
from corpus_kit.plugin import load_plugin
from corpus_kit.stage import stage_class

SHOUT = """
import pyarrow.compute as pc
from corpus_kit.schema import set_columns
from corpus_kit.stage import BatchStage, register

print("imported")

@register("shout")
class Shout(BatchStage):
    loud: bool = True

    def apply(self, batch):
        return set_columns(batch, {"text": pc.utf8_upper(batch["text"])})
"""


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(stage, "REGISTRY", dict(stage.REGISTRY))


def test_what_a_plugin_registers_is_known_and_it_is_imported_once(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(SHOUT)
    load_plugin(str(path))
    load_plugin(str(path))
    assert capsys.readouterr().out == "imported\n"
    assert stage_class("shout").__module__.startswith("corpus_kit_plugin_mine_")
    assert stage_class("shout").model_validate({}).config()["loud"] is True


def test_a_plugin_that_does_not_exist(tmp_path):
    with pytest.raises(PlanError, match=r"^plug-in .*gone\.py does not exist$"):
        load_plugin(str(tmp_path / "gone.py"))


def test_a_plugin_that_is_no_python(tmp_path):
    (tmp_path / "a.txt").write_text("x = 1")
    with pytest.raises(PlanError, match=r"^plug-in .*a\.txt is no Python file$"):
        load_plugin(str(tmp_path / "a.txt"))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("import nosuchlibrary", "ModuleNotFoundError: No module named 'nosuchlibrary'"),
        ("def f(:\n", "SyntaxError: invalid syntax"),
        ("x = y\n", "NameError: name 'y' is not defined"),
        ("open('/nowhere/at/all')\n", "FileNotFoundError"),
        ("{}['key']\n", "KeyError: 'key'"),
        ("raise RuntimeError('sorry')\n", "RuntimeError: sorry"),
    ],
)
def test_a_plugin_that_cannot_be_imported(tmp_path, content, complaint):
    path = tmp_path / "broken.py"
    path.write_text(content)
    with pytest.raises(PlanError) as caught:
        load_plugin(str(path))
    assert str(caught.value).startswith(f"plug-in {path} cannot be imported: {complaint}")
