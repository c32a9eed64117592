"""Language labels as the Hub and people know them: `dan_Latn` -> `da`, Danish."""

from __future__ import annotations

import re

UNDETERMINED = frozenset({"", "und", "mis", "mul", "zxx", "unknown", "other"})
"""Labels that name no language."""

# ISO 639-3, ISO 639-1 where there is one, English name. Languages not listed keep three letters, as the Hub allows.
_TABLE = """
dan da Danish|swe sv Swedish|nob nb Norwegian Bokmål|nno nn Norwegian Nynorsk|nor no Norwegian|isl is Icelandic
fao fo Faroese|kal kl Kalaallisut|sme se Northern Sámi|smj - Lule Sámi|sma - Southern Sámi|smn - Inari Sámi
sms - Skolt Sámi|fin fi Finnish|fkv - Kven Finnish|fit - Tornedalen Finnish|est et Estonian|ekk et Estonian
lav lv Latvian|lvs lv Latvian|lit lt Lithuanian|eng en English|deu de German|nld nl Dutch|fry fy Western Frisian
frr - Northern Frisian|nds - Low German|ltz lb Luxembourgish|afr af Afrikaans|yid yi Yiddish|fra fr French
spa es Spanish|por pt Portuguese|ita it Italian|cat ca Catalan|glg gl Galician|ron ro Romanian|oci oc Occitan
lat la Latin|pol pl Polish|ces cs Czech|slk sk Slovak|slv sl Slovenian|hrv hr Croatian|srp sr Serbian
bos bs Bosnian|mkd mk Macedonian|bul bg Bulgarian|rus ru Russian|ukr uk Ukrainian|bel be Belarusian
hun hu Hungarian|tur tr Turkish|aze az Azerbaijani|azj az North Azerbaijani|kaz kk Kazakh|uzb uz Uzbek
uzn uz Northern Uzbek|sqi sq Albanian|als sq Tosk Albanian|ell el Greek|hye hy Armenian|kat ka Georgian
eus eu Basque|gle ga Irish|gla gd Scottish Gaelic|cym cy Welsh|bre br Breton|mlt mt Maltese|heb he Hebrew
ara ar Arabic|arb ar Standard Arabic|fas fa Persian|pes fa Iranian Persian|kur ku Kurdish|kmr ku Northern Kurdish
ckb - Central Kurdish|urd ur Urdu|hin hi Hindi|ben bn Bengali|pan pa Punjabi|tam ta Tamil|tel te Telugu
mar mr Marathi|guj gu Gujarati|nep ne Nepali|npi ne Nepali|sin si Sinhala|tha th Thai|vie vi Vietnamese
ind id Indonesian|msa ms Malay|zsm ms Standard Malay|tgl tl Tagalog|zho zh Chinese|cmn zh Mandarin Chinese
jpn ja Japanese|kor ko Korean|mon mn Mongolian|khk mn Halh Mongolian|som so Somali|swa sw Swahili|swh sw Swahili
amh am Amharic|tir ti Tigrinya|pus ps Pashto|pbt ps Southern Pashto|epo eo Esperanto
"""


def _read() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    short: dict[str, str] = {}
    long: dict[str, str] = {}
    names: dict[str, str] = {}
    for entry in _TABLE.strip().replace("\n", "|").split("|"):
        code, two, name = entry.split(" ", 2)
        names[code] = name
        if len(two) == 2:
            short[code] = two
            long.setdefault(two, code)
    return short, long, names


_SHORT, _LONG, _NAMES = _read()


def base(label: str) -> str | None:
    """ISO 639-3 code (or an unlisted code as it is) of a label of any common style; None if it names no language.

    >>> base("dan_Latn"), base("da-DK"), base("tat"), base("und"), base("<b>")
    ('dan', 'dan', 'tat', None, None)
    """
    code = re.split(r"[-_]", label, maxsplit=1)[0].lower()
    if code in UNDETERMINED or not re.fullmatch(r"[a-z]{2,3}", code):
        return None
    return _LONG.get(code, code)


def hub_code(label: str) -> str | None:
    """What stands under `language` in a Hub card: two letters where they exist, else three.

    >>> hub_code("nob_Latn"), hub_code("smj_Latn"), hub_code("")
    ('nb', 'smj', None)
    """
    code = base(label)
    return None if code is None else _SHORT.get(code, code)


def name(label: str) -> str:
    """English name, or the label itself.

    >>> name("isl_Latn"), name("xyz_Latn"), name("")
    ('Icelandic', 'xyz_Latn', 'not identified')
    """
    code = base(label)
    if code in _NAMES:
        return _NAMES[code]
    return {"": "not identified", "und": "undetermined"}.get(label, label)
