/* The hash functions. All are independent of endianness and specified in definition.py. */

#ifndef CORPUS_KIT_HASHING_H
#define CORPUS_KIT_HASHING_H

#include "portable.h"

typedef struct {
    uint64_t first;
    uint64_t second;
} Digest;

/* Finalizer of MurmurHash3: a bijection, so it adds no collisions, after which any 32 of the bits serve as a hash. */
ALWAYS_INLINE uint64_t mix64(uint64_t value)
{
    value = (value ^ value >> 33) * UINT64_C(0xff51afd7ed558ccd);
    value = (value ^ value >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ value >> 33;
}

ALWAYS_INLINE uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

#define MURMUR_1 UINT64_C(0x87c37b91114253d5)
#define MURMUR_2 UINT64_C(0x4cf5ad432745937f)

ALWAYS_INLINE uint64_t scramble_first(uint64_t word)
{
    return rotate_left(word * MURMUR_1, 31) * MURMUR_2;
}

ALWAYS_INLINE uint64_t scramble_second(uint64_t word)
{
    return rotate_left(word * MURMUR_2, 33) * MURMUR_1;
}

/* Takes 16 bytes, as two numbers. */
ALWAYS_INLINE Digest take_block(Digest digest, uint64_t low, uint64_t high)
{
    digest.first ^= scramble_first(low);
    digest.first = (rotate_left(digest.first, 27) + digest.second) * 5 + 0x52dce729;
    digest.second ^= scramble_second(high);
    digest.second = (rotate_left(digest.second, 31) + digest.first) * 5 + 0x38495ab5;
    return digest;
}

/* Takes the last bytes, fewer than 16; zeros leave the unused half unchanged, as the original's switch does. */
ALWAYS_INLINE Digest take_tail(Digest digest, uint64_t low, uint64_t high)
{
    return (Digest){digest.first ^ scramble_first(low), digest.second ^ scramble_second(high)};
}

ALWAYS_INLINE Digest finish_digest(Digest digest, size_t length)
{
    uint64_t first = digest.first ^ length, second = digest.second ^ length;
    first += second;
    second += first;
    first = mix64(first);
    second = mix64(second);
    first += second;
    second += first;
    return (Digest){first, second};
}

/* MurmurHash3_x64_128 with seed 0 (Austin Appleby, public domain). */
static inline Digest digest_bytes(const uint8_t *bytes, size_t length)
{
    Digest digest = {0, 0};
    size_t at = 0;
    for (; length - at >= 16; at += 16)
        digest = take_block(digest, load_little_endian(bytes + at), load_little_endian(bytes + at + 8));
    if (at < length) {
        uint8_t tail[16] = {0};
        memcpy(tail, bytes + at, length - at);
        digest = take_tail(digest, load_little_endian(tail), load_little_endian(tail + 8));
    }
    return finish_digest(digest, length);
}

/* Odd 64-bit numbers with 32 bits set, from wyhash (Wang Yi, public domain). */
#define UNIT_KEY_LOW UINT64_C(0xa0761d6478bd642f)
#define UNIT_KEY_HIGH UINT64_C(0xe7037ed1a0b428db)

ALWAYS_INLINE uint64_t absorb(uint64_t state, uint64_t low, uint64_t high)
{
    return fold_multiply(low ^ UNIT_KEY_LOW ^ state, high ^ UNIT_KEY_HIGH);
}

/* A mask of the `count` <= 8 lowest bytes. Two shifts, because one by 64 is undefined; no branch, because it would be
 * mispredicted at every other word. */
ALWAYS_INLINE uint64_t lowest_bytes(size_t count)
{
    return (UINT64_C(1) << 4 * count << 4 * count) - 1;
}

/* Hash of a word or a character of `size` > 0 bytes; `readable` >= size bytes may be read from its start.
 * Made for short words: up to 16 bytes it is two loads, two masks and one multiplication, without a loop. */
ALWAYS_INLINE uint64_t hash_unit(const uint8_t *unit, size_t size, size_t readable)
{
    uint64_t state = size;
    while (size > 16) {
        state = absorb(state, load_little_endian(unit), load_little_endian(unit + 8));
        unit += 16;
        size -= 16;
        readable -= 16;
    }
    if (readable < 16) { /* only near the end of a document */
        uint8_t last[16] = {0};
        memcpy(last, unit, size);
        return absorb(state, load_little_endian(last), load_little_endian(last + 8));
    }
    size_t in_low = size < 8 ? size : 8;
    uint64_t low = load_little_endian(unit) & lowest_bytes(in_low);
    uint64_t high = load_little_endian(unit + 8) & lowest_bytes(size - in_low);
    return absorb(state, low, high);
}

#endif
