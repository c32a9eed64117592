/* What is in a word, character by character, and its lower case. */

#ifndef CORPUS_KIT_SCAN_H
#define CORPUS_KIT_SCAN_H

#include "characters.h"
#include "utf8.h"

typedef struct {
    uint32_t characters, letters, signs, special, digits, end_signs, braces, opening_braces, replacements;
    uint32_t letter_pieces, long_pieces; /* metrics/ncc.py */
} WordFacts;

/* What one character adds: counters of one byte each, side by side, and flags above them. */
#define FACT_SPECIAL UINT64_C(1)
#define FACT_DIGIT (UINT64_C(1) << 8)
#define FACT_SIGN (UINT64_C(1) << 16)
#define FACT_END_SIGN (UINT64_C(1) << 24)
#define FACT_BRACE (UINT64_C(1) << 32)
#define FACT_OPENING_BRACE (UINT64_C(1) << 40)
#define FACT_LETTER (UINT64_C(1) << 48)
#define FACT_CUT (UINT64_C(1) << 56)            /* parts pieces */
#define FACT_TOKEN_END (UINT64_C(1) << 57)      /* is no part of a token, at its ends: metrics/nordic_pile.py */
#define FACT_OPENING (UINT64_C(1) << 58)        /* an opening sign; this and the next two of ASCII characters only */
#define FACT_TAIL (UINT64_C(1) << 59)           /* an end mark or a closing sign */
#define FACT_BEGINS_NOTHING (UINT64_C(1) << 60) /* a lower-case letter or a digit */
#define FACT_UPPER (UINT64_C(1) << 61)          /* an ASCII letter; shifted by 56, 0x20: the step to lower case */
#define MOST_CHARACTERS 255            /* that a counter of one byte can count */

#define ASCII_CHARACTERS 128

/* What the rules say of single ASCII characters. */
static inline uint64_t role_of(uint32_t code_point)
{
    switch (code_point) {
    case '.':
    case '!':
        return FACT_END_SIGN | FACT_CUT | FACT_TOKEN_END | FACT_TAIL;
    case '?':
        return FACT_END_SIGN | FACT_TOKEN_END | FACT_TAIL;
    case ':':
    case ';':
        return FACT_END_SIGN | FACT_CUT | FACT_TOKEN_END;
    case ',':
        return FACT_CUT | FACT_TOKEN_END;
    case '"':
        return FACT_END_SIGN | FACT_TOKEN_END | FACT_OPENING | FACT_TAIL;
    case '\'':
        return FACT_END_SIGN | FACT_OPENING | FACT_TAIL;
    case '*':
        return FACT_END_SIGN;
    case '/':
        return FACT_CUT;
    case '(':
        return FACT_CUT | FACT_OPENING;
    case ')':
        return FACT_END_SIGN | FACT_CUT | FACT_TAIL;
    case '[':
        return FACT_OPENING;
    case ']':
        return FACT_TAIL;
    case '{':
        return FACT_BRACE | FACT_OPENING_BRACE | FACT_OPENING;
    case '}':
        return FACT_BRACE | FACT_TAIL;
    default:
        return 0;
    }
}

static inline uint64_t facts_of(uint32_t code_point)
{
    uint32_t flags = char_flags(code_point);
    uint64_t facts = (flags & CHAR_SPECIAL ? FACT_SPECIAL : 0) | (flags & CHAR_DIGITS ? FACT_DIGIT : 0) |
                     (flags & CHAR_SIGNS ? FACT_SIGN : 0) | (flags & CHAR_LETTERS ? FACT_LETTER : 0);
    if (code_point < ASCII_CHARACTERS)
        facts |= role_of(code_point) | (lower_step(code_point) ? FACT_UPPER : 0) |
                 (flags & (CHAR_LOWERCASE | CHAR_DIGITS) ? FACT_BEGINS_NOTHING : 0);
    return facts;
}

/* Facts of ASCII characters, to be looked up. */
static inline void list_ascii_facts(uint64_t *facts)
{
    for (uint32_t code_point = 0; code_point < ASCII_CHARACTERS; code_point++)
        facts[code_point] = facts_of(code_point);
}

ALWAYS_INLINE void add_counters(WordFacts *facts, uint64_t counters)
{
    facts->special += (uint8_t)counters;
    facts->digits += (uint8_t)(counters >> 8);
    facts->signs += (uint8_t)(counters >> 16);
    facts->end_signs += (uint8_t)(counters >> 24);
    facts->braces += (uint8_t)(counters >> 32);
    facts->opening_braces += (uint8_t)(counters >> 40);
    facts->letters += (uint8_t)(counters >> 48);
}

/* Writes a code point, which is no surrogate; returns the number of its bytes. */
static inline size_t write_character(uint32_t code_point, uint8_t *into)
{
    if (code_point < 0x80) {
        into[0] = (uint8_t)code_point;
        return 1;
    }
    size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code_point >>= 6)
        into[i] = (uint8_t)(0x80 | (code_point & 0x3F));
    into[0] = (uint8_t)(0xF00 >> size | code_point);
    return size;
}

/* Looks at a word of any length, and writes its lower case to `lowered`, which has room for twice its bytes. Returns
 * the bytes written. */
static inline size_t scan_word(const uint8_t *bytes, size_t size, const uint64_t *ascii_facts, uint8_t *lowered,
                               WordFacts *facts)
{
    *facts = (WordFacts){0};
    uint64_t counters = 0;
    uint32_t piece = 0, letters = 0; /* since the last cut */
    uint8_t *into = lowered;
    for (size_t at = 0; at < size;) {
        uint64_t character;
        if (bytes[at] < ASCII_CHARACTERS) {
            character = ascii_facts[bytes[at]];
            *into++ = (uint8_t)(bytes[at] | (character >> 56 & 0x20));
            at++;
        } else {
            size_t step;
            uint32_t code_point = decode(bytes + at, &step);
            character = facts_of(code_point);
            facts->replacements += code_point == 0xFFFD;
            into += write_character(code_point + (uint32_t)lower_step(code_point), into);
            at += step;
        }
        counters += character;
        if (++facts->characters % MOST_CHARACTERS == 0) {
            add_counters(facts, counters);
            counters = 0;
        }
        piece++;
        letters += character >> 48 & 1;
        if (character & FACT_CUT) {
            facts->long_pieces += piece > 2; /* the cut is one of them */
            facts->letter_pieces += piece > 2 && letters == piece - 1;
            piece = letters = 0;
        }
    }
    add_counters(facts, counters);
    facts->long_pieces += piece > 1;
    facts->letter_pieces += piece > 1 && letters == piece;
    return (size_t)(into - lowered);
}

/* The code point that ends before `end`, which is not the beginning; `*begin` becomes where it begins. */
static inline uint32_t decode_before(const uint8_t *bytes, size_t end, size_t *begin)
{
    size_t size;
    do
        end--;
    while ((bytes[end] & 0xC0) == 0x80);
    *begin = end;
    return decode(bytes + end, &size);
}

#endif
