/* Looking at 64 bytes at once with the instructions of x86-64 processors: a part of masks.h. */

#ifndef CORPUS_KIT_MASKS_X86_H
#define CORPUS_KIT_MASKS_X86_H

/* --- SSE2: every x86-64 processor -------------------------------------------------------------------------------- */

ALWAYS_INLINE uint64_t join128(const __m128i *parts)
{
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(parts[i]) << 16 * i;
    return bits;
}

ALWAYS_INLINE uint64_t between128(const __m128i *block, uint8_t first, uint8_t last)
{
    __m128i parts[4];
    for (int i = 0; i < 4; i++) {
        __m128i above = _mm_sub_epi8(block[i], _mm_set1_epi8((char)first));
        parts[i] = _mm_cmpeq_epi8(_mm_subs_epu8(above, _mm_set1_epi8((char)(last - first))), _mm_setzero_si128());
    }
    return join128(parts);
}

static inline void read_masks_sse2(const uint8_t *bytes, size_t count, Masks *masks)
{
    for (; count; count--, bytes += BLOCK_BYTES, masks++) {
        __m128i block[4];
        for (int i = 0; i < 4; i++)
            block[i] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
        *masks = (Masks){
            .spaces = between128(block, 0x09, 0x0D) | between128(block, 0x1C, 0x20),
            .newlines = between128(block, '\n', '\n'),
            .dots = between128(block, '.', '.'),
            .hashes = between128(block, '#', '#'),
            .high = join128(block),
        };
        if (masks->high) {
            masks->continuing = between128(block, 0x80, 0xBF);
            masks->wide = between128(block, 0xE0, 0xFF);
            masks->low_leads = between128(block, 0xC0, 0xC2);
        }
    }
}

/* --- AVX2 -------------------------------------------------------------------------------------------------------- */

#define AVX2 __attribute__((target("avx2")))

AVX2 ALWAYS_INLINE uint64_t join256(__m256i first, __m256i second)
{
    return (uint32_t)_mm256_movemask_epi8(first) | (uint64_t)(uint32_t)_mm256_movemask_epi8(second) << 32;
}

AVX2 ALWAYS_INLINE uint64_t between256(const __m256i *block, uint8_t first, uint8_t last)
{
    __m256i parts[2], limit = _mm256_set1_epi8((char)(last - first));
    for (int i = 0; i < 2; i++) {
        __m256i above = _mm256_sub_epi8(block[i], _mm256_set1_epi8((char)first));
        parts[i] = _mm256_cmpeq_epi8(_mm256_min_epu8(above, limit), above);
    }
    return join256(parts[0], parts[1]);
}

AVX2 static inline void read_masks_avx2(const uint8_t *bytes, size_t count, Masks *masks)
{
    for (; count; count--, bytes += BLOCK_BYTES, masks++) {
        __m256i block[2];
        for (int i = 0; i < 2; i++)
            block[i] = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32 * i));
        *masks = (Masks){
            .spaces = between256(block, 0x09, 0x0D) | between256(block, 0x1C, 0x20),
            .newlines = between256(block, '\n', '\n'),
            .dots = between256(block, '.', '.'),
            .hashes = between256(block, '#', '#'),
            .high = join256(block[0], block[1]),
        };
        if (masks->high) {
            masks->continuing = between256(block, 0x80, 0xBF);
            masks->wide = between256(block, 0xE0, 0xFF);
            masks->low_leads = between256(block, 0xC0, 0xC2);
        }
    }
}

AVX2 static inline size_t list_edges_avx2(const uint8_t *bytes, size_t count, size_t readable, Border *border,
                                          uint32_t *edges)
{
    size_t listed = 0;
    for (size_t at = 0; at < count * BLOCK_BYTES; at += BLOCK_BYTES) {
        __m256i block[2];
        for (int i = 0; i < 2; i++)
            block[i] = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + at + 32 * i));
        uint64_t spaces = between256(block, 0x09, 0x0D) | between256(block, 0x1C, 0x20) | border->overhang;
        border->overhang = 0;
        if (join256(block[0], block[1])) {
            uint64_t leads = between256(block, 0xC2, 0xC2) | between256(block, 0xE1, 0xE3);
            spaces |= find_wide_spaces(bytes + at, readable - at, leads, &border->overhang);
        }
        listed += list_positions_plainly(edges_of(spaces, border), at, edges + listed);
    }
    return listed;
}

