/* MinHash signatures of shingles, and the band keys that bring similar ones together. */

#ifndef CORPUS_KIT_MINHASH_H
#define CORPUS_KIT_MINHASH_H

#include "shingles.h"

#define LANES 16           /* permutations are padded to a multiple: the widest vector holds 16 numbers of 32 bits */
#define SHINGLES_AT_ONCE 8 /* so that minima and parameters are loaded and stored once for eight shingles */

/* Permutation i maps x to multiplier[i] * x + increment[i] modulo 2^32; odd multipliers make it a bijection. */
typedef struct {
    uint32_t *multiplier; /* one allocation holds all three */
    uint32_t *increment;
    uint32_t *minimum;
    size_t padded; /* permutations rounded up to LANES */
} Permutations;

static inline Status make_permutations(size_t permutations, uint64_t seed, Permutations *made)
{
    size_t padded = (permutations + LANES - 1) / LANES * LANES;
    uint32_t *numbers = calloc(padded, 3 * sizeof(uint32_t));
    if (!numbers)
        return KERNEL_NO_MEMORY;
    *made = (Permutations){numbers, numbers + padded, numbers + 2 * padded, padded};
    for (size_t i = 0; i < permutations; i++) { /* a counter through a mixer: SplitMix64 with another finalizer */
        made->multiplier[i] = (uint32_t)(mix64(seed += POLYNOMIAL_BASE) >> 32) | 1;
        made->increment[i] = (uint32_t)(mix64(seed += POLYNOMIAL_BASE) >> 32);
    }
    return KERNEL_OK;
}

ALWAYS_INLINE uint32_t lesser(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

/* Lowers the minima by `count` shingles, a multiple of SHINGLES_AT_ONCE. Where the time goes: compilers make the inner
 * loop vector instructions, 16 permutations at a time where the processor can. */
FOR_EACH_CPU
static void lower_minima(const uint64_t *restrict shingles, size_t count, const uint32_t *restrict multiplier,
                         const uint32_t *restrict increment, uint32_t *restrict minimum, size_t padded)
{
    for (size_t at = 0; at < count; at += SHINGLES_AT_ONCE) {
        const uint32_t x0 = (uint32_t)shingles[at], x1 = (uint32_t)shingles[at + 1];
        const uint32_t x2 = (uint32_t)shingles[at + 2], x3 = (uint32_t)shingles[at + 3];
        const uint32_t x4 = (uint32_t)shingles[at + 4], x5 = (uint32_t)shingles[at + 5];
        const uint32_t x6 = (uint32_t)shingles[at + 6], x7 = (uint32_t)shingles[at + 7];
        for (size_t i = 0; i < padded; i++) {
            uint32_t a = multiplier[i], b = increment[i];
            uint32_t first = lesser(lesser(x0 * a + b, x1 * a + b), lesser(x2 * a + b, x3 * a + b));
            uint32_t second = lesser(lesser(x4 * a + b, x5 * a + b), lesser(x6 * a + b, x7 * a + b));
            minimum[i] = lesser(minimum[i], lesser(first, second));
        }
    }
}

/* The minima over `count` shingles, after which there is room for SHINGLES_AT_ONCE more; all ones if there are none. */
static inline void take_minima(Permutations *family, uint64_t *shingles, size_t count)
{
    memset(family->minimum, 0xFF, family->padded * sizeof(uint32_t));
    if (count == 0)
        return;
    for (; count % SHINGLES_AT_ONCE; count++) /* a repetition changes no minimum */
        shingles[count] = shingles[count - 1];
    lower_minima(shingles, count, family->multiplier, family->increment, family->minimum, family->padded);
}

/* One row of `permutations` minima for each text; all ones where there is no shingle. */
static inline Status make_signatures(const LargeArray *texts, const Shingling *shingling, size_t permutations,
                                     uint64_t seed, uint32_t *signatures)
{
    Permutations family;
    Status status = make_permutations(permutations, seed, &family);
    if (status != KERNEL_OK)
        return status;
    HashBuffer shingles = {0};
    for (size_t i = 0; i < texts->length; i++, signatures += permutations) {
        Row row;
        size_t count = 0;
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK)
            status = hash_shingles(texts->items + row.begin, row.count, shingling, SHINGLES_AT_ONCE, &shingles, &count);
        if (status != KERNEL_OK)
            break;
        take_minima(&family, shingles.hashes, count);
        memcpy(signatures, family.minimum, permutations * sizeof(uint32_t));
    }
    free(shingles.hashes);
    free(family.multiplier);
    return status;
}

ALWAYS_INLINE void store_little_endian(uint8_t *bytes, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

/* For each signature and band, the first half of the digest of the band's number (8 bytes) and its rows (4 bytes
 * each), little endian: the number keeps equal rows of different bands apart. */
static inline Status make_band_keys(const uint32_t *signatures, size_t count, size_t permutations, size_t bands,
                                    size_t rows, uint64_t *keys)
{
    size_t size = 8 + 4 * rows;
    uint8_t *message = malloc(size);
    if (!message)
        return KERNEL_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        for (size_t band = 0; band < bands; band++) {
            const uint32_t *minima = signatures + i * permutations + band * rows;
            store_little_endian(message, band, 8);
            for (size_t row = 0; row < rows; row++)
                store_little_endian(message + 8 + 4 * row, minima[row], 4);
            keys[i * bands + band] = digest_bytes(message, size).first;
        }
    free(message);
    return KERNEL_OK;
}

#endif
