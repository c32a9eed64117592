/* Repeated n-grams of one document, from the numbers of its words.
 *
 * An n-gram is the pair of the numbers of the two (n-1)-grams it consists of, so equality is exact. It can only repeat
 * if both of them do: of every order, only the places where an n-gram repeats are kept, and few are left soon. */

#ifndef CORPUS_KIT_NGRAMS_H
#define CORPUS_KIT_NGRAMS_H

#include "intern.h"

#define LARGEST_NGRAM 10
#define LIKELY_GRAMS 4096 /* different ones, room for which is made at once */
#define BATCH 512         /* places looked at between two checks for room */

/* A distinct n-gram. Those of one document and order are numbered as they appear. */
typedef struct {
    uint64_t pair;
    uint32_t first; /* number of its first word in the text */
    uint32_t count : 31;
    uint32_t was_read : 1;
} Gram;

typedef struct {
    Gram *items;
    size_t capacity, count;
    Index index;
    uint32_t *places;  /* where n-grams that repeat begin, ascending */
    uint32_t *numbers; /* which n-grams they are */
    size_t place_count, place_capacity, number_capacity;
    uint8_t *sieve;
    size_t sieve_capacity;
} Grams;

static inline void free_grams(Grams *grams)
{
    free(grams->items);
    free(grams->index.slots);
    free(grams->places);
    free(grams->numbers);
    free(grams->sieve);
}

