/* Every metric of Gopher's rules in one pass over each text. What they mean is said, in Python, in corpus_kit/doc.py,
 * corpus_kit/metrics/gopher.py and corpus_kit/metrics/repetition.py; the numbers are the same to the last bit.
 *
 * A text that is not UTF-8 is measured as Python's bytes.decode(errors="replace") gives it. */

#ifndef CORPUS_KIT_METRICS_H
#define CORPUS_KIT_METRICS_H

#include <math.h>

#include "arrow.h"
#include "blocks.h"
#include "letters.h"
#include "ngrams.h"
#include "utf8.h"

/* In the order of COLUMNS in measure.py. */
enum {
    WORD_COUNT,
    MEAN_WORD_LENGTH,
    HASH_TO_WORD_RATIO,
    ELLIPSIS_TO_WORD_RATIO,
    BULLET_LINE_FRACTION,
    ELLIPSIS_LINE_FRACTION,
    ALPHA_WORD_FRACTION,
    STOP_WORD_COUNT,
    DUP_LINE_FRACTION,
    DUP_LINE_CHAR_FRACTION,
    DUP_PARAGRAPH_FRACTION,
    DUP_PARAGRAPH_CHAR_FRACTION,
    TOP_2GRAM_CHAR_FRACTION, /* 3 and 4 follow */
    DUP_5GRAM_CHAR_FRACTION = TOP_2GRAM_CHAR_FRACTION + 3, /* 6 to 10 follow */
    METRIC_COUNT = DUP_5GRAM_CHAR_FRACTION + 6
};

#define LONGEST_TEXT INT32_MAX /* bytes: positions and numbers take 32 bits, and some of them twice as many bytes */
#define PENDING_WORDS 256      /* words found before they are looked at: they stay in the fastest cache */
#define LIKELY_WORDS 16384     /* different ones, room for which is made at once */

/* What is counted in one text. Everything but words and lines stands in the arrays of Scratch. */
typedef struct {
    uint64_t characters, words, hashes, ellipses, stop_words;
    uint64_t lines, bullets, ellipsis_lines, copied_lines, copied_line_characters;
    uint64_t paragraphs, copied_paragraphs, copied_paragraph_characters;
} Counts;

/* The stop words of one language, and where their bytes stand. */
typedef struct {
    const uint8_t *text;
    Words words;
} StopWords;

/* What one call reuses for all its texts. */
typedef struct {
    Words words;
    uint32_t *word_numbers; /* of every word of the text, in order */
    size_t word_capacity;
    Spans lines, paragraphs;
    uint32_t *line_numbers; /* of every line that is not blank, in order */
    size_t line_capacity;
    Grams grams;
    uint8_t *repaired;
    size_t repaired_capacity;
    uint32_t edges[2 * PENDING_WORDS + BLOCK_BYTES]; /* begin and end of words not yet numbered, in turn */
    Word found[PENDING_WORDS + BLOCK_BYTES / 2];     /* those words */
    uint64_t hashes[PENDING_WORDS + BLOCK_BYTES / 2];
} Scratch;

static inline void free_scratch(Scratch *scratch)
{
    free_words(&scratch->words);
    free(scratch->word_numbers);
    free_spans(&scratch->lines);
    free_spans(&scratch->paragraphs);
    free(scratch->line_numbers);
    free_grams(&scratch->grams);
    free(scratch->repaired);
}

/* Where reading a text has come to. */
typedef struct {
    const uint8_t *text;
    size_t length;
    Scratch *scratch;
    const StopWords *stop_words; /* NULL where nobody knows them */
    Counts *counts;
    size_t edge_count;
    size_t line_begin, paragraph_begin; /* the latter in line_numbers */
    uint64_t characters_before_line, characters_before_paragraph, characters_before_end;
    int line_has_ink; /* something else than whitespace */
    size_t dots;      /* a run of dots that reaches the end of the block */
} Reader;

/* --- Words ------------------------------------------------------------------------------------------------------- */

/* How many of eight bytes continue a character: 10xxxxxx. */
ALWAYS_INLINE uint32_t count_continuing(uint64_t eight_bytes)
{
    return (uint32_t)__builtin_popcountll(eight_bytes >> 7 & ~(eight_bytes >> 6) & EIGHT_TIMES);
}

ALWAYS_INLINE uint32_t count_characters(const Word *word, const uint8_t *bytes)
{
    if (word->size <= 16)
        return word->size - count_continuing(word->low) - count_continuing(word->high);
    uint32_t characters = 0;
    for (size_t i = 0; i < word->size; i++)
        characters += (bytes[i] & 0xC0) != 0x80;
    return characters;
}

