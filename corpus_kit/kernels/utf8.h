/* Reading UTF-8 that is known to be valid, and making it so. */

#ifndef CORPUS_KIT_UTF8_H
#define CORPUS_KIT_UTF8_H

#include "portable.h"

/* The code point that begins at `bytes`, in valid UTF-8; `*size` becomes the number of its bytes. */
ALWAYS_INLINE uint32_t decode(const uint8_t *bytes, size_t *size)
{
    uint32_t first = bytes[0];
    if (first < 0x80) {
        *size = 1;
        return first;
    }
    if (first < 0xE0) {
        *size = 2;
        return (first & 0x1F) << 6 | (bytes[1] & 0x3F);
    }
    if (first < 0xF0) {
        *size = 3;
        return (first & 0x0F) << 12 | (uint32_t)(bytes[1] & 0x3F) << 6 | (bytes[2] & 0x3F);
    }
    *size = 4;
    return (first & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3F) << 12 | (uint32_t)(bytes[2] & 0x3F) << 6 |
           (bytes[3] & 0x3F);
}

/* How many bytes the first byte of a character announces; 0 if no character begins with it. */
static inline size_t announced_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Which second bytes may follow a first one. */
static inline int is_second(uint8_t first, uint8_t second)
{
    uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return least <= second && second <= most;
}

/* The text with U+FFFD in place of what is not UTF-8, as Python's bytes.decode(errors="replace") makes it: one for each
 * longest beginning of a character, or byte that begins none. `into` has room for 3 * length bytes. Returns the new
 * length. */
static inline size_t replace_invalid(const uint8_t *text, size_t length, uint8_t *into)
{
    size_t made = 0;
    for (size_t at = 0; at < length;) {
        size_t announced = announced_size(text[at]), good = 1;
        if (announced > 1 && at + 1 < length && is_second(text[at], text[at + 1])) {
            good = 2;
            while (good < announced && at + good < length && (text[at + good] & 0xC0) == 0x80)
                good++;
        }
        if (good == announced) {
            memcpy(into + made, text + at, good);
            made += good;
        } else {
            memcpy(into + made, "\xEF\xBF\xBD", 3);
            made += 3;
        }
        at += good;
    }
    return made;
}

#endif
