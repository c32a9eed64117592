/* What words and characters are, for any bytes, valid UTF-8 or not; hashes of the characters. */

#ifndef CORPUS_KIT_UNITS_H
#define CORPUS_KIT_UNITS_H

#include "hashing.h"

typedef enum { UNIT_WORD, UNIT_CHAR } Unit;

#define BLOCK_BYTES 64 /* as many as a mask has bits */

/* Flags of one byte, before they are gathered into masks. */
#define SPACE 1 /* ASCII whitespace of str.split: \t \n \v \f \r, \x1c to \x1f, space */
#define LEAD 2  /* may begin a longer whitespace character: C2, E1, E2, E3 */

#define EIGHT_TIMES UINT64_C(0x0101010101010101)

/* The lowest bit of each of eight bytes, side by side: the multiplication moves bit 8i to bit 56 + i. */
ALWAYS_INLINE uint64_t gather_bits(uint64_t eight_bytes)
{
    return (eight_bytes & EIGHT_TIMES) * UINT64_C(0x0102040810204080) >> 56;
}

/* Length of the non-ASCII whitespace character that begins here, or 0:
 * U+0085, U+00A0, U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F, U+3000. */
ALWAYS_INLINE size_t wide_space(const uint8_t *bytes, size_t readable)
{
    if (readable >= 2 && bytes[0] == 0xC2)
        return bytes[1] == 0x85 || bytes[1] == 0xA0 ? 2 : 0;
    if (readable < 3)
        return 0;
    uint32_t second_third = (uint32_t)bytes[1] << 8 | bytes[2];
    int is_space;
    if (bytes[0] == 0xE2)
        is_space = (second_third >= 0x8080 && second_third <= 0x808A) || second_third == 0x80A8 ||
                   second_third == 0x80A9 || second_third == 0x80AF || second_third == 0x819F;
    else if (bytes[0] == 0xE1)
        is_space = second_third == 0x9A80;
    else
        is_space = bytes[0] == 0xE3 && second_third == 0x8080;
    return is_space ? 3 : 0;
}

/* The whitespace that begins at those bytes of a block that are `leads`: one bit a byte. From the block on `readable`
 * bytes may be read. A character may stick out of the block: `*overhang` hands its bits to the next. */
ALWAYS_INLINE uint64_t find_wide_spaces(const uint8_t *block, size_t readable, uint64_t leads, uint64_t *overhang)
{
    uint64_t spaces = 0;
    for (; leads; leads &= leads - 1) {
        unsigned at = (unsigned)__builtin_ctzll(leads);
        uint64_t bits = (UINT64_C(1) << wide_space(block + at, readable - at)) - 1;
        spaces |= bits << at;
        *overhang |= at ? bits >> (64 - at) : 0;
    }
    return spaces;
}

/* Which of the 64 bytes at `block` are whitespace, in the same way. */
ALWAYS_INLINE uint64_t find_spaces(const uint8_t *block, size_t readable, uint64_t *overhang)
{
    uint8_t flags[BLOCK_BYTES];
    for (int i = 0; i < BLOCK_BYTES; i++) { /* no branches: compilers turn this loop into vector instructions */
        uint8_t byte = block[i];
        uint8_t space = (uint8_t)(byte - 0x09) <= 0x0D - 0x09 || (uint8_t)(byte - 0x1C) <= 0x20 - 0x1C;
        uint8_t lead = byte == 0xC2 || (uint8_t)(byte - 0xE1) <= 0xE3 - 0xE1;
        flags[i] = (uint8_t)(space * SPACE | lead * LEAD);
    }
    uint64_t spaces = *overhang, leads = 0, any = 0;
    *overhang = 0;
    for (int i = 0; i < BLOCK_BYTES; i += 8) {
        uint64_t eight = load_little_endian(flags + i);
        spaces |= gather_bits(eight) << i;
        any |= eight;
    }
    if (!(any & LEAD * EIGHT_TIMES))
        return spaces;
    for (int i = 0; i < BLOCK_BYTES; i += 8)
        leads |= gather_bits(load_little_endian(flags + i) >> 1) << i;
    return spaces | find_wide_spaces(block, readable, leads, overhang);
}

/* Hashes of the characters: a character begins at the first byte and at each byte that does not continue one
 * (10xxxxxx), which are the code points of valid UTF-8. Returns their number, at most `length`. */
FOR_EACH_CPU
static size_t hash_characters(const uint8_t *text, size_t length, uint64_t *hashes)
{
    size_t count = 0;
    for (size_t begin = 0, end; begin < length; begin = end) {
        end = begin + 1;
        while (end < length && (text[end] & 0xC0) == 0x80)
            end++;
        hashes[count++] = hash_unit(text + begin, end - begin, length - begin);
    }
    return count;
}

#endif