ALWAYS_INLINE int has_letter(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, step; at < size; at += step) {
        uint32_t code_point = decode(bytes + at, &step);
        if (code_point < 0x80 ? (code_point | 0x20) - 'a' < 26 : is_letter(code_point))
            return 1;
    }
    return 0;
}

/* Completes a word met for the first time. */
ALWAYS_INLINE void describe_word(Word *word, const uint8_t *text)
{
    const uint8_t *bytes = text + word->begin;
    word->characters = count_characters(word, bytes) & INT32_MAX;
    word->has_letter = has_letter(bytes, word->size) & 1;
}

ALWAYS_INLINE int is_stop_word(const Reader *reader, const Word *word, uint64_t hash)
{
    const StopWords *stop_words = reader->stop_words;
    return stop_words && find_word(&stop_words->words, stop_words->text, word, reader->text, hash) != SIZE_MAX;
}

/* Numbers the words whose edges are pending; an end that is still missing stays pending. */
FOR_EACH_CPU
static Status number_words(Reader *reader)
{
    const uint8_t *text = reader->text;
    Words *words = &reader->scratch->words;
    uint32_t *edges = reader->scratch->edges;
    uint32_t *numbers = reader->scratch->word_numbers + reader->counts->words;
    size_t count = reader->edge_count / 2, before = words->count;
    Word *found = reader->scratch->found;
    uint64_t *hashes = reader->scratch->hashes;
    if (count == 0)
        return KERNEL_OK;
    Status status = reserve_words(words, count);
    if (status != KERNEL_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        hashes[i] = set_key(&found[i], text, edges[2 * i], edges[2 * i + 1] - edges[2 * i], reader->length);
    intern_words(words, text, found, hashes, count, numbers);
    for (size_t i = before; i < words->count; i++) {
        describe_word(&words->items[i], text);
        reader->counts->stop_words += (uint64_t)is_stop_word(reader, &words->items[i], hashes[i - before]);
    }
    reader->counts->words += count;
    if (reader->edge_count % 2)
        edges[0] = edges[reader->edge_count - 1];
    reader->edge_count %= 2;
    return KERNEL_OK;
}

/* --- Lines and paragraphs ---------------------------------------------------------------------------------------- */

ALWAYS_INLINE int is_ascii_space(uint8_t byte)
{
    return (uint8_t)(byte - 0x09) <= 0x0D - 0x09 || (uint8_t)(byte - 0x1C) <= 0x20 - 0x1C;
}

/* Length of the whitespace character that ends right before `end`, or 0. */
ALWAYS_INLINE size_t space_before(const uint8_t *text, size_t begin, size_t end)
{
    if (is_ascii_space(text[end - 1]))
        return 1;
    if (end - begin >= 2 && wide_space(text + end - 2, 2) == 2)
        return 2;
    return end - begin >= 3 && wide_space(text + end - 3, 3) == 3 ? 3 : 0;
}

ALWAYS_INLINE int begins_with_bullet(const uint8_t *text, size_t begin, size_t end)
{
    for (size_t step; begin < end; begin += step) {
        step = is_ascii_space(text[begin]) ? 1 : wide_space(text + begin, end - begin);
        if (step == 0)
            break;
    }
    return text[begin] == '-' || (end - begin >= 3 && !memcmp(text + begin, "\xE2\x80\xA2", 3));
}

ALWAYS_INLINE int ends_in_ellipsis(const uint8_t *text, size_t begin, size_t end)
{
    for (size_t step; (step = space_before(text, begin, end)); end -= step)
        ;
    if (end - begin < 3)
        return 0;
    return !memcmp(text + end - 3, "...", 3) || !memcmp(text + end - 3, "\xE2\x80\xA6", 3);
}

/* A paragraph is the numbers of its lines. */
static inline Status end_paragraph(Reader *reader)
{
    Scratch *scratch = reader->scratch;
    Counts *counts = reader->counts;
    size_t begin = reader->paragraph_begin, end = counts->lines, before = scratch->paragraphs.count, number;
    if (begin == end)
        return KERNEL_OK;
    reader->paragraph_begin = end;
    Status status = intern_span(&scratch->paragraphs, (const uint8_t *)scratch->line_numbers, begin * sizeof(uint32_t),
                                (end - begin) * sizeof(uint32_t), end * sizeof(uint32_t), &number);
    if (status != KERNEL_OK)
        return status;
    counts->paragraphs++;
    if (scratch->paragraphs.count == before) {
        counts->copied_paragraphs++;
        counts->copied_paragraph_characters += reader->characters_before_end - reader->characters_before_paragraph;
    }
    return KERNEL_OK;
}

static inline Status end_full_line(Reader *reader, size_t end, uint64_t characters)
{
    Scratch *scratch = reader->scratch;
    Counts *counts = reader->counts;
    size_t begin = reader->line_begin, before = scratch->lines.count, number;
    uint32_t *numbers = grow(scratch->line_numbers, &scratch->line_capacity, counts->lines + 1, sizeof *numbers);
    if (!numbers)
        return KERNEL_NO_MEMORY;
    scratch->line_numbers = numbers;
    Status status = intern_span(&scratch->lines, reader->text, begin, end - begin, reader->length, &number);
    if (status != KERNEL_OK)
        return status;
    if (reader->paragraph_begin == counts->lines)
        reader->characters_before_paragraph = reader->characters_before_line;
    reader->characters_before_end = characters;
    numbers[counts->lines++] = (uint32_t)number;
    if (scratch->lines.count == before) {
        counts->copied_lines++;
        counts->copied_line_characters += characters - reader->characters_before_line;
    }
    counts->bullets += (uint64_t)begins_with_bullet(reader->text, begin, end);
    counts->ellipsis_lines += (uint64_t)ends_in_ellipsis(reader->text, begin, end);
    return KERNEL_OK;
}

/* The line ends before the byte at `end`; `characters` of the text stand before it. */
static inline Status end_line(Reader *reader, size_t end, uint64_t characters)
{
    Status status = reader->line_has_ink ? end_full_line(reader, end, characters) : end_paragraph(reader);
    reader->line_begin = end + 1;
    reader->characters_before_line = characters + 1;
    reader->line_has_ink = 0;
    return status;
}

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

/* Ellipses of three dots: runs are counted in threes, also across blocks. */
ALWAYS_INLINE void count_dots(Reader *reader, uint64_t dots)
{
    if (!reader->dots && !(dots & dots << 1) && !(dots >> 63))
        return;
    for (unsigned at = 0; dots >> at;) {
        unsigned begin = at + (unsigned)__builtin_ctzll(dots >> at);
        uint64_t others = ~(dots >> begin);
        unsigned run = others ? (unsigned)__builtin_ctzll(others) : 64;
        if (begin > 0) {
            reader->counts->ellipses += reader->dots / 3;
            reader->dots = 0;
        }
        reader->dots += run;
        at = begin + run;
        if (at >= 64)
            return;
    }
    reader->counts->ellipses += reader->dots / 3;
    reader->dots = 0;
}

/* Adds whitespace and ellipses that are not ASCII. */
ALWAYS_INLINE uint64_t find_wide_spaces(Reader *reader, Block block, size_t at, uint64_t spaces, uint64_t *overhang)
{
    uint64_t leads = bytes_equal(block, 0xC2) | bytes_between(block, 0xE1, 0xE3);
    for (; leads; leads &= leads - 1) {
        unsigned begin = (unsigned)__builtin_ctzll(leads);
        const uint8_t *bytes = reader->text + at + begin;
        size_t readable = reader->length - at - begin;
        uint64_t bits = bits_below((unsigned)wide_space(bytes, readable));
        spaces |= bits << begin;
        *overhang |= begin ? bits >> (64 - begin) : 0;
        reader->counts->ellipses += readable >= 3 && !memcmp(bytes, "\xE2\x80\xA6", 3);
    }
    return spaces;
}

/* Reads a text: counts what is in it and numbers words and lines. `*is_valid` becomes 0, and the counts meaningless,
 * if it is not UTF-8. */
FOR_EACH_CPU
static Status read_text(Reader *reader, int *is_valid)
{
    Counts *counts = reader->counts;
    uint32_t *pending = reader->scratch->edges;
    uint64_t was_space = 1, overhang = 0, expected = 0;
    size_t length = reader->length;
    for (size_t at = 0; at < length; at += BLOCK_BYTES) {
        const uint8_t *bytes = reader->text + at;
        uint8_t padded[BLOCK_BYTES];
        if (length - at < BLOCK_BYTES) {
            memset(padded, ' ', BLOCK_BYTES);
            memcpy(padded, bytes, length - at);
            bytes = padded;
        }
        Block block = load_block(bytes);
        uint64_t spaces = bytes_between(block, 0x09, 0x0D) | bytes_between(block, 0x1C, 0x20) | overhang;
        uint64_t high = high_bytes(block), continuing = 0;
        overhang = 0;
        if (high | expected) {
            Wide wide = find_wide(block, high, bytes, length - at, &expected);
            continuing = wide.continuing;
            if (!wide.is_valid || (length - at <= BLOCK_BYTES && expected)) {
                *is_valid = 0;
                return KERNEL_OK;
            }
            spaces = find_wide_spaces(reader, block, at, spaces, &overhang);
        }
        counts->hashes += (uint64_t)__builtin_popcountll(bytes_equal(block, '#'));
        count_dots(reader, bytes_equal(block, '.'));
        uint64_t unread = ~UINT64_C(0); /* of the block, by lines */
        for (uint64_t newlines = bytes_equal(block, '\n'); newlines; newlines &= newlines - 1) {
            unsigned end = (unsigned)__builtin_ctzll(newlines);
            uint64_t before = bits_below(end);
            reader->line_has_ink |= (~spaces & before & unread) != 0;
            unread = ~before;
            uint64_t continued = (uint64_t)__builtin_popcountll(continuing & before);
            Status status = end_line(reader, at + end, counts->characters + end - continued);
            if (status != KERNEL_OK)
                return status;
        }
        reader->line_has_ink |= (~spaces & unread) != 0;
        uint64_t edges = spaces ^ (spaces << 1 | was_space);
        was_space = spaces >> 63;
        size_t edge_count = reader->edge_count;
        for (; edges; edges &= edges - 1)
            pending[edge_count++] = (uint32_t)(at + (size_t)__builtin_ctzll(edges));
        reader->edge_count = edge_count;
        if (edge_count >= 2 * PENDING_WORDS) {
            Status status = number_words(reader);
            if (status != KERNEL_OK)
                return status;
        }
        size_t size = length - at < BLOCK_BYTES ? length - at : BLOCK_BYTES;
        counts->characters += size - (uint64_t)__builtin_popcountll(continuing);
    }
    counts->ellipses += reader->dots / 3;
    if (!was_space) /* the last word fills its block to the end */
        pending[reader->edge_count++] = (uint32_t)length;
    Status status = end_line(reader, length, counts->characters);
    if (status == KERNEL_OK)
        status = end_paragraph(reader);
    return status == KERNEL_OK ? number_words(reader) : status;
}

/* --- Documents --------------------------------------------------------------------------------------------------- */

static inline double fraction(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0.0;
}

/* Writes the metrics of one text, each `stride` numbers after the one before. */
static inline void write_metrics(const Counts *counts, const Words *words, const uint64_t *top, const uint64_t *copied,
                                 int knows_stop_words, double *out, size_t stride)
{
    uint64_t letters = 0, characters = 0;
    for (size_t i = 0; i < words->count; i++) {
        letters += words->items[i].has_letter ? words->items[i].count : 0;
        characters += (uint64_t)words->items[i].count * words->items[i].characters;
    }
    out[WORD_COUNT * stride] = (double)counts->words;
    out[MEAN_WORD_LENGTH * stride] = fraction(characters, counts->words);
    out[HASH_TO_WORD_RATIO * stride] = fraction(counts->hashes, counts->words);
    out[ELLIPSIS_TO_WORD_RATIO * stride] = fraction(counts->ellipses, counts->words);
    out[BULLET_LINE_FRACTION * stride] = fraction(counts->bullets, counts->lines);
    out[ELLIPSIS_LINE_FRACTION * stride] = fraction(counts->ellipsis_lines, counts->lines);
    out[ALPHA_WORD_FRACTION * stride] = fraction(letters, counts->words);
    out[STOP_WORD_COUNT * stride] = knows_stop_words ? (double)counts->stop_words : NAN;
    out[DUP_LINE_FRACTION * stride] = fraction(counts->copied_lines, counts->lines);
    out[DUP_LINE_CHAR_FRACTION * stride] = fraction(counts->copied_line_characters, counts->characters);
    out[DUP_PARAGRAPH_FRACTION * stride] = fraction(counts->copied_paragraphs, counts->paragraphs);
    out[DUP_PARAGRAPH_CHAR_FRACTION * stride] = fraction(counts->copied_paragraph_characters, counts->characters);
    for (size_t n = 2; n <= 4; n++)
        out[(TOP_2GRAM_CHAR_FRACTION + n - 2) * stride] = fraction(top[n], counts->characters);
    for (size_t n = 5; n <= LARGEST_NGRAM; n++)
        out[(DUP_5GRAM_CHAR_FRACTION + n - 5) * stride] = fraction(copied[n], counts->characters);
}

/* Counts what is in a text, from a clean state. */
static inline Status count_text(Scratch *scratch, const uint8_t *text, size_t length, const StopWords *stop_words,
                                Counts *counts, int *is_valid)
{
    clear_words(&scratch->words);
    clear_spans(&scratch->lines);
    clear_spans(&scratch->paragraphs);
    *counts = (Counts){0};
    *is_valid = 1;
    if (length == 0)
        return KERNEL_OK;
    uint32_t *numbers = grow(scratch->word_numbers, &scratch->word_capacity, length / 2 + 1, sizeof *numbers);
    if (!numbers)
        return KERNEL_NO_MEMORY;
    scratch->word_numbers = numbers;
    Status status = widen(&scratch->words.index, length / 2 < 2 * LIKELY_WORDS ? length / 2 : 2 * LIKELY_WORDS);
    if (status != KERNEL_OK)
        return status;
    Reader reader = {
        .text = text, .length = length, .scratch = scratch, .stop_words = stop_words, .counts = counts};
    return read_text(&reader, is_valid);
}

static inline Status measure_text(Scratch *scratch, const uint8_t *text, size_t length, const StopWords *stop_words,
                                  double *out, size_t stride)
{
    Counts counts;
    int is_valid;
    if (length > LONGEST_TEXT)
        return KERNEL_TOO_LONG;
    Status status = count_text(scratch, text, length, stop_words, &counts, &is_valid);
    if (status == KERNEL_OK && !is_valid) {
        uint8_t *repaired = grow(scratch->repaired, &scratch->repaired_capacity, 3 * length, 1);
        if (!repaired)
            return KERNEL_NO_MEMORY;
        scratch->repaired = repaired;
        length = replace_invalid(text, length, repaired);
        if (length > LONGEST_TEXT)
            return KERNEL_TOO_LONG;
        status = count_text(scratch, repaired, length, stop_words, &counts, &is_valid);
    }
    uint64_t top[LARGEST_NGRAM + 1] = {0}, copied[LARGEST_NGRAM + 1] = {0};
    if (status == KERNEL_OK)
        status = measure_ngrams(&scratch->grams, scratch->word_numbers, counts.words, scratch->words.items, top,
                                copied);
    if (status == KERNEL_OK)
        write_metrics(&counts, &scratch->words, top, copied, stop_words != NULL, out, stride);
    return status;
}

static inline Status add_stop_word(StopWords *stop_words, size_t begin, size_t size, size_t length)
{
    Status status = reserve_words(&stop_words->words, 1);
    if (status != KERNEL_OK)
        return status;
    Word word;
    uint64_t hash = set_key(&word, stop_words->text, begin, size, length);
    uint32_t number;
    intern_words(&stop_words->words, stop_words->text, &word, &hash, 1, &number);
    return KERNEL_OK;
}

/* Reads lists of words: `words` are the words of all lists, one after the other, and `ends` (int64) says after which of
 * them each list ends. There are `count` lists in `lists`. */
static inline Status read_stop_words(const LargeArray *words, const uint8_t *ends, size_t count, StopWords *lists)
{
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t end = read_int64(ends, i);
        if (end < 0 || (uint64_t)end > words->length || (uint64_t)end < next)
            return KERNEL_BAD_OFFSETS;
        lists[i].text = words->items;
        Status status = reserve_words(&lists[i].words, 1); /* so that even an empty list can be searched */
        for (; next < (uint64_t)end && status == KERNEL_OK; next++) {
            Row row;
            status = find_row(words, next, &row);
            if (status == KERNEL_OK && row.begin + row.count > LONGEST_TEXT)
                status = KERNEL_TOO_LONG;
            if (status == KERNEL_OK && row.count > 0)
                status = add_stop_word(&lists[i], row.begin, row.count, words->item_count);
        }
        if (status != KERNEL_OK)
            return status;
    }
    return KERNEL_OK;
}

/* Fills `out`, METRIC_COUNT columns of one number a text. `which` (int64) says for each text which list of stop words
 * is its own, or -1. */
static inline Status measure_texts(const LargeArray *texts, const LargeArray *words, const uint8_t *ends,
                                   size_t list_count, const uint8_t *which, double *out)
{
    StopWords *lists = calloc(list_count + 1, sizeof *lists);
    if (!lists)
        return KERNEL_NO_MEMORY;
    Scratch scratch = {0};
    Status status = read_stop_words(words, ends, list_count, lists);
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        int64_t list = read_int64(which, i);
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK && (list < -1 || (list >= 0 && (uint64_t)list >= list_count)))
            status = KERNEL_BAD_INDEX;
        if (status == KERNEL_OK)
            status = measure_text(&scratch, texts->items + row.begin, row.count, list < 0 ? NULL : &lists[list],
                                  out + i, texts->length);
    }
    free_scratch(&scratch);
    for (size_t i = 0; i < list_count; i++)
        free_words(&lists[i].words);
    free(lists);
    return status;
}

#endif
