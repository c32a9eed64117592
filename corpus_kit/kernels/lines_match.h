/* Finding phrases, in capitals or not. Most lines hold none of them: a look at every few bytes is enough to know. */

#ifndef CORPUS_KIT_LINES_MATCH_H
#define CORPUS_KIT_LINES_MATCH_H

#include "lines_text.h"

#define GRAM_BYTES 4
#define GRAM_BITS 16
#define MAX_STEP 12
#define NO_PHRASE SIZE_MAX

typedef struct {
    uint64_t words[(1 << GRAM_BITS) / 64];
} GramSet;

/* Some phrases, in lower case. A text that contains one has, at one of any `step` places in a row, a gram (`gram`
 * bytes of a phrase, from one of the `step` places of its rarest part) that is in `sampled`: so only every step-th
 * place needs to be looked at. Grams are compared with bit 0x20 set, which makes equal what differs in case in ASCII
 * and Latin-1. */
typedef struct {
    const Span *phrases;
    size_t count, shortest, gram, step;
    size_t *next;      /* the next phrase whose first gram has the same hash, modulo 256 */
    size_t heads[256]; /* the first of each */
    GramSet sampled;
    GramSet first; /* the first grams, as they are */
    GramSet edge;  /* the first or the last grams, where phrases are only looked for at the start or end of lines */
} Matcher;

ALWAYS_INLINE uint32_t load_gram(const uint8_t *bytes, size_t readable, size_t gram)
{
    uint32_t value = 0;
    if (readable >= GRAM_BYTES)
        memcpy(&value, bytes, GRAM_BYTES);
    else
        memcpy(&value, bytes, readable);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return gram == GRAM_BYTES ? value : value & ((UINT32_C(1) << gram * 8) - 1);
}

ALWAYS_INLINE uint32_t caseless(uint32_t gram)
{
    return gram | UINT32_C(0x20202020);
}

ALWAYS_INLINE uint32_t hash_gram(uint32_t gram)
{
    return gram * UINT32_C(0x9E3779B1) >> (32 - GRAM_BITS);
}

ALWAYS_INLINE void add_gram(GramSet *set, uint32_t gram)
{
    uint32_t hash = hash_gram(gram);
    set->words[hash / 64] |= UINT64_C(1) << hash % 64;
}

ALWAYS_INLINE int has_gram(const GramSet *set, uint32_t gram)
{
    uint32_t hash = hash_gram(gram);
    return (int)(set->words[hash / 64] >> hash % 64 & 1);
}

static void free_matcher(Matcher *matcher)
{
    if (matcher)
        free(matcher->next);
    free(matcher);
}

/* How often a byte occurs, roughly: what the first 4-grams of "les mer" and "javascript" differ in. */
static double byte_frequency(uint8_t byte)
{
    static const char common[] = " enrtiasdlog"; /* of the Nordic languages, English and German, the first most often */
    const char *found = byte ? strchr(common, byte | 0x20) : NULL;
    return found ? 0.16 / (double)(1 + (found - common) / 2) : byte >= 0x80 ? 0.02 : 0.015;
}

/* Where the rarest part of a phrase begins: the `step` grams least often found in texts. */
static size_t rarest_part(Span phrase, size_t gram, size_t step)
{
    size_t best = 0;
    double least = 1e300;
    for (size_t begin = 0; begin + step + gram - 1 <= phrase.length; begin++) {
        double frequency = 0;
        for (size_t at = begin; at < begin + step; at++) {
            double product = 1;
            for (size_t i = at; i < at + gram; i++)
                product *= byte_frequency(phrase.bytes[i]);
            frequency += product;
        }
        if (frequency < least) {
            least = frequency;
            best = begin;
        }
    }
    return best;
}

/* A matcher of phrases that are not empty, or NULL without memory. */
static Matcher *make_matcher(const Span *phrases, size_t count, int of_ends)
{
    Matcher *matcher = calloc(1, sizeof *matcher);
    size_t *next = calloc(count ? count : 1, sizeof *next);
    if (!matcher || !next) {
        free(matcher);
        free(next);
        return NULL;
    }
    matcher->phrases = phrases;
    matcher->count = count;
    matcher->next = next;
    matcher->shortest = count ? SIZE_MAX : 1;
    for (size_t i = 0; i < count; i++)
        if (phrases[i].length < matcher->shortest)
            matcher->shortest = phrases[i].length;
    size_t gram = matcher->gram = matcher->shortest < GRAM_BYTES ? matcher->shortest : GRAM_BYTES;
    matcher->step = matcher->shortest - gram + 1;
    if (matcher->step > MAX_STEP) /* more would save little, and fill the set */
        matcher->step = MAX_STEP;
    memset(matcher->heads, 0xFF, sizeof matcher->heads);
    for (size_t i = count; i-- > 0;) {
        Span phrase = phrases[i];
        uint32_t first = load_gram(phrase.bytes, phrase.length, gram);
        size_t *head = &matcher->heads[hash_gram(first) & 255], part = rarest_part(phrase, gram, matcher->step);
        next[i] = *head;
        *head = i;
        add_gram(&matcher->first, first);
        add_gram(&matcher->edge, caseless(load_gram(phrase.bytes + (of_ends ? phrase.length - gram : 0), gram, gram)));
        for (size_t at = part; at < part + matcher->step; at++)
            add_gram(&matcher->sampled, caseless(load_gram(phrase.bytes + at, phrase.length - at, gram)));
    }
    return matcher;
}

