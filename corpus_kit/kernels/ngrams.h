/* Repeated n-grams of one document: what the metrics of repetition count. */

#ifndef CORPUS_KIT_NGRAMS_H
#define CORPUS_KIT_NGRAMS_H

#include "sieve.h"

/* By order. */
typedef struct {
    uint64_t top_count[NUMBERED_NGRAM], top_characters[NUMBERED_NGRAM]; /* of the most frequent n-gram, all together */
    uint64_t passed[LARGEST_NGRAM + 1];  /* characters of copies, each passed over as a whole */
    uint64_t covered[LARGEST_NGRAM + 1]; /* characters under n-grams that repeat */
    uint64_t copied[LARGEST_NGRAM + 1];  /* characters under those that repeat an earlier one */
} NgramCounts;

static inline uint64_t characters_of(const uint32_t *words, size_t count, const Word *known)
{
    uint64_t characters = 0;
    for (size_t i = 0; i < count; i++)
        characters += known[words[i]].characters;
    return characters;
}

/* dup_ngram_fraction of metrics/repetition.py. The counts of the n-grams are no longer needed: they become 0 where one
 * was read. */
FOR_EACH_CPU
static uint64_t count_passed(Grams *grams, size_t n, const uint32_t *words, const Word *known)
{
    uint64_t characters = 0;
    size_t next = 0;
    for (size_t i = 0; i < grams->place_count; i++) {
        size_t place = grams->places.items[i];
        Gram *gram = grams->items + grams->numbers.items[i];
        if (place < next)
            continue;
        if (gram->count == 0) {
            characters += characters_of(words + place, n, known);
            next = place + n;
        }
        gram->count = 0;
    }
    return characters;
}

/* covered_fraction of metrics/nordic_pile_repetition.py, of all occurrences and without the first of each. */
FOR_EACH_CPU
static void count_covered(const Grams *grams, size_t n, const uint32_t *words, const Word *known,
                                 uint64_t *covered, uint64_t *copied)
{
    size_t end = 0, copied_end = 0;
    for (size_t i = 0; i < grams->place_count; i++) {
        size_t place = grams->places.items[i], begin = place > end ? place : end;
        *covered += characters_of(words + begin, place + n - begin, known) + (place + n - begin) - (begin == place);
        end = place + n;
        if (grams->items[grams->numbers.items[i]].first == place)
            continue;
        begin = place > copied_end ? place : copied_end;
        *copied += characters_of(words + begin, place + n - begin, known) + (place + n - begin) - (begin == place);
        copied_end = place + n;
    }
}

/* The most frequent n-grams of orders 2 to 4, if `wants_top`, and the numbers of the 5-grams that repeat. */
static inline Status find_fives(Grams *grams, const uint32_t *words, size_t count, const Word *known, int wants_top,
                                NgramCounts *counts)
{
    unsigned shift;
    uint32_t most, times;
    size_t first;
    grams->place_count = 0;
    for (size_t n = 2; n < NUMBERED_NGRAM && n <= count; n++) {
        Status status = n == 2 ? sieve_pairs(grams, words, count, known, &shift, &most)
                               : sieve_neighbors(grams, n, words, &shift, &most);
        if (status == KERNEL_OK && wants_top) {
            status = find_top(grams, n, words, shift, most, &times, &first);
            counts->top_count[n] = times;
            counts->top_characters[n] = (characters_of(words + first, n, known) + n - 1) * times;
        }
        if (status != KERNEL_OK)
            return status;
    }
    if (count < NUMBERED_NGRAM)
        grams->place_count = 0;
    else
        grams->place_count = join_neighbors(grams, NUMBERED_NGRAM, words);
    Status status = clear_grams(grams, grams->place_count);
    return status == KERNEL_OK ? count_hashed(grams, words) : status;
}

/* The 5-grams that repeat; nothing else is known of the words. */
static inline Status find_fives_only(Grams *grams, const uint32_t *words, size_t count)
{
    grams->place_count = 0;
    if (count < NUMBERED_NGRAM)
        return KERNEL_OK;
    Status status = sieve_fives(grams, words, count);
    if (status == KERNEL_OK)
        status = clear_grams(grams, grams->place_count);
    return status == KERNEL_OK ? count_hashed(grams, words) : status;
}

/* What repeats of orders 5 to 10; the 5-grams have been found. */
static inline Status measure_copies(Grams *grams, const uint32_t *words, const Word *known, int wants_covered,
                                    NgramCounts *counts)
{
    for (size_t n = NUMBERED_NGRAM; grams->place_count; n++) {
        if (wants_covered)
            count_covered(grams, n, words, known, &counts->covered[n], &counts->copied[n]);
        counts->passed[n] = count_passed(grams, n, words, known);
        if (n == LARGEST_NGRAM)
            break;
        Status status = clear_grams(grams, grams->place_count);
        if (status == KERNEL_OK)
            status = count_neighbors(grams, words);
        if (status != KERNEL_OK)
            return status;
    }
    return KERNEL_OK;
}

#endif
