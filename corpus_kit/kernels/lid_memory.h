/* Words met so far and the rows they stand for. Words come again and again, so most are looked up only once. What is
 * remembered changes no result: it is what would be looked up again. */

#ifndef CORPUS_KIT_LID_MEMORY_H
#define CORPUS_KIT_LID_MEMORY_H

#include "intern.h"
#include "lid_file.h"

#define LONGEST_WORD 64      /* bytes of a remembered word */
#define MOST_REMEMBERED 1024 /* rows of one */
#define MEMORY_SLOTS 65536
#define MEMORY_SLACK 192 /* bytes that may be read after the last word */
#define MEMORY_BYTES (((size_t)4 << 20) - MEMORY_SLACK)

typedef enum { KIND_WORD, KIND_LABEL, KIND_END } Kind;

/* A remembered word; the bytes of one of more than 16 follow, padded to 8, then its rows. */
typedef struct {
    uint64_t low, high; /* up to 16 bytes it is its key; a longer one has its hash there */
    uint32_t size, count;
    uint32_t hash; /* fastText's, for runs of words */
    uint32_t kind;
} Known;

/* When it is full, all words are forgotten. */
typedef struct {
    uint64_t *slots; /* upper half of a word's hash, then its place in `bytes` in units of 8, plus 1; 0 is empty */
    uint8_t *bytes;
    size_t used, words;
} Memory;

/* A word of a line, on the way to its rows. */
typedef struct {
    const uint8_t *at;
    size_t size;
    uint64_t low, high, hash;
} Met;

static inline int make_memory(Memory *memory)
{
    memory->slots = calloc(MEMORY_SLOTS, sizeof(uint64_t));
    memory->bytes = reserve_large(MEMORY_BYTES + MEMORY_SLACK);
    return memory->slots && memory->bytes;
}

static inline void free_memory(Memory *memory)
{
    free(memory->slots);
    free(memory->bytes);
}

ALWAYS_INLINE size_t padded(size_t size)
{
    return (size + 7) / 8 * 8;
}

ALWAYS_INLINE size_t first_slot(const Met *met)
{
    return met->hash & (MEMORY_SLOTS - 1);
}

ALWAYS_INLINE const Known *known_in(const Memory *memory, uint64_t slot)
{
    return (const Known *)(const void *)(memory->bytes + ((uint32_t)slot - 1) * (size_t)8);
}

/* The rows of a remembered word; as many as fill 64 bytes may be read after them. */
ALWAYS_INLINE const uint8_t *rows_of(const Known *known)
{
    return (const uint8_t *)(known + 1) + (known->size > 16 ? padded(known->size) : 0);
}

/* Describes a word, of which and after which `readable` >= size + 16 bytes may be read, and fetches where to look for
 * it. */
ALWAYS_INLINE void meet_word(const Memory *memory, Met *met, const uint8_t *word, size_t size, size_t readable)
{
    met->at = word;
    met->size = size;
    if (size <= 16) {
        size_t in_low = size < 8 ? size : 8;
        met->low = load_little_endian(word) & lowest_bytes(in_low);
        met->high = load_little_endian(word + 8) & lowest_bytes(size - in_low);
        met->hash = absorb(size, met->low, met->high);
    } else {
        met->low = met->hash = size <= LONGEST_WORD ? hash_unit(word, size, readable) : 0;
        met->high = 0;
    }
    __builtin_prefetch(&memory->slots[first_slot(met)]);
}

/* Fetches what is remembered of a word, if it is in the first place to look. */
ALWAYS_INLINE void expect_word(const Memory *memory, const Met *met)
{
    uint64_t slot = memory->slots[first_slot(met)];
    const uint8_t *bytes = slot ? (const uint8_t *)known_in(memory, slot) : memory->bytes;
    __builtin_prefetch(bytes);
    __builtin_prefetch(bytes + 64);
    __builtin_prefetch(bytes + 128);
}

/* What is remembered of a word, or NULL; `*slot` is then an empty one for it. */
ALWAYS_INLINE const Known *recall(const Memory *memory, const Met *met, size_t *slot)
{
    *slot = first_slot(met);
    for (uint64_t found; (found = memory->slots[*slot]); *slot = (*slot + 1) & (MEMORY_SLOTS - 1)) {
        if (found >> 32 != met->hash >> 32)
            continue;
        const Known *known = known_in(memory, found);
        if (known->size != met->size || known->low != met->low || known->high != met->high)
            continue;
        if (met->size <= 16 || memcmp(known + 1, met->at, met->size) == 0)
            return known;
    }
    return NULL;
}

static inline void forget_words(Memory *memory)
{
    memset(memory->slots, 0, MEMORY_SLOTS * sizeof(uint64_t));
    memory->used = memory->words = 0;
}

/* Remembers a word and its rows. When there is no room it is forgotten with the others: it will be met again. */
static inline void remember(Memory *memory, const Met *met, size_t slot, const Known *known, const uint32_t *rows)
{
    size_t text = known->size > 16 ? padded(known->size) : 0, size = known->count * sizeof(uint32_t);
    if (memory->used + sizeof *known + text + padded(size) > MEMORY_BYTES || memory->words >= MEMORY_SLOTS / 2) {
        forget_words(memory);
        return;
    }
    uint8_t *into = memory->bytes + memory->used;
    memcpy(into, known, sizeof *known);
    if (text)
        memcpy(into + sizeof *known, met->at, known->size);
    memcpy(into + sizeof *known + text, rows, size);
    memory->slots[slot] = (met->hash >> 32) << 32 | (memory->used / 8 + 1);
    memory->used += sizeof *known + text + padded(size);
    memory->words++;
}

#endif
