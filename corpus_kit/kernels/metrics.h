/* Every metric about each of many texts, in one pass over each. What they mean is said, in Python, in corpus_kit/doc.py
 * and corpus_kit/metrics/; the numbers are the same to the last bit.
 *
 * A text that is not UTF-8 is measured as Python's bytes.decode(errors="replace") gives it. */

#ifndef CORPUS_KIT_METRICS_H
#define CORPUS_KIT_METRICS_H

#include "arrow.h"
#include "published.h"
#include "results.h"
#include "segments.h"
#include "typical.h"

#define LONGEST_TEXT INT32_MAX /* bytes: positions and numbers take 32 bits, and some of them twice as many bytes */

/* What is asked for. */
typedef struct {
    size_t columns[COLUMN_COUNT]; /* their numbers, as many as are asked for */
    size_t column_count;
    int is_unicode; /* whether the words of the document are those of UAX #29 */
    int level;      /* the highest level of the instruction set to use */
} Request;

/* What one call reuses for all its texts. */
typedef struct {
    unsigned needs;
    int is_unicode;
    Level level;
    Vocabulary spaced, segmented;
    Layout layout;
    Spans stripped;
    uint64_t ascii_facts[ASCII_CHARACTERS];
    BareWords bare;
    Grams grams;
    Published published;
    Runs runs;
    uint8_t *repaired;
    size_t repaired_capacity;
    WordBatch batch;
} Scratch;

static inline void free_scratch(Scratch *scratch)
{
    free_vocabulary(&scratch->spaced);
    free_vocabulary(&scratch->segmented);
    free_layout(&scratch->layout);
    free_spans(&scratch->stripped);
    free_bare_words(&scratch->bare);
    free_grams(&scratch->grams);
    free_spans(&scratch->published.copies);
    free_runs(&scratch->runs);
    free(scratch->repaired);
}

ALWAYS_INLINE int wants(const Scratch *scratch, unsigned need)
{
    return (scratch->needs & need) != 0;
}

/* Whether the words between whitespace are needed: as such, or because they are the words of the document. */
ALWAYS_INLINE int wants_spaced(const Scratch *scratch)
{
    return wants(scratch, NEED_SPACED) || (wants(scratch, NEED_WORDS) && !scratch->is_unicode);
}

/* --- Reading ----------------------------------------------------------------------------------------------------- */

static inline Status read_once(Scratch *scratch, const uint8_t *text, size_t length, Measured *measured, int *is_valid)
{
    Layout *layout = &scratch->layout;
    layout->wants_copies = wants(scratch, NEED_LINE_COPIES);
    layout->wants_paragraphs = wants(scratch, NEED_PARAGRAPH_COPIES);
    layout->wants_records = wants(scratch, NEED_LINE_RECORDS);
    Status status = clear_layout(layout, length);
    if (status == KERNEL_OK && wants_spaced(scratch))
        status = clear_vocabulary(&scratch->spaced, length, length / 2 + 1, wants(scratch, NEED_PUBLISHED));
    Reader reader = {
        .text = text,
        .length = length,
        .level = scratch->level,
        .vocabulary = wants_spaced(scratch) ? &scratch->spaced : NULL,
        .layout = wants(scratch, NEED_LINES) ? layout : NULL,
        .batch = &scratch->batch,
        .is_valid = 1,
        .was_space = 1,
    };
    if (status == KERNEL_OK)
        status = read_text(&reader);
    *is_valid = reader.is_valid;
    measured->characters = reader.counts;
    measured->lines = layout->counts;
    return status;
}

/* Reads a text; if it is not UTF-8, its repaired form takes its place. */
static inline Status read_or_repair(Scratch *scratch, const uint8_t **text, size_t *length, Measured *measured)
{
    int is_valid;
    if (*length > LONGEST_TEXT)
        return KERNEL_TOO_LONG;
    Status status = read_once(scratch, *text, *length, measured, &is_valid);
    if (status != KERNEL_OK || is_valid)
        return status;
    uint8_t *repaired = grow(scratch->repaired, &scratch->repaired_capacity, 3 * *length, 1);
    if (!repaired)
        return KERNEL_NO_MEMORY;
    scratch->repaired = repaired;
    *length = replace_invalid(*text, *length, repaired);
    *text = repaired;
    if (*length > LONGEST_TEXT)
        return KERNEL_TOO_LONG;
    return read_once(scratch, *text, *length, measured, &is_valid);
}