/* Whether the span may contain a phrase: never 0 if it does, unless is_oddly_cased. */
static int may_contain(const Matcher *matcher, Span span)
{
    size_t gram = matcher->gram, step = matcher->step, at = 0;
    if (span.length < matcher->shortest)
        return 0;
    size_t end = span.length - gram + 1;
    if (gram == GRAM_BYTES)
        for (; at < end; at += step) {
            if (has_gram(&matcher->sampled, caseless(load_gram(span.bytes + at, GRAM_BYTES, GRAM_BYTES))))
                return 1;
        }
    for (; at < end; at += step)
        if (has_gram(&matcher->sampled, caseless(load_gram(span.bytes + at, span.length - at, gram))))
            return 1;
    return 0;
}

/* Whether the span may begin or end with a phrase. */
static int may_have_at_edge(const Matcher *matcher, Span span, int at_end)
{
    size_t gram = matcher->gram;
    if (span.length < matcher->shortest)
        return 0;
    return has_gram(&matcher->edge, caseless(load_gram(span.bytes + (at_end ? span.length - gram : 0), gram, gram)));
}

/* Whether there may be a character whose lower case is not reached by setting bit 0x20 of its bytes: all beyond U+00FF
 * but general punctuation (E2 80 to E2 83), without looking which. */
FOR_EACH_CPU static int may_be_oddly_cased(const uint8_t *bytes, size_t length)
{
    uint8_t odd = 0;
    if (length == 0)
        return 0;
    for (size_t at = 0; at + 1 < length; at++) {
        uint8_t byte = bytes[at], after = bytes[at + 1];
        odd |= (uint8_t)((byte >= 0xC4) & ((byte != 0xE2) | (after > 0x83)));
    }
    return odd | (bytes[length - 1] >= 0xC4);
}

/* Whether there is such a character. */
static int is_oddly_cased(Span span)
{
    size_t size;
    for (size_t at = 0; at < span.length; at += size) {
        size = 1;
        if (span.bytes[at] < 0xC4)
            continue;
        uint32_t code_point = decode_any(span.bytes + at, span.length - at, &size);
        if (lower_step(code_point))
            return 1;
    }
    return 0;
}

/* The span in lower case. `into` has room for 2 * length bytes: the simple mapping makes 2 bytes 3, but no more. */
static Span lower_span(Span span, uint8_t *into)
{
    size_t made = 0, size;
    for (size_t at = 0; at < span.length; at += size) {
        uint8_t byte = span.bytes[at];
        size = 1;
        if (byte < 0x80) {
            into[made++] = (uint8_t)lower_character(byte);
            continue;
        }
        uint32_t code_point = decode_any(span.bytes + at, span.length - at, &size);
        uint32_t lowered = lower_character(code_point);
        if (lowered == code_point) {
            memcpy(into + made, span.bytes + at, size);
            made += size;
        } else
            made += encode_any(lowered, into + made);
    }
    return (Span){into, made};
}

/* Whether a span that is in lower case contains a phrase. */
static int contains_phrase(const Matcher *matcher, Span lowered)
{
    if (lowered.length < matcher->shortest)
        return 0;
    for (size_t at = 0; at <= lowered.length - matcher->shortest; at++) {
        uint32_t gram = load_gram(lowered.bytes + at, lowered.length - at, matcher->gram);
        if (!has_gram(&matcher->first, gram))
            continue;
        for (size_t i = matcher->heads[hash_gram(gram) & 255]; i != NO_PHRASE; i = matcher->next[i]) {
            Span phrase = matcher->phrases[i];
            if (phrase.length <= lowered.length - at && memcmp(lowered.bytes + at, phrase.bytes, phrase.length) == 0)
                return 1;
        }
    }
    return 0;
}

#endif
