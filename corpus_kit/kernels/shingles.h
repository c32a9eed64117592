/* Shingles: hashes of n consecutive units; sorted sets of them; how similar two sets are. */

#ifndef CORPUS_KIT_SHINGLES_H
#define CORPUS_KIT_SHINGLES_H

#include "arrow.h"
#include "word_hashes.h"

/* Base of the rolling polynomial: 2^64 / golden ratio. It is 5 modulo 8, so that its powers differ from each other by
 * as few factors of two as possible, and swapping two units practically always changes the sum. */
#define POLYNOMIAL_BASE UINT64_C(0x9e3779b97f4a7c15)

/* How documents are cut, and what follows from it once per call. */
typedef struct {
    size_t ngram;
    Unit unit;
    uint64_t leaving_weight; /* base ^ ngram: the weight of the unit that has just left the window */
    int is_wide;             /* whether shingles are made eight at a time */
} Shingling;

/* Whether the processor has vectors of 512 bits that multiply numbers of 64. */
static inline int has_avx512_dq(void)
{
#if HAS_X86_LEVELS
    __builtin_cpu_init();
    int has_them = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    return has_them && CORPUS_KIT_LEVEL >= LEVEL_AVX512;
#else
    return 0;
#endif
}

#define MOST_AT_ONCE 16 /* of larger shingles the sum is rolled: from 20 units on that is faster (measured) */

static inline Shingling make_shingling(size_t ngram, Unit unit)
{
    uint64_t power = 1, square = POLYNOMIAL_BASE;
    for (size_t exponent = ngram; exponent; exponent >>= 1, square *= square)
        if (exponent & 1)
            power *= square;
    return (Shingling){ngram, unit, power, ngram <= MOST_AT_ONCE && has_avx512_dq()};
}

#if HAS_X86_LEVELS
#define AVX512_DQ __attribute__((target("avx512f,avx512dq")))

/* mix64 of each. */
AVX512_DQ ALWAYS_INLINE __m512i mix_eight(__m512i values)
{
    values = _mm512_xor_si512(values, _mm512_srli_epi64(values, 33));
    values = _mm512_mullo_epi64(values, _mm512_set1_epi64((int64_t)UINT64_C(0xff51afd7ed558ccd)));
    values = _mm512_xor_si512(values, _mm512_srli_epi64(values, 33));
    values = _mm512_mullo_epi64(values, _mm512_set1_epi64((int64_t)UINT64_C(0xc4ceb9fe1a85ec53)));
    return _mm512_xor_si512(values, _mm512_srli_epi64(values, 33));
}

/* The first of `count` shingles of `window` units each, in place and eight at a time. Each sum is made anew: none waits
 * for the one before. Returns how many were made. */
AVX512_DQ static inline size_t make_eights(uint64_t *hashes, size_t count, size_t window)
{
    size_t first = 0;
    for (; first + 8 <= count; first += 8) {
        __m512i base = _mm512_set1_epi64((int64_t)POLYNOMIAL_BASE), sums = _mm512_loadu_si512(hashes + first);
        for (size_t i = 1; i < window; i++)
            sums = _mm512_add_epi64(_mm512_mullo_epi64(sums, base), _mm512_loadu_si512(hashes + first + i));
        _mm512_storeu_si512(hashes + first, mix_eight(sums));
    }
    return first;
}
#endif

/* Replaces the hashes of the units by those of the shingles, in place. Returns their number.
 * Fewer units than `ngram` are one shingle of them all: a short document must not escape deduplication. */
static inline size_t roll_shingles(uint64_t *hashes, size_t units, const Shingling *shingling)
{
    if (units == 0)
        return 0;
    size_t window = units < shingling->ngram ? units : shingling->ngram;
    size_t last = units - window, first = 0;
#if HAS_X86_LEVELS
    if (shingling->is_wide)
        first = make_eights(hashes, last + 1, window);
    if (first > last)
        return first;
#endif
    uint64_t sum = 0;
    for (size_t i = first; i < first + window; i++)
        sum = sum * POLYNOMIAL_BASE + hashes[i];
    for (; first < last; first++) {
        uint64_t change = hashes[first + window] - hashes[first] * shingling->leaving_weight;
        hashes[first] = mix64(sum);
        sum = sum * POLYNOMIAL_BASE + change;
    }
    hashes[last] = mix64(sum);
    return last + 1;
}

/* Hashes of the shingles of one text, in order of appearance, repetitions included. `spare` more hashes fit. */
static inline Status hash_shingles(const uint8_t *text, size_t length, const Shingling *shingling, size_t spare,
                                   HashBuffer *into, size_t *count)
{
    size_t most_units = shingling->unit == UNIT_WORD ? length / 2 + 1 : length;
    Status status = reserve(into, most_units + spare);
    if (status != KERNEL_OK)
        return status;
    size_t units = shingling->unit == UNIT_WORD ? hash_words(text, length, into->hashes)
                                                : hash_characters(text, length, into->hashes);
    *count = roll_shingles(into->hashes, units, shingling);
    return KERNEL_OK;
}

/* Up to this many, insertion is the faster sort (measured on random hashes: they meet at 70). */
#define INSERTION_LIMIT 64

