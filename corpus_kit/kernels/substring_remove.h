/* Taking stretches out of texts, or masking them, as corpus_kit.kernels.substring_definition has it. */

#ifndef CORPUS_KIT_SUBSTRING_REMOVE_H
#define CORPUS_KIT_SUBSTRING_REMOVE_H

#include "substring_tokens.h"

/* In the order of COUNTS in substring.py. */
enum { REMOVED_SPANS, REMOVED_BYTES, WORDS_LEFT, COUNTS };

typedef struct {
    uint8_t *bytes;
    size_t used, capacity;
    int is_full;
} Output;

static void put(Output *output, Span span)
{
    if (output->is_full || span.length > output->capacity - output->used) {
        output->is_full = 1;
        return;
    }
    if (span.length)
        memcpy(output->bytes + output->used, span.bytes, span.length);
    output->used += span.length;
}

/* Pairs of bytes, the first ascending; they may overlap. `covered` is the furthest end of those met so far. */
typedef struct {
    const uint32_t *pairs;
    size_t count;
    size_t covered;
} Ranges;

/* Whether a byte lies in a range; asked of bytes that ascend. */
ALWAYS_INLINE int is_covered(Ranges *ranges, size_t at)
{
    for (; ranges->count && ranges->pairs[0] <= at; ranges->count--, ranges->pairs += 2)
        if (ranges->pairs[1] > ranges->covered)
            ranges->covered = ranges->pairs[1];
    return at < ranges->covered;
}

static size_t count_newlines(Span span)
{
    size_t count = 0;
    for (size_t i = 0; i < span.length; i++)
        count += span.bytes[i] == '\n';
    return count;
}

static int64_t count_words(const uint8_t *classes, Span span)
{
    Span word;
    int64_t count = 0;
    for (size_t at = 0; find_word(classes, span, &at, &word);)
        count++;
    return count;
}

/* How stretches are taken out. */
typedef struct {
    TokenKind kind;
    Span mask;
    int is_masked;
    uint8_t classes[256];
} Removal;

/* Removes the words that begin in a range. What stands between two words that stay is of all whitespace there the one
 * with the most newlines, the first of those. */
static void remove_words(const Removal *how, Span text, Ranges ranges, Output *output, int64_t *counts)
{
    Span word, gap = {text.bytes, 0};
    size_t at = 0, last = 0;
    int in_stretch = 0, any_left = 0, any_words = 0;
    while (find_word(how->classes, text, &at, &word)) {
        size_t begin = (size_t)(word.bytes - text.bytes);
        Span between = {text.bytes + last, begin - last};
        int goes = is_covered(&ranges, begin);
        last = at;
        any_words = 1;
        if (!in_stretch || how->is_masked)
            gap = between;
        else if (any_left && count_newlines(between) > count_newlines(gap))
            gap = between;
        if (goes) {
            counts[REMOVED_SPANS] += !in_stretch;
            if (how->is_masked && !in_stretch) {
                put(output, gap);
                put(output, how->mask);
            }
        } else {
            put(output, gap);
            put(output, word);
            counts[WORDS_LEFT]++;
            any_left = 1;
        }
        in_stretch = goes;
    }
    if (any_left || how->is_masked || !any_words)
        put(output, (Span){text.bytes + last, text.length - last});
}

ALWAYS_INLINE int goes_on(Span text, size_t at)
{
    return at < text.length && (text.bytes[at] & 0xC0) == 0x80;
}

/* Removes what lies in the ranges, but no character of which a part stays. */
static void remove_bytes(const Removal *how, Span text, Ranges ranges, Output *output, int64_t *counts)
{
    size_t done = 0;
    while (ranges.count) {
        size_t begin = ranges.pairs[0], end;
        if (begin >= text.length)
            break;
        is_covered(&ranges, begin);
        while (ranges.count && ranges.pairs[0] <= ranges.covered)
            is_covered(&ranges, ranges.pairs[0]);
        end = ranges.covered < text.length ? ranges.covered : text.length;
        while (begin < end && goes_on(text, begin))
            begin++;
        while (end > begin && goes_on(text, end))
            end--;
        if (end <= begin)
            continue;
        Span kept = {text.bytes + done, begin - done};
        put(output, kept);
        counts[WORDS_LEFT] += count_words(how->classes, kept);
        if (how->is_masked)
            put(output, how->mask);
        counts[REMOVED_SPANS]++;
        done = end;
    }
    Span rest = {text.bytes + done, text.length - done};
    put(output, rest);
    counts[WORDS_LEFT] += count_words(how->classes, rest);
}

/* Every text without the stretches in its ranges; `range_offsets` says where those of each begin. */
static Status remove_all(const LargeArray *texts, const Removal *how, const int64_t *range_offsets,
                         const uint32_t *pairs, size_t pair_count, Output output, int64_t *offsets, int64_t *counts)
{
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length; i++, counts += COUNTS) {
        Row row;
        int64_t begin = range_offsets[i], end = range_offsets[i + 1];
        Status status = find_row(texts, i, &row);
        if (status == KERNEL_OK && (begin < 0 || end < begin || (uint64_t)end > pair_count))
            status = KERNEL_BAD_INDEX;
        if (status != KERNEL_OK)
            return status;
        Span text = {texts->items + row.begin, row.count};
        Ranges ranges = {pairs + 2 * begin, (size_t)(end - begin), 0};
        size_t before = output.used;
        if (begin == end || is_too_long(text))
            put(&output, text);
        else if (how->kind == TOKEN_WORD)
            remove_words(how, text, ranges, &output, counts);
        else
            remove_bytes(how, text, ranges, &output, counts);
        if (output.is_full)
            return KERNEL_BAD_OFFSETS;
        int64_t masks = how->is_masked ? counts[REMOVED_SPANS] * (int64_t)how->mask.length : 0;
        counts[REMOVED_BYTES] = (int64_t)(text.length - (output.used - before)) + masks;
        offsets[i + 1] = (int64_t)output.used;
    }
    return KERNEL_OK;
}

#endif
