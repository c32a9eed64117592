/* Which rows of the first matrix a word and its n-grams stand for, as fastText numbers them; and what one thread needs
 * to collect and add them. */

#ifndef CORPUS_KIT_LID_ROWS_H
#define CORPUS_KIT_LID_ROWS_H

#include "lid_memory.h"
#include "lid_model.h"
#include "lid_text.h"

#define ROWS 4096       /* collected before they are added */
#define ROWS_SLACK 1200 /* room for the rows of the longest remembered word, or for a group of n-grams */
#define AHEAD 128       /* buckets fetched together */
#define LABEL_PREFIX "__label__"

/* What one thread works with. */
typedef struct {
    Memory memory;
    Line line;
    uint8_t *marked; /* a word between < and > */
    size_t marked_capacity;
    uint32_t *hashes; /* of the words of the line */
    size_t hash_capacity, hash_count;
    size_t row_count;       /* collected */
    uint64_t row_total;     /* added */
    float *hidden, *scores; /* padded to full lanes */
    void *heap, *stack;
    uint32_t rows[ROWS + ROWS_SLACK];
} Workspace;

/* Buckets whose rows are about to be collected. They are fetched meanwhile: most lie far away. */
typedef struct {
    uint32_t buckets[AHEAD + MOST_NGRAM];
    size_t count;
} Ahead;

static inline void free_workspace(Workspace *work)
{
    free_memory(&work->memory);
    free(work->line.bytes);
    free(work->marked);
    free(work->hashes);
    free(work->hidden);
    free(work->scores);
    free(work->heap);
    free(work->stack);
    free(work);
}

/* Gives back what only a very long text needed. */
static inline void trim_workspace(Workspace *work)
{
    const size_t enough = (size_t)16 << 20;
    if (work->line.capacity > enough) {
        free(work->line.bytes);
        work->line = (Line){0};
    }
    if (work->marked_capacity > enough) {
        free(work->marked);
        work->marked = NULL;
        work->marked_capacity = 0;
    }
    if (work->hash_capacity > enough / sizeof(uint32_t)) {
        free(work->hashes);
        work->hashes = NULL;
        work->hash_capacity = 0;
    }
}

static inline void flush_rows(const Model *model, Workspace *work)
{
    add_rows(&model->input, work->rows, work->row_count, work->hidden);
    work->row_total += work->row_count;
    work->row_count = 0;
}

/* The remainder of a division of 32-bit numbers, by two multiplications (Lemire, Kaser and Kurz 2019). */
ALWAYS_INLINE uint32_t bucket_of(uint32_t hash, uint32_t buckets, uint64_t inverse)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 Wide128;
    return (uint32_t)((Wide128)(inverse * hash) * buckets >> 64);
#else
    (void)inverse;
    return hash % buckets;
#endif
}

/* Collects the row of a bucket, if it has been kept; without a branch, for that would often be mispredicted. */
ALWAYS_INLINE void push_bucket(const Model *model, Workspace *work, uint32_t bucket)
{
    const Buckets *buckets = &model->buckets;
    uint32_t words = (uint32_t)model->dictionary.words;
    if (!buckets->is_pruned) {
        work->rows[work->row_count++] = words + bucket;
    } else if (buckets->kept) {
        Kept block = buckets->kept[bucket / BITS];
        work->rows[work->row_count] = words + kept_before(block, bucket);
        work->row_count += block.bits >> bucket % BITS & 1;
    }
}

ALWAYS_INLINE void expect_bucket(const Model *model, Ahead *ahead, uint32_t bucket)
{
    ahead->buckets[ahead->count++] = bucket;
    if (model->buckets.kept)
        __builtin_prefetch(&model->buckets.kept[bucket / BITS]);
}

ALWAYS_INLINE void push_expected(const Model *model, Workspace *work, Ahead *ahead)
{
    if (work->row_count > ROWS)
        flush_rows(model, work);
    for (size_t i = 0; i < ahead->count; i++)
        push_bucket(model, work, ahead->buckets[i]);
    ahead->count = 0;
}

/* Expects the character n-grams of a word that begin at `begin` or later, as many as there is room for; returns where
 * the next ones begin. The word has `size` bytes, < and > included, and a zero after it. A character is here a byte and
 * the continuation bytes after it. */
ALWAYS_INLINE size_t expect_ngrams(const Model *model, Ahead *ahead, const uint8_t *marked, size_t begin, size_t size)
{
    uint32_t buckets = (uint32_t)model->buckets.count;
    uint64_t inverse = UINT64_MAX / buckets + 1;
    for (; begin < size && ahead->count <= AHEAD; begin++) {
        if (continues(marked[begin]))
            continue;
        uint32_t hash = HASH_START;
        size_t at = begin;
        for (size_t n = 1; n <= model->most_chars && at < size; n++) {
            do
                hash = hash_byte(hash, marked[at++]);
            while (continues(marked[at]));
            if (n >= model->least_chars && !(n == 1 && (begin == 0 || at == size)))
                expect_bucket(model, ahead, bucket_of(hash, buckets, inverse));
        }
    }
    return begin;
}

static inline Kind kind_of(const Model *model, const uint8_t *word, size_t size, uint32_t number)
{
    size_t prefix = strlen(LABEL_PREFIX), end = strlen(END_OF_LINE);
    if (size == end && memcmp(word, END_OF_LINE, end) == 0)
        return KIND_END;
    int is_label = number != NO_WORD ? number >= model->dictionary.words
                                     : size >= prefix && memcmp(word, LABEL_PREFIX, prefix) == 0;
    return is_label ? KIND_LABEL : KIND_WORD;
}

/* Puts a word between < and >, with a zero after it. */
static inline Status mark_word(Workspace *work, const uint8_t *word, size_t size)
{
    uint8_t *marked = grow(work->marked, &work->marked_capacity, size + 3, 1);
    if (!marked)
        return KERNEL_NO_MEMORY;
    work->marked = marked;
    marked[0] = '<';
    memcpy(marked + 1, word, size);
    marked[size + 1] = '>';
    marked[size + 2] = 0;
    return KERNEL_OK;
}

/* Looks a word up and collects its rows: its own, then those of its character n-grams. */
FOR_EACH_CPU static Status look_up(const Model *model, Workspace *work, const Met *met, Known *known)
{
    size_t begin = 0, end = has_characters(model) ? met->size + 2 : 0;
    Ahead ahead;
    ahead.count = 0;
    known->hash = hash_word(met->at, met->size);
    __builtin_prefetch(&model->dictionary.slots[known->hash & model->dictionary.mask]);
    if (end > 0 && mark_word(work, met->at, met->size) != KERNEL_OK)
        return KERNEL_NO_MEMORY;
    if (end > 0)
        begin = expect_ngrams(model, &ahead, work->marked, begin, end);
    uint32_t number = word_number(&model->dictionary, met->at, met->size, known->hash);
    known->kind = kind_of(model, met->at, met->size, number);
    if (known->kind != KIND_WORD)
        return KERNEL_OK;
    if (number != NO_WORD)
        work->rows[work->row_count++] = number;
    push_expected(model, work, &ahead);
    while (begin < end) {
        begin = expect_ngrams(model, &ahead, work->marked, begin, end);
        push_expected(model, work, &ahead);
    }
    return KERNEL_OK;
}

#endif
