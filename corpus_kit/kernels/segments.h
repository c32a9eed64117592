/* Words as Unicode defines them: the word boundaries of UAX #29, as corpus_kit/segmentation.py finds them. */

#ifndef CORPUS_KIT_SEGMENTS_H
#define CORPUS_KIT_SEGMENTS_H

#include "characters.h"
#include "utf8.h"
#include "words.h"

/* Sets of Word_Break values. */
#define ONE_OF(value) (UINT32_C(1) << (value))
#define LINE_ENDS (ONE_OF(BREAK_CR) | ONE_OF(BREAK_LF) | ONE_OF(BREAK_NEWLINE))
#define IGNORED (ONE_OF(BREAK_EXTEND) | ONE_OF(BREAK_FORMAT) | ONE_OF(BREAK_ZWJ))
#define AH_LETTER (ONE_OF(BREAK_ALETTER) | ONE_OF(BREAK_HEBREW_LETTER))
#define JOINS_LETTERS (ONE_OF(BREAK_MIDLETTER) | ONE_OF(BREAK_MIDNUMLET) | ONE_OF(BREAK_SINGLE_QUOTE))
#define JOINS_DIGITS (ONE_OF(BREAK_MIDNUM) | ONE_OF(BREAK_MIDNUMLET) | ONE_OF(BREAK_SINGLE_QUOTE))
#define NUMERIC ONE_OF(BREAK_NUMERIC)
#define KATAKANA ONE_OF(BREAK_KATAKANA)
#define EXTEND_NUM_LET ONE_OF(BREAK_EXTENDNUMLET)
#define HEBREW_LETTER ONE_OF(BREAK_HEBREW_LETTER)
#define WHITE ONE_OF(BREAK_WSEGSPACE)
#define SIMPLE (ONE_OF(0) | ONE_OF(BREAK_ALETTER) | NUMERIC | WHITE)
#define BODY (AH_LETTER | NUMERIC | KATAKANA)

/* A character with the ignored ones after it (rule WB4), or a run of ASCII letters or digits, which nothing parts. */
typedef struct {
    size_t begin, end;
    uint32_t kind; /* a set of one value */
    int is_pictographic, ends_in_joiner, has_ignored;
    int has_content; /* a letter or a digit */
} Piece;

/* Reads the piece at `begin`, or an empty one at the end of the text. */
ALWAYS_INLINE Piece read_piece(const uint8_t *text, size_t length, size_t begin)
{
    Piece piece = {.begin = begin, .end = begin};
    if (begin == length)
        return piece;
    size_t size;
    uint32_t code_point = decode(text + begin, &size), flags = char_flags(code_point);
    piece.end += size;
    piece.kind = ONE_OF(word_break(code_point));
    piece.is_pictographic = (flags & CHAR_PICTOGRAPHIC) != 0;
    piece.ends_in_joiner = piece.kind == ONE_OF(BREAK_ZWJ);
    piece.has_content = (flags & (CHAR_LETTERS | CHAR_DIGITS)) != 0;
    if (piece.kind & (ONE_OF(BREAK_ALETTER) | NUMERIC))
        for (; piece.end < length && text[piece.end] < 0x80 && ONE_OF(word_break(text[piece.end])) == piece.kind;
             piece.end++)
            piece.has_content = 1;
    if (piece.kind & LINE_ENDS)
        return piece;
    while (piece.end < length && text[piece.end] >= 0x80) {
        code_point = decode(text + piece.end, &size);
        uint32_t kind = ONE_OF(word_break(code_point));
        if (!(kind & IGNORED))
            break;
        piece.end += size;
        piece.ends_in_joiner = kind == ONE_OF(BREAK_ZWJ);
        piece.has_ignored = 1;
        piece.has_content |= (char_flags(code_point) & (CHAR_LETTERS | CHAR_DIGITS)) != 0;
    }
    return piece;
}

/* Whether there is no boundary before `here`. Rules in their order; the first that applies decides. `further` and
 * `following` are the kinds of the pieces around these two, `flags` how many regional indicators end with `before`. */
