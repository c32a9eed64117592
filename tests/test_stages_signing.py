"""A text is signed as the stage signs its documents."""

import numpy as np
import pytest
import toy

from corpus_kit.kernels import band_keys
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.sameness import compared
from corpus_kit.stages.signing import sign


@pytest.mark.parametrize(
    "settings", [{}, {"form": "as_is"}, {"unit": "char", "ngram": 8}, {"engine": "datasketch", "permutations": 64}]
)
def test_signatures_give_the_keys_that_the_stage_collects(settings):
    stage = MinHashDedup.model_validate(settings)
    batch = toy.batch([toy.DANISH, toy.SWEDISH + " Æ!", "Kort"])
    bands, rows = stage.banding
    signed = sign(stage, compared(batch, "text", stage.form))
    assert signed.shape == (3, settings.get("permutations", bands * rows))
    keys = band_keys(signed, bands=bands, rows=rows)
    collected = stage.collect(batch, 0, None)
    for row in range(3):
        of = set(collected["key"].to_numpy()[collected["row"].to_numpy() == np.uint64(row)].tolist())
        assert set(keys[row].tolist()) <= of
        assert len(of) <= bands + 1  # and perhaps a sampled one
