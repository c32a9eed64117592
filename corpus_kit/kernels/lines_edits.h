/* Edits of a line, as corpus_kit.lines.edits defines them. They work on code points, so that bytes which a cut brings
 * together are not taken for a character that nobody wrote. */

#ifndef CORPUS_KIT_LINES_EDITS_H
#define CORPUS_KIT_LINES_EDITS_H

#include "lines_checks.h"

typedef enum { AT_START, AT_END, ANYWHERE } Where;

/* Code points, and scratch for edits of them. */
typedef struct {
    Scratch code_points; /* uint32_t */
    Scratch brackets;    /* size_t: where the opened brackets that may still be closed stand */
    size_t count;
} Letters;

static Status read_letters(Letters *letters, Span line)
{
    Status status = grow(&letters->code_points, line.length, sizeof(uint32_t));
    if (status != KERNEL_OK)
        return status;
    uint32_t *into = letters->code_points.items;
    size_t count = 0, size;
    for (size_t at = 0; at < line.length; at += size)
        into[count++] = decode_any(line.bytes + at, line.length - at, &size);
    letters->count = count;
    return KERNEL_OK;
}

/* Without the whitespace around it; never longer than what was read. */
static Span write_letters(const Letters *letters, uint8_t *into)
{
    const uint32_t *from = letters->code_points.items;
    size_t begin = 0, end = letters->count, made = 0;
    while (begin < end && is_space(from[begin]))
        begin++;
    while (begin < end && is_space(from[end - 1]))
        end--;
    for (; begin < end; begin++)
        made += encode_any(from[begin], into + made);
    return (Span){into, made};
}

/* Whether some code points are the characters of a phrase, as they stand or in lower case. */
static int are_phrase(const uint32_t *code_points, size_t count, Span phrase, int lowered)
{
    size_t at = 0, size;
    for (size_t i = 0; i < count; i++, at += size) {
        if (at >= phrase.length)
            return 0;
        uint32_t found = lowered ? lower_character(code_points[i]) : code_points[i];
        if (found != decode_any(phrase.bytes + at, phrase.length - at, &size))
            return 0;
    }
    return at == phrase.length;
}

/* Ends the cut of the last `length` of `kept` code points: with it go the spaces before, if space or nothing
 * follows. */
static size_t after_cut(const uint32_t *code_points, size_t kept, size_t length, size_t next, size_t count)
{
    kept -= length;
    if (next == count || is_space(code_points[next]))
        while (kept && is_space(code_points[kept - 1]))
            kept--;
    return kept;
}

/* Whether what stands between the brackets is a number, nothing, or a phrase. */
static int is_citation(const uint32_t *inside, size_t count, Spans phrases)
{
    size_t digits = 0;
    while (digits < count && inside[digits] - '0' < 10u)
        digits++;
    if (digits == count)
        return 1;
    for (size_t i = 0; i < phrases.count; i++)
        if (phrases.items[i].length >= count && are_phrase(inside, count, phrases.items[i], 0))
            return 1;
    return 0;
}

/* Cuts numbers and phrases in brackets; each bracket is looked at once, since no phrase has any. */
static Status cut_citations(Letters *letters, Spans phrases, size_t *pieces)
{
    Status status = grow(&letters->brackets, letters->count, sizeof(size_t));
    if (status != KERNEL_OK)
        return status;
    uint32_t *code_points = letters->code_points.items;
    size_t *opened = letters->brackets.items, open = 0, kept = 0;
    for (size_t at = 0; at < letters->count; at++) {
        uint32_t code_point = code_points[kept++] = code_points[at];
        if (code_point == '[')
            opened[open++] = kept - 1;
        if (code_point != ']' || !open)
            continue;
        size_t begin = opened[open - 1];
        if (!is_citation(code_points + begin + 1, kept - begin - 2, phrases)) {
            open = 0; /* what holds this bracket is no citation either */
            continue;
        }
        open--;
        kept = after_cut(code_points, kept, kept - begin, at + 1, letters->count);
        ++*pieces;
    }
    letters->count = kept;
    return KERNEL_OK;
}

/* Number of characters of a phrase, which is UTF-8. */
static size_t phrase_characters(Span phrase)
{
    size_t count = 0;
    for (size_t i = 0; i < phrase.length; i++)
        count += (phrase.bytes[i] & 0xC0) != 0x80;
    return count;
}

/* Length of the first phrase that ends (or begins) the code points from `begin` to `end` and is no part of a word; 0
 * for none. `after` is the character that follows, or 0. */
static size_t find_phrase(const uint32_t *code_points, size_t begin, size_t end, Spans phrases, int at_start,
                          uint32_t after)
{
    for (size_t i = 0; i < phrases.count; i++) {
        size_t count = phrase_characters(phrases.items[i]);
        if (count > end - begin)
            continue;
        size_t from = at_start ? begin : end - count, to = from + count;
        if (!are_phrase(code_points + from, count, phrases.items[i], 1))
            continue;
        uint32_t following = at_start ? (to < end ? code_points[to] : 0) : after;
        int joined_before = from > begin && is_alphanumeric(lower_character(code_points[from - 1])) &&
                            is_alphanumeric(lower_character(code_points[from]));
        int joined_after = is_alphanumeric(lower_character(code_points[to - 1])) && is_alphanumeric(following);
        if (!joined_before && !joined_after)
            return count;
    }
    return 0;
}

static void cut_phrases(Letters *letters, Spans phrases, Where where, size_t *pieces)
{
    uint32_t *code_points = letters->code_points.items;
    size_t begin = 0, end = letters->count, kept = 0, length;
    if (where != ANYWHERE) {
        while (begin < end && (length = find_phrase(code_points, begin, end, phrases, where == AT_START, 0))) {
            if (where == AT_START)
                begin += length;
            else
                end -= length;
            while (begin < end && is_space(code_points[begin]))
                begin++;
            while (begin < end && is_space(code_points[end - 1]))
                end--;
            ++*pieces;
        }
        memmove(code_points, code_points + begin, (end - begin) * sizeof *code_points);
        letters->count = end - begin;
        return;
    }
    for (size_t at = 0; at < end; at++) {
        code_points[kept++] = code_points[at];
        uint32_t after = at + 1 < end ? code_points[at + 1] : 0;
        if ((length = find_phrase(code_points, 0, kept, phrases, 0, after))) {
            kept = after_cut(code_points, kept, length, at + 1, end);
            ++*pieces;
        }
    }
    letters->count = kept;
}

/* Bytes up to the end of the last mark; 0 if they would be two characters or fewer. */
static size_t last_mark_end(Span line, Spans marks)
{
    uint64_t last_bytes[4] = {0};
    for (size_t i = 0; i < marks.count; i++) {
        uint8_t byte = marks.items[i].bytes[marks.items[i].length - 1];
        last_bytes[byte / 64] |= UINT64_C(1) << byte % 64;
    }
    size_t end = line.length;
    for (; end > 0; end--) {
        uint8_t byte = line.bytes[end - 1];
        if (last_bytes[byte / 64] >> byte % 64 & 1 && ends_with((Span){line.bytes, end}, marks))
            break;
    }
    return count_characters((Span){line.bytes, end}, 3) > 2 ? end : 0;
}

/* One space for each run of whitespace, and none around. `into` may be where the line is. */
static Span collapse_spaces(Span line, uint8_t *into)
{
    Span word;
    size_t made = 0;
    while (next_word(&line, &word)) {
        if (made)
            into[made++] = ' ';
        memmove(into + made, word.bytes, word.length);
        made += word.length;
    }
    return (Span){into, made};
}

#endif