/* --- Counting ---------------------------------------------------------------------------------------------------- */

static inline Status count_words(Scratch *scratch, const uint8_t *text, size_t length, const WordList *list,
                                 Measured *measured)
{
    const unsigned of_words = NEED_LISTED | NEED_PLAIN; /* what is asked of the words of the document only */
    Describer describer = {text, scratch->needs, list, scratch->ascii_facts, &scratch->bare, &measured->of_spaced};
    Status status = KERNEL_OK;
    if (wants_spaced(scratch)) {
        if (scratch->is_unicode)
            describer.needs &= ~of_words;
        if (wants(scratch, NEED_BARE))
            status = clear_words(&scratch->bare.words, roomy(scratch->spaced.words.count + 1));
        scratch->bare.text_size = 0;
        if (status == KERNEL_OK)
            status = describe_words(&scratch->spaced.words, &describer);
        measured->spaced_words = scratch->spaced.count;
    }
    measured->words = measured->spaced_words;
    measured->of_words = measured->of_spaced;
    if (!scratch->is_unicode || !wants(scratch, NEED_WORDS) || status != KERNEL_OK)
        return status;
    status = clear_vocabulary(&scratch->segmented, length, length + 1, 0);
    if (status == KERNEL_OK)
        status = find_segments(&scratch->segmented, &scratch->batch, text, length);
    describer.needs = scratch->needs & of_words;
    describer.totals = &measured->of_words;
    measured->words = scratch->segmented.count;
    return status == KERNEL_OK ? describe_words(&scratch->segmented.words, &describer) : status;
}

static inline void count_bare_words(const BareWords *bare, Measured *measured)
{
    for (size_t i = 0; i < bare->words.count; i++) {
        const Word *word = bare->words.items + i;
        measured->bare_words += word->count;
        measured->bare_stop_words += word->flags & STOP_WORD ? word->count : 0;
        measured->bare_flagged_words += word->flags & FLAGGED_WORD ? word->count : 0;
        measured->distinct_flagged_words += (word->flags & FLAGGED_WORD) != 0;
    }
}

static inline Status count_bare_fives(Scratch *scratch, Measured *measured)
{
    BareWords *bare = &scratch->bare;
    Status status = list_bare_words(bare, scratch->spaced.numbers.items, scratch->spaced.count);
    if (status == KERNEL_OK)
        status = find_fives_only(&scratch->grams, bare->numbers.items, bare->count);
    measured->repeated_bare_fives = scratch->grams.place_count;
    return status;
}

/* The n-grams of the words of the document; and the 5-grams of those between whitespace, mostly the same. */
static inline Status count_ngrams(Scratch *scratch, const uint8_t *text, size_t length, Measured *measured)
{
    const unsigned needs = NEED_TOP | NEED_COPIES | NEED_COVERED;
    const Vocabulary *words = scratch->is_unicode ? &scratch->segmented : &scratch->spaced;
    Status status = KERNEL_OK;
    if (wants(scratch, NEED_PUBLISHED)) {
        const Vocabulary *spaced = &scratch->spaced;
        status = find_fives(&scratch->grams, spaced->numbers.items, spaced->count, spaced->words.items,
                            words == spaced && wants(scratch, NEED_TOP), &measured->ngrams);
        if (status == KERNEL_OK)
            status = count_published(&scratch->published, &scratch->grams, spaced, text, length, &measured->published);
    }
    if (!wants(scratch, needs) || status != KERNEL_OK)
        return status;
    if (!wants(scratch, NEED_PUBLISHED) || scratch->is_unicode)
        status = find_fives(&scratch->grams, words->numbers.items, words->count, words->words.items,
                            wants(scratch, NEED_TOP), &measured->ngrams);
    if (status == KERNEL_OK && wants(scratch, NEED_COPIES))
        status = measure_copies(&scratch->grams, words->numbers.items, words->words.items,
                                wants(scratch, NEED_COVERED), &measured->ngrams);
    return status;
}

