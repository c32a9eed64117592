/* dup_5gram_char_fraction_as_published of metrics/nordic_pile_repetition.py: a window as long as the first five words
 * moves over the text, character by character, and its characters count where it holds five words that repeat, joined
 * by spaces.
 *
 * The window may begin inside a word and end inside one, but the three words in between are whole. So it is enough to
 * look where the middle three are those of a sequence that counts. */

#ifndef CORPUS_KIT_PUBLISHED_H
#define CORPUS_KIT_PUBLISHED_H

#include "ngrams.h"
#include "utf8.h"

#define MIDDLE_BITS 13
#define FACTOR MURMUR_1 /* of the rolling hash: any odd number */

/* The sequences that count, as spans: `begin` is the number of the first word of one, in the text. */
typedef struct {
    Spans copies;
    uint8_t middles[1 << MIDDLE_BITS]; /* by hash: whether one may have these three words in the middle */
} Published;

/* A window over the text, some characters long, and the hash of these. */
typedef struct {
    size_t begin, end;
    uint64_t hash, power; /* FACTOR to the power of one less than the characters */
    uint64_t counted;     /* characters of it that were counted already */
} Window;

static inline size_t middle_of(const uint32_t *words)
{
    return (size_t)(hash_pair(hash_pair(words[1], words[2]) >> 32, words[3]) >> (64 - MIDDLE_BITS));
}

static inline uint64_t hash_text(uint64_t hash, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, step; at < size; at += step)
        hash = hash * FACTOR + decode(bytes + at, &step);
    return hash;
}

static inline size_t slot_of(const Index *index, uint64_t hash)
{
    return home_slot(index, (hash ^ hash >> 32) * UNIT_KEY_HIGH);
}

/* Enters the 5-grams that repeat and whose words have so many characters. */
static inline Status enter_copies(Published *published, const Grams *grams, const Vocabulary *vocabulary,
                                  const uint8_t *text, uint64_t in_words)
{
    const Word *known = vocabulary->words.items;
    Spans *copies = &published->copies;
    size_t most = grams->place_count / 2 + 1;
    Span *items = grow(copies->items, &copies->capacity, most, sizeof *items);
    if (!items || clear_spans(copies, most) != KERNEL_OK)
        return KERNEL_NO_MEMORY;
    copies->items = items;
    memset(published->middles, 0, sizeof published->middles);
    for (size_t i = 0; i < grams->count; i++) {
        const uint32_t *words = vocabulary->numbers.items + grams->items[i].first;
        if (grams->items[i].count < 2 || characters_of(words, NUMBERED_NGRAM, known) != in_words)
            continue;
        uint64_t hash = 0;
        for (size_t k = 0; k < NUMBERED_NGRAM; k++)
            hash = hash_text(k ? hash * FACTOR + ' ' : 0, text + known[words[k]].begin, word_size(known + words[k]));
        size_t number = copies->count++, at = slot_of(&copies->index, hash);
        while (number_in(&copies->index, at, number) < number)
            at = next_slot(&copies->index, at);
        set_slot(&copies->index, at, number);
        items[number] = (Span){.hash = hash, .begin = grams->items[i].first};
        published->middles[middle_of(words)] = 1;
    }
    return KERNEL_OK;
}

/* Whether the window holds the five words from `words` on, joined by spaces. */
static inline int holds(const Window *window, const uint32_t *words, const Word *known, const uint8_t *text)
{
    size_t at = window->begin;
    for (size_t k = 0; k < NUMBERED_NGRAM; k++) {
        size_t size = word_size(known + words[k]);
        if (k && (at == window->end || text[at++] != ' '))
            return 0;
        if (window->end - at < size || memcmp(text + at, text + known[words[k]].begin, size) != 0)
            return 0;
        at += size;
    }
    return at == window->end;
}

static inline int holds_copy(const Published *published, const Window *window, const Vocabulary *vocabulary,
                             const uint8_t *text)
{
    const Spans *copies = &published->copies;
    size_t at = slot_of(&copies->index, window->hash), number;
    for (; (number = number_in(&copies->index, at, copies->count)) < copies->count; at = next_slot(&copies->index, at))
        if (copies->items[number].hash == window->hash &&
            holds(window, vocabulary->numbers.items + copies->items[number].begin, vocabulary->words.items, text))
            return 1;
    return 0;
}

/* Moves the window one character on; 0 if the text ends there. */
static inline int move_window(Window *window, const uint8_t *text, size_t length)
{
    size_t first, next;
    if (window->end == length)
        return 0;
    uint32_t leaving = decode(text + window->begin, &first), entering = decode(text + window->end, &next);
    window->begin += first;
    window->end += next;
    window->hash = (window->hash - leaving * window->power) * FACTOR + entering;
    window->counted -= window->counted > 0;
    return 1;
}

/* Puts the window elsewhere; 0 if it would reach beyond the text. */
static inline int place_window(Window *window, const uint8_t *text, size_t length, size_t begin, uint64_t characters)
{
    *window = (Window){.begin = begin, .end = begin, .power = 1};
    for (uint64_t i = 0; i < characters; i++) {
        size_t size;
        if (window->end == length)
            return 0;
        window->hash = window->hash * FACTOR + decode(text + window->end, &size);
        window->end += size;
        window->power = i ? window->power * FACTOR : 1;
    }
    return 1;
}

/* Number of characters that count; the 5-grams that repeat have been found. */
static inline Status count_published(Published *published, const Grams *grams, const Vocabulary *vocabulary,
                                     const uint8_t *text, size_t length, uint64_t *counted)
{
    const Word *known = vocabulary->words.items;
    const uint32_t *numbers = vocabulary->numbers.items, *begins = vocabulary->begins.items;
    *counted = 0;
    if (vocabulary->count < NUMBERED_NGRAM || grams->place_count == 0)
        return KERNEL_OK;
    uint64_t in_words = characters_of(numbers, NUMBERED_NGRAM, known), characters = in_words + NUMBERED_NGRAM - 1;
    Status status = enter_copies(published, grams, vocabulary, text, in_words);
    if (status != KERNEL_OK || published->copies.count == 0)
        return status;
    Window window;
    int is_inside = place_window(&window, text, length, 0, characters);
    for (size_t i = 0; i + NUMBERED_NGRAM <= vocabulary->count && is_inside; i++) {
        if (!published->middles[middle_of(numbers + i)])
            continue;
        size_t end = begins[i] + word_size(known + numbers[i]);
        if (begins[i] >= window.end)
            is_inside = place_window(&window, text, length, begins[i], characters);
        while (is_inside && window.begin < end) {
            if (window.begin >= begins[i] && holds_copy(published, &window, vocabulary, text)) {
                *counted += characters - window.counted;
                window.counted = characters;
            }
            is_inside = move_window(&window, text, length);
        }
    }
    return KERNEL_OK;
}

#endif
