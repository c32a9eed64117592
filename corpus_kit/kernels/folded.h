/* Texts folded before they are compared: lower case, and one space for whatever is no letter, mark or number. The
 * definition is near_definition.folded; what is not UTF-8 separates words. */

#ifndef CORPUS_KIT_FOLDED_H
#define CORPUS_KIT_FOLDED_H

#include "folded_characters.h"
#include "units.h"
#include "utf8.h"

/* A text that is being folded. One allocation serves many texts. */
typedef struct {
    uint8_t *bytes;
    size_t capacity;
} Folded;

/* Bytes that fold_bytes may write for so many: a capital of two bytes may have a lower case of three. */
static inline Status reserve_folded(Folded *folded, size_t length)
{
    size_t wanted = length + length / 2 + 8;
    if (wanted <= folded->capacity)
        return KERNEL_OK;
    if (wanted < length)
        return KERNEL_NO_MEMORY;
    free(folded->bytes);
    folded->bytes = malloc(wanted);
    folded->capacity = folded->bytes ? wanted : 0;
    return folded->bytes ? KERNEL_OK : KERNEL_NO_MEMORY;
}

/* Folds a block of ASCII and of what begins with C3 in UTF-8: the letters from U+00C0 to U+00FF, and two signs among
 * them. Other bytes stay as they are: returns which those are. The byte before the block is read, and the one after. */
ALWAYS_INLINE uint64_t fold_block(const uint8_t *block, uint8_t *into)
{
    uint8_t made[BLOCK_BYTES], others[BLOCK_BYTES];
    for (int i = 0; i < BLOCK_BYTES; i++) { /* no branches: compilers turn this loop into vector instructions */
        uint8_t byte = block[i], before = block[i - 1], after = block[i + 1], lower = (uint8_t)(byte | 0x20);
        uint8_t is_letter = (uint8_t)(lower - 'a') < 26, is_digit = (uint8_t)(byte - '0') < 10, is_wide = byte >= 0x80;
        uint8_t is_first = (byte == 0xC3) & ((after & 0xC0) == 0x80);
        uint8_t is_second = (before == 0xC3) & ((byte & 0xC0) == 0x80);
        uint8_t is_sign = (is_first & ((after | 0x20) == 0xB7)) | (is_second & (lower == 0xB7)); /* U+00D7, U+00F7 */
        uint8_t is_lowered = is_letter | (is_second & (byte != 0x9F)); /* U+00DF is as low as it gets */
        uint8_t is_kept = (is_letter | is_digit | is_wide) & !is_sign, kept = is_lowered ? lower : byte;
        made[i] = is_kept ? kept : ' ';
        others[i] = is_wide & !(is_first | is_second);
    }
    memcpy(into, made, BLOCK_BYTES);
    uint64_t any = 0, bits = 0;
    for (int i = 0; i < BLOCK_BYTES; i += 8)
        any |= load_little_endian(others + i);
    if (any)
        for (int i = 0; i < BLOCK_BYTES; i += 8)
            bits |= gather_bits(load_little_endian(others + i)) << i;
    return bits;
}

/* The same at the beginning or the end of a text, around which nothing may be read. */
static inline uint64_t fold_outer_block(const uint8_t *text, size_t length, size_t at, uint8_t *into)
{
    uint8_t padded[BLOCK_BYTES + 2] = {0}, made[BLOCK_BYTES];
    size_t left = length - at, size = left < BLOCK_BYTES ? left : BLOCK_BYTES;
    padded[0] = at > 0 ? text[at - 1] : 0;
    memcpy(padded + 1, text + at, size + (left > size));
    uint64_t others = fold_block(padded + 1, made);
    memcpy(into + at, made, size);
    return others;
}

