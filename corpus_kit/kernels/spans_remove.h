/* Measuring the units of texts, and taking some of them out, as corpus_kit.stages.repeated_units defines it. */

#ifndef CORPUS_KIT_SPANS_REMOVE_H
#define CORPUS_KIT_SPANS_REMOVE_H

#include "arrow.h"
#include "spans_form.h"

/* One unit of a text. In the order of UNIT in spans.py. */
typedef struct {
    uint64_t first, second;
    uint32_t begin, end, words, characters;
} Unit;

typedef struct {
    Scratch memory;
    size_t count;
} Units;

/* What is left of a text. In the order of COUNTS in spans.py. */
enum { REMOVED_UNITS, UNITS_LEFT, WORDS_LEFT, COUNTS };

typedef struct {
    uint8_t *bytes;
    size_t used, capacity;
} Output;

static int put(Output *output, const uint8_t *bytes, size_t length)
{
    if (length > output->capacity - output->used)
        return 0;
    memcpy(output->bytes + output->used, bytes, length);
    output->used += length;
    return 1;
}

static size_t count_words(Span span)
{
    size_t count = 0;
    int in_word = 0;
    for (size_t at = 0, size; at < span.length; at += size ? size : 1) {
        uint8_t first = span.bytes[at];
        size = first < 0x80 ? (size_t)is_ascii_space(first) : space_at(span.bytes + at, span.length - at);
        count += !in_word && !size;
        in_word = !size;
    }
    return count;
}

/* A text too long for the offsets of a Unit has no units: it is compared with nothing and stays as it is. */
ALWAYS_INLINE int is_too_long(Span text)
{
    return text.length > UINT32_MAX;
}

static Status measure_units(Span text, const Form *form, const Pieces *pieces, Made *made, Units *units)
{
    Status status = grow(&units->memory, units->count + pieces->count, sizeof(Unit));
    for (size_t i = 0; i < pieces->count && status == KERNEL_OK; i++) {
        Piece piece = *piece_at(pieces, i);
        Span core = trim((Span){text.bytes + piece.begin, piece.end - piece.begin});
        Digest digest = {0, 0};
        status = digest_unit(form, core, made, &digest);
        ((Unit *)units->memory.items)[units->count++] = (Unit){
            .first = digest.first,
            .second = digest.second,
            .begin = (uint32_t)piece.begin,
            .end = (uint32_t)piece.end,
            .words = (uint32_t)count_words(core),
            .characters = (uint32_t)count_characters(core, SIZE_MAX),
        };
    }
    return status;
}

/* The units of all texts, and where those of each begin. */
static Status cut_texts(const LargeArray *texts, const uint8_t *signs, UnitKind kind, const Form *form, Units *units,
                        int64_t *offsets)
{
    Pieces pieces = {0};
    Made made = {0};
    Status status = KERNEL_OK;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        status = find_row(texts, i, &row);
        Span text = {texts->items + row.begin, row.count};
        if (status == KERNEL_OK && !is_too_long(text))
            status = cut_text(signs, text, kind, &pieces);
        else
            pieces.count = 0;
        if (status == KERNEL_OK)
            status = measure_units(text, form, &pieces, &made, units);
        offsets[i + 1] = (int64_t)units->count;
    }
    free(pieces.memory.items);
    free(made.memory.items);
    return status;
}

static size_t count_newlines(Span span)
{
    size_t count = 0;
    for (size_t i = 0; i < span.length; i++)
        count += span.bytes[i] == '\n';
    return count;
}

/* What is known of the gap between the last unit that stayed and the next one. */
typedef struct {
    Span longest;
    int is_open, any_left;
} Gap;

/* Writes a text without the units that begin in one of the ranges (pairs of bytes, the first ascending). */
static int join_units(const uint8_t *signs, Span text, const Pieces *pieces, const uint32_t *ranges, size_t range_count,
                      Output *output, int64_t *counts)
{
    Gap gap = {{NULL, 0}, 0, 0};
    size_t last = 0, next_range = 0, covered = 0;
    int fits = 1;
    for (size_t i = 0; i < pieces->count; i++) {
        Piece piece = *piece_at(pieces, i);
        Span between = {text.bytes + last, piece.begin - last};
        last = piece.end;
        if (gap.is_open && gap.any_left && count_newlines(between) > count_newlines(gap.longest))
            gap.longest = between;
        for (; next_range < range_count && ranges[2 * next_range] <= piece.begin; next_range++)
            if (ranges[2 * next_range + 1] > covered)
                covered = ranges[2 * next_range + 1];
        if (!gap.is_open)
            gap.longest = between;
        gap.is_open = piece.begin < covered;
        if (gap.is_open) {
            counts[REMOVED_UNITS]++;
            continue;
        }
        Span kept = {text.bytes + piece.begin, piece.end - piece.begin};
        fits = fits && put(output, gap.longest.bytes, gap.longest.length) && put(output, kept.bytes, kept.length);
        counts[UNITS_LEFT] += has_content(signs, text, piece.begin, piece.end);
        counts[WORDS_LEFT] += (int64_t)count_words(kept);
        gap.any_left = 1;
    }
    if (gap.any_left || pieces->count == 0)
        fits = fits && put(output, text.bytes + last, text.length - last);
    return fits;
}

/* Every text without the units in its ranges; `range_offsets` says where the ranges of each begin. */
static Status remove_units(const LargeArray *texts, const uint8_t *signs, UnitKind kind, const int64_t *range_offsets,
                           const uint32_t *ranges, size_t range_count, Output output, int64_t *offsets, int64_t *counts)
{
    Pieces pieces = {0};
    Status status = KERNEL_OK;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        int64_t begin = range_offsets[i], end = range_offsets[i + 1];
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK && (begin < 0 || end < begin || (uint64_t)end > range_count))
            status = KERNEL_BAD_INDEX;
        if (status != KERNEL_OK)
            break;
        Span text = {texts->items + row.begin, row.count};
        int fits = 1;
        if (begin == end || is_too_long(text)) {
            fits = put(&output, text.bytes, text.length);
        } else if ((status = cut_text(signs, text, kind, &pieces)) == KERNEL_OK) {
            fits = join_units(signs, text, &pieces, ranges + 2 * begin, (size_t)(end - begin), &output,
                              counts + COUNTS * i);
        }
        if (!fits)
            status = KERNEL_BAD_OFFSETS;
        offsets[i + 1] = (int64_t)output.used;
    }
    free(pieces.memory.items);
    return status;
}

#endif
