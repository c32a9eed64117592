/* Cutting a text into words and hashing each, for any bytes, valid UTF-8 or not. */

#ifndef CORPUS_KIT_WORD_HASHES_H
#define CORPUS_KIT_WORD_HASHES_H

#include "masks.h"

#define EDGE_BLOCKS 32 /* looked through at once: text and edges stay in the fastest cache */

/* The hash of a word of at most 16 bytes, as hash_unit makes it; 16 bytes are read. */
ALWAYS_INLINE uint64_t hash_short_word(const uint8_t *word, size_t size)
{
    static const uint8_t ONES_AND_ZEROS[32] __attribute__((aligned(32))) = {
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    };
    const uint8_t *mask = ONES_AND_ZEROS + 16 - size;
    return absorb(size, load_little_endian(word) & load_little_endian(mask),
                  load_little_endian(word + 8) & load_little_endian(mask + 8));
}

/* The words that have been found, and the one whose end is still to come. */
typedef struct {
    uint64_t *hashes;
    size_t count, begin;
    int in_word;
} FoundWords;

/* Hashes the words between `edges`, which are counted from `at` on. */
ALWAYS_INLINE void hash_between(const uint8_t *text, size_t length, size_t at, const uint32_t *edges, size_t listed,
                                FoundWords *found)
{
    const uint8_t *bytes = text + at;
    size_t readable = length - at, safe = readable > 15 ? readable - 15 : 0, count = found->count, i = 0;
    uint64_t *hashes = found->hashes;
    if (listed == 0)
        return;
    if (found->in_word)
        hashes[count++] = hash_unit(text + found->begin, at + edges[i++] - found->begin, length - found->begin);
    for (; i + 1 < listed; i += 2) {
        size_t begin = edges[i], size = edges[i + 1] - begin;
        if (__builtin_expect(size <= 16 && begin < safe, 1))
            hashes[count++] = hash_short_word(bytes + begin, size);
        else
            hashes[count++] = hash_unit(bytes + begin, size, readable - begin);
    }
    found->in_word = i < listed;
    found->begin = i < listed ? at + edges[i] : 0;
    found->count = count;
}

/* Hashes of the words, as str.split() cuts them. Returns their number, at most (length + 1) / 2.
 *
 * First the edges of many words, then their hashes: two short loops that a processor can look ahead in. */
FOR_EACH_CPU
static size_t hash_words(const uint8_t *text, size_t length, uint64_t *hashes)
{
    EdgeLister *list_edges = choose_level(CORPUS_KIT_LEVEL).list_edges;
    uint32_t edges[(EDGE_BLOCKS + 1) * BLOCK_BYTES];
    FoundWords found = {.hashes = hashes};
    Border border = {.was_space = 1};
    size_t whole = length / BLOCK_BYTES * BLOCK_BYTES, at = 0;
    while (at < whole) {
        size_t count = (whole - at) / BLOCK_BYTES < EDGE_BLOCKS ? (whole - at) / BLOCK_BYTES : EDGE_BLOCKS;
        size_t listed = list_edges(text + at, count, length - at, &border, edges);
        hash_between(text, length, at, edges, listed, &found);
        at += count * BLOCK_BYTES;
    }
    if (at < length) { /* beyond the end is whitespace */
        uint8_t padded[BLOCK_BYTES];
        memset(padded, ' ', BLOCK_BYTES);
        memcpy(padded, text + at, length - at);
        size_t listed = list_edges(padded, 1, BLOCK_BYTES, &border, edges);
        hash_between(text, length, at, edges, listed, &found);
    }
    if (found.in_word) /* the last word fills its block to the end */
        hashes[found.count++] = hash_unit(text + found.begin, length - found.begin, length - found.begin);
    return found.count;
}

#endif
