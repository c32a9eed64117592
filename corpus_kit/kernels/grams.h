/* N-grams of one document as numbers, counted exactly.
 *
 * An n-gram can only repeat if both (n-1)-grams it consists of do: of every order, only the places where an n-gram may
 * repeat are kept, and few are left soon. */

#ifndef CORPUS_KIT_GRAMS_H
#define CORPUS_KIT_GRAMS_H

#include "words.h"

#define LARGEST_NGRAM 10
#define NUMBERED_NGRAM 5 /* shorter ones are sieved: sieve.h */
#define NGRAM_BATCH 512  /* places looked at between two checks for room */

/* A distinct n-gram. Those of one document and order are numbered as they appear. */
typedef struct {
    uint64_t key;   /* its hash, or the pair of the numbers of the (n-1)-grams it consists of */
    uint32_t first; /* number of its first word in the text */
    uint32_t count;
} Gram;

typedef struct {
    Gram *items;
    size_t capacity, count;
    Index index;
    Numbers places;  /* where n-grams that may repeat begin, ascending */
    Numbers numbers; /* which n-grams they are; up to order 4, their hashes */
    size_t place_count;
    uint16_t *sieve;
    size_t sieve_capacity;
} Grams;

static inline void free_grams(Grams *grams)
{
    free(grams->items);
    free(grams->index.slots);
    free(grams->places.items);
    free(grams->numbers.items);
    free(grams->sieve);
}

/* Its upper half depends on every bit of the pair. */
ALWAYS_INLINE uint64_t hash_pair(uint64_t left, uint32_t right)
{
    return (left << 32 | right) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline Status reserve_grams(Grams *grams, size_t more)
{
    size_t count = grams->count;
    Gram *items = grow(grams->items, &grams->capacity, count + more + 1, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    grams->items = items;
    if (has_room(&grams->index, count + more))
        return KERNEL_OK;
    Status status = clear_index(&grams->index, count, roomy(count + more));
    for (size_t i = 0; i < count && status == KERNEL_OK; i++)
        enter(&grams->index, hash_pair(items[i].key >> 32, (uint32_t)items[i].key), i, count);
    return status;
}

static inline Status clear_grams(Grams *grams, size_t likely)
{
    Status status = clear_index(&grams->index, grams->count, likely < 65536 ? 3 * likely : 131072);
    grams->count = 0;
    return status;
}

/* The n <= 5 words at a place, as far as they tell it from another place. */
ALWAYS_INLINE uint64_t differ(const uint32_t *left, const uint32_t *right, size_t n)
{
    uint64_t different = 0;
    for (size_t i = 0; i < n; i++)
        different |= left[i] ^ right[i];
    return different;
}

/* Goes on from a slot that another n-gram has taken: the slot of the n-gram, or the next empty one. */
static size_t probe_gram(const Grams *grams, uint64_t key, size_t n, const uint32_t *words, uint32_t place, size_t at,
                         size_t known)
{
    for (;; at = next_slot(&grams->index, at)) {
        size_t number = number_in(&grams->index, at, known);
        const Gram *gram = grams->items + number;
        if (number == known || (gram->key == key && !differ(words + gram->first, words + place, n)))
            return at;
    }
}

/* Counts n-grams and numbers them; there is room for them. Where their keys are hashes, the `n` words decide; where
 * keys tell all, n is 0. As with words, there is no branch on whether one is new. */
ALWAYS_INLINE void number_grams(Grams *grams, const uint64_t *keys, size_t n, const uint32_t *words,
                                const uint32_t *places, size_t count, uint32_t *numbers)
{
    Gram *items = grams->items;
    Index index = grams->index;
    size_t known = grams->count;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = home_slot(&index, hash_pair(key >> 32, (uint32_t)key));
        items[known].key = key;
        items[known].first = places[i];
        items[known].count = 0;
        size_t number = number_in(&index, at, known);
        if (__builtin_expect(
                (items[number].key != key) | (differ(words + items[number].first, words + places[i], n) != 0), 0)) {
            at = probe_gram(grams, key, n, words, places[i], at, known);
            number = number_in(&index, at, known);
        }
        set_slot(&index, at, number);
        items[number].count++;
        numbers[i] = (uint32_t)number;
        known += number == known;
    }
    grams->count = known;
}

/* Keeps the places whose n-gram occurs more than once. */
ALWAYS_INLINE void keep_repeated(Grams *grams)
{
    size_t kept = 0;
    uint32_t *places = grams->places.items, *numbers = grams->numbers.items;
    const Gram *items = grams->items;
    for (size_t i = 0, count = grams->place_count; i < count; i++) {
        uint32_t place = places[i], number = numbers[i];
        places[kept] = place;
        numbers[kept] = number;
        kept += items[number].count > 1;
    }
    grams->place_count = kept;
}

/* Numbers the first order that is numbered, of which the hashes are known; its words decide. */
FOR_EACH_CPU
static Status count_hashed(Grams *grams, const uint32_t *words)
{
    uint64_t keys[NGRAM_BATCH];
    for (size_t begin = 0; begin < grams->place_count; begin += NGRAM_BATCH) {
        size_t count = grams->place_count - begin > NGRAM_BATCH ? NGRAM_BATCH : grams->place_count - begin;
        Status status = reserve_grams(grams, count);
        if (status != KERNEL_OK)
            return status;
        for (size_t i = 0; i < count; i++)
            keys[i] = grams->numbers.items[begin + i];
        number_grams(grams, keys, NUMBERED_NGRAM, words, grams->places.items + begin, count,
                     grams->numbers.items + begin);
    }
    keep_repeated(grams);
    return KERNEL_OK;
}

/* Counts the n-grams that consist of two numbered (n-1)-grams at neighboring places. */
FOR_EACH_CPU
static Status count_neighbors(Grams *grams, const uint32_t *words)
{
    uint32_t *places = grams->places.items, *numbers = grams->numbers.items;
    uint64_t keys[NGRAM_BATCH];
    size_t made = 0, last = grams->place_count ? grams->place_count - 1 : 0;
    for (size_t begin = 0; begin < last; begin += NGRAM_BATCH) {
        size_t end = last - begin > NGRAM_BATCH ? begin + NGRAM_BATCH : last, count = 0;
        for (size_t i = begin; i < end; i++) { /* made + count <= i: what is overwritten has been read */
            uint32_t place = places[i];
            keys[count] = (uint64_t)numbers[i] << 32 | numbers[i + 1];
            places[made + count] = place;
            count += places[i + 1] == place + 1;
        }
        Status status = reserve_grams(grams, count);
        if (status != KERNEL_OK)
            return status;
        number_grams(grams, keys, 0, words, places + made, count, numbers + made);
        made += count;
    }
    grams->place_count = made;
    keep_repeated(grams);
    return KERNEL_OK;
}

#endif
