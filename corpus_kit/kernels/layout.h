/* The lines and paragraphs of a text: what Doc.lines, Doc.stripped_lines and Doc.paragraphs of doc.py are. */

#ifndef CORPUS_KIT_LAYOUT_H
#define CORPUS_KIT_LAYOUT_H

#include "characters.h"
#include "intern.h"
#include "units.h"
#include "utf8.h"

#define SHORT_LINE 30 /* metrics/fineweb.py */
#define LONG_LINE 200 /* metrics/c4.py */

typedef struct {
    size_t count; /* of lines; blank ones are none */
    uint64_t dash_bullets, dash_stars, quote_bullets;
    uint64_t ends_in_dots, ends_in_ellipsis, ends_in_mark;
    uint64_t short_lines, long_lines;
    size_t paragraph_count;
} LineCounts;

/* Where reading lines has come to, and what is known of those before. */
typedef struct {
    LineCounts counts;
    int wants_copies, wants_paragraphs, wants_records;
    Spans distinct, paragraphs; /* a paragraph is the numbers of its lines */
    Numbers numbers;            /* of every line */
    Numbers lengths, word_ends; /* of every line: its characters, stripped; how many words there are up to its end */
    size_t begin, paragraph_begin; /* the latter in `numbers` */
    uint64_t characters_before_line, characters_before_paragraph, characters_before_end;
} Layout;

static inline void free_layout(Layout *layout)
{
    free_spans(&layout->distinct);
    free_spans(&layout->paragraphs);
    free(layout->numbers.items);
    free(layout->lengths.items);
    free(layout->word_ends.items);
}

/* Forgets all lines, for a text of so many bytes. */
static inline Status clear_layout(Layout *layout, size_t length)
{
    layout->counts = (LineCounts){0};
    layout->begin = layout->paragraph_begin = 0;
    layout->characters_before_line = layout->characters_before_paragraph = layout->characters_before_end = 0;
    size_t likely = length < 65536 ? length / 192 : 340; /* a line has 60 to 200 bytes in most texts */
    Status status = clear_spans(&layout->distinct, likely);
    return status == KERNEL_OK ? clear_spans(&layout->paragraphs, likely / 4) : status;
}

ALWAYS_INLINE int is_ascii_space(uint8_t byte)
{
    return (uint8_t)(byte - 0x09) <= 0x0D - 0x09 || (uint8_t)(byte - 0x1C) <= 0x20 - 0x1C;
}

/* Length of the whitespace character that begins at `begin`, which is not the end, or 0. */
ALWAYS_INLINE size_t space_at(const uint8_t *text, size_t begin, size_t end)
{
    return is_ascii_space(text[begin]) ? 1 : wide_space(text + begin, end - begin);
}

/* Length of the whitespace character that ends right before `end`, which is not the beginning, or 0. */
ALWAYS_INLINE size_t space_before(const uint8_t *text, size_t begin, size_t end)
{
    if (is_ascii_space(text[end - 1]))
        return 1;
    if (text[end - 1] < 0x80)
        return 0;
    if (end - begin >= 2 && wide_space(text + end - 2, 2) == 2)
        return 2;
    return end - begin >= 3 && wide_space(text + end - 3, 3) == 3 ? 3 : 0;
}

/* Takes whitespace off both ends. Returns the number of characters taken off. */
ALWAYS_INLINE size_t strip(const uint8_t *text, size_t *begin, size_t *end)
{
    size_t taken = 0;
    for (size_t step; *begin < *end && (step = space_at(text, *begin, *end)); *begin += step)
        taken++;
    for (size_t step; *begin < *end && (step = space_before(text, *begin, *end)); *end -= step)
        taken++;
    return taken;
}

ALWAYS_INLINE int ends_in(const uint8_t *text, size_t begin, size_t end, const char *three)
{
    return end - begin >= 3 && !memcmp(text + end - 3, three, 3);
}

static inline int ends_in_mark(const uint8_t *text, size_t begin, size_t end)
{
    size_t at = end - 1, size;
    while (at > begin && (text[at] & 0xC0) == 0x80)
        at--;
    return (char_flags(decode(text + at, &size)) & CHAR_END_MARKS) != 0;
}

#define BULLET "\xE2\x80\xA2"
#define ELLIPSIS "\xE2\x80\xA6"

