/* The word lists of languages: stop words and flagged words. */

#ifndef CORPUS_KIT_LISTS_H
#define CORPUS_KIT_LISTS_H

#include "arrow.h"
#include "words.h"

/* Flags of a listed word, and of a list: which kinds of words it knows at all. As measure.py gives them. */
#define STOP_WORD 1u
#define FLAGGED_WORD 2u

#define SIEVE_SIZE 4096 /* 1 in 10 words passes that is on no list, if the lists have 400 */

/* The lists of one language. */
typedef struct {
    const uint8_t *text; /* where the words stand */
    Words words;
    uint32_t knows;
    uint32_t of_nothing; /* flags of the empty word */
    uint8_t sieve[SIEVE_SIZE]; /* by hash: whether there may be such a word */
} WordList;

static inline void free_lists(WordList *lists, size_t count)
{
    for (size_t i = 0; lists && i < count; i++)
        free_words(&lists[i].words);
    free(lists);
}

ALWAYS_INLINE size_t sieve_slot(Key key)
{
    return (size_t)(hash_key(key.low, key.high) % SIEVE_SIZE);
}

/* Which kinds of word it is. */
ALWAYS_INLINE uint32_t look_up(const WordList *list, Key key, const uint8_t *bytes)
{
    if (!list->sieve[sieve_slot(key)])
        return 0;
    size_t number = find_word(&list->words, list->text, key, bytes);
    return number < list->words.count ? list->words.items[number].flags : 0;
}

static inline Status add_listed(WordList *list, Row row, size_t item_count, uint32_t flags)
{
    if (row.begin + row.count > UINT32_MAX || row.count > INT32_MAX)
        return KERNEL_TOO_LONG;
    if (row.count == 0) {
        list->of_nothing |= row.is_null ? 0 : flags;
        return KERNEL_OK;
    }
    Status status = reserve_words(&list->words, 1);
    if (status != KERNEL_OK)
        return status;
    Key key = make_key(list->text + row.begin, row.count, item_count - row.begin);
    size_t number = intern_word(&list->words, list->text, key, row.begin);
    list->words.items[number].flags |= flags;
    list->sieve[sieve_slot(key)] = 1;
    return KERNEL_OK;
}

/* Reads the lists of `count` languages: `words` are all their words, one list after the other, `kinds` the flags of
 * each, `ends` (int64) says after which of them each language ends, and `knows` which kinds it has. */
static inline Status read_lists(const LargeArray *words, const uint8_t *kinds, const uint8_t *ends,
                                const uint8_t *knows, size_t count, WordList *lists)
{
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t end = read_int64(ends, i);
        if (end < 0 || (uint64_t)end > words->length || (uint64_t)end < next)
            return KERNEL_BAD_OFFSETS;
        lists[i].text = words->items;
        lists[i].knows = knows[i];
        Status status = reserve_words(&lists[i].words, 1); /* so that even an empty list can be searched */
        for (; next < (uint64_t)end && status == KERNEL_OK; next++) {
            Row row;
            status = find_row(words, next, &row);
            if (status == KERNEL_OK)
                status = add_listed(&lists[i], row, words->item_count, kinds[next]);
        }
        if (status != KERNEL_OK)
            return status;
    }
    return KERNEL_OK;
}

#endif
