/* Sorted sets of 32-bit numbers, made from hashes: spread evenly, but for repetitions. */

#ifndef CORPUS_KIT_NUMBER_SETS_H
#define CORPUS_KIT_NUMBER_SETS_H

#include "portable.h"

#define PER_BUCKET 4        /* numbers, up to which buckets are halved */
#define MOST_BUCKET_BITS 16 /* as many buckets as still fit a fast cache */
#define CROWDED 16          /* a bucket of more holds repetitions, most likely */
#define MOST_INSERTED 64    /* up to so many, insertion sorts faster, also in the worst case */

/* Scatters the lower halves of the hashes by their top bits; `ends` become those of the buckets. Returns how many there
 * are in the fullest. */
static inline uint32_t scatter(const uint64_t *hashes, size_t count, unsigned bits, uint32_t *ends, uint32_t *into)
{
    size_t buckets = (size_t)1 << bits;
    unsigned shift = 32 - bits;
    uint32_t begin = 0, fullest = 0;
    memset(ends, 0, buckets * sizeof *ends);
    for (size_t i = 0; i < count; i++)
        ends[(uint32_t)hashes[i] >> shift]++;
    for (size_t i = 0; i < buckets; i++) {
        uint32_t size = ends[i];
        fullest = size > fullest ? size : fullest;
        ends[i] = begin;
        begin += size;
    }
    for (size_t i = 0; i < count; i++)
        into[ends[(uint32_t)hashes[i] >> shift]++] = (uint32_t)hashes[i];
    return fullest;
}

static inline void insertion_sort_32(uint32_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Byte by byte from the lowest: the time depends on the count alone. Four moves: the result ends up in `values`. */
static inline void radix_sort_32(uint32_t *values, size_t count, uint32_t *scratch)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t starts[256] = {0}, begin = 0;
        for (size_t i = 0; i < count; i++)
            starts[values[i] >> shift & 0xFF]++;
        for (unsigned digit = 0; digit < 256; digit++) {
            size_t size = starts[digit];
            starts[digit] = begin;
            begin += size;
        }
        for (size_t i = 0; i < count; i++)
            scratch[starts[values[i] >> shift & 0xFF]++] = values[i];
        uint32_t *sorted = scratch;
        scratch = values;
        values = sorted;
    }
}

/* Sorts the crowded buckets, each by itself. */
static inline void sort_crowded(uint32_t *values, const uint32_t *ends, size_t buckets, uint32_t *scratch)
{
    for (size_t i = 0, begin = 0; i < buckets; begin = ends[i++]) {
        size_t size = ends[i] - begin;
        if (size > MOST_INSERTED)
            radix_sort_32(values + begin, size, scratch);
        else if (size > CROWDED)
            insertion_sort_32(values + begin, size);
    }
}

/* Sorts numbers of which none is `rounds` places or more from its own, by odd-even transposition (Habermann 1972): in
 * each round neighbors change places, pairs beginning at even places and at odd ones in turn. No branches: compilers
 * make it vector instructions. */
FOR_EACH_CPU
static void sort_neighbors(uint32_t *values, size_t count, uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t *pairs = values + round % 2;
        for (size_t i = 0; i < (count - round % 2) / 2; i++) {
            uint32_t left = pairs[2 * i], right = pairs[2 * i + 1];
            pairs[2 * i] = left < right ? left : right;
            pairs[2 * i + 1] = left < right ? right : left;
        }
    }
}

/* Drops repetitions of sorted numbers. Returns how many are left. */
static inline size_t drop_repetitions(uint32_t *values, size_t count)
{
    size_t kept = count > 0;
    for (size_t i = 1; i < count; i++) {
        int is_new = values[i] != values[i - 1]; /* not overwritten yet, or with itself */
        values[kept] = values[i];
        kept += is_new;
    }
    return kept;
}

/* Sorts the lower halves of the hashes into `into`, which has room for three times as many numbers, and drops
 * repetitions. Returns how many are left. */
static inline size_t sort_set(const uint64_t *hashes, size_t count, uint32_t *into)
{
    unsigned bits = 0;
    while (bits <= MOST_BUCKET_BITS && (size_t)PER_BUCKET << bits < count)
        bits++;
    if (bits == 0 || bits > MOST_BUCKET_BITS) {
        for (size_t i = 0; i < count; i++)
            into[i] = (uint32_t)hashes[i];
        if (bits == 0)
            insertion_sort_32(into, count);
        else
            radix_sort_32(into, count, into + count);
    } else {
        uint32_t *ends = into + count, fullest = scatter(hashes, count, bits, ends, into);
        if (fullest > CROWDED)
            sort_crowded(into, ends, (size_t)1 << bits, into + 2 * count);
        sort_neighbors(into, count, fullest < CROWDED ? fullest : CROWDED);
    }
    return drop_repetitions(into, count);
}

#endif
