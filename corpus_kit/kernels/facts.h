/* What a look at every character of the distinct words tells of a text, each looked at once. */

#ifndef CORPUS_KIT_FACTS_H
#define CORPUS_KIT_FACTS_H

#include "bare.h"
#include "columns.h"
#include "glance.h"
#include "sentences.h"

static inline void add_facts(Totals *totals, const WordFacts *facts, uint64_t count)
{
    totals->special += count * facts->special;
    totals->digits += count * facts->digits;
    totals->end_signs += count * facts->end_signs;
    totals->braces += count * facts->braces;
    totals->opening_braces += count * facts->opening_braces;
    totals->replacements += count * facts->replacements;
    totals->letter_pieces += count * facts->letter_pieces;
    totals->long_pieces += count * facts->long_pieces;
}

/* What describing the words of a text needs to know. */
typedef struct {
    const uint8_t *text;
    unsigned needs;
    const WordList *list;
    const uint64_t *ascii_facts;
    BareWords *bare;
    Totals *totals;
} Describer;

ALWAYS_INLINE void count_token(const Describer *describer, uint32_t listed, uint32_t count)
{
    describer->totals->stop_tokens += listed & STOP_WORD ? count : 0;
}

/* Counts a bare word `count` times. Returns its number. */
ALWAYS_INLINE size_t count_bare(const Describer *describer, Key key, Place place, uint32_t count)
{
    BareWords *bare = describer->bare;
    size_t before = bare->words.count, number = intern_bare(bare, key, place);
    Word *word = bare->words.items + number;
    if (number == before)
        word->flags = look_up(describer->list, key, bare->text + place.begin);
    word->count += count;
    return number;
}

#define SHORT_LETTERS (HAS_LETTER | IS_PLAIN | HAS_CONTENT)

/* Whether a word is short and nothing but ASCII letters, which most words are. */
ALWAYS_INLINE int is_all_letters(const Word *word)
{
    uint64_t size = word->high >> 56; /* 128 and more of a long word */
    return look_at_key(word->low, word->high).letters + 1 == UINT64_C(1) << size % 64 && size <= LONGEST_SHORT_WORD;
}

/* Describes such a word. */
ALWAYS_INLINE void describe_letters(const Describer *describer, Word *word, uint32_t *bare_number)
{
    uint64_t size = word->high >> 56, count = size > 1 ? word->count : 0;
    word->characters = (uint32_t)size;
    word->flags = SHORT_LETTERS | (word->low & 0x20 ? BEGINS_NOTHING : 0);
    describer->totals->letter_pieces += count;
    describer->totals->long_pieces += count;
    Key lower = {word->low | (FIRST_BYTES[size][0] & EIGHT_TIMES * 0x20),
                 word->high | (FIRST_BYTES[size][1] & EIGHT_TIMES * 0x20)};
    uint32_t listed = 0;
    if (describer->needs & NEED_BARE) {
        *bare_number = (uint32_t)count_bare(describer, lower, (Place){0, 0}, word->count);
        listed = describer->bare->words.items[*bare_number].flags;
    } else if (describer->needs & NEED_TOKENS) {
        listed = look_up(describer->list, lower, describer->text);
    }
    count_token(describer, listed, word->count);
}

/* The sentence flags of a word; most are known by its first and last byte. */
ALWAYS_INLINE uint32_t find_sentence_flags(const Describer *describer, const uint8_t *bytes, size_t size)
{
    uint8_t first = bytes[0], last = bytes[size - 1];
    if (first >= ASCII_CHARACTERS || last >= ASCII_CHARACTERS || describer->ascii_facts[first] & FACT_OPENING ||
        describer->ascii_facts[last] & FACT_TAIL)
        return sentence_flags(bytes, size);
    return describer->ascii_facts[first] & FACT_BEGINS_NOTHING ? BEGINS_NOTHING : 0;
}

/* What a scan has found; bare word and token stand in the text of the bare words, if they are long. */
typedef struct {
    WordFacts facts;
    Key bare, token;
    Place bare_place, token_place;
} Scanned;

static inline Status scan_long(const Describer *describer, const uint8_t *bytes, size_t size, Scanned *scanned)
{
    BareWords *bare = describer->bare;
    uint8_t *lowered = room_for_lowered(bare, size);
    if (!lowered)
        return KERNEL_NO_MEMORY;
    Place whole = {bare->text_size, bare->text_size};
    whole.end += scan_word(bytes, size, describer->ascii_facts, lowered, &scanned->facts);
    scanned->bare_place = cut_ends(bare->text, whole, is_special);
    scanned->token_place = cut_ends(bare->text, whole, is_token_end);
    scanned->bare = key_at(bare, scanned->bare_place);
    scanned->token = key_at(bare, scanned->token_place);
    return KERNEL_OK;
}

