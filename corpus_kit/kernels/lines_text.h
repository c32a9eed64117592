/* Reading lines of any bytes: code points, whitespace, words, case. A byte that is not UTF-8 is a character of its own,
 * U+DC80 to U+DCFF, as Python's surrogateescape has it: no letter, no whitespace. */

#ifndef CORPUS_KIT_LINES_TEXT_H
#define CORPUS_KIT_LINES_TEXT_H

#include "characters.h"
#include "lines_cases.h"
#include "utf8.h"

typedef struct {
    const uint8_t *bytes;
    size_t length;
} Span;

/* The code point that begins at `bytes`; `*size` becomes the number of its bytes. */
ALWAYS_INLINE uint32_t decode_any(const uint8_t *bytes, size_t available, size_t *size)
{
    uint8_t first = bytes[0];
    if (first < 0x80) {
        *size = 1;
        return first;
    }
    size_t announced = announced_size(first);
    if (announced >= 2 && announced <= available && is_second(first, bytes[1]) &&
        (announced < 3 || (bytes[2] & 0xC0) == 0x80) && (announced < 4 || (bytes[3] & 0xC0) == 0x80))
        return decode(bytes, size);
    *size = 1;
    return 0xDC00 + (uint32_t)first;
}

/* Writes a code point, at most 4 bytes, and gives their number. */
ALWAYS_INLINE size_t encode_any(uint32_t code_point, uint8_t *into)
{
    if (code_point < 0x80) {
        into[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point >= 0xDC80 && code_point <= 0xDCFF) {
        into[0] = (uint8_t)(code_point - 0xDC00);
        return 1;
    }
    if (code_point < 0x800) {
        into[0] = (uint8_t)(0xC0 | code_point >> 6);
        into[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        into[0] = (uint8_t)(0xE0 | code_point >> 12);
        into[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
        into[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    into[0] = (uint8_t)(0xF0 | code_point >> 18);
    into[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3F));
    into[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
    into[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}

ALWAYS_INLINE int is_ascii_space(uint32_t code_point)
{
    return code_point == ' ' || (code_point >= 9 && code_point <= 13) || (code_point >= 0x1C && code_point <= 0x1F);
}

/* What separates words: str.isspace. */
ALWAYS_INLINE int is_space(uint32_t code_point)
{
    if (code_point < 0x80)
        return is_ascii_space(code_point);
    return code_point == 0x85 || code_point == 0xA0 || code_point == 0x1680 ||
           (code_point >= 0x2000 && code_point <= 0x200A) || code_point == 0x2028 || code_point == 0x2029 ||
           code_point == 0x202F || code_point == 0x205F || code_point == 0x3000;
}

/* Bytes of the whitespace character that begins at `bytes`; 0 if there is none. */
ALWAYS_INLINE size_t space_at(const uint8_t *bytes, size_t available)
{
    uint8_t first = bytes[0];
    if (first < 0x80)
        return (size_t)is_ascii_space(first);
    if (first != 0xC2 && (first < 0xE1 || first > 0xE3)) /* no other byte begins one */
        return 0;
    size_t size;
    return is_space(decode_any(bytes, available, &size)) ? size : 0;
}

/* Bytes of the whitespace character that ends where the span ends; 0 if there is none. The bytes that begin one never
 * continue a character, so it is the same one that reading from the left finds. */
ALWAYS_INLINE size_t space_before(Span span)
{
    if (span.length == 0)
        return 0;
    uint8_t last = span.bytes[span.length - 1];
    if (last < 0x80)
        return (size_t)is_ascii_space(last);
    for (size_t size = 2; size <= 3 && size <= span.length; size++)
        if (span.bytes[span.length - size] >= 0xC0)
            return space_at(span.bytes + span.length - size, size) == size ? size : 0;
    return 0;
}

static inline Span trim(Span span)
{
    size_t size;
    while (span.length && (size = space_at(span.bytes, span.length))) {
        span.bytes += size;
        span.length -= size;
    }
    while ((size = space_before(span)))
        span.length -= size;
    return span;
}

/* Takes the next word off the front of `*rest`; 0 if there is none. */
static inline int next_word(Span *rest, Span *word)
{
    size_t at = 0, size;
    while (at < rest->length && (size = space_at(rest->bytes + at, rest->length - at)))
        at += size;
    size_t begin = at;
    while (at < rest->length && !space_at(rest->bytes + at, rest->length - at))
        at++; /* continuation bytes are no whitespace */
    *word = (Span){rest->bytes + begin, at - begin};
    *rest = (Span){rest->bytes + at, rest->length - at};
    return word->length > 0;
}

/* The last code point of a span that is not empty. */
static inline uint32_t last_character(Span span)
{
    for (size_t size = 1; size <= 4 && size <= span.length; size++) {
        const uint8_t *bytes = span.bytes + span.length - size;
        if ((bytes[0] & 0xC0) == 0x80 && size < 4)
            continue;
        size_t found;
        uint32_t code_point = decode_any(bytes, size, &found);
        if (found == size)
            return code_point;
        break;
    }
    return 0xDC00 + (uint32_t)span.bytes[span.length - 1];
}

/* Number of characters, at most `limit`. */
static inline size_t count_characters(Span span, size_t limit)
{
    size_t count = 0, at = 0, size;
    for (; at < span.length && count < limit; count++) {
        decode_any(span.bytes + at, span.length - at, &size);
        at += size;
    }
    return count;
}

/* Unicode's simple lower-case mapping. */
ALWAYS_INLINE uint32_t lower_character(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point - 'A' < 26u ? code_point + 32 : code_point;
    return (uint32_t)((int64_t)code_point + lower_step(code_point));
}

ALWAYS_INLINE int is_alphanumeric(uint32_t code_point)
{
    if (code_point < 0x80)
        return (code_point | 32) - 'a' < 26u || code_point - '0' < 10u;
    return char_flags(code_point) & (CHAR_LETTERS | CHAR_DIGITS);
}

/* Scratch memory that only ever grows, so that one allocation serves many texts. */
typedef struct {
    void *items;
    size_t capacity; /* in bytes */
} Scratch;

/* Makes room for `count` items of `size` bytes, keeping what is there. */
static inline Status grow(Scratch *scratch, size_t count, size_t size)
{
    if (count > SIZE_MAX / 2 / size)
        return KERNEL_NO_MEMORY;
    if (count * size <= scratch->capacity)
        return KERNEL_OK;
    size_t capacity = count * size + count * size / 2;
    void *items = realloc(scratch->items, capacity);
    if (!items)
        return KERNEL_NO_MEMORY;
    *scratch = (Scratch){items, capacity};
    return KERNEL_OK;
}

#endif
