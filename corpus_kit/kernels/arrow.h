/* Reading Arrow arrays of variable length (large_string, large_list) from their raw buffers. */

#ifndef CORPUS_KIT_ARROW_H
#define CORPUS_KIT_ARROW_H

#include "portable.h"

/* A possibly sliced array: `offset` counts rows and applies to `validity` and `offsets`, never to `items`. */
typedef struct {
    const uint8_t *validity; /* one bit a row, lowest first; NULL when no row is null */
    const uint8_t *offsets;  /* int64, possibly unaligned */
    const uint8_t *items;
    size_t item_count; /* bytes of a string array, elements of a list array */
    size_t offset;
    size_t length;
} LargeArray;

/* Where one row's items lie. A null row is `is_null` and has no items. */
typedef struct {
    size_t begin;
    size_t count;
    int is_null;
} Row;

ALWAYS_INLINE int64_t read_int64(const uint8_t *numbers, size_t index)
{
    int64_t value;
    memcpy(&value, numbers + index * sizeof value, sizeof value);
    return value;
}

/* Offsets are checked where they are used, not beforehand: another thread may write to the buffer meanwhile. */
ALWAYS_INLINE Status find_row(const LargeArray *array, size_t index, Row *row)
{
    size_t at = array->offset + index;
    *row = (Row){0, 0, 1};
    if (array->validity && !(array->validity[at / 8] >> (at % 8) & 1))
        return KERNEL_OK;
    int64_t begin = read_int64(array->offsets, at);
    int64_t end = read_int64(array->offsets, at + 1);
    if (begin < 0 || end < begin || (uint64_t)end > array->item_count)
        return KERNEL_BAD_OFFSETS;
    *row = (Row){(size_t)begin, (size_t)(end - begin), 0};
    return KERNEL_OK;
}

#endif
