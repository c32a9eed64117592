/* The words of a text in the form that is compared, and where runs of them that are looked for stand in it. What they
 * are is specified in corpus_kit.kernels.word_runs. */

#ifndef CORPUS_KIT_CONTAMINATION_H
#define CORPUS_KIT_CONTAMINATION_H

#include "arrow.h"
#include "hashing.h"
#include "lines_text.h"

#define CODE_POINTS 0x110000
#define MOST_LENGTHS 64

/* What the table says of a character, beside the one it becomes. */
enum { SEPARATOR = -1, DELETED = -2 };

/* 2^64 / golden ratio, as for shingles. */
#define RUN_BASE UINT64_C(0x9e3779b97f4a7c15)

/* A word: where its form begins, and its bytes in the text. */
typedef struct {
    size_t form;
    uint32_t begin, end;
    uint64_t before; /* the polynomial of all words before it */
} Word;

/* The words of one text; the memory serves the next one too. `form` holds them joined by single spaces. */
typedef struct {
    uint8_t *form;
    size_t form_capacity;
    Word *words;
    size_t word_capacity;
    size_t used, count;
} Words;

static inline void free_words(Words *words)
{
    free(words->form);
    free(words->words);
}

/* Makes room for the form of any text of `length` bytes: a character of one byte can become one of four. */
static inline Status reserve_form(Words *words, size_t length)
{
    if (length > (SIZE_MAX - 64) / 4)
        return KERNEL_NO_MEMORY;
    size_t needed = 4 * length + 64;
    if (needed <= words->form_capacity)
        return KERNEL_OK;
    free(words->form);
    words->form = malloc(needed);
    words->form_capacity = words->form ? needed : 0;
    return words->form ? KERNEL_OK : KERNEL_NO_MEMORY;
}

static inline Status reserve_word(Words *words)
{
    if (words->count + 2 <= words->word_capacity)
        return KERNEL_OK;
    size_t capacity = words->word_capacity ? 2 * words->word_capacity : 256;
    if (capacity > SIZE_MAX / sizeof(Word))
        return KERNEL_NO_MEMORY;
    Word *grown = realloc(words->words, capacity * sizeof(Word));
    if (!grown)
        return KERNEL_NO_MEMORY;
    words->words = grown;
    words->word_capacity = capacity;
    return KERNEL_OK;
}

/* Ends the word whose form begins at `form`: a space follows it, and the polynomial goes on. */
ALWAYS_INLINE Status end_word(Words *words, size_t form, size_t begin, size_t end, uint64_t *sum)
{
    Status status = reserve_word(words);
    if (status != KERNEL_OK)
        return status;
    words->words[words->count++] = (Word){form, (uint32_t)begin, (uint32_t)end, *sum};
    *sum = *sum * RUN_BASE + hash_unit(words->form + form, words->used - form, words->form_capacity - form);
    words->form[words->used++] = ' ';
    return KERNEL_OK;
}

/* Cuts a text into words. Behind the last one stands one more that only has a place and a polynomial. A text of 4 GiB
 * or more has no words. */
static Status cut_words(Span text, const int32_t *table, Words *words)
{
    Status status = reserve_form(words, text.length);
    size_t form = 0, begin = 0, end = 0, size;
    uint64_t sum = 0;
    words->used = words->count = 0;
    if (status != KERNEL_OK)
        return status;
    if (text.length > UINT32_MAX)
        text.length = 0;
    for (size_t at = 0; at < text.length; at += size) {
        uint8_t first = text.bytes[at];
        size = 1;
        int32_t code = table[first < 0x80 ? first : decode_any(text.bytes + at, text.length - at, &size)];
        if (code >= 0) {
            if (words->used == form)
                begin = at;
            end = at + size;
            if (code < 0x80)
                words->form[words->used++] = (uint8_t)code;
            else
                words->used += encode_any((uint32_t)code, words->form + words->used);
        } else if (code == SEPARATOR && words->used > form) {
            if ((status = end_word(words, form, begin, end, &sum)) != KERNEL_OK)
                return status;
            form = words->used;
        }
    }
    if (words->used > form && (status = end_word(words, form, begin, end, &sum)) != KERNEL_OK)
        return status;
    if ((status = reserve_word(words)) == KERNEL_OK)
        words->words[words->count] = (Word){words->used, 0, 0, sum};
    return status;
}

