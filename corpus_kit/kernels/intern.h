/* Giving equal words, lines and other spans one small number each, within one document. Equality is decided by bytes:
 * hashes only say where to look. */

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

/* An open hash table from hashes to numbers 0, 1, 2, ...; a slot is the upper half of the hash, then the number plus
 * one, so that an empty slot is 0 and the table can grow without the hashes. */
typedef struct {
    uint64_t *slots;
    size_t capacity;
    size_t size; /* of what is in use: a power of two, or 0 */
} Index;

ALWAYS_INLINE uint64_t make_slot(uint64_t hash, size_t number)
{
    return (hash >> 32) << 32 | (uint64_t)(number + 1);
}

/* The number in a slot, or `next` if it is empty; by arithmetic, because compilers make a branch of `slot ? :`. */
ALWAYS_INLINE size_t number_in(uint64_t slot, size_t next)
{
    uint64_t if_empty = 0 - (uint64_t)(slot == 0);
    return (size_t)(((uint64_t)(uint32_t)slot | ((uint64_t)(next + 1) & if_empty)) - 1);
}

/* Slots for so many words. Three in four are empty, for a second look at the table costs more than the space; where it
 * no longer fits a fast cache anyway, one in two. */
static inline size_t slots_for(size_t words)
{
    return words < 1 << 16 ? 4 * words : 2 * words;
}

/* Makes an index of at least `wanted` slots, which must be more than there will be entries. */
static inline Status widen(Index *index, size_t wanted)
{
    if (wanted <= index->size)
        return KERNEL_OK;
    size_t size = 16;
    while (size < wanted)
        size *= 2;
    if (size > SIZE_MAX / sizeof(uint64_t))
        return KERNEL_NO_MEMORY;
    if (index->size == 0 && size <= index->capacity) {
        memset(index->slots, 0, size * sizeof(uint64_t));
        index->size = size;
        return KERNEL_OK;
    }
    uint64_t *slots = calloc(size, sizeof(uint64_t));
    if (!slots)
        return KERNEL_NO_MEMORY;
    for (size_t i = 0; i < index->size; i++) {
        uint64_t slot = index->slots[i];
        size_t at = (size_t)(slot >> 32) & (size - 1);
        if (!slot)
            continue;
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = slot;
    }
    free(index->slots);
    *index = (Index){slots, size, size};
    return KERNEL_OK;
}

/* A distinct word. Up to 16 bytes it is its key: two numbers, padded with zeros. A longer one has its hash as key. */
typedef struct {
    uint64_t low, high;
    uint32_t begin, size;
    uint32_t characters : 31;
    uint32_t has_letter : 1;
    uint32_t count;
} Word;

typedef struct {
    Word *items;
    size_t capacity, count;
    Index index;
} Words;

static inline void clear_words(Words *words)
{
    words->count = 0;
    words->index.size = 0;
}

static inline void free_words(Words *words)
{
    free(words->items);
    free(words->index.slots);
}

