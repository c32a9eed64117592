/* Running line rules over texts: cutting them into lines or paragraphs, and joining what remains.
 *
 * What corpus_kit.lines.apply defines. A text of which nothing changes is never copied; of others, what stands between
 * changes is copied as it stood. */

#ifndef CORPUS_KIT_LINES_CLEAN_H
#define CORPUS_KIT_LINES_CLEAN_H

#include "arrow.h"
#include "lines_rules.h"

/* A line or paragraph of a text, and how many newlines stand before it and after the one before. */
typedef struct {
    size_t begin, end, newlines;
    Span core; /* without the whitespace around it */
} Unit;

ALWAYS_INLINE size_t line_end(const uint8_t *text, size_t length, size_t at)
{
    const uint8_t *newline = at < length ? memchr(text + at, '\n', length - at) : NULL;
    return newline ? (size_t)(newline - text) : length;
}

/* Finds the next unit. `at` is where the one before ended, or SIZE_MAX. 0 if there is none. */
static int next_unit(Span text, size_t at, int by_paragraph, Unit *unit)
{
    size_t begin = at == SIZE_MAX ? 0 : at + 1, newlines = at != SIZE_MAX;
    for (; begin < text.length; newlines++) {
        size_t end = line_end(text.bytes, text.length, begin);
        Span core = trim((Span){text.bytes + begin, end - begin});
        if (core.length == 0) {
            begin = end + 1;
            continue;
        }
        while (by_paragraph && end < text.length) {
            size_t more = line_end(text.bytes, text.length, end + 1);
            Span next = trim((Span){text.bytes + end + 1, more - end - 1});
            if (next.length == 0)
                break;
            core.length = (size_t)(next.bytes - core.bytes) + next.length;
            end = more;
        }
        *unit = (Unit){begin, end, newlines, core};
        return 1;
    }
    return 0;
}

/* Where cleaned texts go. */
typedef struct {
    uint8_t *bytes;
    size_t used, capacity;
} Output;

/* 0 if there is no room: cleaned texts are never longer, so the array changed under our hands. */
ALWAYS_INLINE int put(Output *output, const uint8_t *bytes, size_t length)
{
    if (length > output->capacity - output->used)
        return 0;
    if (length)
        memcpy(output->bytes + output->used, bytes, length);
    output->used += length;
    return 1;
}

/* What stands between two lines that remain. Of the runs of newlines around removed lines, the longest is kept. */
typedef struct {
    Span between;
    size_t newlines;
    int is_open, begins_text, wants_blank_line;
} Gap;

static void open_gap(Gap *gap, Span between, size_t newlines, int begins_text)
{
    *gap = (Gap){between, newlines, 1, begins_text, 0};
}

static int close_gap(Gap *gap, Output *output)
{
    gap->is_open = 0;
    if (gap->wants_blank_line && !gap->begins_text && gap->newlines < 2)
        return put(output, (const uint8_t *)"\n\n", 2);
    return put(output, gap->between.bytes, gap->between.length);
}

/* Cleans one text. `*changed` becomes whether it is another now, and only then is anything put out. `places` has one
 * count a rule, `stride` apart. */
static Status clean_text(Cleaner *cleaner, Rule *rules, size_t rule_count, Span text, Output *output, int64_t *places,
                         size_t stride, int *changed)
{
    size_t copied = 0; /* up to where the text was put out, or dropped */
    size_t before = SIZE_MAX;
    int any_kept = 0, fits = 1;
    Gap gap = {0};
    Unit unit;
    *changed = 0;
    prepare(cleaner, rules, rule_count, text);
    for (; fits && next_unit(text, before, cleaner->by_paragraph, &unit); before = unit.end) {
        size_t last = before == SIZE_MAX ? 0 : before;
        Span between = {text.bytes + last, unit.begin - last};
        int has_margins = unit.core.length < unit.end - unit.begin;
        Line line = {unit.core, 0, has_margins};
        const Rule *remover;
        Status status = judge(cleaner, rules, rule_count, &line, places, stride, &remover);
        if (status != KERNEL_OK)
            return status;
        if (gap.is_open && any_kept && unit.newlines > gap.newlines) {
            gap.between = between;
            gap.newlines = unit.newlines;
        }
        if (remover) {
            *changed = 1;
            if (!gap.is_open) {
                fits = !any_kept || put(output, text.bytes + copied, last - copied);
                open_gap(&gap, between, unit.newlines, !any_kept);
            }
            gap.wants_blank_line |= remover->leaves_blank_line;
            continue;
        }
        if (gap.is_open) {
            fits = close_gap(&gap, output);
            copied = unit.begin;
        }
        any_kept = 1;
        if (line.is_edited && fits) {
            int drops_margins = has_margins && !line.has_margins;
            size_t core_begin = (size_t)(unit.core.bytes - text.bytes), core_end = core_begin + unit.core.length;
            *changed = 1;
            fits = put(output, text.bytes + copied, (drops_margins ? unit.begin : core_begin) - copied) &&
                   put(output, line.core.bytes, line.core.length);
            copied = drops_margins ? unit.end : core_end;
        }
    }
    if (*changed && fits && (any_kept || !gap.is_open)) {
        size_t rest = gap.is_open ? before : copied; /* the end of a text stands as it was */
        fits = put(output, text.bytes + rest, text.length - rest);
    }
    return fits ? KERNEL_OK : KERNEL_BAD_OFFSETS;
}

#endif
