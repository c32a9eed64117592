/* Texts folded before they are compared: lower case, and one space for whatever is no letter, mark or number. The
 * definition is near_definition.folded; what is not UTF-8 separates words. */

#ifndef CORPUS_KIT_FOLDED_H
#define CORPUS_KIT_FOLDED_H

#include "folded_characters.h"
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

/* ASCII letters to lower case, digits as they are, all else of ASCII a space; other bytes as they are. Returns whether
 * there are such. The loop has no branches: compilers make it vector instructions. */
FOR_EACH_CPU
static int fold_ascii(const uint8_t *restrict text, size_t length, uint8_t *restrict into)
{
    uint8_t wide = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = text[i], lower = (uint8_t)(byte | 0x20);
        uint8_t is_letter = (uint8_t)(lower - 'a') < 26, is_digit = (uint8_t)(byte - '0') < 10;
        uint8_t kept = is_letter ? lower : byte;
        into[i] = is_letter | is_digit | (byte >= 0x80) ? kept : ' ';
        wide |= byte;
    }
    return wide >= 0x80;
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

/* Folds from `at` on, character by character, for texts of which a character changes its size. */
static size_t fold_slowly(const uint8_t *text, size_t length, size_t at, uint8_t *into, size_t made)
{
    for (size_t size; at < length; at += size)
        made += fold_character(text + at, length - at, &size, into + made);
    return made;
}

/* The next byte of 80 and more, from `at` on; `length` if there is none. */
ALWAYS_INLINE size_t next_wide(const uint8_t *text, size_t at, size_t length)
{
    for (; at + 8 <= length; at += 8) {
        uint64_t wide = load_little_endian(text + at) & UINT64_C(0x8080808080808080);
        if (wide)
            return at + (size_t)__builtin_ctzll(wide) / 8;
    }
    while (at < length && text[at] < 0x80)
        at++;
    return at;
}

/* The folded text, but with as many spaces between words, and at its ends, as come: who cuts it into words does not
 * mind. ASCII is folded at once; other characters follow where they stand, as long as none changes its size. Returns
 * the number of bytes. */
static inline size_t fold_bytes(const uint8_t *text, size_t length, uint8_t *into)
{
    if (!fold_ascii(text, length, into))
        return length;
    for (size_t at = next_wide(text, 0, length), size; at < length; at = next_wide(text, at + size, length)) {
        uint8_t made[4];
        size_t count = fold_character(text + at, length - at, &size, made);
        if (made[0] == ' ')
            memset(into + at, ' ', size);
        else if (count == size)
            memcpy(into + at, made, size);
        else
            return fold_slowly(text, length, at, into, at);
    }
    return length;
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