static inline void insertion_sort(uint64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Byte by byte from the lowest, so the time depends on the count alone, never on what a document holds. */
static inline void radix_sort(uint64_t *values, size_t count, uint64_t *scratch)
{
    size_t counts[8][256] = {{0}};
    for (size_t i = 0; i < count; i++)
        for (unsigned byte = 0; byte < 8; byte++)
            counts[byte][values[i] >> 8 * byte & 0xFF]++;
    for (unsigned byte = 0; byte < 8; byte++) { /* eight moves: the result ends up in `values` */
        size_t begin = 0;
        for (unsigned digit = 0; digit < 256; digit++) {
            size_t size = counts[byte][digit];
            counts[byte][digit] = begin;
            begin += size;
        }
        for (size_t i = 0; i < count; i++)
            scratch[counts[byte][values[i] >> 8 * byte & 0xFF]++] = values[i];
        uint64_t *sorted = scratch;
        scratch = values;
        values = sorted;
    }
}

/* Sorts the values and drops repetitions; `*count` becomes the number that is left. */
static inline Status sort_unique(uint64_t *values, size_t *count, HashBuffer *scratch)
{
    if (*count <= INSERTION_LIMIT) {
        insertion_sort(values, *count);
    } else {
        Status status = reserve(scratch, *count);
        if (status != KERNEL_OK)
            return status;
        radix_sort(values, *count, scratch->hashes);
    }
    size_t kept = *count > 0;
    for (size_t i = 1; i < *count; i++) {
        int is_new = values[i] != values[kept - 1];
        values[kept] = values[i];
        kept += is_new;
    }
    *count = kept;
    return KERNEL_OK;
}

/* Elements of `values` grow at the end, by doubling. */
static inline Status append(HashBuffer *values, size_t *used, const uint64_t *more, size_t count)
{
    if (count == 0)
        return KERNEL_OK;
    if (count > values->capacity - *used) {
        size_t capacity = (*used + count) * 2;
        if (capacity > SIZE_MAX / sizeof(uint64_t))
            return KERNEL_NO_MEMORY;
        uint64_t *moved = realloc(values->hashes, capacity * sizeof(uint64_t));
        if (!moved)
            return KERNEL_NO_MEMORY;
        *values = (HashBuffer){moved, capacity};
    }
    memcpy(values->hashes + *used, more, count * sizeof(uint64_t));
    *used += count;
    return KERNEL_OK;
}

/* The sorted shingle set of each text, one after the other in `values`, with Arrow list offsets. The caller frees
 * `values`, also after a failure. */
static inline Status make_shingle_sets(const LargeArray *texts, const Shingling *shingling, int64_t *offsets,
                                       HashBuffer *values)
{
    HashBuffer shingles = {0}, scratch = {0};
    Status status = KERNEL_OK;
    size_t used = 0;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        size_t count = 0;
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK)
            status = hash_shingles(texts->items + row.begin, row.count, shingling, 0, &shingles, &count);
        if (status == KERNEL_OK)
            status = sort_unique(shingles.hashes, &count, &scratch);
        if (status == KERNEL_OK)
            status = append(values, &used, shingles.hashes, count);
        offsets[i + 1] = (int64_t)used;
    }
    free(shingles.hashes);
    free(scratch.hashes);
    return status;
}

ALWAYS_INLINE uint64_t read_uint64(const uint8_t *numbers, size_t index)
{
    uint64_t value;
    memcpy(&value, numbers + index * sizeof value, sizeof value);
    return value;
}

/* Shared elements over all elements of two sorted sets, read from unaligned bytes; 0 if both are empty, because
 * documents without shingles say nothing about each other. */
static inline double jaccard_similarity(const uint8_t *left, size_t left_count, const uint8_t *right,
                                        size_t right_count)
{
    size_t i = 0, j = 0, shared = 0;
    while (i < left_count && j < right_count) { /* no branch on the data: it would be mispredicted half the time */
        uint64_t a = read_uint64(left, i), b = read_uint64(right, j);
        shared += a == b;
        i += a <= b;
        j += b <= a;
    }
    size_t all = left_count + right_count - shared;
    return all ? (double)shared / (double)all : 0.0;
}

/* Similarity of pairs of rows of one list array; `left` and `right` are int64 row numbers. */
static inline Status compare_pairs(const LargeArray *sets, const uint8_t *left, const uint8_t *right, size_t pairs,
                                   double *similarity)
{
    for (size_t i = 0; i < pairs; i++) {
        int64_t left_row = read_int64(left, i), right_row = read_int64(right, i);
        if (left_row < 0 || (uint64_t)left_row >= sets->length || right_row < 0 ||
            (uint64_t)right_row >= sets->length)
            return KERNEL_BAD_INDEX;
        Row a, b;
        Status status = find_row(sets, (size_t)left_row, &a);
        if (status == KERNEL_OK)
            status = find_row(sets, (size_t)right_row, &b);
        if (status != KERNEL_OK)
            return status;
        similarity[i] = jaccard_similarity(sets->items + a.begin * sizeof(uint64_t), a.count,
                                           sets->items + b.begin * sizeof(uint64_t), b.count);
    }
    return KERNEL_OK;
}

#endif
