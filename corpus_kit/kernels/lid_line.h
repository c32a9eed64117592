/* From a line to the sum of its rows: its words, then its runs of words, in fastText's order. Rows are added one by
 * one, so that a sum is fastText's to the last bit. */

#ifndef CORPUS_KIT_LID_LINE_H
#define CORPUS_KIT_LID_LINE_H

#include "lid_rows.h"

#define GROUP 16 /* words looked up together */

ALWAYS_INLINE void push_hash(Workspace *work, const Known *known)
{
    work->hashes[work->hash_count] = known->hash;
    work->hash_count += known->kind == KIND_WORD;
}

/* Looks a word up and remembers it, unless it has too many rows; `slot` is empty. */
static inline Status push_unknown(const Model *model, Workspace *work, const Met *met, size_t slot, Kind *kind)
{
    Known known = {.low = met->low, .high = met->high, .size = (uint32_t)met->size};
    size_t before = work->row_count;
    uint64_t total = work->row_total;
    Status status = look_up(model, work, met, &known);
    if (status != KERNEL_OK)
        return status;
    int are_all_there = work->row_total == total && work->row_count - before <= MOST_REMEMBERED;
    if (are_all_there && met->size <= LONGEST_WORD) {
        known.count = (uint32_t)(work->row_count - before);
        remember(&work->memory, met, slot, &known, work->rows + before);
    }
    push_hash(work, &known);
    *kind = (Kind)known.kind;
    return KERNEL_OK;
}

/* Collects the rows of a word. */
ALWAYS_INLINE Status push_word(const Model *model, Workspace *work, const Met *met, Kind *kind)
{
    size_t slot;
    const Known *known = recall(&work->memory, met, &slot);
    if (!known)
        return push_unknown(model, work, met, slot, kind);
    const uint8_t *rows = rows_of(known);
    for (size_t i = 0; i < known->count; i += 16) /* the next word's rows write over what is too much */
        memcpy(work->rows + work->row_count + i, rows + i * sizeof(uint32_t), 16 * sizeof(uint32_t));
    work->row_count += known->count;
    push_hash(work, known);
    *kind = (Kind)known->kind;
    return KERNEL_OK;
}

/* Collects the rows of words that were met together, so that fetching what is remembered of one does not keep the
 * others waiting. */
ALWAYS_INLINE Status push_group(const Model *model, Workspace *work, const Met *group, size_t count, Kind *kind)
{
    for (size_t i = 0; i < count; i++)
        expect_word(&work->memory, &group[i]);
    for (size_t i = 0; i < count; i++) {
        if (work->row_count > ROWS)
            flush_rows(model, work);
        Status status = push_word(model, work, &group[i], kind);
        if (status != KERNEL_OK || *kind == KIND_END)
            return status;
    }
    return KERNEL_OK;
}

/* Collects the rows of all words of the line, up to one that is written as fastText writes the end of a line. */
FOR_EACH_CPU static Status push_words(const Model *model, Workspace *work)
{
    const uint8_t *bytes = work->line.bytes;
    Met group[GROUP + BLOCK_BYTES / 2];
    size_t count = 0, begin = 0;
    uint64_t before = 1; /* whether the byte before is a space */
    int in_word = 0;
    Kind kind = KIND_WORD;
    for (size_t at = 0; at <= work->line.size; at += BLOCK_BYTES) {
        uint64_t spaces = bytes_equal(load_block(bytes + at), ' '), edges = spaces ^ (spaces << 1 | before);
        before = spaces >> 63;
        for (; edges; edges &= edges - 1) {
            size_t edge = at + (size_t)__builtin_ctzll(edges), size = edge - begin;
            if (in_word)
                meet_word(&work->memory, &group[count++], bytes + begin, size, size + LINE_SLACK);
            begin = edge;
            in_word = !in_word;
        }
        if (count < GROUP)
            continue;
        Status status = push_group(model, work, group, count, &kind);
        count = 0;
        if (status != KERNEL_OK || kind == KIND_END)
            return status;
    }
    return push_group(model, work, group, count, &kind);
}

/* Collects the rows of runs of two and more words. */
FOR_EACH_CPU static void push_runs(const Model *model, Workspace *work)
{
    uint64_t buckets = model->buckets.count;
    Ahead ahead;
    ahead.count = 0;
    for (size_t i = 0; i < work->hash_count; i++) {
        size_t end = work->hash_count - i < model->word_ngrams ? work->hash_count : i + model->word_ngrams;
        uint64_t hash = (uint64_t)(int32_t)work->hashes[i];
        if (ahead.count > AHEAD)
            push_expected(model, work, &ahead);
        for (size_t j = i + 1; j < end; j++) {
            hash = hash * 116049371 + (uint64_t)(int32_t)work->hashes[j];
            expect_bucket(model, &ahead, (uint32_t)(hash % buckets));
        }
    }
    push_expected(model, work, &ahead);
}

/* Collects the end of the line, which is a word for fastText. */
static inline void push_end(const Model *model, Workspace *work)
{
    if (model->end_number != NO_WORD && model->end_number >= model->dictionary.words)
        return; /* a label */
    if (model->end_number != NO_WORD)
        work->rows[work->row_count++] = model->end_number;
    work->hashes[work->hash_count++] = model->end_hash;
}

/* Sums up all rows of the line, whose number is then in `row_total`. */
static inline Status sum_line(const Model *model, Workspace *work)
{
    work->hash_count = work->row_count = 0;
    work->row_total = 0;
    memset(work->hidden, 0, model->input.stride * sizeof(float));
    uint32_t *hashes = grow(work->hashes, &work->hash_capacity, work->line.size / 2 + 3, sizeof *hashes);
    if (!hashes)
        return KERNEL_NO_MEMORY;
    work->hashes = hashes;
    Status status = push_words(model, work);
    if (status != KERNEL_OK)
        return status;
    push_end(model, work);
    if (model->word_ngrams > 1)
        push_runs(model, work);
    flush_rows(model, work);
    return KERNEL_OK;
}

#endif
