/* Where n-grams of one document may repeat: a table of counters by hash, in which two n-grams may share one. So it lets
 * some through that do not repeat, but drops none that does, at a fraction of the cost of an exact count. */

#ifndef CORPUS_KIT_SIEVE_H
#define CORPUS_KIT_SIEVE_H

#include "grams.h"

/* An empty sieve for so many places; `*shift` takes the hashes to its counters. */
static inline uint16_t *clear_sieve(Grams *grams, size_t places, unsigned *shift)
{
    unsigned bits = 65 - (unsigned)__builtin_clzll(places | 32);
    uint16_t *sieve = grow(grams->sieve, &grams->sieve_capacity, (size_t)1 << bits, sizeof *sieve);
    if (!sieve)
        return NULL;
    grams->sieve = sieve;
    *shift = 32 - bits;
    memset(sieve, 0, sizeof *sieve << bits);
    return sieve;
}

/* Counts by 0 or 1, up to the most a counter can hold; that many can be `reached` in long texts only. */
ALWAYS_INLINE void count_up(uint16_t *counter, uint16_t by, int reached)
{
    *counter = (uint16_t)(*counter + (reached && *counter == UINT16_MAX ? 0 : by));
}

/* Keeps the places counted more than once; `*most` becomes the highest count. */
ALWAYS_INLINE void keep_sieved(Grams *grams, const uint16_t *sieve, unsigned shift, size_t count, uint32_t *most)
{
    uint32_t *places = grams->places.items, *hashes = grams->numbers.items, highest = 1;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = hashes[i], seen = sieve[hash >> shift];
        places[kept] = places[i];
        hashes[kept] = hash;
        highest = seen > highest ? seen : highest;
        kept += seen > 1;
    }
    grams->place_count = kept;
    *most = highest;
}

/* Sieves 2-grams of words that both repeat. There are no branches to mispredict. */
ALWAYS_INLINE size_t sieve_words(Grams *grams, const uint32_t *words, size_t count, const Word *known, unsigned shift,
                                 int reached)
{
    uint16_t *sieve = grams->sieve;
    uint32_t *places = grams->places.items, *hashes = grams->numbers.items, last = words[0];
    uint16_t repeated = known[last].count > 1;
    size_t likely = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        uint32_t word = words[i + 1], hash = (uint32_t)(hash_pair(last, word) >> 32);
        uint16_t next = known[word].count > 1, both = repeated & next;
        count_up(sieve + (hash >> shift), both, reached);
        places[likely] = (uint32_t)i;
        hashes[likely] = hash;
        likely += both;
        repeated = next;
        last = word;
    }
    return likely;
}

FOR_EACH_CPU
static Status sieve_pairs(Grams *grams, const uint32_t *words, size_t count, const Word *known, unsigned *shift,
                          uint32_t *most)
{
    uint16_t *sieve = clear_sieve(grams, count, shift);
    if (!sieve || reserve_numbers(&grams->places, count) != KERNEL_OK ||
        reserve_numbers(&grams->numbers, count) != KERNEL_OK)
        return KERNEL_NO_MEMORY;
    size_t likely = count < UINT16_MAX ? sieve_words(grams, words, count, known, *shift, 0)
                                       : sieve_words(grams, words, count, known, *shift, 1);
    keep_sieved(grams, sieve, *shift, likely, most);
    return KERNEL_OK;
}

/* Sieves 5-grams at once, which is faster where nobody asks for shorter ones. Counters need to count to two only, so
 * there is space for more of them: 0, 1, 3, 3, ... */
