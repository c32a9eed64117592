/* The words of a document as numbers: each distinct word once, and which of them stands where. */

#ifndef CORPUS_KIT_WORDS_H
#define CORPUS_KIT_WORDS_H

#include "intern.h"

#define WORD_BATCH 1064 /* words numbered at once: as many as the blocks of reader.h can bring */

/* A distinct word, and in `low` and `high` its key: of a word of up to 15 bytes these bytes, padded with zeros, and the
 * size in the highest byte; of a longer one a hash, and the size with the highest bit set. So the key of a short word
 * is the word, and only long ones need a look at the text. */
typedef struct {
    uint64_t low;
    uint32_t begin, count;
    uint64_t high;
    uint32_t characters, flags;
} Word;

typedef struct {
    uint64_t low, high;
} Key;

#define LONG_WORD (UINT64_C(1) << 63)
#define LONGEST_SHORT_WORD 15

typedef struct {
    Word *items;
    size_t capacity, count;
    Index index;
} Words;

/* The words of one text. */
typedef struct {
    Words words;
    Numbers numbers; /* of every word, in order */
    Numbers begins;  /* where each begins, if anyone wants to know */
    size_t count;
} Vocabulary;

/* Words found, but not yet numbered. */
typedef struct {
    uint32_t edges[2 * WORD_BATCH]; /* begin and end in turn */
    uint64_t lows[WORD_BATCH], highs[WORD_BATCH];
} WordBatch;

static inline void free_words(Words *words)
{
    free(words->items);
    free(words->index.slots);
}

static inline void free_vocabulary(Vocabulary *vocabulary)
{
    free_words(&vocabulary->words);
    free(vocabulary->numbers.items);
    free(vocabulary->begins.items);
}

static inline Status clear_words(Words *words, size_t slots)
{
    Status status = clear_index(&words->index, words->count, slots);
    words->count = 0;
    return status;
}

ALWAYS_INLINE uint64_t hash_key(uint64_t low, uint64_t high)
{
    return fold_multiply(low ^ UNIT_KEY_LOW, high ^ UNIT_KEY_HIGH);
}

ALWAYS_INLINE int is_long(const Word *word)
{
    return (word->high & LONG_WORD) != 0;
}

ALWAYS_INLINE uint32_t word_size(const Word *word)
{
    return is_long(word) ? (uint32_t)word->high : (uint32_t)(word->high >> 56);
}

/* Makes room for `more` words, and one beyond, into which what is not new is written. */
static inline Status reserve_words(Words *words, size_t more)
{
    size_t count = words->count;
    Word *items = grow(words->items, &words->capacity, count + more + 1, sizeof *items);
    if (!items)
        return KERNEL_NO_MEMORY;
    words->items = items;
    if (has_room(&words->index, count + more))
        return KERNEL_OK;
    Status status = clear_index(&words->index, count, roomy(count + more));
    for (size_t i = 0; i < count && status == KERNEL_OK; i++)
        enter(&words->index, hash_key(items[i].low, items[i].high), i, count);
    return status;
}

static const uint64_t FIRST_BYTES[LONGEST_SHORT_WORD + 1][2] = {
#define BITS(n) ((UINT64_C(1) << 8 * (n)) - 1)
    {BITS(0), 0},          {BITS(1), 0},          {BITS(2), 0},          {BITS(3), 0},
    {BITS(4), 0},          {BITS(5), 0},          {BITS(6), 0},          {BITS(7), 0},
    {UINT64_MAX, BITS(0)}, {UINT64_MAX, BITS(1)}, {UINT64_MAX, BITS(2)}, {UINT64_MAX, BITS(3)},
    {UINT64_MAX, BITS(4)}, {UINT64_MAX, BITS(5)}, {UINT64_MAX, BITS(6)}, {UINT64_MAX, BITS(7)},
#undef BITS
};

/* The key of a word; `readable` >= size bytes may be read from its start. */
ALWAYS_INLINE Key make_key(const uint8_t *bytes, size_t size, size_t readable)
{
    if (__builtin_expect(size > LONGEST_SHORT_WORD, 0))
        return (Key){hash_span(bytes, size, readable), LONG_WORD | size};
    uint8_t last[16] = {0};
    if (__builtin_expect(readable < sizeof last, 0))
        bytes = memcpy(last, bytes, size);
    return (Key){load_little_endian(bytes) & FIRST_BYTES[size][0],
                 (load_little_endian(bytes + 8) & FIRST_BYTES[size][1]) | (uint64_t)size << 56};
}

ALWAYS_INLINE int is_word(const Word *word, const uint8_t *text, Key key, const uint8_t *bytes)
{
    return word->low == key.low && word->high == key.high &&
           (!(key.high & LONG_WORD) || !memcmp(text + word->begin, bytes, (uint32_t)key.high));
}

