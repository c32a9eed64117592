/* Looking at 64 bytes at once: which of them are what, as one bit a byte. */

#ifndef CORPUS_KIT_BLOCKS_H
#define CORPUS_KIT_BLOCKS_H

#include "units.h"

/* SSE2 belongs to every x86-64 processor; elsewhere, or with CORPUS_KIT_PLAIN, compilers make what they can of loops
 * without branches. The results are the same. */
#if defined(__SSE2__) && !defined(CORPUS_KIT_PLAIN)
#include <emmintrin.h>

typedef struct {
    __m128i parts[4];
} Block;

ALWAYS_INLINE Block load_block(const uint8_t *bytes)
{
    Block block;
    for (int i = 0; i < 4; i++)
        block.parts[i] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
    return block;
}

ALWAYS_INLINE uint64_t join_bits(const __m128i *parts)
{
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(parts[i]) << 16 * i;
    return bits;
}

/* Which bytes lie between `first` and `last`, both included. */
ALWAYS_INLINE uint64_t bytes_between(Block block, uint8_t first, uint8_t last)
{
    for (int i = 0; i < 4; i++) {
        __m128i above = _mm_sub_epi8(block.parts[i], _mm_set1_epi8((char)first));
        block.parts[i] = _mm_cmpeq_epi8(_mm_subs_epu8(above, _mm_set1_epi8((char)(last - first))), _mm_setzero_si128());
    }
    return join_bits(block.parts);
}

ALWAYS_INLINE uint64_t bytes_equal(Block block, uint8_t byte)
{
    for (int i = 0; i < 4; i++)
        block.parts[i] = _mm_cmpeq_epi8(block.parts[i], _mm_set1_epi8((char)byte));
    return join_bits(block.parts);
}

/* Which bytes are not ASCII. */
ALWAYS_INLINE uint64_t high_bytes(Block block)
{
    return join_bits(block.parts);
}

#else

typedef struct {
    const uint8_t *bytes;
} Block;

ALWAYS_INLINE Block load_block(const uint8_t *bytes)
{
    return (Block){bytes};
}

ALWAYS_INLINE uint64_t bytes_between(Block block, uint8_t first, uint8_t last)
{
    uint8_t flags[BLOCK_BYTES];
    for (int i = 0; i < BLOCK_BYTES; i++)
        flags[i] = (uint8_t)(block.bytes[i] - first) <= (uint8_t)(last - first);
    uint64_t bits = 0;
    for (int i = 0; i < BLOCK_BYTES; i += 8)
        bits |= gather_bits(load_little_endian(flags + i)) << i;
    return bits;
}

ALWAYS_INLINE uint64_t bytes_equal(Block block, uint8_t byte)
{
    return bytes_between(block, byte, byte);
}

ALWAYS_INLINE uint64_t high_bytes(Block block)
{
    uint64_t bits = 0;
    for (int i = 0; i < BLOCK_BYTES; i += 8)
        bits |= gather_bits(load_little_endian(block.bytes + i) >> 7) << i;
    return bits;
}

#endif

/* The bits below `position`, which is at most 63. */
ALWAYS_INLINE uint64_t bits_below(unsigned position)
{
    return (UINT64_C(1) << position) - 1;
}

/* Whether the sequence at `bytes` begins with an allowed second byte; the first is E0, ED, F0 or F4, after which not
 * all continuation bytes are (overlong forms, surrogates, code points from U+110000 on). */
ALWAYS_INLINE int second_byte_fits(const uint8_t *bytes)
{
    switch (bytes[0]) {
    case 0xE0:
        return bytes[1] >= 0xA0;
    case 0xED:
        return bytes[1] < 0xA0;
    case 0xF0:
        return bytes[1] >= 0x90;
    default:
        return bytes[1] < 0x90;
    }
}

/* What is known about the bytes of a block that are not ASCII. */
typedef struct {
    uint64_t continuing; /* bytes that continue a character */
    uint64_t leading;    /* bytes that begin one */
    int is_valid;        /* whether they are UTF-8, as far as this block can tell */
} Wide;

/* Looks at the non-ASCII bytes of a block. `*expected` hands on which bytes of the next block must be continuation
 * bytes. `readable` bytes remain in the text. */
ALWAYS_INLINE Wide find_wide(Block block, uint64_t high, const uint8_t *bytes, size_t readable, uint64_t *expected)
{
    uint64_t three_or_four = bytes_between(block, 0xE0, 0xFF), four = bytes_between(block, 0xF0, 0xFF);
    uint64_t continuing = bytes_between(block, 0x80, 0xBF), leading = high & ~continuing;
    uint64_t never = bytes_between(block, 0xC0, 0xC1) | bytes_between(block, 0xF5, 0xFF);
    uint64_t must = *expected | leading << 1 | three_or_four << 2 | four << 3;
    *expected = leading >> 63 | three_or_four >> 62 | four >> 61;
    int is_valid = must == continuing && !never;
    uint64_t picky = three_or_four & (bytes_equal(block, 0xE0) | bytes_equal(block, 0xED) | bytes_equal(block, 0xF0) |
                                      bytes_equal(block, 0xF4));
    for (; picky && is_valid; picky &= picky - 1) {
        unsigned at = (unsigned)__builtin_ctzll(picky);
        is_valid = at + 1 < readable && second_byte_fits(bytes + at);
    }
    return (Wide){continuing, leading, is_valid};
}

#endif
