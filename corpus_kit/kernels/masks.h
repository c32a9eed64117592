/* Looking at 64 bytes at once: which of them are what, as one bit a byte.
 *
 * There is a reader for each level of the x86-64 instruction set and one for any processor; all give the same. Which
 * one a call uses is decided when it begins. */

#ifndef CORPUS_KIT_MASKS_H
#define CORPUS_KIT_MASKS_H

#include "units.h"

#if defined(__x86_64__) && !defined(CORPUS_KIT_PLAIN)
#include <immintrin.h>
#define HAS_X86_LEVELS 1
#else
#define HAS_X86_LEVELS 0
#endif

/* One block. */
typedef struct {
    uint64_t spaces; /* ASCII whitespace of str.split */
    uint64_t newlines, dots, hashes;
    uint64_t high;       /* not ASCII */
    uint64_t continuing; /* 80 to BF */
    uint64_t wide;       /* E0 to FF: begin a character of three or four bytes, or nothing */
    uint64_t low_leads;  /* C0 to C2: begin nothing, or a character up to U+00BF */
} Masks;

/* Describes `count` whole blocks. */
typedef void MaskReader(const uint8_t *bytes, size_t count, Masks *masks);

/* Lists the positions of the bits of a mask whose first byte stands at `at`. Returns their number; up to 64 are
 * written, however few there are. */
typedef size_t PositionLister(uint64_t bits, size_t at, uint32_t *positions);

/* Hashes of the ten bytes from each of `count` places on, shifted to the right. Up to seven more are written, and
 * fifteen bytes more than those must be readable. Levels may give different hashes: they only say where to look. */
typedef void TenHasher(const uint8_t *bytes, size_t count, unsigned shift, uint32_t *hashes);

/* What a block tells the next: whether it ends with whitespace, and which bytes of the next belong to its last one. */
typedef struct {
    uint64_t was_space, overhang;
} Border;

/* Lists where words begin and end, in turn, in `count` whole blocks, counted from their first byte. From there on
 * `readable` bytes may be read. Returns the number of places; up to 63 more are written. */
typedef size_t EdgeLister(const uint8_t *bytes, size_t count, size_t readable, Border *border, uint32_t *edges);

typedef struct {
    MaskReader *read_masks;
    PositionLister *list_positions;
    TenHasher *hash_tens;
    EdgeLister *list_edges;
} Level;

enum { LEVEL_PLAIN, LEVEL_SSE2, LEVEL_AVX2, LEVEL_AVX512 };

#ifndef CORPUS_KIT_LEVEL /* the highest that is used, where nobody asks for another: tests build for lower ones, too */
#define CORPUS_KIT_LEVEL LEVEL_AVX512
#endif

/* The bits below `position`, which is at most 63. */
ALWAYS_INLINE uint64_t bits_below(unsigned position)
{
    return (UINT64_C(1) << position) - 1;
}

/* --- Any processor ----------------------------------------------------------------------------------------------- */

static inline void read_masks_plainly(const uint8_t *bytes, size_t count, Masks *masks)
{
    for (; count; count--, bytes += BLOCK_BYTES, masks++) {
        uint8_t flags[8][BLOCK_BYTES];
        for (int i = 0; i < BLOCK_BYTES; i++) { /* no branches: compilers turn this loop into vector instructions */
            uint8_t byte = bytes[i];
            flags[0][i] = (uint8_t)(byte - 0x09) <= 0x0D - 0x09 || (uint8_t)(byte - 0x1C) <= 0x20 - 0x1C;
            flags[1][i] = byte == '\n';
            flags[2][i] = byte == '.';
            flags[3][i] = byte == '#';
            flags[4][i] = byte >> 7;
            flags[5][i] = (byte & 0xC0) == 0x80;
            flags[6][i] = byte >= 0xE0;
            flags[7][i] = (uint8_t)(byte - 0xC0) <= 0xC2 - 0xC0;
        }
        uint64_t bits[8] = {0};
        for (int kind = 0; kind < 8; kind++)
            for (int i = 0; i < BLOCK_BYTES; i += 8)
                bits[kind] |= gather_bits(load_little_endian(flags[kind] + i)) << i;
        *masks = (Masks){bits[0], bits[1], bits[2], bits[3], bits[4], bits[5], bits[6], bits[7]};
    }
}

/* Eight at a time, because how many there are cannot be predicted, but mostly whether there are eight more. */
static inline size_t list_positions_plainly(uint64_t bits, size_t at, uint32_t *positions)
{
    size_t count = (size_t)__builtin_popcountll(bits);
    for (size_t i = 0; i < count; i += 8) {
        for (int k = 0; k < 8; k++) {
            positions[i + k] = (uint32_t)(at + (size_t)__builtin_ctzll(bits | UINT64_C(1) << 63));
            bits &= bits - 1;
        }
    }
    return count;
}

/* Where whitespace begins and ends, which is where the mask changes. */
ALWAYS_INLINE uint64_t edges_of(uint64_t spaces, Border *border)
{
    uint64_t edges = spaces ^ (spaces << 1 | border->was_space);
    border->was_space = spaces >> 63;
    return edges;
}

FOR_EACH_CPU
static size_t list_edges_plainly(const uint8_t *bytes, size_t count, size_t readable, Border *border, uint32_t *edges)
{
    size_t listed = 0;
    for (size_t at = 0; at < count * BLOCK_BYTES; at += BLOCK_BYTES) {
        uint64_t spaces = find_spaces(bytes + at, readable - at, &border->overhang);
        listed += list_positions_plainly(edges_of(spaces, border), at, edges + listed);
    }
    return listed;
}

#define TEN_FIRST UINT32_C(0x9e3779b1) /* odd numbers without a pattern: primes of xxHash (Yann Collet) */
#define TEN_MIDDLE UINT32_C(0x85ebca77)
#define TEN_LAST UINT32_C(0xc2b2ae3d)

static inline void hash_tens_plainly(const uint8_t *bytes, size_t count, unsigned shift, uint32_t *hashes)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t first = load_little_endian(bytes + i), last = load_little_endian(bytes + i + 2) >> 32;
        uint32_t hash = (uint32_t)first * TEN_FIRST + (uint32_t)(first >> 32) * TEN_MIDDLE + (uint32_t)last * TEN_LAST;
        hashes[i] = hash >> shift;
    }
}

#if HAS_X86_LEVELS
#include "masks_x86.h"
#endif

/* The highest level that is at most `highest` and that this processor has. */
static inline Level choose_level(int highest)
{
#if HAS_X86_LEVELS
    __builtin_cpu_init();
    int has_avx2 = __builtin_cpu_supports("avx2");
    int has_avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
    if (highest >= LEVEL_AVX512 && has_avx2 && has_avx512)
        return (Level){read_masks_avx512, list_positions_avx512, hash_tens_avx2, list_edges_avx512};
    if (highest >= LEVEL_AVX2 && has_avx2)
        return (Level){read_masks_avx2, list_positions_plainly, hash_tens_avx2, list_edges_avx2};
    if (highest >= LEVEL_SSE2)
        return (Level){read_masks_sse2, list_positions_plainly, hash_tens_plainly, list_edges_plainly};
#endif
    (void)highest;
    return (Level){read_masks_plainly, list_positions_plainly, hash_tens_plainly, list_edges_plainly};
}

#endif
