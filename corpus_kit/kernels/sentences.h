/* Sentences, as metrics/c4.py counts them: what a word can do to one, and how many a line has.
 *
 * No end of a sentence reaches beyond the whitespace around a word, so nearly all of the rule is about single words and
 * is found out once for each distinct word. */

#ifndef CORPUS_KIT_SENTENCES_H
#define CORPUS_KIT_SENTENCES_H

#include "characters.h"
#include "layout.h"
#include "scan.h"
#include "words.h"

/* Flags of a word. */
#define HAS_CONTENT 0x100u      /* a letter or a digit */
#define HAS_TAIL 0x200u         /* it ends in end marks and closing signs */
#define TAIL_IS_WEAK 0x400u     /* the marks are the full stop of an abbreviation, initial or ordinal */
#define TAIL_AT_BEGIN 0x800u    /* nothing but opening signs stands before the marks */
#define ONLY_OPENING 0x1000u    /* it is nothing but opening signs */
#define BEGINS_NOTHING 0x2000u  /* behind opening signs it goes on with a lower-case letter or a digit */

static inline int is_quote(uint32_t code_point)
{
    switch (code_point) {
    case '"':
    case '\'':
    case 0xAB:
    case 0xBB:
    case 0x2039:
    case 0x203A:
        return 1;
    default:
        return code_point >= 0x2018 && code_point <= 0x201F;
    }
}

static inline int is_opening(uint32_t code_point)
{
    return code_point == '(' || code_point == '[' || code_point == '{' || code_point == 0xA1 || code_point == 0xBF ||
           is_quote(code_point);
}

static inline int is_closing(uint32_t code_point)
{
    return code_point == ')' || code_point == ']' || code_point == '}' || is_quote(code_point);
}

static inline int is_mark(uint32_t code_point)
{
    return code_point == 0x2026 || (char_flags(code_point) & CHAR_END_MARKS);
}

/* Whether nothing, or an opening sign or `also`, stands before `end`. */
static inline int stands_alone(const uint8_t *bytes, size_t end, uint32_t also)
{
    if (end == 0)
        return 1;
    uint32_t before = decode_before(bytes, end, &end);
    return before == also || is_opening(before);
}

/* Whether one letter, or one or two digits, stand alone before `end`. */
static inline int is_short(const uint8_t *bytes, size_t end)
{
    if (end == 0)
        return 0;
    size_t begin, digits = 0;
    if (char_flags(decode_before(bytes, end, &begin)) & CHAR_LETTERS)
        return stands_alone(bytes, begin, '.');
    while (digits < 3 && digits < end && (uint8_t)(bytes[end - digits - 1] - '0') < 10)
        digits++;
    return (digits == 1 || digits == 2) && stands_alone(bytes, end - digits, '"');
}

/* The flags of a word but HAS_CONTENT. */
static inline uint32_t sentence_flags(const uint8_t *bytes, size_t size)
{
    uint32_t flags = 0;
    size_t opening = 0, step;
    while (opening < size && is_opening(decode(bytes + opening, &step)))
        opening += step;
    if (opening == size)
        flags |= ONLY_OPENING;
    else if (char_flags(decode(bytes + opening, &step)) & (CHAR_LOWERCASE | CHAR_DIGITS))
        flags |= BEGINS_NOTHING;
    size_t closing = size, marks, begin;
    while (closing > 0 && is_closing(decode_before(bytes, closing, &begin)))
        closing = begin;
    for (marks = closing; marks > 0 && is_mark(decode_before(bytes, marks, &begin)); marks = begin)
        ;
    if (marks == closing)
        return flags;
    flags |= HAS_TAIL | (marks == opening ? TAIL_AT_BEGIN : 0);
    if (closing - marks == 1 && bytes[marks] == '.' && is_short(bytes, marks))
        flags |= TAIL_IS_WEAK;
    return flags;
}

/* Number of sentences: words are given by number, lines by how many words there are up to their ends. */
FOR_EACH_CPU
static uint64_t count_sentences(const Layout *layout, const uint32_t *numbers, const Word *words)
{
    uint64_t sentences = 0;
    size_t at = 0;
    for (size_t line = 0; line < layout->counts.count; line++) {
        uint32_t tail = 0, content = 0; /* flags of the word before, if a sentence may end with it */
        for (size_t end = layout->word_ends.items[line]; at < end; at++) {
            uint32_t flags = words[numbers[at]].flags;
            int is_end = (tail & HAS_TAIL) && !(flags & ONLY_OPENING);
            if (is_end && !(flags & BEGINS_NOTHING) && !(tail & TAIL_IS_WEAK)) {
                sentences += content != 0;
                content = 0;
            }
            content |= flags & HAS_CONTENT;
            tail = is_end && (flags & TAIL_AT_BEGIN) ? 0 : flags; /* the end took the first mark of this word */
        }
        sentences += content != 0;
    }
    return sentences;
}

#endif
