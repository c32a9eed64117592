"""Tells the scripts of Azerbaijani apart for models that do not, and makes one answer of two equal labels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.lid.identify import Predictions
from corpus_kit.lid.labels import UNDETERMINED

CYRILLIC_AZERBAIJANI = "azj_Cyrl"
_LATIN_AZERBAIJANI = "azj_Latn"


def merged(found: Predictions) -> Predictions:
    """Label and runner-up made one where they are the same, because the model has two labels for one language."""
    same = (found.label == found.runner_up) & (found.runner_up_score > 0)
    if not same.any():
        return found
    und = found.names.index(UNDETERMINED)
    return found._replace(
        score=np.where(same, np.minimum(found.score + found.runner_up_score, 1.0), found.score),
        runner_up=np.where(same, und, found.runner_up).astype(np.int32),
        runner_up_score=np.where(same, 0.0, found.runner_up_score),
    )


def scripts_told(found: Predictions, texts: pa.Array | pa.ChunkedArray) -> Predictions:
    """Azerbaijani in Cyrillic letters called so: models call it Azerbaijani, Tatar or Bashkir, or know no script."""
    asked = [
        name == _LATIN_AZERBAIJANI or name.endswith("_Cyrl") or ("_" not in name and name != UNDETERMINED)
        for name in found.names
    ]
    rows = np.flatnonzero(np.array(asked)[found.label])
    if not len(rows):
        return found
    latin = found.label[rows] == found.names.index(_LATIN_AZERBAIJANI) if _LATIN_AZERBAIJANI in found.names else False
    cyrillic = is_cyrillic_azerbaijani(texts.take(pa.array(rows)), called_so=np.broadcast_to(latin, len(rows)))
    label = found.label.copy()
    label[rows[cyrillic]] = found.names.index(CYRILLIC_AZERBAIJANI)
    return merged(found._replace(label=label))


def is_cyrillic_azerbaijani(texts: pa.Array | pa.ChunkedArray, *, called_so: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which texts are Azerbaijani in Cyrillic script: mostly Cyrillic, and called Azerbaijani or spelt like it.

    No other language has both the letter ә and one of ј, ҝ, ҹ: so spelt are 55 of the 59 paragraphs of the Universal
    Declaration in Cyrillic Azerbaijani, and none in its 530 other translations. A fiftieth and a two-hundredth of the
    letters are a quarter of their usual share.
    """

    def count(pattern: str) -> NDArray[np.int64]:
        return pc.fill_null(pc.count_substring_regex(texts, pattern), 0).to_numpy().astype(np.int64)

    letters = count(r"\p{Cyrillic}")
    spelt = (count("[әӘ]") * 50 >= letters) & (count("[јЈҝҜҹҸ]") * 200 >= letters)
    return (letters > count(r"\p{Latin}")) & (called_so | spelt)
