/* The columns that can be measured, and what each of them needs. What they mean is said by the functions of the same
 * names in corpus_kit/metrics/. */

#ifndef CORPUS_KIT_COLUMNS_H
#define CORPUS_KIT_COLUMNS_H

/* Parts of the work, for the columns that were asked for. Reading the text and counting characters is always done. */
#define NEED_WORDS 0x1u               /* the words of the document, numbered, and what is quickly known of them */
#define NEED_SPACED 0x2u              /* the same of the words between whitespace, if they are other words */
#define NEED_LISTED 0x4u              /* which words are listed, as they stand */
#define NEED_PLAIN 0x8u               /* which words are not only punctuation */
#define NEED_FACTS 0x10u              /* what is in the words between whitespace, character by character */
#define NEED_SENTENCES 0x20u
#define NEED_BARE 0x40u               /* bare words */
#define NEED_TOKENS 0x80u             /* words as the Nordic Pile looks them up */
#define NEED_LINES 0x100u
#define NEED_LINE_COPIES 0x200u
#define NEED_STRIPPED_COPIES 0x400u
#define NEED_PARAGRAPH_COPIES 0x800u
#define NEED_LINE_RECORDS 0x1000u     /* length and words of every line */
#define NEED_TOP 0x2000u              /* the most frequent n-grams */
#define NEED_COPIES 0x4000u           /* n-grams that repeat, of orders 5 to 10 */
#define NEED_BARE_COPIES 0x8000u      /* 5-grams of bare words */
#define NEED_PUBLISHED 0x10000u       /* 5-grams as the code of the Nordic Pile finds them */
#define NEED_RUNS 0x20000u            /* runs of 10 characters */
#define NEED_LONGEST 0x40000u         /* longest words */
#define NEED_LOREM_IPSUM 0x80000u
#define NEED_COVERED 0x100000u        /* all that such n-grams cover */

#define NEED_ANY_COPIES (NEED_LINES | NEED_LINE_COPIES)
#define NEED_DESCRIBED (NEED_SPACED | NEED_FACTS)
#define NEED_LOOKED_UP (NEED_SPACED | NEED_BARE)
#define NEED_ALL_LINES (NEED_LINES | NEED_LINE_RECORDS)

