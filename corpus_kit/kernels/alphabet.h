/* The characters of a text as units of equal size: one byte each if few enough are different. */

#ifndef CORPUS_KIT_ALPHABET_H
#define CORPUS_KIT_ALPHABET_H

#include "intern.h"
#include "units.h"
#include "utf8.h"

#define CODE_POINTS 0x110000
#define MORE_READABLE 32 /* bytes behind the units that may be read too */

typedef struct {
    uint8_t *items;
    size_t capacity, unit_size, count;
    uint8_t *unit_of;    /* of each code point that is not ASCII; 0 if it has none yet */
    uint32_t known[128]; /* those that have one */
    size_t known_count;
} Units;

static inline void free_units(Units *units)
{
    free(units->items);
    free(units->unit_of);
}

/* Bytes for characters: ASCII ones are themselves, others get the numbers from 128 on as they come. Returns 0 if these
 * are too few. */
static inline int make_small_units(Units *units, const uint8_t *text, size_t length)
{
    size_t made = 0;
    units->unit_size = 1;
    for (size_t i = 0; i < units->known_count; i++)
        units->unit_of[units->known[i]] = 0;
    units->known_count = 0;
    for (size_t at = 0, step; at < length; at += step) {
        if (length - at >= 8) {
            uint64_t eight = load_little_endian(text + at), high = eight & EIGHT_TIMES * 0x80;
            size_t ascii = high ? (size_t)__builtin_ctzll(high) / 8 : 8;
            memcpy(units->items + made, text + at, 8); /* the bytes behind the ASCII ones are overwritten */
            made += ascii;
            at += ascii;
            step = 0;
            if (ascii == 8)
                continue;
        }
        uint32_t code_point = decode(text + at, &step);
        if (code_point >= 128 && !units->unit_of[code_point]) {
            if (units->known_count == 128)
                return 0;
            units->known[units->known_count] = code_point;
            units->unit_of[code_point] = (uint8_t)(128 + units->known_count++);
        }
        units->items[made++] = code_point < 128 ? (uint8_t)code_point : units->unit_of[code_point];
    }
    units->count = made;
    return 1;
}

static inline void make_large_units(Units *units, const uint8_t *text, size_t length)
{
    size_t made = 0;
    units->unit_size = sizeof(uint32_t);
    for (size_t at = 0, step; at < length; at += step) {
        uint32_t code_point = decode(text + at, &step);
        memcpy(units->items + sizeof code_point * made++, &code_point, sizeof code_point);
    }
    units->count = made;
}

/* Makes units of a valid text of so many characters. */
static inline Status make_units(Units *units, const uint8_t *text, size_t length, size_t characters)
{
    if (!units->unit_of && !(units->unit_of = calloc(CODE_POINTS, 1)))
        return KERNEL_NO_MEMORY;
    uint8_t *items = grow(units->items, &units->capacity, characters + MORE_READABLE, 1);
    if (!items)
        return KERNEL_NO_MEMORY;
    units->items = items;
    if (make_small_units(units, text, length))
        return KERNEL_OK;
    items = grow(units->items, &units->capacity, sizeof(uint32_t) * characters + MORE_READABLE, 1);
    if (!items)
        return KERNEL_NO_MEMORY;
    units->items = items;
    make_large_units(units, text, length);
    return KERNEL_OK;
}

#endif