static inline Status count_lines(Scratch *scratch, const uint8_t *text, size_t length, Measured *measured)
{
    Layout *layout = &scratch->layout;
    Status status = KERNEL_OK;
    if (wants(scratch, NEED_SENTENCES))
        measured->sentences = count_sentences(layout, scratch->spaced.numbers.items, scratch->spaced.words.items);
    if (wants(scratch, NEED_LINE_COPIES))
        measured->lines_copied = count_copies(&layout->distinct, 0);
    if (wants(scratch, NEED_PARAGRAPH_COPIES)) {
        measured->paragraphs_copied = count_copies(&layout->paragraphs, 0);
        measured->paragraphs_repeated = count_copies(&layout->paragraphs, 1);
    }
    if (wants(scratch, NEED_STRIPPED_COPIES)) {
        status = strip_lines(&layout->distinct, text, length, &scratch->stripped);
        measured->lines_repeated = count_copies(&scratch->stripped, 1);
    }
    if (wants(scratch, NEED_LINE_RECORDS)) {
        uint32_t *ends = layout->word_ends.items;
        for (size_t i = layout->counts.count; i-- > 1;)
            ends[i] -= ends[i - 1];
        measured->typical_words = mean_and_median(ends, layout->counts.count);
        measured->typical_length = mean_and_median(layout->lengths.items, layout->counts.count);
    }
    return status;
}

static inline Status count_text(Scratch *scratch, const uint8_t *text, size_t length, const WordList *list,
                                Measured *measured)
{
    Status status = read_or_repair(scratch, &text, &length, measured);
    if (status == KERNEL_OK)
        status = count_words(scratch, text, length, list, measured);
    if (status == KERNEL_OK)
        status = count_lines(scratch, text, length, measured);
    if (status == KERNEL_OK)
        status = count_ngrams(scratch, text, length, measured);
    if (status == KERNEL_OK && wants(scratch, NEED_BARE))
        count_bare_words(&scratch->bare, measured);
    if (status == KERNEL_OK && wants(scratch, NEED_BARE_COPIES))
        status = count_bare_fives(scratch, measured);
    if (status == KERNEL_OK && wants(scratch, NEED_LOREM_IPSUM))
        measured->lorem_ipsum = count_lorem_ipsum(&scratch->spaced.words, text, length);
    if (status == KERNEL_OK && wants(scratch, NEED_RUNS))
        status = count_runs(&scratch->runs, text, length, measured->characters.characters, scratch->level.hash_tens,
                            &measured->runs);
    return status;
}

/* Fills `out`, for each column one number a text. `which` (int64) says for each text which of the lists are its own. */
static inline Status measure_texts(const LargeArray *texts, const WordList *lists, size_t list_count,
                                   const uint8_t *which, const Request *request, double *out)
{
    Scratch *scratch = calloc(1, sizeof *scratch);
    Status status = scratch ? KERNEL_OK : KERNEL_NO_MEMORY;
    if (status == KERNEL_OK) {
        scratch->is_unicode = request->is_unicode;
        scratch->level = choose_level(request->level);
        list_ascii_facts(scratch->ascii_facts);
        for (size_t i = 0; i < request->column_count; i++)
            scratch->needs |= COLUMN_NEEDS[request->columns[i]];
    }
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        int64_t list = read_int64(which, i);
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK && (list < 0 || (uint64_t)list >= list_count))
            status = KERNEL_BAD_INDEX;
        if (status != KERNEL_OK)
            break;
        Measured measured = {0};
        status = count_text(scratch, texts->items + row.begin, row.count, lists + list, &measured);
        if (status != KERNEL_OK)
            break;
        double results[COLUMN_COUNT];
        find_results(&measured, lists[list].knows, results);
        for (size_t k = 0; k < request->column_count; k++)
            out[k * texts->length + i] = results[request->columns[k]];
    }
    if (scratch)
        free_scratch(scratch);
    free(scratch);
    return status;
}

#endif
