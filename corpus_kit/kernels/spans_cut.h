/* Cutting texts into lines, paragraphs or sentences, as corpus_kit.stages.repeated_units defines them. */

#ifndef CORPUS_KIT_SPANS_CUT_H
#define CORPUS_KIT_SPANS_CUT_H

#include "lines_text.h"

#define CODE_POINTS 0x110000

/* What a character is to sentences; the bits of the table `signs`, one byte a code point. */
enum { MARK = 1, OPENING = 2, CLOSING = 4, LETTER = 8, DIGIT = 16, LOWERCASE = 32 };

typedef enum { UNIT_LINE, UNIT_PARAGRAPH, UNIT_SENTENCE, UNIT_COUNT } UnitKind;

/* Bytes begin to end - 1 of the text, the whitespace at its ends inside the line included. */
typedef struct {
    size_t begin, end;
} Piece;

typedef struct {
    Scratch memory;
    size_t count;
} Pieces;

ALWAYS_INLINE Piece *piece_at(const Pieces *pieces, size_t index)
{
    return (Piece *)pieces->memory.items + index;
}

static inline Status push(Pieces *pieces, size_t begin, size_t end)
{
    Status status = grow(&pieces->memory, pieces->count + 1, sizeof(Piece));
    if (status == KERNEL_OK)
        *piece_at(pieces, pieces->count++) = (Piece){begin, end};
    return status;
}

ALWAYS_INLINE size_t line_end(Span text, size_t at)
{
    const uint8_t *newline = at < text.length ? memchr(text.bytes + at, '\n', text.length - at) : NULL;
    return newline ? (size_t)(newline - text.bytes) : text.length;
}

/* The signs of the character at `at`, and its bytes. */
ALWAYS_INLINE uint8_t signs_at(const uint8_t *signs, Span text, size_t at, size_t *size)
{
    uint8_t first = text.bytes[at];
    *size = 1;
    return signs[first < 0x80 ? first : decode_any(text.bytes + at, text.length - at, size)];
}

/* Where the character before `at` > 0 begins. In what is no UTF-8 every byte is one, as for decode_any. */
static inline size_t character_before(Span text, size_t at)
{
    for (size_t size = 1; size <= 4 && size <= at; size++) {
        size_t found;
        if ((text.bytes[at - size] & 0xC0) == 0x80 && size < 4)
            continue;
        decode_any(text.bytes + at - size, size, &found);
        if (found == size)
            return at - size;
        break;
    }
    return at - 1;
}

static int has_content(const uint8_t *signs, Span text, size_t begin, size_t end)
{
    for (size_t size; begin < end; begin += size)
        if (signs_at(signs, text, begin, &size) & (LETTER | DIGIT))
            return 1;
    return 0;
}

/* Whether nothing that belongs to a word stands before `at`. */
static int stands_alone(const uint8_t *signs, Span line, size_t at, int after_full_stop)
{
    if (at == 0)
        return 1;
    size_t before = character_before(line, at), size;
    return space_at(line.bytes + before, at - before) || signs_at(signs, line, before, &size) & OPENING ||
           (after_full_stop && line.bytes[before] == '.');
}

/* Whether what stands before the full stop at `at` is an initial, an abbreviation of one letter or an ordinal. */
static int is_short(const uint8_t *signs, Span line, size_t at)
{
    if (at == 0)
        return 0;
    size_t before = character_before(line, at), size, digits = 0;
    if (signs_at(signs, line, before, &size) & LETTER)
        return stands_alone(signs, line, before, 1);
    while (digits < 3 && digits < at && (uint8_t)(line.bytes[at - digits - 1] - '0') < 10)
        digits++;
    return (digits == 1 || digits == 2) && stands_alone(signs, line, at - digits, 0);
}

/* Where a search for ends of sentences is in its line. */
typedef struct {
    size_t at;
    int after_mark;
} Search;

/* The next end: marks, closing signs, whitespace, opening signs, and what may begin a sentence or nothing. `found` begins
 * behind the closing signs and ends behind the whitespace. */
static int next_end(const uint8_t *signs, Span line, Search *search, Piece *found)
{
    while (search->at < line.length) {
        size_t size, begin = search->at;
        if (!(signs_at(signs, line, begin, &size) & MARK) || search->after_mark) {
            search->after_mark = signs_at(signs, line, begin, &size) & MARK;
            search->at += size;
            continue;
        }
        size_t at = begin;
        while (at < line.length && signs_at(signs, line, at, &size) & MARK)
            at += size;
        size_t marks_end = at;
        *search = (Search){marks_end, 0};
        while (at < line.length && signs_at(signs, line, at, &size) & CLOSING)
            at += size;
        found->begin = at;
        while (at < line.length && (size = space_at(line.bytes + at, line.length - at)))
            at += size;
        found->end = at;
        if (found->end == found->begin)
            continue;
        while (at < line.length && signs_at(signs, line, at, &size) & OPENING)
            at += size;
        uint8_t next = 0;
        if (at < line.length) {
            if (space_at(line.bytes + at, line.length - at))
                continue;
            next = signs_at(signs, line, at, &size);
            at += size;
        }
        *search = (Search){at, next & MARK};
        int is_full_stop = marks_end == begin + 1 && line.bytes[begin] == '.';
        if (!(next & (LOWERCASE | DIGIT)) && !(is_full_stop && is_short(signs, line, begin)))
            return 1;
    }
    return 0;
}

/* The sentences of the line from `first` to `last`. What has no letter or digit goes with the sentence before it, or
 * the one after it if it is the first. */
static Status cut_sentences(const uint8_t *signs, Span text, size_t first, size_t last, Pieces *pieces)
{
    Span line = {text.bytes + first, last - first};
    Search search = {0, 0};
    Piece end;
    Status status = KERNEL_OK;
    size_t begin = 0;
    int any = 0, more;
    do {
        more = next_end(signs, line, &search, &end);
        size_t stop = more ? end.begin : line.length;
        if (has_content(signs, line, begin, stop)) {
            status = push(pieces, first + (any ? begin : 0), first + stop);
            any = 1;
        } else if (any) {
            piece_at(pieces, pieces->count - 1)->end = first + stop;
        }
        begin = end.end;
    } while (more && status == KERNEL_OK);
    return any ? status : push(pieces, first, last);
}

/* The units of a text, in order. Lines of nothing but whitespace belong to none. */
static Status cut_text(const uint8_t *signs, Span text, UnitKind kind, Pieces *pieces)
{
    int goes_on = 0;
    pieces->count = 0;
    for (size_t begin = 0, end; begin < text.length; begin = end + 1) {
        end = line_end(text, begin);
        Status status = KERNEL_OK;
        if (trim((Span){text.bytes + begin, end - begin}).length == 0)
            goes_on = 0;
        else if (kind == UNIT_SENTENCE)
            status = cut_sentences(signs, text, begin, end, pieces);
        else if (kind == UNIT_PARAGRAPH && goes_on)
            piece_at(pieces, pieces->count - 1)->end = end;
        else
            status = push(pieces, begin, end), goes_on = 1;
        if (status != KERNEL_OK)
            return status;
    }
    return KERNEL_OK;
}

#endif