/* Runs that are looked for, words joined by single spaces in `pool`, each with its hash; all as Python made them, so
 * nothing in it is trusted. */
typedef struct {
    const uint8_t *pool;
    size_t pool_size;
    const int64_t *begins, *ends; /* of each run */
    const uint64_t *hashes;
    size_t run_count;
    const uint32_t *slots; /* open addressing: number of a run + 1, or 0 */
    size_t slot_count;     /* a power of two */
    const uint64_t *filter; /* bits of the hashes of the first words of every run */
    size_t filter_words;    /* a power of two */
    size_t lengths[MOST_LENGTHS]; /* in words, ascending */
    uint64_t powers[MOST_LENGTHS];
    size_t length_count;
} Runs;

ALWAYS_INLINE uint64_t power_of_base(size_t exponent)
{
    uint64_t power = 1;
    while (exponent--)
        power *= RUN_BASE;
    return power;
}

/* Hash of `length` words from `first` on. */
ALWAYS_INLINE uint64_t run_hash(const Word *words, size_t first, size_t length, uint64_t power)
{
    return mix64(words[first + length].before - words[first].before * power);
}

/* The filter takes the top bits and the table the low ones: a hash that passes the one says nothing of the other. */
ALWAYS_INLINE int may_begin(const Runs *runs, uint64_t hash)
{
    uint64_t bit = hash >> 20 & (64 * (uint64_t)runs->filter_words - 1);
    return runs->filter[bit / 64] >> (bit % 64) & 1;
}

/* The number of the run that is these bytes, or -1. */
static Status find_run(const Runs *runs, uint64_t hash, const uint8_t *form, size_t length, int64_t *found)
{
    size_t slot = (size_t)hash & (runs->slot_count - 1);
    *found = -1;
    for (size_t tried = 0; tried < runs->slot_count && runs->slots[slot]; tried++) {
        size_t run = runs->slots[slot] - 1;
        if (run >= runs->run_count)
            return KERNEL_BAD_INDEX;
        if (runs->hashes[run] == hash) {
            int64_t begin = runs->begins[run], end = runs->ends[run];
            if (begin < 0 || end < begin || (uint64_t)end > runs->pool_size)
                return KERNEL_BAD_INDEX;
            if ((size_t)(end - begin) == length && memcmp(runs->pool + begin, form, length) == 0) {
                *found = (int64_t)run;
                return KERNEL_OK;
            }
        }
        slot = (slot + 1) & (runs->slot_count - 1);
    }
    return KERNEL_OK;
}

/* Where a run stands. In the order of MATCH in contamination.py. */
typedef struct {
    uint32_t run, begin, end;
} Match;

typedef struct {
    Match *items;
    size_t count, capacity;
} Matches;

static inline Status push_match(Matches *matches, Match match)
{
    if (matches->count == matches->capacity) {
        size_t capacity = matches->capacity ? 2 * matches->capacity : 64;
        if (capacity > SIZE_MAX / sizeof(Match))
            return KERNEL_NO_MEMORY;
        Match *grown = realloc(matches->items, capacity * sizeof(Match));
        if (!grown)
            return KERNEL_NO_MEMORY;
        matches->items = grown;
        matches->capacity = capacity;
    }
    matches->items[matches->count++] = match;
    return KERNEL_OK;
}

