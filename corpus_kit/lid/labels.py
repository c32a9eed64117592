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
# The other labels of lid.176, most of them codes of Wikipedia: there `als` is Alemannic, and Albanian is `sq`.
_REST = """
als:gsw_Latn am:amh_Ethi an:arg_Latn arz:arz_Arab as:asm_Beng ast:ast_Latn av:ava_Cyrl azb:azb_Arab ba:bak_Cyrl
bar:bar_Latn bcl:bcl_Latn bh:bho_Deva bn:ben_Beng bo:bod_Tibt bpy:bpy_Beng br:bre_Latn bs:bos_Latn bxr:bxr_Cyrl
cbk:cbk_Latn ce:che_Cyrl ceb:ceb_Latn ckb:ckb_Arab co:cos_Latn cv:chv_Cyrl diq:diq_Latn dsb:dsb_Latn
dty:dty_Deva dv:div_Thaa eml:eml_Latn frr:frr_Latn gd:gla_Latn gn:grn_Latn gom:gom_Deva gu:guj_Gujr gv:glv_Latn
hi:hin_Deva hif:hif_Latn hsb:hsb_Latn ht:hat_Latn hy:hye_Armn ia:ina_Latn ie:ile_Latn ilo:ilo_Latn io:ido_Latn
jbo:jbo_Latn jv:jav_Latn ka:kat_Geor kk:kaz_Cyrl km:khm_Khmr kn:kan_Knda krc:krc_Cyrl ku:kmr_Latn kv:kpv_Cyrl
kw:cor_Latn ky:kir_Cyrl lez:lez_Cyrl li:lim_Latn lmo:lmo_Latn lo:lao_Laoo lrc:lrc_Arab mai:mai_Deva mg:plt_Latn
mhr:mhr_Cyrl min:min_Latn ml:mal_Mlym mn:khk_Cyrl mr:mar_Deva mrj:mrj_Cyrl ms:zsm_Latn mwl:mwl_Latn my:mya_Mymr
myv:myv_Cyrl mzn:mzn_Arab nah:nah_Latn nap:nap_Latn ne:npi_Deva new:new_Deva oc:oci_Latn or:ory_Orya os:oss_Cyrl
pa:pan_Guru pam:pam_Latn pfl:pfl_Latn pms:pms_Latn pnb:pnb_Arab ps:pbt_Arab qu:que_Latn rm:roh_Latn rue:rue_Cyrl
sa:san_Deva sah:sah_Cyrl sc:srd_Latn scn:scn_Latn sco:sco_Latn sd:snd_Arab sh:hbs_Latn si:sin_Sinh so:som_Latn
sq:als_Latn su:sun_Latn sw:swh_Latn ta:tam_Taml te:tel_Telu tg:tgk_Cyrl th:tha_Thai tk:tuk_Latn tl:tgl_Latn
tt:tat_Cyrl tyv:tyv_Cyrl ug:uig_Arab ur:urd_Arab uz:uzn_Latn vec:vec_Latn vep:vep_Latn vls:vls_Latn vo:vol_Latn
wa:wln_Latn war:war_Latn wuu:wuu_Hani xal:xal_Cyrl xmf:xmf_Geor yi:ydd_Hebr yo:yor_Latn yue:yue_Hani
"""
_FOREIGN |= {code: name for code, _, name in (pair.partition(":") for pair in _REST.split())}
# Models that name the macrolanguage where the data is of one member.
_SAME = {"nor_Latn": "nob_Latn", "aze_Latn": "azj_Latn"}


def uniform(label: str) -> str:
    """The label in our style; one that no table knows is passed through without its prefix.

    >>> uniform("__label__da"), uniform("__label__no"), uniform("__label__fao_Latn"), uniform("__label__xx")
    ('dan_Latn', 'nob_Latn', 'fao_Latn', 'xx')
    """
    name = label.removeprefix(PREFIX)
    return _SAME.get(name) or _FOREIGN.get(name, name)