/* The code point that begins at `bytes`, and in `*size` its bytes; of what is not UTF-8 one byte, and no code point. */
ALWAYS_INLINE int read_character(const uint8_t *bytes, size_t readable, uint32_t *code_point, size_t *size)
{
    size_t announced = announced_size(bytes[0]);
    *size = 1;
    if (announced == 0 || announced > readable)
        return 0;
    if (announced > 1 && !is_second(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < announced; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    *code_point = decode(bytes, size);
    return 1;
}

static inline size_t write_code_point(uint32_t code_point, uint8_t *into)
{
    if (code_point < 0x80) {
        into[0] = (uint8_t)code_point;
        return 1;
    }
    size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    into[0] = (uint8_t)((size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0) | code_point >> 6 * (size - 1));
    for (size_t i = 1; i < size; i++)
        into[i] = (uint8_t)(0x80 | (code_point >> 6 * (size - 1 - i) & 0x3F));
    return size;
}

/* The folded bytes of the character at `bytes`, spaces in place of one that separates; their number. */
ALWAYS_INLINE size_t fold_character(const uint8_t *bytes, size_t readable, size_t *size, uint8_t *into)
{
    uint32_t code_point;
    int32_t value = read_character(bytes, readable, &code_point, size) ? fold_value(code_point) : 0;
    if (value)
        return write_code_point((uint32_t)((int32_t)code_point + (value - 1) / 2), into);
    into[0] = ' ';
    return 1;
}

/* Folds characters where they stand: those with a byte of `others`, bits from `at` on, that begin at `*done` or later.
 * `*done` becomes the end of the last. Ends early at one that changes its size: returns how far `into` is made then. */
ALWAYS_INLINE size_t fold_others(const uint8_t *text, size_t length, size_t at, uint64_t others, uint8_t *into,
                                 size_t *done)
{
    for (; others; others &= others - 1) {
        size_t begin = at + (size_t)__builtin_ctzll(others), size;
        if (begin < *done)
            continue;
        uint8_t made[4];
        size_t count = fold_character(text + begin, length - begin, &size, made);
        *done = begin + size;
        if (made[0] == ' ') {
            memset(into + begin, ' ', size);
            continue;
        }
        memcpy(into + begin, made, count);
        if (count != size)
            return begin + count;
    }
    return 0;
}

/* Folds to the end of the text, or of the first character that changes its size. Returns the number of bytes read.
 * What is rare in a block follows after the next one, into which its last character may reach. */
FOR_EACH_CPU
static size_t fold_in_place(const uint8_t *text, size_t length, uint8_t *into, size_t *made)
{
    size_t at = 0, done = 0;
    uint64_t others = 0, next;
    for (; at < length; at += BLOCK_BYTES, others = next) {
        if (at > 0 && length - at > BLOCK_BYTES)
            next = fold_block(text + at, into + at);
        else
            next = fold_outer_block(text, length, at, into);
        if (others && (*made = fold_others(text, length, at - BLOCK_BYTES, others, into, &done)))
            return done;
    }
    if (others && (*made = fold_others(text, length, at - BLOCK_BYTES, others, into, &done)))
        return done;
    return *made = length;
}

/* The folded text, but with as many spaces between words, and at its ends, as come: who cuts it into words does not
 * mind. Returns the number of bytes. */
static inline size_t fold_bytes(const uint8_t *text, size_t length, uint8_t *into)
{
    size_t made = 0, more;
    for (size_t at = 0; at < length; made += more)
        at += fold_in_place(text + at, length - at, into + made, &more);
    return made;
}

/* One space between words, none at the ends. Returns the number of bytes left. */
static inline size_t single_spaces(uint8_t *bytes, size_t length)
{
    size_t made = 0;
    int after_space = 1;
    for (size_t i = 0; i < length; i++) { /* no branches: a space after a space, or at the beginning, is overwritten */
        uint8_t byte = bytes[i];
        int is_space = byte == ' ';
        bytes[made] = byte;
        made += !(is_space & after_space);
        after_space = is_space;
    }
    return made > 0 && after_space ? made - 1 : made;
}

/* The folded text in `folded`; its size. */
static inline Status fold_text(const uint8_t *text, size_t length, Folded *folded, size_t *size)
{
    Status status = reserve_folded(folded, length);
    if (status != KERNEL_OK)
        return status;
    *size = single_spaces(folded->bytes, fold_bytes(text, length, folded->bytes));
    return KERNEL_OK;
}

#endif
