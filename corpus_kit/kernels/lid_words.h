/* The words and labels of a model, and which of its n-grams it has kept. */

#ifndef CORPUS_KIT_LID_WORDS_H
#define CORPUS_KIT_LID_WORDS_H

#include "lid_file.h"

#define NO_WORD UINT32_MAX
#define BITS 32

/* FNV-1a as fastText has it: with bytes taken for signed numbers. */
#define HASH_START UINT32_C(2166136261)

ALWAYS_INLINE uint32_t hash_byte(uint32_t hash, uint8_t byte)
{
    return (hash ^ (uint32_t)(int32_t)(int8_t)byte) * UINT32_C(16777619);
}

ALWAYS_INLINE uint32_t hash_word(const uint8_t *word, size_t size)
{
    uint32_t hash = HASH_START;
    for (size_t i = 0; i < size; i++)
        hash = hash_byte(hash, word[i]);
    return hash;
}

/* A word or label where it lies in the file. */
typedef struct {
    uint64_t at;
    uint32_t size;
} Entry;

/* Whose hash it is, and the number of the entry plus one; 0 is empty. */
typedef struct {
    uint32_t hash, number;
} Slot;

/* The words come first, then the labels. */
typedef struct {
    const uint8_t *file;
    Entry *entries;
    size_t words, labels;
    Slot *slots;
    size_t mask;
    int64_t *label_counts;
} Dictionary;

/* Thirty-two buckets: which of them are kept, and how many are kept before them. */
typedef struct {
    uint32_t bits, before;
} Kept;

/* What became of the buckets n-grams hash to, after pruning. */
typedef struct {
    int is_pruned;
    size_t count, kept_count;
    Kept *kept;
    uint32_t *rows; /* where the file has the row of each kept bucket, in order of bucket */
} Buckets;

static inline void free_dictionary(Dictionary *dictionary)
{
    free(dictionary->entries);
    free(dictionary->slots);
    free(dictionary->label_counts);
}

static inline void free_buckets(Buckets *buckets)
{
    free(buckets->kept);
    free(buckets->rows);
}

/* The slot of a word: with its number, or an empty one. */
static inline size_t find_slot(const Dictionary *dictionary, const uint8_t *word, size_t size, uint32_t hash)
{
    size_t slot = hash & dictionary->mask;
    for (; dictionary->slots[slot].number; slot = (slot + 1) & dictionary->mask) {
        if (dictionary->slots[slot].hash != hash)
            continue;
        const Entry *entry = &dictionary->entries[dictionary->slots[slot].number - 1];
        if (entry->size == size && memcmp(dictionary->file + entry->at, word, size) == 0)
            break;
    }
    return slot;
}

/* The number of a word or label, or NO_WORD. */
static inline uint32_t word_number(const Dictionary *dictionary, const uint8_t *word, size_t size, uint32_t hash)
{
    return dictionary->slots[find_slot(dictionary, word, size, hash)].number - 1;
}

/* One entry: its text, a zero, how often it was met in training, and whether it is a label. Returns the count. */
static inline int64_t take_entry(File *file, Entry *entry, int is_label)
{
    const uint8_t *text = take(file, 0, 1);
    const uint8_t *end = text && file->at < file->size ? memchr(text, 0, file->size - file->at) : NULL;
    if (!demand(file, end != NULL && end - text <= INT32_MAX, BAD_DICTIONARY))
        return 0;
    *entry = (Entry){file->at, (uint32_t)(end - text)};
    take(file, (uint64_t)(end - text) + 1, 1);
    int64_t count = take_int64(file);
    const uint8_t *kind = take(file, 1, 1);
    demand(file, kind && *kind == is_label, BAD_DICTIONARY);
    return count;
}

static inline void take_entries(File *file, Dictionary *dictionary, int *no_memory)
{
    size_t count = dictionary->words + dictionary->labels, slots = 16;
    demand(file, count <= (file->size - file->at) / 10, ENDS_EARLY); /* the least an entry can take */
    while (slots < 2 * count)
        slots *= 2;
    dictionary->file = file->bytes;
    dictionary->mask = slots - 1;
    dictionary->entries = reserve_zeros(file, no_memory, count, sizeof(Entry));
    dictionary->slots = reserve_zeros(file, no_memory, slots, sizeof(Slot));
    dictionary->label_counts = reserve_zeros(file, no_memory, dictionary->labels, sizeof(int64_t));
    for (size_t i = 0; i < count && !file->wrong && !*no_memory; i++) {
        Entry *entry = &dictionary->entries[i];
        int is_label = i >= dictionary->words;
        int64_t met = take_entry(file, entry, is_label);
        if (file->wrong)
            return;
        if (is_label)
            dictionary->label_counts[i - dictionary->words] = met;
        /* of two equal ones the last is found, as in fastText */
        uint32_t hash = hash_word(file->bytes + entry->at, entry->size);
        size_t slot = find_slot(dictionary, file->bytes + entry->at, entry->size, hash);
        dictionary->slots[slot] = (Slot){hash, (uint32_t)i + 1};
    }
}

/* How many buckets are kept before this one, which is in the block. */
ALWAYS_INLINE uint32_t kept_before(Kept block, uint32_t bucket)
{
    return block.before + (uint32_t)__builtin_popcount(block.bits & ((UINT32_C(1) << bucket % BITS) - 1));
}

/* Reads pairs of a bucket and where it has gone: rows after those of the words. */
static inline void take_kept(File *file, Buckets *buckets, uint64_t pairs, size_t words, uint32_t *highest,
                             int *no_memory)
{
    const uint8_t *first = take(file, pairs, 8);
    size_t blocks = buckets->count / BITS + 1;
    buckets->kept = reserve_zeros(file, no_memory, blocks, sizeof(Kept));
    buckets->rows = reserve_zeros(file, no_memory, pairs, sizeof(uint32_t));
    if (file->wrong || *no_memory)
        return;
    for (size_t i = 0; i < pairs; i++) {
        uint32_t bucket = load_uint32(first + 8 * i), row = load_uint32(first + 8 * i + 4);
        if (!demand(file, bucket < buckets->count && row <= INT32_MAX, BAD_DICTIONARY))
            return;
        buckets->kept[bucket / BITS].bits |= UINT32_C(1) << bucket % BITS;
        *highest = row > *highest ? row : *highest;
    }
    for (size_t block = 0; block < blocks; block++) {
        buckets->kept[block].before = (uint32_t)buckets->kept_count;
        buckets->kept_count += (size_t)__builtin_popcount(buckets->kept[block].bits);
    }
    for (size_t i = 0; i < pairs; i++) {
        uint32_t bucket = load_uint32(first + 8 * i);
        buckets->rows[kept_before(buckets->kept[bucket / BITS], bucket)] =
            (uint32_t)words + load_uint32(first + 8 * i + 4);
    }
}

#endif