static inline int is_joined(uint32_t further, const Piece *before, const Piece *here, uint32_t following, size_t flags)
{
    uint32_t last = before->kind, kind = here->kind;
    if (!((last | kind) & ~SIMPLE) && !before->ends_in_joiner) /* which saves the rules most of the time */
        return !((last | kind) & ~(ONE_OF(BREAK_ALETTER) | NUMERIC)) ||
               (last == WHITE && kind == WHITE && !before->has_ignored);
    if ((last | kind) & LINE_ENDS)
        return last == ONE_OF(BREAK_CR) && kind == ONE_OF(BREAK_LF); /* WB3, WB3a, WB3b */
    if (before->ends_in_joiner && here->is_pictographic)
        return 1; /* WB3c */
    if (last == WHITE && kind == WHITE && !before->has_ignored)
        return 1; /* WB3d */
    return (last & AH_LETTER && kind & AH_LETTER) ||                                          /* WB5 */
           (last & AH_LETTER && kind & JOINS_LETTERS && following & AH_LETTER) ||             /* WB6 */
           (further & AH_LETTER && last & JOINS_LETTERS && kind & AH_LETTER) ||               /* WB7 */
           (last == HEBREW_LETTER && kind == ONE_OF(BREAK_SINGLE_QUOTE)) ||                   /* WB7a */
           (last == HEBREW_LETTER && kind == ONE_OF(BREAK_DOUBLE_QUOTE) && following == HEBREW_LETTER) ||  /* WB7b */
           (further == HEBREW_LETTER && last == ONE_OF(BREAK_DOUBLE_QUOTE) && kind == HEBREW_LETTER) ||    /* WB7c */
           (last == NUMERIC && kind & (NUMERIC | AH_LETTER)) ||                               /* WB8, WB10 */
           (last & AH_LETTER && kind == NUMERIC) ||                                           /* WB9 */
           (further == NUMERIC && last & JOINS_DIGITS && kind == NUMERIC) ||                  /* WB11 */
           (last == NUMERIC && kind & JOINS_DIGITS && following == NUMERIC) ||                /* WB12 */
           (last == KATAKANA && kind == KATAKANA) ||                                          /* WB13 */
           (kind == EXTEND_NUM_LET && last & (BODY | EXTEND_NUM_LET)) ||                      /* WB13a */
           (last == EXTEND_NUM_LET && kind & BODY) ||                                         /* WB13b */
           (kind == ONE_OF(BREAK_REGIONAL_INDICATOR) && flags % 2 == 1);                      /* WB15, WB16 */
}

/* Numbers the words of a valid text: its segments with a letter or a digit. */
FOR_EACH_CPU
static Status find_segments(Vocabulary *vocabulary, WordBatch *batch, const uint8_t *text, size_t length)
{
    size_t count = 0, begin = 0, flags = 0;
    uint32_t further = 0;
    Piece pieces[3]; /* before, here, following; they move on by turns */
    Piece *before = pieces, *here = pieces + 1, *following = pieces + 2;
    *before = read_piece(text, length, 0);
    *here = read_piece(text, length, before->end);
    int has_content = before->has_content;
    while (before->begin < length) {
        *following = read_piece(text, length, here->end);
        flags = before->kind == ONE_OF(BREAK_REGIONAL_INDICATOR) ? flags + 1 : 0;
        if (here->begin == length || !is_joined(further, before, here, following->kind, flags)) {
            batch->edges[2 * count] = (uint32_t)begin;
            batch->edges[2 * count + 1] = (uint32_t)here->begin;
            count += (size_t)has_content;
            begin = here->begin;
            has_content = 0;
        }
        has_content |= here->has_content;
        further = before->kind;
        Piece *oldest = before;
        before = here;
        here = following;
        following = oldest;
        if (count == WORD_BATCH - 1 || (before->begin == length && count > 0)) {
            Status status = add_words(vocabulary, batch, count, text, length);
            if (status != KERNEL_OK)
                return status;
            count = 0;
        }
    }
    return KERNEL_OK;
}

#endif