/* Goes on from a slot to that of a word, or to the next empty one. Words stand in `text`, the sought one at `bytes`. */
static inline size_t probe_word(const Words *words, const uint8_t *text, Key key, const uint8_t *bytes, size_t at,
                                size_t known)
{
    for (;; at = next_slot(&words->index, at)) {
        size_t number = number_in(&words->index, at, known);
        if (number == known || is_word(words->items + number, text, key, bytes))
            return at;
    }
}

/* Number of a word, or the number of words if it is not among them. */
static inline size_t find_word(const Words *words, const uint8_t *text, Key key, const uint8_t *bytes)
{
    size_t at = home_slot(&words->index, hash_key(key.low, key.high));
    return number_in(&words->index, probe_word(words, text, key, bytes, at, words->count), words->count);
}

/* Number of one word that begins at `begin` of `text`; a new one becomes the last. There is room for it. */
static inline size_t intern_word(Words *words, const uint8_t *text, Key key, size_t begin)
{
    size_t at = home_slot(&words->index, hash_key(key.low, key.high)), known = words->count;
    at = probe_word(words, text, key, text + begin, at, known);
    size_t number = number_in(&words->index, at, known);
    if (number == known) {
        words->items[words->count++] = (Word){.low = key.low, .high = key.high, .begin = (uint32_t)begin};
        set_slot(&words->index, at, number);
    }
    return number;
}

/* Numbers words as they come; there is room for them. Whether a word is new cannot be predicted, so there is no branch
 * on it: it is put behind the others, where the next one overwrites it if it was known. Only a slot taken by another
 * word, and a long word, are worth a branch. */
ALWAYS_INLINE void intern_words(Words *words, const uint8_t *text, const WordBatch *batch, size_t count,
                                uint32_t *numbers)
{
    Word *items = words->items; /* in local variables: compilers must expect the stores below to change `*words` */
    Index index = words->index;
    size_t known = words->count;
    for (size_t i = 0; i < count; i++) {
        uint64_t low = batch->lows[i], high = batch->highs[i];
        size_t at = home_slot(&index, hash_key(low, high));
        Word *fresh = items + known;
        fresh->low = low;
        fresh->high = high;
        fresh->begin = batch->edges[2 * i];
        fresh->count = 0;
        size_t number = number_in(&index, at, known);
        uint64_t different = (items[number].low ^ low) | (items[number].high ^ high);
        if (__builtin_expect((different | (high & LONG_WORD)) != 0, 0)) {
            at = probe_word(words, text, (Key){low, high}, text + batch->edges[2 * i], at, known);
            number = number_in(&index, at, known);
        }
        set_slot(&index, at, number);
        items[number].count++;
        numbers[i] = (uint32_t)number;
        known += number == known;
    }
    words->count = known;
}

/* Adds the `count` words of the batch. `length` bytes may be read from `text`. */
FOR_EACH_CPU
static Status add_words(Vocabulary *vocabulary, WordBatch *batch, size_t count, const uint8_t *text, size_t length)
{
    uint32_t *edges = batch->edges;
    Status status = reserve_words(&vocabulary->words, count);
    if (status != KERNEL_OK)
        return status;
    size_t safe = count; /* words from which the end of the text is far enough away to read more than the word */
    while (safe > 0 && length - edges[2 * safe - 2] < 16)
        safe--;
    for (size_t i = 0; i < safe; i++) {
        size_t readable = length - edges[2 * i];
        if (readable < 16)
            __builtin_unreachable(); /* so that compilers leave out the branch */
        Key key = make_key(text + edges[2 * i], edges[2 * i + 1] - edges[2 * i], readable);
        batch->lows[i] = key.low;
        batch->highs[i] = key.high;
    }
    for (size_t i = safe; i < count; i++) {
        Key key = make_key(text + edges[2 * i], edges[2 * i + 1] - edges[2 * i], length - edges[2 * i]);
        batch->lows[i] = key.low;
        batch->highs[i] = key.high;
    }
    intern_words(&vocabulary->words, text, batch, count, vocabulary->numbers.items + vocabulary->count);
    for (size_t i = 0; vocabulary->begins.items && i < count; i++)
        vocabulary->begins.items[vocabulary->count + i] = edges[2 * i];
    vocabulary->count += count;
    return KERNEL_OK;
}

/* Forgets all words, and makes room for those of a text of so many bytes, at most `most`. */
static inline Status clear_vocabulary(Vocabulary *vocabulary, size_t length, size_t most, int with_begins)
{
    /* Slots: measured best on texts of 1 to 1000 kB; one word in seven bytes, four in ten of them new. */
    size_t slots = length < 16384 ? length / 2 : length < 65536 ? 8192 : length < 1048576 ? length / 8 : 131072;
    Status status = clear_words(&vocabulary->words, slots);
    vocabulary->count = 0;
    if (status == KERNEL_OK)
        status = reserve_numbers(&vocabulary->numbers, most);
    if (status == KERNEL_OK && with_begins)
        status = reserve_numbers(&vocabulary->begins, most);
    return status;
}

#endif
