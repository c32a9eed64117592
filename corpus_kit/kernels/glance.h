/* What a look at the keys of the distinct words tells of a text, without one at every character. */

#ifndef CORPUS_KIT_GLANCE_H
#define CORPUS_KIT_GLANCE_H

#include "keys.h"
#include "lists.h"

/* Flags of a word, beside those of sentences.h. */
#define HAS_LETTER 1u
#define IS_PLAIN 2u /* not only punctuation */

/* Counts over all words; only those that were asked for. */
typedef struct {
    uint64_t characters, with_letter, stop_words;
    uint64_t plain, plain_characters, plain_with_letter;
    uint64_t special, digits, end_signs, opening_braces, braces, replacements;
    uint64_t letter_pieces, long_pieces, stop_tokens;
    uint32_t longest, longest_plain;
} Totals;

#define WORD_GROUP 256 /* distinct words looked at together */

static inline int has_letter(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, step; at < size; at += step)
        if (char_flags(decode(bytes + at, &step)) & CHAR_LETTERS)
            return 1;
    return 0;
}

static inline uint32_t count_characters(const uint8_t *bytes, size_t size)
{
    uint32_t characters = 0;
    for (size_t i = 0; i < size; i++)
        characters += (bytes[i] & 0xC0) != 0x80;
    return characters;
}

/* What is quickly known: characters and letters. Words that need a closer look, long ones and those without an ASCII
 * letter, are looked at in a second loop, because which they are cannot be predicted. */
FOR_EACH_CPU
static void describe_shortly(Words *words, const uint8_t *text, Totals *totals)
{
    uint32_t odd[WORD_GROUP];
    for (size_t begin = 0; begin < words->count; begin += WORD_GROUP) {
        Word *items = words->items + begin;
        size_t count = words->count - begin < WORD_GROUP ? words->count - begin : WORD_GROUP, odd_count = 0;
        for (size_t i = 0; i < count; i++) {
            KeyMasks masks = look_at_key(items[i].low, items[i].high);
            uint32_t has_ascii = masks.letters != 0;
            items[i].characters = (uint32_t)(items[i].high >> 56) - (uint32_t)__builtin_popcount(masks.continuing);
            items[i].flags = has_ascii * HAS_LETTER;
            odd[odd_count] = (uint32_t)i;
            odd_count += (size_t)(items[i].high >> 63) | (!has_ascii & (masks.wide != 0));
        }
        for (size_t i = 0; i < odd_count; i++) {
            Word *word = items + odd[i];
            word->characters = count_characters(text + word->begin, word_size(word));
            word->flags = has_letter(text + word->begin, word_size(word)) ? HAS_LETTER : 0;
        }
        for (size_t i = 0; i < count; i++) {
            totals->characters += (uint64_t)items[i].count * items[i].characters;
            totals->with_letter += items[i].count & (0 - (items[i].flags & HAS_LETTER));
        }
    }
}

/* Counts the distinct words that are listed as stop words, as they stand. */
static inline void count_stop_words(const Words *words, const uint8_t *text, const WordList *list, Totals *totals)
{
    uint32_t likely[WORD_GROUP];
    for (size_t begin = 0; begin < words->count; begin += WORD_GROUP) {
        const Word *items = words->items + begin;
        size_t count = words->count - begin < WORD_GROUP ? words->count - begin : WORD_GROUP, kept = 0;
        for (size_t i = 0; i < count; i++) {
            likely[kept] = (uint32_t)i;
            kept += list->sieve[sieve_slot((Key){items[i].low, items[i].high})];
        }
        for (size_t i = 0; i < kept; i++) {
            const Word *word = items + likely[i];
            totals->stop_words += look_up(list, (Key){word->low, word->high}, text + word->begin) & STOP_WORD;
        }
    }
}

/* Whether metrics/ncc.py takes a word for an address or a compound. */
static inline int is_excused(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '-' || bytes[i] == '/' || (bytes[i] == 'h' && size - i >= 4 && !memcmp(bytes + i, "http", 4)))
            return 1;
    return 0;
}

static inline void find_longest(const Words *words, const uint8_t *text, Totals *totals)
{
    for (size_t i = 0; i < words->count; i++) {
        const Word *word = words->items + i;
        if (word->characters > totals->longest)
            totals->longest = word->characters;
        if (word->characters > totals->longest_plain && !is_excused(text + word->begin, word_size(word)))
            totals->longest_plain = word->characters;
    }
}

static inline int is_word_in_any_case(const uint8_t *bytes, const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((bytes[i] | 0x20) != (uint8_t)word[i])
            return 0;
    return 1;
}

/* Whether a word begins like the second one: what its key tells at once, without branches. */
ALWAYS_INLINE int may_begin_with_ipsum(const Word *word)
{
    uint64_t ipsum = UINT64_C(0x6D75737069); /* its letters, first lowest */
    return (((word->low | EIGHT_TIMES * 0x20) << 24) == ipsum << 24) | is_long(word);
}

/* How often "lorem ipsum" occurs. Only where a word begins with the second one can it be worth a look. */
static inline uint64_t count_lorem_ipsum(const Words *words, const uint8_t *text, size_t length)
{
    int is_likely = 0;
    for (size_t i = 0; i < words->count; i++) {
        const Word *word = words->items + i;
        if (__builtin_expect(may_begin_with_ipsum(word), 0))
            is_likely |= word_size(word) >= 5 && is_word_in_any_case(text + word->begin, "ipsum", 5);
    }
    uint64_t count = 0;
    for (size_t at = 0; is_likely && at + 11 <= length; at++)
        count += text[at + 5] == ' ' && is_word_in_any_case(text + at, "lorem", 5) &&
                 is_word_in_any_case(text + at + 6, "ipsum", 5);
    return count;
}

#endif
