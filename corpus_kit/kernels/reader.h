/* Reading a text once from beginning to end: checks that it is UTF-8, counts characters, and finds words and lines. */

#ifndef CORPUS_KIT_READER_H
#define CORPUS_KIT_READER_H

#include "layout.h"
#include "masks.h"
#include "words.h"

#define CHUNK_BLOCKS 32 /* blocks read at once: text, masks and words stay in the fastest cache */

_Static_assert(CHUNK_BLOCKS * BLOCK_BYTES + 1 + BLOCK_BYTES <= 2 * WORD_BATCH, "edges that may be written");

typedef struct {
    uint64_t characters, newlines, hashes;
    uint64_t ellipses; /* the character */
    uint64_t dots;     /* three in a row */
} CharacterCounts;

/* What reading needs, and where it has come to. */
typedef struct {
    const uint8_t *text;
    size_t length;
    Level level;
    Vocabulary *vocabulary; /* NULL if nobody needs words */
    Layout *layout;         /* NULL if nobody needs lines */
    WordBatch *batch;
    CharacterCounts counts;
    int is_valid;     /* whether what was read is UTF-8 */
    size_t edges;     /* pending in the batch: begin and end of words in turn */
    size_t dots;      /* a run of dots that reaches the end of the block */
    uint64_t was_space, overhang; /* whether the last byte was one; bytes of the next block that belong to a space */
    uint64_t expected; /* bytes of the next block that must continue a character */
} Reader;

/* Ellipses of three dots: runs are counted in threes, also across blocks. */
static inline void count_dots(Reader *reader, uint64_t dots)
{
    for (unsigned at = 0; dots >> at;) {
        unsigned begin = at + (unsigned)__builtin_ctzll(dots >> at);
        uint64_t others = ~(dots >> begin);
        unsigned run = others ? (unsigned)__builtin_ctzll(others) : BLOCK_BYTES;
        if (begin > 0) {
            reader->counts.dots += reader->dots / 3;
            reader->dots = 0;
        }
        reader->dots += run;
        at = begin + run;
        if (at >= BLOCK_BYTES)
            return;
    }
    reader->counts.dots += reader->dots / 3;
    reader->dots = 0;
}

/* Whether a character may begin like this: not all bytes from C0 to C2 and from E0 on are the first of one, and not all
 * may follow them (overlong forms, surrogates, code points from U+110000 on). */
ALWAYS_INLINE int begins_character(const uint8_t *bytes, size_t readable)
{
    return announced_size(bytes[0]) > 0 && readable > 1 && is_second(bytes[0], bytes[1]);
}

/* What is rare in a block: whitespace and ellipses that are not ASCII, and characters of which not all forms are
 * allowed. Returns the bytes that must continue a character of four bytes. */
static inline uint64_t look_closely(Reader *reader, const Masks *masks, size_t at, uint64_t *spaces)
{
    uint64_t four = 0;
    for (uint64_t leads = masks->low_leads | masks->wide; leads; leads &= leads - 1) {
        unsigned begin = (unsigned)__builtin_ctzll(leads);
        const uint8_t *bytes = reader->text + at + begin;
        size_t readable = reader->length - at - begin;
        reader->is_valid &= begins_character(bytes, readable);
        four |= (uint64_t)(bytes[0] >= 0xF0) << begin;
        uint64_t bits = bits_below((unsigned)wide_space(bytes, readable));
        *spaces |= bits << begin;
        reader->overhang |= begin ? bits >> (64 - begin) : 0;
        reader->counts.ellipses += readable >= 3 && !memcmp(bytes, ELLIPSIS, 3);
    }
    return four;
}

/* Reads one block, of which `size` bytes belong to the text, and completes its masks. */
ALWAYS_INLINE void read_block(Reader *reader, Masks *masks, size_t at, size_t size)
{
    masks->spaces |= reader->overhang;
    if (masks->high | reader->expected) {
        uint64_t leads = masks->high & ~masks->continuing, wide = masks->wide, four = 0;
        reader->overhang = 0;
        if (wide | masks->low_leads)
            four = look_closely(reader, masks, at, &masks->spaces);
        uint64_t must = reader->expected | leads << 1 | wide << 2 | four << 3;
        reader->expected = leads >> 63 | wide >> 62 | four >> 61;
        reader->is_valid &= must == masks->continuing;
    }
    reader->counts.characters += size - (uint64_t)__builtin_popcountll(masks->continuing);
    reader->counts.newlines += (uint64_t)__builtin_popcountll(masks->newlines);
    reader->counts.hashes += (uint64_t)__builtin_popcountll(masks->hashes);
    if (reader->dots || masks->dots & masks->dots << 1 || masks->dots >> 63)
        count_dots(reader, masks->dots);
}

