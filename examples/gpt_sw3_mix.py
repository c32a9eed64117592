"""The mix of GPT-SW3, from its recorded sizes and weights: the two tables of the paper, and one that fits itself.

Appendix A of the paper (Ekgren et al. 2023) prints shares (table 9) and epochs (table 10) of one mix. The shares are of
bytes, the epochs come from tokens, so neither table follows from the other: a token of code is 3.3 bytes, one of
Swedish 4.5. Here both are computed as printed, and then again in tokens alone.

    python examples/gpt_sw3_mix.py
"""

from __future__ import annotations

from pathlib import Path

from corpus_kit.mix import make_mix
from corpus_kit.mix.file import Mix
from corpus_kit.mixing.targets import Targets, load_targets

SIZES = Path(__file__).with_name("gpt_sw3_sizes.csv")
LANGUAGES = ("sv", "en", "no", "da", "is", "cd")

Table = dict[tuple[str, str], float]


def mix_in(unit: str) -> Mix:
    """The published weights, scaled to the size of the corpus in one unit."""
    weights = load_targets("gpt_sw3").model_dump(exclude_unset=True)
    return make_mix(SIZES, Targets.model_validate(weights | {"unit": unit}))


def shares(mix: Mix) -> Table:
    """Category and language -> share of the mix in percent."""
    return {(one.group[0], one.group[1]): 100 * one.share for one in mix.groups}


def epochs(mix: Mix) -> Table:
    """Category and language -> epochs."""
    return {(one.group[0], one.group[1]): one.epochs for one in mix.groups}


def by_language(table: Table) -> dict[str, float]:
    """Column sums."""
    return {lang: sum(value for (_, one), value in table.items() if one == lang) for lang in LANGUAGES}


def lines(table: Table, *, summed: bool) -> list[str]:
    """The table as the paper prints it, to two decimals."""
    categories = sorted({category for category, _ in table})
    rows = [[f"{table[one, lang]:.2f}" if (one, lang) in table else "" for lang in LANGUAGES] for one in categories]
    if summed:
        rows.append([f"{value:.2f}" for value in by_language(table).values()])
    names = [*categories, "all"] if summed else categories
    header = f"{'':16}" + "".join(f"{lang:>7}" for lang in LANGUAGES)
    return [
        header,
        *(f"{name:16}" + "".join(f"{cell:>7}" for cell in row) for name, row in zip(names, rows, strict=True)),
    ]


def main() -> None:
    in_bytes, in_tokens = mix_in("bytes"), mix_in("tokens")
    print("Table 9 as printed: shares in %, of bytes", *lines(shares(in_bytes), summed=True), sep="\n")
    print("\nTable 10 as printed: epochs, from tokens", *lines(epochs(in_tokens), summed=False), sep="\n")
    print("\nTable 9 in the unit of table 10: shares in %, of tokens", *lines(shares(in_tokens), summed=True), sep="\n")
    distinct = sum(one.size * min(1.0, one.epochs) for one in in_tokens.groups)
    print(f"\n{in_tokens.total:,.0f} tokens, of them {in_tokens.total - distinct:,.0f} repeats")


if __name__ == "__main__":
    main()