static inline Status reserve_grams(Grams *grams, size_t more)
{
    Gram *items = grow(grams->items, &grams->capacity, grams->count + more, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    grams->items = items;
    return widen(&grams->index, 2 * (grams->count + more));
}

static inline Status reserve_places(Grams *grams, size_t wanted)
{
    uint32_t *places = grow(grams->places, &grams->place_capacity, wanted, sizeof *places);
    if (places)
        grams->places = places;
    uint32_t *numbers = grow(grams->numbers, &grams->number_capacity, wanted, sizeof *numbers);
    if (numbers)
        grams->numbers = numbers;
    return places && numbers ? KERNEL_OK : KERNEL_NO_MEMORY;
}

/* Its upper half depends on every bit of the pair. */
ALWAYS_INLINE uint64_t hash_pair(uint64_t pair)
{
    return (pair ^ pair >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Counts n-grams, given as pairs, and numbers them; there is room for them. As with words, there is no branch on
 * whether one is new. */
ALWAYS_INLINE void number_pairs(Grams *grams, const uint64_t *pairs, const uint32_t *places, size_t count,
                                uint32_t *numbers)
{
    Gram *items = grams->items;
    uint64_t *slots = grams->index.slots;
    size_t mask = grams->index.size - 1, known = grams->count;
    for (size_t i = 0; i < count; i++) {
        uint64_t pair = pairs[i], hash = hash_pair(pair);
        size_t at = (size_t)(hash >> 32) & mask, number;
        items[known] = (Gram){.pair = pair, .first = places[i]};
        for (;; at = (at + 1) & mask) {
            number = number_in(slots[at], known);
            if (__builtin_expect(items[number].pair == pair, 1))
                break;
        }
        slots[at] = make_slot(hash, number);
        items[number].count++;
        numbers[i] = (uint32_t)number;
        known += number == known;
    }
    grams->count = known;
}

ALWAYS_INLINE uint64_t pair_at(const uint32_t *numbers, size_t at)
{
    return (uint64_t)numbers[at] << 32 | numbers[at + 1];
}

/* Keeps the places whose n-gram occurs more than once. */
static inline void keep_repeated(Grams *grams)
{
    size_t kept = 0;
    for (size_t i = 0; i < grams->place_count; i++) {
        uint32_t place = grams->places[i], number = grams->numbers[i];
        grams->places[kept] = place;
        grams->numbers[kept] = number;
        kept += grams->items[number].count > 1;
    }
    grams->place_count = kept;
}

/* Where 2-grams may repeat: both words do, and a sieve has seen the pair's hash twice. The sieve lets
 * some through that do not, which the exact count then stops; it has no branches to mispredict. */
FOR_EACH_CPU
static Status sieve_pairs(Grams *grams, const uint32_t *numbers, size_t count, const Word *words)
{
    Status status = reserve_places(grams, count);
    if (status != KERNEL_OK)
        return status;
    size_t likely = 0;
    uint32_t *places = grams->places, *hashes = grams->numbers;
    int repeated = words[numbers[0]].count > 1;
    for (size_t i = 0; i + 1 < count; i++) {
        int next = words[numbers[i + 1]].count > 1;
        places[likely] = (uint32_t)i;
        hashes[likely] = (uint32_t)(hash_pair(pair_at(numbers, i)) >> 32);
        likely += (size_t)(repeated & next);
        repeated = next;
    }
    size_t size = 64;
    while (size < likely * 4)
        size *= 2;
    uint8_t *sieve = grow(grams->sieve, &grams->sieve_capacity, size, 1);
    if (!sieve)
        return KERNEL_NO_MEMORY;
    grams->sieve = sieve;
    memset(sieve, 0, size);
    for (size_t i = 0; i < likely; i++) {
        uint8_t *seen = sieve + (hashes[i] & (size - 1));
        *seen = (uint8_t)(*seen + (*seen < 2));
    }
    size_t kept = 0;
    for (size_t i = 0; i < likely; i++) {
        places[kept] = places[i];
        kept += sieve[hashes[i] & (size - 1)] > 1;
    }
    grams->place_count = kept;
    return KERNEL_OK;
}

/* Counts the 2-grams of the words at the places. */
FOR_EACH_CPU
static Status count_pairs(Grams *grams, const uint32_t *words)
{
    uint64_t pairs[BATCH];
    for (size_t begin = 0; begin < grams->place_count; begin += BATCH) {
        size_t count = grams->place_count - begin > BATCH ? BATCH : grams->place_count - begin;
        Status status = reserve_grams(grams, count);
        if (status != KERNEL_OK)
            return status;
        for (size_t i = 0; i < count; i++)
            pairs[i] = pair_at(words, grams->places[begin + i]);
        number_pairs(grams, pairs, grams->places + begin, count, grams->numbers + begin);
    }
    return KERNEL_OK;
}

/* Counts the n-grams that consist of two (n-1)-grams at neighboring places. */
FOR_EACH_CPU
static Status count_neighbors(Grams *grams)
{
    uint32_t *places = grams->places, *numbers = grams->numbers;
    uint64_t pairs[BATCH];
    size_t made = 0, last = grams->place_count - 1;
    for (size_t begin = 0; begin < last; begin += BATCH) {
        size_t end = last - begin > BATCH ? begin + BATCH : last, count = 0;
        for (size_t i = begin; i < end; i++) { /* made + count <= i: what is overwritten has been read */
            uint32_t place = places[i];
            pairs[count] = pair_at(numbers, i);
            places[made + count] = place;
            count += places[i + 1] == place + 1;
        }
        Status status = reserve_grams(grams, count + 1);
        if (status != KERNEL_OK)
            return status;
        number_pairs(grams, pairs, places + made, count, numbers + made);
        made += count;
    }
    grams->place_count = made;
    return KERNEL_OK;
}

static inline uint64_t characters_of(const uint32_t *numbers, size_t count, const Word *words)
{
    uint64_t characters = 0;
    for (size_t i = 0; i < count; i++)
        characters += words[numbers[i]].characters;
    return characters;
}

/* Characters of the most frequent n-gram, single spaces included, times its count; the first of equals. */
static inline uint64_t top_characters(const Grams *grams, size_t n, const uint32_t *numbers, const Word *words)
{
    uint64_t count = 1;
    size_t first = 0;
    for (size_t i = 0; i < grams->count; i++) {
        if (grams->items[i].count > count) {
            count = grams->items[i].count;
            first = grams->items[i].first;
        }
    }
    return (characters_of(numbers + first, n, words) + n - 1) * count;
}

/* Characters of words in n-grams that were read before; a copy is passed over as a whole. */
static inline uint64_t copied_characters(Grams *grams, size_t n, const uint32_t *numbers, const Word *words)
{
    uint64_t characters = 0;
    size_t next = 0;
    for (size_t i = 0; i < grams->place_count; i++) {
        size_t place = grams->places[i];
        Gram *gram = grams->items + grams->numbers[i];
        if (place < next)
            continue;
        if (gram->was_read) {
            characters += characters_of(numbers + place, n, words);
            next = place + n;
        }
        gram->was_read = 1;
    }
    return characters;
}

/* Characters in the most frequent n-gram (`top`, orders 2 to 4) and in copies (`copied`, orders 5 to 10), by order. */
static inline Status measure_ngrams(Grams *grams, const uint32_t *numbers, size_t count, const Word *words,
                                    uint64_t *top, uint64_t *copied)
{
    if (count < 2)
        return KERNEL_OK;
    Status status = sieve_pairs(grams, numbers, count, words);
    for (size_t n = 2; n <= LARGEST_NGRAM && n <= count && status == KERNEL_OK; n++) {
        grams->count = 0;
        grams->index.size = 0;
        status = widen(&grams->index, grams->place_count < LIKELY_GRAMS ? 2 * grams->place_count : 2 * LIKELY_GRAMS);
        if (grams->place_count && status == KERNEL_OK)
            status = n == 2 ? count_pairs(grams, numbers) : count_neighbors(grams);
        if (status != KERNEL_OK)
            return status;
        keep_repeated(grams);
        if (n <= 4)
            top[n] = top_characters(grams, n, numbers, words);
        else
            copied[n] = copied_characters(grams, n, numbers, words);
        if (grams->place_count == 0 && n >= 4)
            break;
    }
    return status;
}

#endif