/* Looks at both ends of a line: as it stands, from `begin` to `end`, and stripped, from `first` to `last`. */
ALWAYS_INLINE void look_at_ends(LineCounts *counts, const uint8_t *text, size_t begin, size_t end, size_t first,
                                size_t last)
{
    uint8_t sign = text[first];
    uint64_t is_bullet = last - first >= 3 && !memcmp(text + first, BULLET, 3);
    counts->dash_bullets += (sign == '-') | is_bullet;
    counts->dash_stars += (sign == '-') | (sign == '*');
    counts->quote_bullets += (sign == '-') | (sign == '>') | is_bullet;
    counts->ends_in_dots += (uint64_t)ends_in(text, first, last, "...");
    counts->ends_in_ellipsis += (uint64_t)ends_in(text, first, last, ELLIPSIS);
    uint8_t mark = text[end - 1];
    counts->ends_in_mark += mark < 0x80 ? (mark == '.') | (mark == '!') | (mark == '?')
                                        : (uint64_t)ends_in_mark(text, begin, end);
}

static inline Status end_paragraph(Layout *layout)
{
    size_t begin = layout->paragraph_begin, end = layout->counts.count, number;
    if (begin == end)
        return KERNEL_OK;
    layout->paragraph_begin = end;
    layout->counts.paragraph_count++;
    if (!layout->wants_paragraphs)
        return KERNEL_OK;
    Span span = {
        .begin = (uint32_t)(begin * sizeof(uint32_t)),
        .size = (uint32_t)((end - begin) * sizeof(uint32_t)),
        .characters = (uint32_t)(layout->characters_before_end - layout->characters_before_paragraph),
        .count = 1,
    };
    return intern_span(&layout->paragraphs, (const uint8_t *)layout->numbers.items, end * sizeof(uint32_t), span,
                       &number);
}

/* The line from `layout->begin` to `end`, which is not blank: stripped, it reaches from `first` to `last` and has
 * `stripped` characters. There are `words` words up to its end. */
static inline Status add_line(Layout *layout, const uint8_t *text, size_t length, Span span, size_t stripped,
                              size_t words)
{
    size_t count = layout->counts.count, number;
    Status status = KERNEL_OK;
    if (layout->wants_records) {
        status = reserve_numbers(&layout->lengths, count + 1);
        if (status == KERNEL_OK)
            status = reserve_numbers(&layout->word_ends, count + 1);
        if (status != KERNEL_OK)
            return status;
        layout->lengths.items[count] = (uint32_t)stripped;
        layout->word_ends.items[count] = (uint32_t)words;
    }
    if (layout->wants_copies) {
        status = intern_span(&layout->distinct, text, length, span, &number);
        if (status == KERNEL_OK)
            status = reserve_numbers(&layout->numbers, count + 1);
        if (status != KERNEL_OK)
            return status;
        layout->numbers.items[count] = (uint32_t)number;
    }
    layout->counts.count++;
    return KERNEL_OK;
}

/* The line ends before the byte at `end`; `characters` of the text stand before it, and `words` words. */
static inline Status end_line(Layout *layout, const uint8_t *text, size_t length, size_t end, uint64_t characters,
                              size_t words)
{
    size_t begin = layout->begin, first = begin, last = end, taken = strip(text, &first, &last);
    uint64_t before = layout->characters_before_line, size = characters - before;
    layout->begin = end + 1;
    layout->characters_before_line = characters + 1;
    if (first == last)
        return end_paragraph(layout);
    if (layout->paragraph_begin == layout->counts.count)
        layout->characters_before_paragraph = before;
    layout->characters_before_end = characters;
    look_at_ends(&layout->counts, text, begin, end, first, last);
    layout->counts.short_lines += size <= SHORT_LINE;
    layout->counts.long_lines += size >= LONG_LINE;
    Span span = {
        .begin = (uint32_t)begin, .size = (uint32_t)(end - begin), .characters = (uint32_t)size, .count = 1};
    return add_line(layout, text, length, span, (size_t)size - taken, words);
}

/* How many items there are of what occurs more than once, and their characters; with or without the first of each. */
typedef struct {
    uint64_t items, characters;
} Copies;

static inline Copies count_copies(const Spans *spans, int with_first)
{
    Copies copies = {0};
    for (size_t i = 0; i < spans->count; i++) {
        uint64_t count = spans->items[i].count, counted = count == 1 ? 0 : with_first ? count : count - 1;
        copies.items += counted;
        copies.characters += counted * spans->items[i].characters;
    }
    return copies;
}

/* The distinct lines of a text without whitespace at both ends. */
static inline Status strip_lines(const Spans *lines, const uint8_t *text, size_t length, Spans *stripped)
{
    Status status = clear_spans(stripped, lines->count);
    for (size_t i = 0; i < lines->count && status == KERNEL_OK; i++) {
        Span span = lines->items[i];
        size_t begin = span.begin, end = begin + span.size, number;
        span.characters -= (uint32_t)strip(text, &begin, &end);
        span.begin = (uint32_t)begin;
        span.size = (uint32_t)(end - begin);
        status = intern_span(stripped, text, length, span, &number);
    }
    return status;
}

#endif
