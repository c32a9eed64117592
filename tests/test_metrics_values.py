"""Every metric, worked out by hand: the number a reader gets with paper and pencil."""

import pytest

from corpus_kit.doc import Doc
from corpus_kit.kernels.measure import WordLists
from corpus_kit.metrics import METRICS

LISTS = WordLists(frozenset(["og", "the", "a"]), frozenset(["xxx", "blå"]))


def value(name: str, text: str) -> float:
    return METRICS[name].function(Doc(text, lists=LISTS))


TEN = "0 1 2 3 4 5 6 7 8 9"  # 19 characters

BY_HAND = [
    ("word_count", "a  b\nc\u00a0d", 4),
    ("mean_word_length", "ab c def", 2.0),
    ("mean_word_length", "én 👩‍👩‍👧", 3.5),
    ("hash_to_word_ratio", "a #b ## c", 0.75),
    ("ellipsis_to_word_ratio", "a ... b… c....... d", 0.8),
    ("bullet_line_fraction", "- a\n\n • b\n* c\n–d", 0.5),
    ("ellipsis_line_fraction", "a...\nb…\u00a0\n\n...c\nd..", 0.5),
    ("alpha_word_fraction", "1 2 3a -- 四", 0.4),
    ("stop_word_count", "og The the, a a og", 2),
    ("dup_line_fraction", "a\nb\n\na\na\nb ", 0.4),
    ("dup_line_char_fraction", "aaa\nb\naaa\nb\n", 4 / 12),
    ("dup_paragraph_fraction", "a\nb\n\na\n\nb\n\na\nb", 0.25),
    ("dup_paragraph_char_fraction", "a\nb\n\na\n\nb\n\na\nb", 3 / 14),
    ("top_2gram_char_fraction", "aa b c aa b d", 8 / 13),
    ("top_2gram_char_fraction", "a bb ccc", 4 / 8),  # all occur once: the first
    ("top_2gram_char_fraction", "a a a", 6 / 5),  # overlaps count, so more than everything
    ("top_3gram_char_fraction", "x y z x y z w", 10 / 13),
    ("top_4gram_char_fraction", "a b c", 0.0),
    ("top_4gram_char_fraction", "a b c d a b c d", 14 / 15),
    ("dup_5gram_char_fraction", "a b c d e a b c d e a b c d", 5 / 27),
    ("dup_5gram_char_fraction", "a a a a a a a a a a a", 10 / 21),  # the first is new; two copies follow it
    ("dup_6gram_char_fraction", "a b c d e f a b c d e f", 6 / 23),
    ("dup_7gram_char_fraction", "a b c d e f g a b c d e f", 0.0),
    ("dup_8gram_char_fraction", "1 2 3 4 5 6 7 8 " * 3, 16 / 48),
    ("dup_9gram_char_fraction", "1 2 3 4 5 6 7 8 9\n" * 2, 9 / 36),
    ("dup_10gram_char_fraction", "ab " * 21, 40 / 63),
    # C4
    ("sentence_count", "En. To! Tre? Fire… Fem", 5),
    ("sentence_count", "En\nto\n\n...\n1.", 3),  # a line each, if it has a letter or a digit
    ("sentence_count", "Kl. 10 kom han. derefter gik han... ja.", 1),  # digit or lower case goes on
    ("sentence_count", "Den 3. Maj kom J. B. Hansen. Så gik H. C. Andersen ca. Tolv.", 3),
    ("sentence_count", "Året 1999. Og siden 12.5. Bare (a. Ordet). Slut", 4),
    ("sentence_count", 'Han sa: «Nei!» «Ja.» "Vel." (Slutt.) ¿Que? «', 5),
    ("sentence_count", "Hvad?! Ja!!! nej", 2),
    ("sentence_count", "a.b.c. D U.S. Army e.\u2003F", 1),  # single letters, also behind a full stop
    ("sentence_count", "日本語。文です。 次", 2),  # whitespace is needed
    ("opening_brace_count", "{{a} } (", 2),
    ("lorem_ipsum_count", "LOREM Ipsum lorem\nipsum lorem ipsumlorem ipsum loremipsum", 3),
    ("longest_word_length", "ab cdé,\u00a0f", 4),
    ("long_line_count", "x" * 200 + "\n" + " " * 200 + "\n" + "y " * 100 + "\n" + "z" * 199, 2),
    # FineWeb
    ("terminal_line_fraction", "a.\nb?\n\nc!\nd\ne. \nf…\ng。\nh:", 4 / 8),
    ("terminal_line_fraction", "a.\r\nb", 0.0),
    ("short_line_fraction", "x" * 30 + "\n\n" + "y" * 31 + "\n" + " " * 29 + "zz\nw", 0.5),
    ("dup_line_inner_char_fraction", "abc\n \nabc\nabc \n\nd", 3 / 12),
    ("newline_to_word_ratio", "\na b\n\nc\n", 4 / 3),
    ("plain_word_count", "a - ... 3 — § «» € #1 …\u2014", 5),  # a, 3, #1, and two signs that are not listed
    ("mean_plain_word_length", "ab - cdef,", 3.5),
    # ROOTS
    ("bare_word_count", "Blå-gul (ø) 17 - «x» ☺ 5€ 2nd ,,", 4),
    ("char_10gram_repetition_ratio", "abcdefghij", 0.0),  # one run, which occurs once
    ("char_10gram_repetition_ratio", "a" * 29, 1.0),  # one run, 20 times
    ("char_10gram_repetition_ratio", "abcdefghijk" * 2, 4 / 13),  # 11 different runs, 2 of them twice
    ("word_5gram_repetition_ratio", "a b c d e f A, B, c d e", 2 / 7),
    ("word_5gram_repetition_ratio", "a a a a a a a", 1.0),
    ("special_char_fraction", "Å ø, 1²—x☺\n", 8 / 11),
    ("stop_word_fraction", "The cat, og (A) - 9", 3 / 4),
    ("flagged_word_fraction", "XXX! blå. BLÅ - rød", 3 / 4),
    ("flagged_word_count", "XXX! blå. BLÅ - rød", 3),
    ("distinct_flagged_word_count", "XXX! blå. BLÅ - rød", 2),
    # Nordic Pile
    ("char_count", "å\n👩‍👩‍👧", 7),
    ("typical_line_length", "  abc \n\nabcde", 4.0),
    ("typical_line_length", "a\nb\nabcdefg", 2.0),  # mean 3, median 1
    ("typical_line_word_count", " a b\nc\n\nd e f\ng h i j k l", 2.75),  # mean 3, median 2.5
    ("digit_fraction", "1 ²५①Ⅷ½", 4 / 7),
    ("ellipsis_char_to_word_ratio", "a… b... ……c d", 3 / 4),
    ("stop_token_count", 'The "a", og? (og) a-a A', 4),
    ("stop_token_fraction", 'The "a", og? (og) - A', 4 / 6),
    ("quote_bullet_line_count", "> a\n-b\n\n \t• c\n* d\n– e\n>", 4),
    ("quote_bullet_line_fraction", "> a\n-b\n\n \t• c\n* d", 0.75),
    ("ellipsis_char_line_count", "a…\nb… \nc...\n…d\n\n…", 3),
    ("ellipsis_char_line_fraction", "a…\nb… \nc...\n…d\n\n…", 0.6),
    ("all_dup_line_fraction", "a\n a\nb\n\nc\nb\nd", 4 / 6),
    ("all_dup_line_char_fraction", "aaa\n aaa\nb\n\nbb\n", 6 / 15),
    ("all_dup_paragraph_fraction", "a\nb\n\na\n\na\nb\n \na", 1.0),
    ("all_dup_paragraph_char_fraction", "a\nb\n\nc\n\na\nb", 6 / 11),
    ("top_2gram_count", "a b a b a", 2),
    ("top_3gram_count", "a a a a", 2),
    ("top_4gram_count", "a b c", 0),
    ("all_dup_5gram_char_fraction", "a b c d e x a b c d e", 18 / 21),
    ("all_dup_5gram_char_fraction", "a a a a a a a", 13 / 13),
    ("all_dup_6gram_char_fraction", "a b c d e x a b c d e", 0.0),
    ("all_dup_6gram_char_fraction", f"{TEN} {TEN}", 38 / 39),  # the gap between the copies is in none
    ("all_dup_7gram_char_fraction", f"{TEN}   {TEN}", 38 / 41),
    ("all_dup_8gram_char_fraction", f"{TEN} x {TEN}", 38 / 41),
    ("all_dup_9gram_char_fraction", f"{TEN} {TEN} {TEN}", 59 / 59),  # 9 words across the copies occur twice, too
    ("all_dup_10gram_char_fraction", f"{TEN} {TEN} x", 38 / 41),
    ("dup_5gram_char_fraction_as_published", "a b c d e x a b c d e", 18 / 21),
    ("dup_5gram_char_fraction_as_published", "a b c d e x a b c d\ne", 9 / 21),  # of two, only the first is found
    ("dup_5gram_char_fraction_as_published", "aa b c d e f g h i j f g h i j", 0.0),  # longer than the copies
    ("dup_5gram_char_fraction_as_published", "a a a a a a", 1.0),
    ("char_10gram_repetition_ratio_as_published", "abcdefghijk" * 2, 5 / 13),
    ("char_10gram_repetition_ratio_as_published", "a" * 29, 0.0),
    ("char_10gram_repetition_ratio_as_published", "abcdefghij", 1.0),  # one run, which occurs once
    # Danish Foundation Models
    ("alpha_plain_word_fraction", "- a 1 2b …", 2 / 3),
    ("dash_star_line_count", "- a\n * b\n• c\n\n-", 3),
    ("dash_star_line_fraction", "- a\n * b\n• c\n\n-", 0.75),
    ("ellipsis_line_count", "a...\nb… \n\n...c\nd..", 2),
    ("copied_5gram_char_fraction", "a b c d e x a b c d e", 9 / 21),
    ("copied_5gram_char_fraction", "a a a a a a a", 11 / 13),
    ("copied_6gram_char_fraction", f"{TEN} {TEN}", 19 / 39),
    ("copied_7gram_char_fraction", f"{TEN} 0 1 2 3 4 5", 0.0),
    ("copied_8gram_char_fraction", f"{TEN} 0 1 2 3 4 5 6 7", 15 / 35),
    ("copied_9gram_char_fraction", f"{TEN}\n{TEN}", 19 / 39),
    ("copied_10gram_char_fraction", f"{TEN} {TEN} {TEN}", 39 / 59),
    # NCC
    ("letter_piece_count", "ab/cd e f1 g-h: ij.kl;m(no)p!q,æø", 6),
    ("long_piece_count", "ab/cd e f1 g-h: ij.kl;m(no)p!q,æø", 8),
    ("longest_plain_word_length", "http://abcdef a/bcdef a-bcdef abc, httpabcd", 4),
    ("brace_count", "{}{ }}", 5),
    ("replacement_char_count", "\ufffda\ufffd\ufffe", 2),
    ("end_sign_count", ".;:?)!*\"' ,(-…", 9),
]


@pytest.mark.parametrize(("name", "text", "expected"), BY_HAND)
def test_value_by_hand(name: str, text: str, expected: float):
    assert value(name, text) == expected


def test_every_metric_is_worked_out_by_hand():
    assert {name for name, _, _ in BY_HAND} == set(METRICS)