#define EACH_COLUMN(COLUMN) \
    COLUMN(word_count, NEED_WORDS) \
    COLUMN(mean_word_length, NEED_WORDS) \
    COLUMN(hash_to_word_ratio, NEED_WORDS) \
    COLUMN(ellipsis_to_word_ratio, NEED_WORDS) \
    COLUMN(bullet_line_fraction, NEED_LINES) \
    COLUMN(ellipsis_line_fraction, NEED_LINES) \
    COLUMN(alpha_word_fraction, NEED_WORDS) \
    COLUMN(stop_word_count, NEED_WORDS | NEED_LISTED) \
    COLUMN(dup_line_fraction, NEED_ANY_COPIES) \
    COLUMN(dup_line_char_fraction, NEED_ANY_COPIES) \
    COLUMN(dup_paragraph_fraction, NEED_ANY_COPIES | NEED_PARAGRAPH_COPIES) \
    COLUMN(dup_paragraph_char_fraction, NEED_ANY_COPIES | NEED_PARAGRAPH_COPIES) \
    COLUMN(top_2gram_char_fraction, NEED_WORDS | NEED_TOP) \
    COLUMN(top_3gram_char_fraction, NEED_WORDS | NEED_TOP) \
    COLUMN(top_4gram_char_fraction, NEED_WORDS | NEED_TOP) \
    COLUMN(dup_5gram_char_fraction, NEED_WORDS | NEED_COPIES) \
    COLUMN(dup_6gram_char_fraction, NEED_WORDS | NEED_COPIES) \
    COLUMN(dup_7gram_char_fraction, NEED_WORDS | NEED_COPIES) \
    COLUMN(dup_8gram_char_fraction, NEED_WORDS | NEED_COPIES) \
    COLUMN(dup_9gram_char_fraction, NEED_WORDS | NEED_COPIES) \
    COLUMN(dup_10gram_char_fraction, NEED_WORDS | NEED_COPIES) \
    COLUMN(sentence_count, NEED_SPACED | NEED_SENTENCES | NEED_ALL_LINES) \
    COLUMN(opening_brace_count, NEED_DESCRIBED) \
    COLUMN(lorem_ipsum_count, NEED_SPACED | NEED_LOREM_IPSUM) \
    COLUMN(longest_word_length, NEED_SPACED | NEED_LONGEST) \
    COLUMN(long_line_count, NEED_LINES) \
    COLUMN(terminal_line_fraction, NEED_LINES) \
    COLUMN(short_line_fraction, NEED_LINES) \
    COLUMN(dup_line_inner_char_fraction, NEED_ANY_COPIES) \
    COLUMN(newline_to_word_ratio, NEED_WORDS) \
    COLUMN(plain_word_count, NEED_WORDS | NEED_PLAIN) \
    COLUMN(mean_plain_word_length, NEED_WORDS | NEED_PLAIN) \
    COLUMN(bare_word_count, NEED_LOOKED_UP) \
    COLUMN(char_10gram_repetition_ratio, NEED_RUNS) \
    COLUMN(word_5gram_repetition_ratio, NEED_LOOKED_UP | NEED_BARE_COPIES) \
    COLUMN(special_char_fraction, NEED_DESCRIBED) \
    COLUMN(stop_word_fraction, NEED_LOOKED_UP) \
    COLUMN(flagged_word_fraction, NEED_LOOKED_UP) \
    COLUMN(flagged_word_count, NEED_LOOKED_UP) \
    COLUMN(distinct_flagged_word_count, NEED_LOOKED_UP) \
    COLUMN(char_count, 0) \
    COLUMN(typical_line_length, NEED_ALL_LINES) \
    COLUMN(typical_line_word_count, NEED_SPACED | NEED_ALL_LINES) \
    COLUMN(digit_fraction, NEED_DESCRIBED) \
    COLUMN(ellipsis_char_to_word_ratio, NEED_WORDS) \
    COLUMN(stop_token_count, NEED_SPACED | NEED_TOKENS) \
    COLUMN(stop_token_fraction, NEED_SPACED | NEED_TOKENS) \
    COLUMN(quote_bullet_line_count, NEED_LINES) \
    COLUMN(quote_bullet_line_fraction, NEED_LINES) \
    COLUMN(ellipsis_char_line_count, NEED_LINES) \
    COLUMN(ellipsis_char_line_fraction, NEED_LINES) \
    COLUMN(all_dup_line_fraction, NEED_ANY_COPIES | NEED_STRIPPED_COPIES) \
    COLUMN(all_dup_line_char_fraction, NEED_ANY_COPIES | NEED_STRIPPED_COPIES) \
    COLUMN(all_dup_paragraph_fraction, NEED_ANY_COPIES | NEED_PARAGRAPH_COPIES) \
    COLUMN(all_dup_paragraph_char_fraction, NEED_ANY_COPIES | NEED_PARAGRAPH_COPIES) \
    COLUMN(top_2gram_count, NEED_WORDS | NEED_TOP) \
    COLUMN(top_3gram_count, NEED_WORDS | NEED_TOP) \
    COLUMN(top_4gram_count, NEED_WORDS | NEED_TOP) \
    COLUMN(all_dup_5gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(all_dup_6gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(all_dup_7gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(all_dup_8gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(all_dup_9gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(all_dup_10gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(dup_5gram_char_fraction_as_published, NEED_SPACED | NEED_PUBLISHED) \
    COLUMN(char_10gram_repetition_ratio_as_published, NEED_RUNS) \
    COLUMN(alpha_plain_word_fraction, NEED_WORDS | NEED_PLAIN) \
    COLUMN(dash_star_line_count, NEED_LINES) \
    COLUMN(dash_star_line_fraction, NEED_LINES) \
    COLUMN(ellipsis_line_count, NEED_LINES) \
    COLUMN(copied_5gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(copied_6gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(copied_7gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(copied_8gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(copied_9gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(copied_10gram_char_fraction, NEED_WORDS | NEED_COPIES | NEED_COVERED) \
    COLUMN(letter_piece_count, NEED_DESCRIBED) \
    COLUMN(long_piece_count, NEED_DESCRIBED) \
    COLUMN(longest_plain_word_length, NEED_SPACED | NEED_LONGEST) \
    COLUMN(brace_count, NEED_DESCRIBED) \
    COLUMN(replacement_char_count, NEED_DESCRIBED) \
    COLUMN(end_sign_count, NEED_DESCRIBED)

enum {
#define NUMBER(name, needs) COLUMN_##name,
    EACH_COLUMN(NUMBER)
#undef NUMBER
    COLUMN_COUNT
};

#define NAME(name, needs) #name,
static const char *const COLUMN_NAMES[COLUMN_COUNT] = {EACH_COLUMN(NAME)};
#undef NAME

#define NEEDS(name, needs) needs,
static const unsigned COLUMN_NEEDS[COLUMN_COUNT] = {EACH_COLUMN(NEEDS)};
#undef NEEDS

#endif