/* Describes any word. */
ALWAYS_INLINE Status describe_word(const Describer *describer, Word *word, uint32_t *bare_number)
{
    const uint8_t *bytes = describer->text + word->begin;
    size_t size = word_size(word);
    Scanned scanned = {.bare_place = {0, 0}, .token_place = {0, 0}};
    ShortWord found;
    if (!is_long(word) && scan_short(word, bytes, describer->ascii_facts, &found)) {
        scanned.facts = found.facts;
        scanned.bare = found.bare;
        scanned.token = found.token;
    } else {
        Status status = scan_long(describer, bytes, size, &scanned);
        if (status != KERNEL_OK)
            return status;
    }
    const WordFacts *facts = &scanned.facts;
    add_facts(describer->totals, facts, word->count);
    word->characters = facts->characters;
    word->flags = (facts->letters ? HAS_LETTER : 0) | (facts->signs < facts->characters ? IS_PLAIN : 0) |
                  (facts->letters + facts->digits ? HAS_CONTENT : 0);
    if (describer->needs & NEED_SENTENCES)
        word->flags |= find_sentence_flags(describer, bytes, size);
    if (describer->needs & NEED_TOKENS) {
        const uint8_t *token = describer->bare->text + scanned.token_place.begin;
        uint32_t listed = scanned.token.high == 0 ? describer->list->of_nothing
                                                  : look_up(describer->list, scanned.token, token);
        count_token(describer, listed, word->count);
    }
    if (describer->needs & NEED_BARE && scanned.bare.high != 0)
        *bare_number = (uint32_t)count_bare(describer, scanned.bare, scanned.bare_place, word->count);
    return KERNEL_OK;
}

/* What all words of a batch, which have been described, add to the totals. */
ALWAYS_INLINE void add_words_to_totals(Totals *totals, const Word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t times = words[i].count, characters = times * words[i].characters;
        uint64_t with_letter = times & (0 - (uint64_t)(words[i].flags & HAS_LETTER));
        uint64_t is_plain = 0 - (uint64_t)((words[i].flags & IS_PLAIN) / IS_PLAIN);
        totals->characters += characters;
        totals->with_letter += with_letter;
        totals->plain += times & is_plain;
        totals->plain_characters += characters & is_plain;
        totals->plain_with_letter += with_letter & is_plain;
    }
}

/* Describes all words. Which are all letters cannot be predicted, so they are told apart first, without branches. */
FOR_EACH_CPU
static Status describe_fully(Words *words, const Describer *describer)
{
    uint32_t order[WORD_GROUP], bare_numbers[WORD_GROUP];
    Status status = room_for_lowered(describer->bare, 0) ? KERNEL_OK : KERNEL_NO_MEMORY;
    if (describer->needs & NEED_BARE && status == KERNEL_OK) {
        status = reserve_numbers(&describer->bare->of, words->count + 1);
        if (status == KERNEL_OK)
            status = reserve_words(&describer->bare->words, words->count + 1);
    }
    for (size_t begin = 0; begin < words->count && status == KERNEL_OK; begin += WORD_GROUP) {
        Word *items = words->items + begin;
        size_t count = words->count - begin < WORD_GROUP ? words->count - begin : WORD_GROUP;
        size_t first = 0, last = count; /* words of letters go to the front, others to the back */
        for (size_t i = 0; i < count; i++) {
            size_t is_first = (size_t)is_all_letters(items + i);
            order[first] = order[last - 1] = (uint32_t)i;
            first += is_first;
            last -= !is_first;
            bare_numbers[i] = NO_BARE_WORD;
        }
        for (size_t i = 0; i < first; i++)
            describe_letters(describer, items + order[i], bare_numbers + order[i]);
        for (size_t i = first; i < count && status == KERNEL_OK; i++)
            status = describe_word(describer, items + order[i], bare_numbers + order[i]);
        if (describer->needs & NEED_BARE)
            memcpy(describer->bare->of.items + begin, bare_numbers, count * sizeof *bare_numbers);
        add_words_to_totals(describer->totals, items, count);
    }
    return status;
}

/* Describes all words of a text. */
static inline Status describe_words(Words *words, const Describer *describer)
{
    Status status = KERNEL_OK;
    *describer->totals = (Totals){0};
    if (describer->needs & (NEED_PLAIN | NEED_FACTS | NEED_SENTENCES | NEED_BARE | NEED_TOKENS))
        status = describe_fully(words, describer);
    else
        describe_shortly(words, describer->text, describer->totals);
    if (describer->needs & NEED_LISTED)
        count_stop_words(words, describer->text, describer->list, describer->totals);
    if (describer->needs & NEED_LONGEST)
        find_longest(words, describer->text, describer->totals);
    return status;
}

#endif
