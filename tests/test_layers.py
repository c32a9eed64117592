"""Lower layers never import higher ones, only one module knows Ray, and `import corpus_kit` loads no model library."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "corpus_kit"

LAYERS = """
0 words       allocator errors schema
1 arithmetic  sampling components kernels segmentation doc metrics scores histogram
2 files       compression strict_yaml resources commit tables held work mapped keyed streams scattered edges storage lid
3 rules       rules rulesets language lines mixing contamination
4 stages      datatrove scorer perplexity tokenizers stage scope plugin stages
5 sources     chat sources card inputs units
6 plan        ledger index guard recipe plan identity against planner
7 work        outputs totals job collected split_parts load_batches shard origins indexing earlier
7 rounds      corpus linking deciding earlier_rounds comparing pack tasks
7 phases      rounds index_phases against_phases execute
8 answers     catalogue pull opened choices show comparison why samples tune check_file check check_lines labeling mix
9 run         classifier datasheet claim closing driver saving run progress summary vocabulary bridge
10 doors      corpus_kit commands cli __main__
"""
"""Each name may import what stands above it or left of it in its row. A package counts as one name."""

ORDER = {name: i for i, name in enumerate(name for row in LAYERS.split("\n") for name in row.split()[2:])}

ONLY_EXECUTE = {"ray"}
LATE = {"ray", "fasttext", "trafilatura", "resiliparse", "fastwarc", "polars", "datasketch", "torch", "fsspec", "lxml"}
LATE |= {"datatrove", "spacy", "kenlm", "sentencepiece", "tokenizers"}


def layered_name(path: Path) -> str:
    """The name of a module in the table: that of its package, if it is in one."""
    relative = path.relative_to(PACKAGE)
    if relative.name == "__init__.py" and len(relative.parts) == 1:
        return "corpus_kit"
    return relative.parts[0].removesuffix(".py")


def imports(path: Path) -> list[str]:
    """Full names of everything a file imports, inside functions too."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            found += [f"{node.module}.{one.name}" for one in node.names]
    return found


def target(name: str) -> str | None:
    """The name in the table that an import reaches; None if it is not ours."""
    parts = name.split(".")
    if parts[0] != "corpus_kit" or name == "corpus_kit.__version__":  # the version is a constant
        return None
    is_module = len(parts) > 1 and ((PACKAGE / f"{parts[1]}.py").exists() or (PACKAGE / parts[1]).is_dir())
    return parts[1] if is_module else "corpus_kit"


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if "_data" not in path.parts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_imports_a_higher_layer(path):
    name = layered_name(path)
    assert name in ORDER, f"give {name!r} a place in the table"
    reached = {one for one in map(target, imports(path)) if one is not None and one != name}
    higher = sorted(one for one in reached if ORDER[one] > ORDER[name])
    assert not higher, f"{name} stands below {', '.join(higher)}"


def test_the_table_names_what_there_is():
    assert set(ORDER) == {layered_name(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_one_module_knows_ray(path):
    knows = {one.split(".")[0] for one in imports(path)} & ONLY_EXECUTE
    assert not knows or path.name == "execute.py"


def test_importing_the_package_loads_no_model_library():
    code = "import json, sys; import corpus_kit, corpus_kit.cli; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert loaded & LATE == set()
    assert "pyarrow" in loaded


def test_the_stages_are_known_as_soon_as_the_package_is_imported():
    code = "import corpus_kit; from corpus_kit.stage import REGISTRY; print(sorted(REGISTRY))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    known = "classifier clean count datatrove decontaminate dedup extract filter identify neutralize normalize"
    known += " perplexity split weight"
    assert done.stdout == f"{known.split()}\n"
