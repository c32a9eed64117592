/* MinHash signatures of shingles, and the band keys that bring similar ones together. */

#ifndef CORPUS_KIT_MINHASH_H
#define CORPUS_KIT_MINHASH_H

#include "shingles.h"

#define LANES 8            /* permutations are padded to a multiple: a vector of AVX2, half of one of AVX-512 */
#define SHINGLES_AT_ONCE 8 /* so that minima and parameters are loaded and stored once for eight shingles */

typedef struct Permutations Permutations;

/* Lowers the minima by `count` shingles, a multiple of SHINGLES_AT_ONCE. This is where the time goes. */
typedef void MinimaLowerer(const Permutations *family, const uint64_t *shingles, size_t count);

/* Permutation i maps x to multiplier[i] * x modulo 2^32; odd multipliers make it a bijection. 0, which all would leave
 * where it is, is taken for 1. */
struct Permutations {
    uint32_t *multiplier; /* one allocation holds both */
    uint32_t *minimum;
    size_t padded;               /* permutations rounded up to LANES */
    MinimaLowerer *lower_minima; /* the fastest for this processor; all give the same */
};

ALWAYS_INLINE uint32_t lesser(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

ALWAYS_INLINE uint32_t not_zero(uint64_t shingle)
{
    uint32_t low = (uint32_t)shingle;
    return low + !low;
}

/* Without branches: compilers make the inner loop vector instructions. */
ALWAYS_INLINE void lower_eight_at_once(const uint64_t *restrict shingles, size_t count,
                                       const uint32_t *restrict multiplier, uint32_t *restrict minimum, size_t padded)
{
    for (size_t at = 0; at < count; at += SHINGLES_AT_ONCE) {
        const uint32_t x0 = not_zero(shingles[at]), x1 = not_zero(shingles[at + 1]);
        const uint32_t x2 = not_zero(shingles[at + 2]), x3 = not_zero(shingles[at + 3]);
        const uint32_t x4 = not_zero(shingles[at + 4]), x5 = not_zero(shingles[at + 5]);
        const uint32_t x6 = not_zero(shingles[at + 6]), x7 = not_zero(shingles[at + 7]);
        for (size_t i = 0; i < padded; i++) {
            uint32_t a = multiplier[i];
            uint32_t first = lesser(lesser(x0 * a, x1 * a), lesser(x2 * a, x3 * a));
            uint32_t second = lesser(lesser(x4 * a, x5 * a), lesser(x6 * a, x7 * a));
            minimum[i] = lesser(minimum[i], lesser(first, second));
        }
    }
}

static inline void lower_minima_plainly(const Permutations *family, const uint64_t *shingles, size_t count)
{
    lower_eight_at_once(shingles, count, family->multiplier, family->minimum, family->padded);
}

#if HAS_X86_LEVELS
AVX2 static inline void lower_minima_avx2(const Permutations *family, const uint64_t *shingles, size_t count)
{
    lower_eight_at_once(shingles, count, family->multiplier, family->minimum, family->padded);
}

AVX512_DQ ALWAYS_INLINE __m256i load_eight(const uint32_t *numbers)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)numbers);
}

/* Lowers the minima of some permutations: so many vectors of 16, and eight more if there is a `half`. Minima and
 * multipliers stay in registers. */
AVX512_DQ ALWAYS_INLINE void lower_vectors(const Permutations *family, size_t from, const int vectors, const int half,
                                           const uint64_t *shingles, size_t count)
{
    const uint32_t *a = family->multiplier + from;
    uint32_t *least = family->minimum + from;
    __m512i multiplier[6], minimum[6];
    __m256i last_multiplier = _mm256_setzero_si256(), last_minimum = last_multiplier;
    for (int i = 0; i < vectors; i++) {
        multiplier[i] = _mm512_loadu_si512(a + 16 * i);
        minimum[i] = _mm512_loadu_si512(least + 16 * i);
    }
    if (half) {
        last_multiplier = load_eight(a + 16 * vectors);
        last_minimum = load_eight(least + 16 * vectors);
    }
    for (size_t at = 0; at < count; at++) {
        __m512i x = _mm512_set1_epi32((int)not_zero(shingles[at]));
        for (int i = 0; i < vectors; i++)
            minimum[i] = _mm512_min_epu32(minimum[i], _mm512_mullo_epi32(x, multiplier[i]));
        __m256i image = _mm256_mullo_epi32(_mm512_castsi512_si256(x), last_multiplier);
        last_minimum = _mm256_min_epu32(last_minimum, image);
    }
    for (int i = 0; i < vectors; i++)
        _mm512_storeu_si512(least + 16 * i, minimum[i]);
    if (half)
        _mm256_storeu_si256((__m256i *)(void *)(least + 16 * vectors), last_minimum);
}

