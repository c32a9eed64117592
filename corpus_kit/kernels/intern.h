/* Giving equal things one small number each, within one document: the hash table that finds them, and spans of bytes.
 * Equality is decided by bytes: hashes only say where to look. */

#ifndef CORPUS_KIT_INTERN_H
#define CORPUS_KIT_INTERN_H

#include "hashing.h"

/* The array with room for `wanted` elements of `size` bytes, moved if need be; NULL, and the array as it was, if there
 * is no memory. `wanted` is not 0. */
static inline void *grow(void *array, size_t *capacity, size_t wanted, size_t size)
{
    if (wanted <= *capacity)
        return array;
    size_t next = wanted > *capacity * 2 ? wanted : *capacity * 2;
    void *moved = next <= SIZE_MAX / size ? realloc(array, next * size) : NULL;
    if (moved)
        *capacity = next;
    return moved;
}

/* Numbers that come one after the other. */
typedef struct {
    uint32_t *items;
    size_t capacity;
} Numbers;

static inline Status reserve_numbers(Numbers *numbers, size_t wanted)
{
    uint32_t *items = grow(numbers->items, &numbers->capacity, wanted, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    numbers->items = items;
    return KERNEL_OK;
}

/* An open hash table from hashes to numbers 0, 1, 2, ... A slot in use holds `base` plus its number. To clear it,
 * `base` is raised above all of them: what is in the slots then is too low and counts as empty. So a short text costs little,
 * however long the one before was. */
typedef struct {
    uint32_t *slots;
    size_t capacity; /* of slots there are */
    size_t mask;     /* one less than are in use, a power of two */
    unsigned shift;  /* takes a hash to its slot: the upper bits depend on all of it */
    uint32_t base;
} Index;

/* The number in a slot, or `known`, how many there are, if it is empty. */
ALWAYS_INLINE size_t number_in(const Index *index, size_t at, size_t known)
{
    uint32_t number = index->slots[at] - index->base;
    return number < known ? number : known;
}

ALWAYS_INLINE size_t home_slot(const Index *index, uint64_t hash)
{
    return (size_t)(hash >> index->shift);
}

ALWAYS_INLINE size_t next_slot(const Index *index, size_t at)
{
    return (at + 1) & index->mask;
}

ALWAYS_INLINE void set_slot(Index *index, size_t at, size_t number)
{
    index->slots[at] = index->base + (uint32_t)number;
}

/* An empty index of at least `wanted` slots; `used` numbers, fewer than 2**31, were given since it was last cleared. */
static inline Status clear_index(Index *index, size_t used, size_t wanted)
{
    unsigned bits = wanted > 64 ? 64 - (unsigned)__builtin_clzll(wanted - 1) : 6;
    size_t size = (size_t)1 << bits;
    index->mask = size - 1;
    index->shift = 64 - bits;
    if (size <= index->capacity && used < INT32_MAX - index->base) {
        index->base += (uint32_t)used;
        return KERNEL_OK;
    }
    if (size > index->capacity) {
        free(index->slots);
        index->slots = size <= SIZE_MAX / sizeof(uint32_t) ? calloc(size, sizeof(uint32_t)) : NULL;
        index->capacity = index->slots ? size : 0;
    } else {
        memset(index->slots, 0, index->capacity * sizeof(uint32_t));
    }
    index->base = 1;
    return index->slots ? KERNEL_OK : KERNEL_NO_MEMORY;
}

/* Whether `count` entries leave enough slots empty: half of them. A second look at the table costs more than space. */
ALWAYS_INLINE int has_room(const Index *index, size_t count)
{
    return 2 * count <= index->mask;
}

/* Slots to ask for when `count` entries no longer fit. */
ALWAYS_INLINE size_t roomy(size_t count)
{
    return 6 * count;
}

/* Enters what is known not to be there; `known` is how many numbers there will be. */
ALWAYS_INLINE void enter(Index *index, uint64_t hash, size_t number, size_t known)
{
    size_t at = home_slot(index, hash);
    while (number_in(index, at, known) < known)
        at = next_slot(index, at);
    set_slot(index, at, number);
}

/* A distinct run of bytes. */
typedef struct {
    uint64_t hash;
    uint32_t begin, size;
    uint32_t characters, count;
} Span;

typedef struct {
    Span *items;
    size_t capacity, count;
    Index index;
} Spans;

static inline void free_spans(Spans *spans)
{
    free(spans->items);
    free(spans->index.slots);
}

static inline Status clear_spans(Spans *spans, size_t likely)
{
    Status status = clear_index(&spans->index, spans->count, roomy(likely));
    spans->count = 0;
    return status;
}

static inline Status reserve_span(Spans *spans)
{
    size_t count = spans->count;
    Span *items = grow(spans->items, &spans->capacity, count + 1, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    spans->items = items;
    if (has_room(&spans->index, count + 1))
        return KERNEL_OK;
    Status status = clear_index(&spans->index, count, roomy(count + 1));
    for (size_t i = 0; i < count && status == KERNEL_OK; i++)
        enter(&spans->index, items[i].hash, i, count);
    return status;
}

/* Hash of a run of bytes; `readable` >= size bytes may be read from its start. Two at once, because a multiplication
 * takes longer to end than to begin. */
static inline uint64_t hash_span(const uint8_t *bytes, size_t size, size_t readable)
{
    uint64_t left = UNIT_KEY_LOW;
    for (; size > 32; bytes += 32, size -= 32, readable -= 32) {
        uint64_t right = fold_multiply(load_little_endian(bytes + 16) ^ UNIT_KEY_HIGH,
                                       load_little_endian(bytes + 24) ^ UNIT_KEY_LOW);
        left = absorb(left, load_little_endian(bytes), load_little_endian(bytes + 8)) + right;
    }
    return left ^ hash_unit(bytes, size, readable);
}

/* Counts a span of `base`, `count` times, and gives its number; a new one becomes the last. `length` bytes may be read
 * from `base`; `characters` is remembered of the first of equals. */
static inline Status intern_span(Spans *spans, const uint8_t *base, size_t length, Span span, size_t *number)
{
    Status status = reserve_span(spans);
    if (status != KERNEL_OK)
        return status;
    span.hash = hash_span(base + span.begin, span.size, length - span.begin);
    size_t at = home_slot(&spans->index, span.hash);
    for (;; at = next_slot(&spans->index, at)) {
        *number = number_in(&spans->index, at, spans->count);
        if (*number == spans->count)
            break;
        Span *known = spans->items + *number;
        if (known->hash == span.hash && known->size == span.size &&
            !memcmp(base + known->begin, base + span.begin, span.size)) {
            known->count += span.count;
            return KERNEL_OK;
        }
    }
    set_slot(&spans->index, at, *number);
    spans->items[spans->count++] = span;
    return KERNEL_OK;
}

#endif
