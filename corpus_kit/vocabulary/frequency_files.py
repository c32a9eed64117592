"""Word lists as files: the vocabulary of ELMo, and counts separated by tabs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corpus_kit.commit import write_text
from corpus_kit.mixing.groups import Group, label
from corpus_kit.show import table
from corpus_kit.vocabulary.frequencies import SPECIAL, Frequencies


def write_vocabularies(output: Path, found: Frequencies) -> dict[Group, Path]:
    """Writes `<S>`, `</S>`, `<UNK>` and the words, one a line, most frequent first; a file for each group."""
    paths = {group: vocabulary_path(output, group) for group in found.lists}
    for group, path in paths.items():
        write_text(path, "".join(f"{word}\n" for word in (*SPECIAL, *found.lists[group].words["word"].to_pylist())))
    return paths


def vocabulary_path(output: Path, group: Group) -> Path:
    """Where the list of a group is written.

    >>> str(vocabulary_path(Path("lists/vocab.txt"), ("dan_Latn", "web/a")))
    'lists/vocab.dan_Latn.web%2Fa.txt'
    """
    names = "".join(f".{quote(name, safe='')}" for name in group)
    return output.with_name(f"{output.stem}{names}{output.suffix}")


def write_counts(output: Path, found: Frequencies) -> None:
    """Writes one table: the columns of the groups, `word` and `count`, separated by tabs, with a line of names."""
    write_text(output, "".join(_rows(found)))


def _rows(found: Frequencies) -> Iterator[str]:
    yield "\t".join([*found.by, "word", "count"]) + "\n"
    for group, listed in found.lists.items():
        before = "".join(f"{' '.join(name.split())}\t" for name in group)
        rows = zip(listed.words["word"].to_pylist(), listed.words["count"].to_pylist(), strict=True)
        yield from (f"{before}{word}\t{count}\n" for word, count in rows)


def as_json(found: Frequencies, paths: dict[Group, Path]) -> dict[str, Any]:
    """What was listed, as plain data, without the words."""
    lists = [
        {
            "group": list(group),
            "output": str(paths[group]),
            "listed": listed.words.num_rows,
            "words": listed.total,
            "distinct": listed.distinct,
            "coverage": round(listed.coverage, 6),
        }
        for group, listed in found.lists.items()
    ]
    return {**found.account, "by": list(found.by), "lists": lists}


def frequency_lines(found: Frequencies, paths: dict[Group, Path]) -> list[str]:
    """The same for the terminal."""
    rows = []
    for group, listed in found.lists.items():
        numbers = [f"{one:,}" for one in (listed.total, listed.distinct, listed.words.num_rows)]
        rows.append([label(group) if group else "all", *numbers, f"{listed.coverage:.1%}"])
    account = found.account
    about = f"{account['documents']:,} documents, weights: {account['weights']}"
    shown = table(["/".join(found.by), "words", "distinct", "listed", "coverage"], rows)
    return [*shown, "", about, *(f"written to {path}" for path in paths.values())]