/* So many vectors, and what is left if that is half a one. Returns how many permutations that were. */
AVX512_DQ ALWAYS_INLINE size_t lower_some(const Permutations *family, size_t from, const int vectors,
                                          const uint64_t *shingles, size_t count)
{
    size_t whole = 16 * (size_t)vectors;
    if (family->padded - from != whole + LANES) {
        lower_vectors(family, from, vectors, 0, shingles, count);
        return whole;
    }
    lower_vectors(family, from, vectors, 1, shingles, count);
    return whole + LANES;
}

AVX512_DQ static inline void lower_minima_avx512(const Permutations *family, const uint64_t *shingles, size_t count)
{
    for (size_t from = 0, left; (left = family->padded - from) > 0;) {
        if (left >= 128 || (left >= 64 && left < 96))
            from += lower_some(family, from, 4, shingles, count);
        else if (left >= 96)
            from += lower_some(family, from, 6, shingles, count);
        else if (left >= 32)
            from += lower_some(family, from, 2, shingles, count);
        else if (left >= 16)
            from += lower_some(family, from, 1, shingles, count);
        else
            from += lower_some(family, from, 0, shingles, count);
    }
}
#endif

static inline MinimaLowerer *choose_minima_lowerer(void)
{
#if HAS_X86_LEVELS
    if (has_avx512_dq())
        return lower_minima_avx512;
    if (__builtin_cpu_supports("avx2"))
        return lower_minima_avx2;
#endif
    return lower_minima_plainly;
}

static inline Status make_permutations(size_t permutations, uint64_t seed, Permutations *made)
{
    size_t padded = (permutations + LANES - 1) / LANES * LANES;
    uint32_t *numbers = calloc(padded, 2 * sizeof(uint32_t));
    if (!numbers)
        return KERNEL_NO_MEMORY;
    *made = (Permutations){
        .multiplier = numbers,
        .minimum = numbers + padded,
        .padded = padded,
        .lower_minima = choose_minima_lowerer(),
    };
    for (size_t i = 0; i < permutations; i++) /* a counter through a mixer: SplitMix64 with another finalizer */
        made->multiplier[i] = (uint32_t)(mix64(seed += POLYNOMIAL_BASE) >> 32) | 1;
    return KERNEL_OK;
}

/* The minima over `count` shingles, after which there is room for SHINGLES_AT_ONCE more; all ones if there are none. */
static inline void take_minima(Permutations *family, uint64_t *shingles, size_t count)
{
    memset(family->minimum, 0xFF, family->padded * sizeof(uint32_t));
    if (count == 0)
        return;
    for (; count % SHINGLES_AT_ONCE; count++) /* a repetition changes no minimum */
        shingles[count] = shingles[count - 1];
    family->lower_minima(family, shingles, count);
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

/* Two numbers of 32 bits as the eight bytes they are, lowest first; what is not there is zero. */
ALWAYS_INLINE uint64_t pair_at(const uint32_t *numbers, size_t count, size_t at)
{
    uint64_t low = at < count ? numbers[at] : 0, high = at + 1 < count ? numbers[at + 1] : 0;
    return low | high << 32;
}

/* The first half of the digest of the band's number (8 bytes) and its rows (4 bytes each), little endian: the number
 * keeps equal rows of different bands apart. */
ALWAYS_INLINE uint64_t band_key(uint64_t band, const uint32_t *minima, size_t rows)
{
    size_t size = 8 + 4 * rows, at = 2;
    Digest digest = {0, 0};
    if (size < 16) /* one row */
        return finish_digest(take_tail(digest, band, pair_at(minima, rows, 0)), size).first;
    digest = take_block(digest, band, pair_at(minima, rows, 0));
    for (; at + 4 <= rows; at += 4)
        digest = take_block(digest, pair_at(minima, rows, at), pair_at(minima, rows, at + 2));
    if (at < rows)
        digest = take_tail(digest, pair_at(minima, rows, at), pair_at(minima, rows, at + 2));
    return finish_digest(digest, size).first;
}

/* The key of each signature and band. */
static inline void make_band_keys(const uint32_t *signatures, size_t count, size_t permutations, size_t bands,
                                  size_t rows, uint64_t *keys)
{
    for (size_t i = 0; i < count; i++, signatures += permutations, keys += bands)
        for (size_t band = 0; band < bands; band++)
            keys[band] = band_key(band, signatures + band * rows, rows);
}

#endif
