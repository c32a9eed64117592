"""A comparison of tokenizers as tables for the terminal."""

from __future__ import annotations

from corpus_kit.show import table
from corpus_kit.vocabulary.compare import ALL, FEW_WORDS, Comparison

COLUMNS = (
    ("fertility", "tokens/word", "{:.3f}"),
    ("continued", "continued", "{:.1%}"),
    ("characters_per_token", "chars/token", "{:.2f}"),
    ("bytes_per_token", "bytes/token", "{:.2f}"),
    ("unknown", "unknown", "{:.3%}"),
    ("fallback", "as bytes", "{:.3%}"),
)
"""Field, heading, form."""


def comparison_lines(found: Comparison) -> list[str]:
    """One row a language and tokenizer; the tokenizers, with their vocabularies, above."""
    width = max(len(one["name"]) for one in found.tokenizers)
    lines = [
        f"{one['name']:{width}}  {one['kind']}, {one['vocab_size']:,} entries, sha256 {one['sha256'][:12]}"
        for one in found.tokenizers
    ]
    rows, seen = [], ""
    for fit in sorted(found.fits, key=lambda fit: found.languages().index(fit.lang)):
        first = [fit.lang, fit.tokenizer, f"{fit.words:,}"] if fit.lang != seen else ["", fit.tokenizer, ""]
        rows.append([*first, *(form.format(getattr(fit, name)) for name, _, form in COLUMNS)])
        seen = fit.lang
    shown = table(["language", "tokenizer", "words", *(heading for _, heading, _ in COLUMNS)], rows, left=2)
    few = sorted({fit.lang for fit in found.fits if fit.words < FEW_WORDS and fit.lang != ALL})
    note = ["", f"fewer than {FEW_WORDS:,} words: {', '.join(few)}"] if few else []
    return [*lines, "", *shown, *note]
