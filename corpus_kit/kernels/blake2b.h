/* BLAKE2b (RFC 7693) without a key, cut to 8 bytes, of four messages at once, one in each lane of a vector: half of
 * the time they take one by one (AVX2; three quarters with SSE2). */

#ifndef CORPUS_KIT_BLAKE2B_H
#define CORPUS_KIT_BLAKE2B_H

#include "portable.h"

#define BLAKE2B_BYTES 128 /* of a block */
#define BLAKE2B_LANES 4   /* one vector of AVX2, two of SSE2 or NEON; with eight AVX2 runs out of registers */

typedef uint64_t BlakeLanes __attribute__((vector_size(BLAKE2B_LANES * sizeof(uint64_t))));

typedef struct {
    BlakeLanes words[8];
} BlakeState;

/* A block of each message, how many of its bytes were read once it is, and whether it is the last: then all ones. */
typedef struct {
    BlakeLanes words[16], read, last;
} BlakeBlock;

static const uint64_t BLAKE2B_BEGINNING[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)};

/* Which words of the message each round mixes in; the last two rounds begin again. */
static const uint8_t BLAKE2B_ORDER[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

ALWAYS_INLINE void begin_blake2b(BlakeState *state)
{
    *state = (BlakeState){0};
    for (int i = 0; i < 8; i++)
        state->words[i] += BLAKE2B_BEGINNING[i];
    state->words[0] ^= UINT64_C(0x01010008); /* no salt, no tree, no key; 8 bytes */
}

#define TURN(lanes, bits) ((lanes) = (lanes) >> (bits) | (lanes) << (64 - (bits)))

ALWAYS_INLINE void mix_blake2b(BlakeLanes *a, BlakeLanes *b, BlakeLanes *c, BlakeLanes *d, const BlakeLanes *first,
                               const BlakeLanes *second)
{
    *a += *b + *first;
    *d ^= *a;
    TURN(*d, 32);
    *c += *d;
    *b ^= *c;
    TURN(*b, 24);
    *a += *b + *second;
    *d ^= *a;
    TURN(*d, 16);
    *c += *d;
    *b ^= *c;
    TURN(*b, 63);
}

#undef TURN

ALWAYS_INLINE void read_blake2b(BlakeState *state, const BlakeBlock *block)
{
    BlakeLanes v[16] = {0};
    for (int i = 0; i < 8; i++) {
        v[i] = state->words[i];
        v[i + 8] += BLAKE2B_BEGINNING[i];
    }
    v[12] ^= block->read; /* the upper half of this count, 0, would go into the next word */
    v[14] ^= block->last;
    for (int round = 0; round < 12; round++) {
        const uint8_t *order = BLAKE2B_ORDER[round];
        const BlakeLanes *words = block->words;
        for (int i = 0; i < 4; i++)
            mix_blake2b(v + i, v + 4 + i, v + 8 + i, v + 12 + i, words + order[2 * i], words + order[2 * i + 1]);
        for (int i = 0; i < 4; i++)
            mix_blake2b(v + i, v + 4 + (i + 1) % 4, v + 8 + (i + 2) % 4, v + 12 + (i + 3) % 4,
                        words + order[8 + 2 * i], words + order[9 + 2 * i]);
    }
    for (int i = 0; i < 8; i++)
        state->words[i] ^= v[i] ^ v[i + 8];
}

#endif
