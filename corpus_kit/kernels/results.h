/* What was counted in a text, and the numbers of the columns that it makes, as corpus_kit/metrics/ has them. */

#ifndef CORPUS_KIT_RESULTS_H
#define CORPUS_KIT_RESULTS_H

#include <math.h>

#include "facts.h"
#include "ngrams.h"
#include "reader.h"
#include "runs.h"

/* What was counted in one text. */
typedef struct {
    CharacterCounts characters;
    LineCounts lines;
    size_t words, spaced_words, bare_words;
    Totals of_words, of_spaced;
    uint64_t bare_stop_words, bare_flagged_words, distinct_flagged_words;
    uint64_t sentences, lorem_ipsum, published, repeated_bare_fives;
    Copies lines_copied, lines_repeated, paragraphs_copied, paragraphs_repeated;
    double typical_length, typical_words;
    NgramCounts ngrams;
    RunCounts runs;
} Measured;

static inline double ratio(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0.0;
}

#define RESULT(name) results[COLUMN_##name]

static inline void find_word_results(const Measured *measured, uint32_t knows, double *results)
{
    const Totals *of_words = &measured->of_words, *of_spaced = &measured->of_spaced;
    const CharacterCounts *characters = &measured->characters;
    uint64_t words = measured->words;
    RESULT(word_count) = (double)words;
    RESULT(mean_word_length) = ratio(of_words->characters, words);
    RESULT(hash_to_word_ratio) = ratio(characters->hashes, words);
    RESULT(ellipsis_to_word_ratio) = ratio(characters->dots + characters->ellipses, words);
    RESULT(ellipsis_char_to_word_ratio) = ratio(characters->ellipses, words);
    RESULT(newline_to_word_ratio) = ratio(characters->newlines, words);
    RESULT(alpha_word_fraction) = ratio(of_words->with_letter, words);
    RESULT(stop_word_count) = knows & STOP_WORD ? (double)of_words->stop_words : NAN;
    RESULT(plain_word_count) = (double)of_words->plain;
    RESULT(mean_plain_word_length) = ratio(of_words->plain_characters, of_words->plain);
    RESULT(alpha_plain_word_fraction) = ratio(of_words->plain_with_letter, of_words->plain);
    RESULT(longest_word_length) = of_spaced->longest;
    RESULT(longest_plain_word_length) = of_spaced->longest_plain;
    RESULT(letter_piece_count) = (double)of_spaced->letter_pieces;
    RESULT(long_piece_count) = (double)of_spaced->long_pieces;
    RESULT(stop_token_count) = knows & STOP_WORD ? (double)of_spaced->stop_tokens : NAN;
    RESULT(stop_token_fraction) = knows & STOP_WORD ? ratio(of_spaced->stop_tokens, measured->spaced_words) : NAN;
    RESULT(bare_word_count) = (double)measured->bare_words;
    RESULT(stop_word_fraction) = knows & STOP_WORD ? ratio(measured->bare_stop_words, measured->bare_words) : NAN;
    int flagged = (knows & FLAGGED_WORD) != 0;
    RESULT(flagged_word_fraction) = flagged ? ratio(measured->bare_flagged_words, measured->bare_words) : NAN;
    RESULT(flagged_word_count) = flagged ? (double)measured->bare_flagged_words : NAN;
    RESULT(distinct_flagged_word_count) = flagged ? (double)measured->distinct_flagged_words : NAN;
}

static inline void find_character_results(const Measured *measured, double *results)
{
    const Totals *of_spaced = &measured->of_spaced;
    uint64_t characters = measured->characters.characters, spaces = characters - of_spaced->characters;
    RESULT(char_count) = (double)characters;
    RESULT(special_char_fraction) = ratio(spaces + of_spaced->special, characters);
    RESULT(digit_fraction) = ratio(of_spaced->digits, characters);
    RESULT(end_sign_count) = (double)of_spaced->end_signs;
    RESULT(brace_count) = (double)of_spaced->braces;
    RESULT(opening_brace_count) = (double)of_spaced->opening_braces;
    RESULT(replacement_char_count) = (double)of_spaced->replacements;
    RESULT(lorem_ipsum_count) = (double)measured->lorem_ipsum;
    RESULT(char_10gram_repetition_ratio) = ratio(measured->runs.in_top, measured->runs.all);
    RESULT(char_10gram_repetition_ratio_as_published) = ratio(measured->runs.in_top_as_published, measured->runs.all);
}