/* The four bytes from each of eight neighboring places on; fifteen are read. */
AVX2 ALWAYS_INLINE __m256i load_fours(const uint8_t *bytes)
{
    __m256i places = _mm256_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, /* the lower half */
                                      4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10);
    __m128i sixteen = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(sixteen), places);
}

AVX2 static inline void hash_tens_avx2(const uint8_t *bytes, size_t count, unsigned shift, uint32_t *hashes)
{
    for (size_t i = 0; i < count; i += 8, bytes += 8, hashes += 8) {
        __m256i first = _mm256_mullo_epi32(load_fours(bytes), _mm256_set1_epi32((int)TEN_FIRST));
        __m256i middle = _mm256_mullo_epi32(load_fours(bytes + 4), _mm256_set1_epi32((int)TEN_MIDDLE));
        __m256i last = _mm256_mullo_epi32(load_fours(bytes + 6), _mm256_set1_epi32((int)TEN_LAST));
        __m256i hash = _mm256_add_epi32(_mm256_add_epi32(first, middle), last);
        _mm256_storeu_si256((__m256i *)(void *)hashes, _mm256_srl_epi32(hash, _mm_cvtsi32_si128((int)shift)));
    }
}

/* --- AVX-512 with VBMI2 ------------------------------------------------------------------------------------------ */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))

AVX512 ALWAYS_INLINE uint64_t between512(__m512i block, uint8_t first, uint8_t last)
{
    __m512i above = _mm512_sub_epi8(block, _mm512_set1_epi8((char)first));
    return _mm512_cmple_epu8_mask(above, _mm512_set1_epi8((char)(last - first)));
}

AVX512 static inline void read_masks_avx512(const uint8_t *bytes, size_t count, Masks *masks)
{
    for (; count; count--, bytes += BLOCK_BYTES, masks++) {
        __m512i block = _mm512_loadu_si512(bytes);
        *masks = (Masks){
            .spaces = between512(block, 0x09, 0x0D) | between512(block, 0x1C, 0x20),
            .newlines = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\n')),
            .dots = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('.')),
            .hashes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('#')),
            .high = _mm512_movepi8_mask(block),
            .continuing = between512(block, 0x80, 0xBF),
            .wide = between512(block, 0xE0, 0xFF),
            .low_leads = between512(block, 0xC0, 0xC2),
        };
    }
}

AVX512 ALWAYS_INLINE void store_positions(uint32_t *positions, __m512i base, __m128i numbers)
{
    _mm512_storeu_si512(positions, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(numbers)));
}

AVX512 static inline size_t list_positions_avx512(uint64_t bits, size_t at, uint32_t *positions)
{
    static const uint8_t NUMBERS[BLOCK_BYTES] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    };
    size_t count = (size_t)__builtin_popcountll(bits);
    __m512i listed = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(NUMBERS)), base = _mm512_set1_epi32((int)at);
    store_positions(positions, base, _mm512_castsi512_si128(listed));
    store_positions(positions + 16, base, _mm512_extracti32x4_epi32(listed, 1));
    if (__builtin_expect(count > 32, 0)) {
        store_positions(positions + 32, base, _mm512_extracti32x4_epi32(listed, 2));
        store_positions(positions + 48, base, _mm512_extracti32x4_epi32(listed, 3));
    }
    return count;
}

AVX512 static inline size_t list_edges_avx512(const uint8_t *bytes, size_t count, size_t readable, Border *border,
                                              uint32_t *edges)
{
    size_t listed = 0;
    for (size_t at = 0; at < count * BLOCK_BYTES; at += BLOCK_BYTES) {
        __m512i block = _mm512_loadu_si512(bytes + at);
        uint64_t spaces = between512(block, 0x09, 0x0D) | between512(block, 0x1C, 0x20) | border->overhang;
        uint64_t leads = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8((char)0xC2)) | between512(block, 0xE1, 0xE3);
        border->overhang = 0;
        if (leads)
            spaces |= find_wide_spaces(bytes + at, readable - at, leads, &border->overhang);
        listed += list_positions_avx512(edges_of(spaces, border), at, edges + listed);
    }
    return listed;
}

#endif