FOR_EACH_CPU
static Status sieve_fives(Grams *grams, const uint32_t *words, size_t count)
{
    unsigned shift;
    uint8_t *sieve = (uint8_t *)clear_sieve(grams, 2 * count, &shift);
    if (!sieve || reserve_numbers(&grams->places, count) != KERNEL_OK ||
        reserve_numbers(&grams->numbers, count) != KERNEL_OK)
        return KERNEL_NO_MEMORY;
    shift -= sizeof *grams->sieve - sizeof *sieve;
    uint32_t *places = grams->places.items, *hashes = grams->numbers.items;
    uint64_t factor = MURMUR_1, leaving = factor * factor * factor * factor, hash = 0; /* of the first word of five */
    for (size_t i = 0; i < NUMBERED_NGRAM - 1; i++)
        hash = hash * factor + words[i];
    size_t grams_there_are = count - NUMBERED_NGRAM + 1, kept = 0;
    for (size_t i = 0; i < grams_there_are; i++) {
        hash = hash * factor + words[i + NUMBERED_NGRAM - 1];
        hashes[i] = (uint32_t)(hash >> 32);
        uint8_t *counter = sieve + (hashes[i] >> shift);
        *counter |= (uint8_t)(1 << (*counter & 1));
        hash -= words[i] * leaving;
    }
    for (size_t i = 0; i < grams_there_are; i++) {
        uint32_t own = hashes[i];
        places[kept] = (uint32_t)i;
        hashes[kept] = own;
        kept += sieve[own >> shift] >> 1;
    }
    grams->place_count = kept;
    return KERNEL_OK;
}

/* Takes the places of (n-1)-grams that may repeat to those where two are neighbors, with the hashes of the n-grams. */
ALWAYS_INLINE size_t join_neighbors(Grams *grams, size_t n, const uint32_t *words)
{
    uint32_t *places = grams->places.items, *hashes = grams->numbers.items;
    size_t made = 0;
    for (size_t i = 0; i + 1 < grams->place_count; i++) {
        uint32_t place = places[i];
        uint32_t hash = (uint32_t)(hash_pair(hashes[i], words[place + n - 1]) >> 32);
        size_t joined = places[i + 1] == place + 1;
        places[made] = place;
        hashes[made] = hash;
        made += joined;
    }
    return made;
}

FOR_EACH_CPU
static Status sieve_neighbors(Grams *grams, size_t n, const uint32_t *words, unsigned *shift, uint32_t *most)
{
    size_t count = join_neighbors(grams, n, words);
    uint16_t *sieve = clear_sieve(grams, count, shift);
    if (!sieve)
        return KERNEL_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        count_up(sieve + (grams->numbers.items[i] >> *shift), 1, 1);
    keep_sieved(grams, sieve, *shift, count, most);
    return KERNEL_OK;
}

/* --- The most frequent n-gram ------------------------------------------------------------------------------------ */

/* Counts the n-grams whose counters show at least `least`: how often the most frequent of them occurs, and where the
 * first such one begins. */
FOR_EACH_CPU
static Status count_frequent(Grams *grams, size_t n, const uint32_t *words, unsigned shift, uint32_t least,
                                    uint32_t *count, size_t *first)
{
    uint64_t keys[NGRAM_BATCH];
    uint32_t places[NGRAM_BATCH], numbers[NGRAM_BATCH];
    Status status = clear_grams(grams, 0);
    for (size_t i = 0; i < grams->place_count && status == KERNEL_OK;) {
        size_t found = 0;
        for (; i < grams->place_count && found < NGRAM_BATCH; i++) {
            uint32_t hash = grams->numbers.items[i];
            keys[found] = hash;
            places[found] = grams->places.items[i];
            found += grams->sieve[hash >> shift] >= least;
        }
        status = reserve_grams(grams, found);
        if (status == KERNEL_OK)
            number_grams(grams, keys, n, words, places, found, numbers);
    }
    *count = 1;
    *first = 0;
    for (size_t i = 0; i < grams->count && status == KERNEL_OK; i++) {
        if (grams->items[i].count > *count) {
            *count = grams->items[i].count;
            *first = grams->items[i].first;
        }
    }
    return status;
}

/* The most frequent n-gram. None occurs more than `most` times, the highest counter of the sieve, and what a counter
 * shows is too high only where n-grams share it; so it is enough to count those whose counters are high enough. */
static inline Status find_top(Grams *grams, size_t n, const uint32_t *words, unsigned shift, uint32_t most,
                              uint32_t *count, size_t *first)
{
    *count = 1;
    *first = 0;
    if (most < 2)
        return KERNEL_OK;
    Status status = count_frequent(grams, n, words, shift, most, count, first);
    if (status != KERNEL_OK || *count >= most || most == 2)
        return status;
    return count_frequent(grams, n, words, shift, *count > 2 ? *count : 2, count, first);
}

#endif