/* Where words begin and end. */
ALWAYS_INLINE void find_edges(Reader *reader, const Masks *masks, size_t count, size_t at)
{
    uint32_t *edges = reader->batch->edges + reader->edges;
    uint64_t was_space = reader->was_space;
    for (size_t i = 0; i < count; i++, at += BLOCK_BYTES) {
        uint64_t spaces = masks[i].spaces;
        edges += reader->level.list_positions(spaces ^ (spaces << 1 | was_space), at, edges);
        was_space = spaces >> 63;
    }
    reader->edges = (size_t)(edges - reader->batch->edges);
    reader->was_space = was_space;
}

/* Numbers the words found; the beginning of one whose end is still to come stays. */
static inline Status end_words(Reader *reader)
{
    size_t count = reader->edges / 2;
    uint32_t *edges = reader->batch->edges, last = edges[2 * count];
    Status status = add_words(reader->vocabulary, reader->batch, count, reader->text, reader->length);
    edges[0] = last;
    reader->edges %= 2;
    return status;
}

/* The lines that end in these blocks. Before them there are so many characters and words, of which the last may go on
 * in them. */
ALWAYS_INLINE Status end_lines(Reader *reader, const Masks *masks, size_t count, size_t at, uint64_t characters,
                               size_t words, uint64_t was_space)
{
    for (size_t i = 0; i < count; i++, at += BLOCK_BYTES) {
        uint64_t begins = ~masks[i].spaces & (masks[i].spaces << 1 | was_space), continuing = masks[i].continuing;
        for (uint64_t newlines = masks[i].newlines; newlines; newlines &= newlines - 1) {
            unsigned end = (unsigned)__builtin_ctzll(newlines);
            uint64_t before = bits_below(end);
            Status status = end_line(reader->layout, reader->text, reader->length, at + end,
                                     characters + end - (uint64_t)__builtin_popcountll(continuing & before),
                                     words + (size_t)__builtin_popcountll(begins & before));
            if (status != KERNEL_OK)
                return status;
        }
        characters += BLOCK_BYTES - (uint64_t)__builtin_popcountll(continuing);
        words += (size_t)__builtin_popcountll(begins);
        was_space = masks[i].spaces >> 63;
    }
    return KERNEL_OK;
}

/* Reads blocks, of which `size` bytes belong to the text, and which begin at `at`. */
ALWAYS_INLINE Status read_blocks(Reader *reader, const uint8_t *bytes, size_t count, size_t at, size_t size)
{
    Masks masks[CHUNK_BLOCKS];
    uint64_t characters = reader->counts.characters, was_space = reader->was_space;
    size_t words = reader->vocabulary ? reader->vocabulary->count + reader->edges % 2 : 0;
    reader->level.read_masks(bytes, count, masks);
    for (size_t i = 0; i < count; i++, size -= BLOCK_BYTES)
        read_block(reader, masks + i, at + BLOCK_BYTES * i, size < BLOCK_BYTES ? size : BLOCK_BYTES);
    if (!reader->is_valid)
        return KERNEL_OK;
    Status status = KERNEL_OK;
    if (reader->vocabulary) {
        find_edges(reader, masks, count, at);
        status = end_words(reader);
    }
    if (reader->layout && status == KERNEL_OK)
        status = end_lines(reader, masks, count, at, characters, words, was_space);
    return status;
}

/* Reads the text. `is_valid` becomes 0, and the counts meaningless, if it is not UTF-8. */
FOR_EACH_CPU
static Status read_text(Reader *reader)
{
    size_t length = reader->length, whole = length / BLOCK_BYTES * BLOCK_BYTES, at = 0;
    Status status = KERNEL_OK;
    while (at < whole && status == KERNEL_OK && reader->is_valid) {
        size_t count = (whole - at) / BLOCK_BYTES < CHUNK_BLOCKS ? (whole - at) / BLOCK_BYTES : CHUNK_BLOCKS;
        status = read_blocks(reader, reader->text + at, count, at, count * BLOCK_BYTES);
        at += count * BLOCK_BYTES;
    }
    if (at < length && status == KERNEL_OK && reader->is_valid) {
        uint8_t padded[BLOCK_BYTES];
        memset(padded, ' ', BLOCK_BYTES);
        memcpy(padded, reader->text + at, length - at);
        status = read_blocks(reader, padded, 1, at, length - at);
    }
    reader->is_valid &= !reader->expected;
    if (status != KERNEL_OK || !reader->is_valid)
        return status;
    reader->counts.dots += reader->dots / 3;
    if (reader->vocabulary && !reader->was_space) { /* the last word fills its block to the end */
        reader->batch->edges[reader->edges++] = (uint32_t)length;
        status = end_words(reader);
    }
    if (!reader->layout || status != KERNEL_OK)
        return status;
    size_t words = reader->vocabulary ? reader->vocabulary->count : 0;
    status = end_line(reader->layout, reader->text, length, length, reader->counts.characters, words);
    return status == KERNEL_OK ? end_paragraph(reader->layout) : status;
}

#endif
