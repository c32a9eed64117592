"""Labels of fastText language models, in one style: language and script, as in `dan_Latn`."""

from __future__ import annotations

PREFIX = "__label__"

UNDETERMINED = "und"
"""Any other language, source code, or no language at all."""

LABELS = (
    *("dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn", "isl_Latn", "fao_Latn", "eng_Latn"),
    *("fin_Latn", "deu_Latn", "azj_Latn", UNDETERMINED),
)
"""Labels of the embedded model."""

TWO_LETTER = {
    "da": "dan_Latn",
    "sv": "swe_Latn",
    "nb": "nob_Latn",
    "no": "nob_Latn",  # lid.176 calls Bokmål just Norwegian
    "nn": "nno_Latn",
    "is": "isl_Latn",
    "fo": "fao_Latn",
    "en": "eng_Latn",
    "fi": "fin_Latn",
    "de": "deu_Latn",
    "az": "azj_Latn",
    "other": UNDETERMINED,
}
"""ISO 639-1 codes, as lid.176 and most data sets have them."""

_FOREIGN = TWO_LETTER | {
    "se": "sme_Latn",
    "et": "ekk_Latn",
    "lv": "lvs_Latn",
    "lt": "lit_Latn",
    "nl": "nld_Latn",
    "af": "afr_Latn",
    "nds": "nds_Latn",
    "fy": "fry_Latn",
    "lb": "ltz_Latn",
    "fr": "fra_Latn",
    "es": "spa_Latn",
    "pt": "por_Latn",
    "it": "ita_Latn",
    "ca": "cat_Latn",
    "gl": "glg_Latn",
    "ro": "ron_Latn",
    "la": "lat_Latn",
    "pl": "pol_Latn",
    "cs": "ces_Latn",
    "sk": "slk_Latn",
    "sl": "slv_Latn",
    "hr": "hrv_Latn",
    "hu": "hun_Latn",
    "tr": "tur_Latn",
    "eu": "eus_Latn",
    "ga": "gle_Latn",
    "cy": "cym_Latn",
    "mt": "mlt_Latn",
    "eo": "epo_Latn",
    "vi": "vie_Latn",
    "id": "ind_Latn",
    "ru": "rus_Cyrl",
    "uk": "ukr_Cyrl",
    "be": "bel_Cyrl",
    "bg": "bul_Cyrl",
    "mk": "mkd_Cyrl",
    "sr": "srp_Cyrl",
    "el": "ell_Grek",
    "he": "heb_Hebr",
    "ar": "arb_Arab",
    "fa": "pes_Arab",
    "zh": "cmn_Hani",
    "ja": "jpn_Jpan",
    "ko": "kor_Hang",
}
# Models that name the macrolanguage where the data is of one member.
_SAME = {"nor_Latn": "nob_Latn", "aze_Latn": "azj_Latn"}


def uniform(label: str) -> str:
    """The label in our style; one that no table knows is passed through without its prefix.

    >>> uniform("__label__da"), uniform("__label__no"), uniform("__label__fao_Latn"), uniform("__label__xx")
    ('dan_Latn', 'nob_Latn', 'fao_Latn', 'xx')
    """
    name = label.removeprefix(PREFIX)
    return _SAME.get(name) or _FOREIGN.get(name, name)