/* Every run that begins with the word `first`. */
static Status match_at(const Runs *runs, const Words *words, size_t first, Matches *matches)
{
    const Word *all = words->words;
    for (size_t i = 0; i < runs->length_count && first + runs->lengths[i] <= words->count; i++) {
        size_t next = first + runs->lengths[i], begin = all[first].form;
        uint64_t hash = run_hash(all, first, runs->lengths[i], runs->powers[i]);
        int64_t run;
        Status status = find_run(runs, hash, words->form + begin, all[next].form - 1 - begin, &run);
        if (status == KERNEL_OK && run >= 0)
            status = push_match(matches, (Match){(uint32_t)run, all[first].begin, all[next - 1].end});
        if (status != KERNEL_OK)
            return status;
    }
    return KERNEL_OK;
}

static Status match_texts(const LargeArray *texts, const int32_t *table, const Runs *runs, Matches *matches,
                          int64_t *offsets)
{
    Words words = {0};
    Status status = KERNEL_OK;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK)
            status = cut_words((Span){texts->items + row.begin, row.count}, table, &words);
        size_t shortest = runs->length_count ? runs->lengths[0] : SIZE_MAX;
        for (size_t first = 0; status == KERNEL_OK && first < words.count && shortest <= words.count - first; first++)
            if (may_begin(runs, run_hash(words.words, first, shortest, runs->powers[0])))
                status = match_at(runs, &words, first, matches);
        offsets[i + 1] = (int64_t)matches->count;
    }
    free_words(&words);
    return status;
}

/* The forms of texts end to end. */
static Status form_texts(const LargeArray *texts, const int32_t *table, Words *all, int64_t *offsets)
{
    Words words = {0};
    Status status = KERNEL_OK;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK)
            status = cut_words((Span){texts->items + row.begin, row.count}, table, &words);
        size_t length = status == KERNEL_OK && words.used ? words.used - 1 : 0;
        if (length > all->form_capacity - all->used) {
            size_t capacity = 2 * all->form_capacity + length;
            uint8_t *grown = realloc(all->form, capacity);
            status = grown ? status : KERNEL_NO_MEMORY;
            if (!grown)
                break;
            all->form = grown;
            all->form_capacity = capacity;
        }
        if (length)
            memcpy(all->form + all->used, words.form, length);
        all->used += length;
        offsets[i + 1] = (int64_t)all->used;
    }
    free_words(&words);
    return status;
}

/* Hash of each run, and of its first `shortest` words. */
static Status hash_runs(Span pool, const int64_t *begins, const int64_t *ends, size_t count, size_t shortest,
                        uint64_t *hashes, uint64_t *heads)
{
    for (size_t run = 0; run < count; run++) {
        int64_t begin = begins[run], end = ends[run];
        if (begin < 0 || end < begin || (uint64_t)end > pool.length)
            return KERNEL_BAD_INDEX;
        uint64_t sum = 0;
        size_t number = 0;
        heads[run] = 0;
        for (size_t at = (size_t)begin, next; at < (size_t)end; at = next + 1) {
            const uint8_t *space = memchr(pool.bytes + at, ' ', (size_t)end - at);
            next = space ? (size_t)(space - pool.bytes) : (size_t)end;
            if (next > at)
                sum = sum * RUN_BASE + hash_unit(pool.bytes + at, next - at, pool.length - at);
            if (++number == shortest)
                heads[run] = mix64(sum);
        }
        hashes[run] = mix64(sum);
    }
    return KERNEL_OK;
}

/* Fills the table and the filter, both zero before. */
static Status fill_tables(const uint64_t *hashes, const uint64_t *heads, size_t count, uint32_t *slots,
                          size_t slot_count, uint64_t *filter, size_t filter_words)
{
    if (count >= slot_count || count >= UINT32_MAX)
        return KERNEL_BAD_INDEX;
    for (size_t run = 0; run < count; run++) {
        size_t slot = (size_t)hashes[run] & (slot_count - 1);
        for (size_t tried = 0; slots[slot]; tried++) {
            if (tried == slot_count)
                return KERNEL_BAD_INDEX;
            slot = (slot + 1) & (slot_count - 1);
        }
        slots[slot] = (uint32_t)run + 1;
        uint64_t bit = heads[run] >> 20 & (64 * (uint64_t)filter_words - 1);
        filter[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    return KERNEL_OK;
}

#endif