static inline void find_line_results(const Measured *measured, double *results)
{
    const LineCounts *lines = &measured->lines;
    uint64_t characters = measured->characters.characters, newlines = measured->characters.newlines;
    uint64_t ellipses = lines->ends_in_dots + lines->ends_in_ellipsis;
    RESULT(bullet_line_fraction) = ratio(lines->dash_bullets, lines->count);
    RESULT(quote_bullet_line_count) = (double)lines->quote_bullets;
    RESULT(quote_bullet_line_fraction) = ratio(lines->quote_bullets, lines->count);
    RESULT(dash_star_line_count) = (double)lines->dash_stars;
    RESULT(dash_star_line_fraction) = ratio(lines->dash_stars, lines->count);
    RESULT(ellipsis_line_count) = (double)ellipses;
    RESULT(ellipsis_line_fraction) = ratio(ellipses, lines->count);
    RESULT(ellipsis_char_line_count) = (double)lines->ends_in_ellipsis;
    RESULT(ellipsis_char_line_fraction) = ratio(lines->ends_in_ellipsis, lines->count);
    RESULT(terminal_line_fraction) = ratio(lines->ends_in_mark, lines->count);
    RESULT(short_line_fraction) = ratio(lines->short_lines, lines->count);
    RESULT(long_line_count) = (double)lines->long_lines;
    RESULT(sentence_count) = (double)measured->sentences;
    RESULT(typical_line_length) = measured->typical_length;
    RESULT(typical_line_word_count) = measured->typical_words;
    RESULT(dup_line_fraction) = ratio(measured->lines_copied.items, lines->count);
    RESULT(dup_line_char_fraction) = ratio(measured->lines_copied.characters, characters);
    RESULT(dup_line_inner_char_fraction) = ratio(measured->lines_copied.characters, characters - newlines);
    RESULT(dup_paragraph_fraction) = ratio(measured->paragraphs_copied.items, lines->paragraph_count);
    RESULT(dup_paragraph_char_fraction) = ratio(measured->paragraphs_copied.characters, characters);
    RESULT(all_dup_line_fraction) = ratio(measured->lines_repeated.items, lines->count);
    RESULT(all_dup_line_char_fraction) = ratio(measured->lines_repeated.characters, characters);
    RESULT(all_dup_paragraph_fraction) = ratio(measured->paragraphs_repeated.items, lines->paragraph_count);
    RESULT(all_dup_paragraph_char_fraction) = ratio(measured->paragraphs_repeated.characters, characters);
}

static inline void find_ngram_results(const Measured *measured, double *results)
{
    const NgramCounts *ngrams = &measured->ngrams;
    uint64_t characters = measured->characters.characters;
    for (size_t n = 2; n < NUMBERED_NGRAM; n++) {
        results[COLUMN_top_2gram_char_fraction + n - 2] = ratio(ngrams->top_characters[n], characters);
        results[COLUMN_top_2gram_count + n - 2] = (double)ngrams->top_count[n];
    }
    for (size_t n = NUMBERED_NGRAM; n <= LARGEST_NGRAM; n++) {
        results[COLUMN_dup_5gram_char_fraction + n - NUMBERED_NGRAM] = ratio(ngrams->passed[n], characters);
        results[COLUMN_all_dup_5gram_char_fraction + n - NUMBERED_NGRAM] = ratio(ngrams->covered[n], characters);
        results[COLUMN_copied_5gram_char_fraction + n - NUMBERED_NGRAM] = ratio(ngrams->copied[n], characters);
    }
    RESULT(dup_5gram_char_fraction_as_published) = ratio(measured->published, characters);
    uint64_t fives = measured->bare_words < NUMBERED_NGRAM ? 0 : measured->bare_words - NUMBERED_NGRAM + 1;
    RESULT(word_5gram_repetition_ratio) = ratio(measured->repeated_bare_fives, fives);
}

/* All columns; those that were not asked for mean nothing. `knows` is which lists the language has. */
static inline void find_results(const Measured *measured, uint32_t knows, double *results)
{
    find_word_results(measured, knows, results);
    find_character_results(measured, results);
    find_line_results(measured, results);
    find_ngram_results(measured, results);
}

#undef RESULT

#endif
