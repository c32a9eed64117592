/* Documents as near-duplicates are found: folded or not, cut into shingles, signed, or kept as sets of 32-bit hashes.
 *
 * A shingle is the lower half of what shingles.h makes of it. Of two sets of n shingles each, n^2 / 2^32 are taken to be
 * shared that are not: of a million, 233. */

#ifndef CORPUS_KIT_NEAR_H
#define CORPUS_KIT_NEAR_H

#include "folded.h"
#include "minhash.h"

/* How documents are read, and the memory it takes. */
typedef struct {
    Shingling shingling;
    int folds;
    Folded folded;
    HashBuffer hashes;
} Documents;

static inline void free_documents(Documents *documents)
{
    free(documents->folded.bytes);
    free(documents->hashes.hashes);
}

/* Hashes of the shingles of one document, repetitions included, with room for `spare` more. A text of which folding
 * leaves nothing is taken as it is: "!!!" and "???" are not the same. */
static inline Status read_document(Documents *documents, const LargeArray *texts, size_t index, size_t spare,
                                   size_t *count)
{
    Row row;
    *count = 0;
    Status status = find_row(texts, index, &row);
    if (status != KERNEL_OK)
        return status;
    const uint8_t *text = texts->items + row.begin;
    if (documents->folds) {
        status = reserve_folded(&documents->folded, row.count);
        if (status != KERNEL_OK)
            return status;
        uint8_t *bytes = documents->folded.bytes;
        size_t size = fold_bytes(text, row.count, bytes);
        if (documents->shingling.unit == UNIT_CHAR)
            size = single_spaces(bytes, size);
        status = hash_shingles(bytes, size, &documents->shingling, spare, &documents->hashes, count);
        if (status != KERNEL_OK || *count > 0)
            return status;
    }
    return hash_shingles(text, row.count, &documents->shingling, spare, &documents->hashes, count);
}

/* One row of `permutations` minima for each document; all ones where there is no shingle. */
static inline Status sign_documents(Documents *documents, const LargeArray *texts, size_t permutations, uint64_t seed,
                                    uint32_t *signatures)
{
    Permutations family;
    Status status = make_permutations(permutations, seed, &family);
    if (status != KERNEL_OK)
        return status;
    for (size_t i = 0; i < texts->length; i++, signatures += permutations) {
        size_t count;
        status = read_document(documents, texts, i, SHINGLES_AT_ONCE, &count);
        if (status != KERNEL_OK)
            break;
        take_minima(&family, documents->hashes.hashes, count);
        memcpy(signatures, family.minimum, permutations * sizeof(uint32_t));
    }
    free(family.multiplier);
    return status;
}

/* Numbers of 32 bits that only ever grow. */
typedef struct {
    uint32_t *items;
    size_t capacity, used;
} Sets;

static inline Status reserve_set(Sets *sets, size_t more)
{
    if (more <= sets->capacity - sets->used)
        return KERNEL_OK;
    size_t capacity = (sets->used + more) + (sets->used + more) / 2;
    if (capacity > SIZE_MAX / sizeof(uint32_t))
        return KERNEL_NO_MEMORY;
    uint32_t *moved = realloc(sets->items, capacity * sizeof(uint32_t));
    if (!moved)
        return KERNEL_NO_MEMORY;
    sets->items = moved;
    sets->capacity = capacity;
    return KERNEL_OK;
}

#define CROWDED 24 /* a bucket of more is not left to insertion: hashes are spread evenly, repetitions are not */
#define PER_BUCKET 4

/* Scatters the hashes by their top bits. Returns how many the fullest bucket has. */
static inline uint32_t scatter(const uint64_t *hashes, size_t count, unsigned bits, uint32_t *starts, uint32_t *into)
{
    size_t buckets = (size_t)1 << bits;
    unsigned shift = 32 - bits;
    uint32_t begin = 0, fullest = 0;
    memset(starts, 0, buckets * sizeof *starts);
    for (size_t i = 0; i < count; i++)
        starts[(uint64_t)(uint32_t)hashes[i] >> shift]++;
    for (size_t i = 0; i < buckets; i++) {
        uint32_t size = starts[i];
        fullest = size > fullest ? size : fullest;
        starts[i] = begin;
        begin += size;
    }
    for (size_t i = 0; i < count; i++)
        into[starts[(uint64_t)(uint32_t)hashes[i] >> shift]++] = (uint32_t)hashes[i];
    return fullest;
}

static inline void insertion_sort_32(uint32_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Byte by byte from the lowest: the time depends on the count alone. Four moves: the result ends up in `values`. */
static inline void radix_sort_32(uint32_t *values, size_t count, uint32_t *scratch)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t starts[256] = {0}, begin = 0;
        for (size_t i = 0; i < count; i++)
            starts[values[i] >> shift & 0xFF]++;
        for (unsigned digit = 0; digit < 256; digit++) {
            size_t size = starts[digit];
            starts[digit] = begin;
            begin += size;
        }
        for (size_t i = 0; i < count; i++)
            scratch[starts[values[i] >> shift & 0xFF]++] = values[i];
        uint32_t *sorted = scratch;
        scratch = values;
        values = sorted;
    }
}

/* Sorts the lower halves of the hashes into `into`, which has room for three times as many numbers, and drops
 * repetitions. Returns how many are left. */
static inline size_t sort_set(const uint64_t *hashes, size_t count, uint32_t *into)
{
    unsigned bits = 1;
    while (bits < 16 && (size_t)PER_BUCKET << bits < count)
        bits++;
    uint32_t *starts = into + count, fullest = CROWDED + 1;
    if (count <= UINT32_MAX && (size_t)1 << bits <= 2 * count)
        fullest = scatter(hashes, count, bits, starts, into);
    else
        for (size_t i = 0; i < count; i++)
            into[i] = (uint32_t)hashes[i];
    if (fullest > CROWDED && count > CROWDED)
        radix_sort_32(into, count, into + count);
    else
        insertion_sort_32(into, count);
    size_t kept = count > 0;
    for (size_t i = 1; i < count; i++) {
        int is_new = into[i] != into[kept - 1];
        into[kept] = into[i];
        kept += is_new;
    }
    return kept;
}

/* The sorted set of each document, one after the other in `sets`, with the offsets of their bytes and the digest of
 * each as it lies in memory; zeros of an empty one. The caller frees `sets`, also after a failure. */
static inline Status make_sets(Documents *documents, const LargeArray *texts, int64_t *offsets, Digest *digests,
                               Sets *sets)
{
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length; i++) {
        size_t count;
        Status status = read_document(documents, texts, i, 0, &count);
        if (status == KERNEL_OK)
            status = count > SIZE_MAX / 16 ? KERNEL_NO_MEMORY : reserve_set(sets, 3 * count);
        if (status != KERNEL_OK)
            return status;
        uint32_t *set = sets->items ? sets->items + sets->used : NULL;
        size_t kept = count ? sort_set(documents->hashes.hashes, count, set) : 0;
        digests[i] = kept ? digest_bytes((const uint8_t *)set, kept * sizeof *set) : (Digest){0, 0};
        sets->used += kept;
        offsets[i + 1] = (int64_t)(sets->used * sizeof(uint32_t));
    }
    return KERNEL_OK;
}

#endif
