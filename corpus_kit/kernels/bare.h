/* Bare words, as doc.py has them: in lower case, without special characters at both ends. Each is found once for each
 * distinct word of the text. */

#ifndef CORPUS_KIT_BARE_H
#define CORPUS_KIT_BARE_H

#include "scan.h"
#include "words.h"

#define NO_BARE_WORD UINT32_MAX

typedef struct {
    Words words;
    uint8_t *text; /* long bare words, and behind them the word last put into lower case */
    size_t text_size, text_capacity;
    Numbers of;      /* the bare word of each distinct word, or NO_BARE_WORD */
    Numbers numbers; /* of every bare word of the text, in order */
    size_t count;
} BareWords;

/* Where something stands in the text of the bare words. */
typedef struct {
    size_t begin, end;
} Place;

static inline void free_bare_words(BareWords *bare)
{
    free_words(&bare->words);
    free(bare->text);
    free(bare->of.items);
    free(bare->numbers.items);
}

/* Room for a word in lower case, behind the long bare words; NULL if there is no memory. */
static inline uint8_t *room_for_lowered(BareWords *bare, size_t size)
{
    /* The lower case of a character of two bytes may have three, never more than twice as many. */
    uint8_t *text = grow(bare->text, &bare->text_capacity, bare->text_size + 2 * size + 16, 1);
    if (!text)
        return NULL;
    bare->text = text;
    return text + bare->text_size;
}

static inline int is_special(uint32_t code_point)
{
    return (char_flags(code_point) & CHAR_SPECIAL) != 0;
}

static inline int is_token_end(uint32_t code_point)
{
    return code_point == '.' || code_point == ',' || code_point == '!' || code_point == '?' || code_point == ':' ||
           code_point == ';' || code_point == '"';
}

/* What is left of a place without some characters at both ends. */
ALWAYS_INLINE Place cut_ends(const uint8_t *text, Place place, int (*is_cut)(uint32_t))
{
    size_t size, begin;
    while (place.begin < place.end && is_cut(decode(text + place.begin, &size)))
        place.begin += size;
    while (place.begin < place.end && is_cut(decode_before(text, place.end, &begin)))
        place.end = begin;
    return place;
}

/* The key of what stands at a place. */
ALWAYS_INLINE Key key_at(const BareWords *bare, Place place)
{
    return make_key(bare->text + place.begin, place.end - place.begin, bare->text_capacity - place.begin);
}

/* Number of a bare word; there is room for it. Its flags are 0 if it is new. */
static inline size_t intern_bare(BareWords *bare, Key key, Place place)
{
    size_t before = bare->words.count, number = intern_word(&bare->words, bare->text, key, place.begin);
    if (number == before && (key.high & LONG_WORD))
        bare->text_size = place.end; /* it stays */
    return number;
}

/* The bare words of the text, in order, from the numbers of its words. */
FOR_EACH_CPU
static Status list_bare_words(BareWords *bare, const uint32_t *numbers, size_t count)
{
    Status status = reserve_numbers(&bare->numbers, count + 1);
    if (status != KERNEL_OK)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = bare->of.items[numbers[i]];
        bare->numbers.items[kept] = number;
        kept += number != NO_BARE_WORD;
    }
    bare->count = kept;
    return KERNEL_OK;
}

#endif