static inline Status reserve_words(Words *words, size_t more)
{
    Word *items = grow(words->items, &words->capacity, words->count + more + 1, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    words->items = items;
    return widen(&words->index, slots_for(words->count + more));
}

/* Describes the word at `begin` by its key; `length` bytes may be read from `text`. Returns the hash of its bytes. */
ALWAYS_INLINE uint64_t set_key(Word *word, const uint8_t *text, size_t begin, size_t size, size_t length)
{
    const uint8_t *bytes = text + begin;
    uint64_t low, high, hash;
    if (__builtin_expect(size > 16, 0)) {
        low = hash = hash_unit(bytes, size, length - begin);
        high = 0;
    } else {
        uint8_t last[16] = {0};
        size_t in_low = size < 8 ? size : 8;
        if (__builtin_expect(length - begin < 16, 0))
            bytes = memcpy(last, bytes, size);
        low = load_little_endian(bytes) & lowest_bytes(in_low);
        high = load_little_endian(bytes + 8) & lowest_bytes(size - in_low);
        hash = absorb(size, low, high);
    }
    word->low = low; /* one by one: a whole structure, just put together, would be slow to copy */
    word->high = high;
    word->begin = (uint32_t)begin;
    word->size = (uint32_t)size;
    word->characters = word->has_letter = 0;
    word->count = 0;
    return hash;
}

ALWAYS_INLINE int same_word(const Word *known, const uint8_t *known_text, const Word *word, const uint8_t *text)
{
    uint64_t different = (known->low ^ word->low) | (known->high ^ word->high) | (known->size ^ word->size);
    if (different)
        return 0;
    return word->size <= 16 || !memcmp(known_text + known->begin, text + word->begin, word->size);
}

/* Number of a word whose bytes stand in `text`, in a set whose words stand in `known_text`; SIZE_MAX if it is not among
 * them. */
ALWAYS_INLINE size_t find_word(const Words *words, const uint8_t *known_text, const Word *word, const uint8_t *text,
                               uint64_t hash)
{
    size_t mask = words->index.size - 1, at = (size_t)(hash >> 32) & mask;
    for (uint64_t slot; (slot = words->index.slots[at]); at = (at + 1) & mask) {
        size_t number = (size_t)(uint32_t)slot - 1;
        if (slot >> 32 == hash >> 32 && same_word(words->items + number, known_text, word, text))
            return number;
    }
    return SIZE_MAX;
}

/* Numbers words as they come; there is room for them. Those that are new become the last of the set, and their hashes
 * come to the front of `hashes`. Whether a word is new cannot be predicted, so there is no branch on it: it is put
 * behind the others, where the next one overwrites it if it was known. Only a slot taken by another word is worth a
 * branch. */
ALWAYS_INLINE void intern_words(Words *words, const uint8_t *text, const Word *given, uint64_t *hashes, size_t count,
                                uint32_t *numbers)
{
    Word *items = words->items; /* in local variables: compilers must expect the stores below to change `*words` */
    uint64_t *slots = words->index.slots;
    size_t mask = words->index.size - 1, known = words->count, before = known;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hashes[known - before] = hashes[i];
        size_t at = (size_t)(hash >> 32) & mask, number;
        items[known] = given[i];
        for (;; at = (at + 1) & mask) {
            number = number_in(slots[at], known);
            if (__builtin_expect(same_word(items + number, text, given + i, text), 1))
                break;
        }
        slots[at] = make_slot(hash, number);
        items[number].count++;
        numbers[i] = (uint32_t)number;
        known += number == known;
    }
    words->count = known;
}

/* A distinct run of bytes. */
typedef struct {
    uint64_t hash;
    uint32_t begin, size;
} Span;

typedef struct {
    Span *items;
    size_t capacity, count;
    Index index;
} Spans;

static inline void clear_spans(Spans *spans)
{
    spans->count = 0;
    spans->index.size = 0;
}

static inline void free_spans(Spans *spans)
{
    free(spans->items);
    free(spans->index.slots);
}

/* Number of the span of `base` with the same bytes; a new one becomes the last. `length` bytes may be read. */
static inline Status intern_span(Spans *spans, const uint8_t *base, size_t begin, size_t size, size_t length,
                                 size_t *number)
{
    Span *items = grow(spans->items, &spans->capacity, spans->count + 1, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    spans->items = items;
    Status status = widen(&spans->index, 2 * (spans->count + 1));
    if (status != KERNEL_OK)
        return status;
    uint64_t hash = hash_unit(base + begin, size, length - begin);
    size_t mask = spans->index.size - 1, at = (size_t)(hash >> 32) & mask;
    for (uint64_t slot; (slot = spans->index.slots[at]); at = (at + 1) & mask) {
        const Span *known = spans->items + (uint32_t)slot - 1;
        if (known->hash == hash && known->size == size && !memcmp(base + known->begin, base + begin, size)) {
            *number = (size_t)(uint32_t)slot - 1;
            return KERNEL_OK;
        }
    }
    spans->index.slots[at] = make_slot(hash, spans->count);
    spans->items[spans->count] = (Span){hash, (uint32_t)begin, (uint32_t)size};
    *number = spans->count++;
    return KERNEL_OK;
}

#endif
