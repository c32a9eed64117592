/* Documents as near-duplicates are found: folded or not, cut into shingles, signed, or kept as sets of 32-bit hashes.
 *
 * A shingle is the lower half of what shingles.h makes of it. Of two sets of n shingles each, n^2 / 2^32 are taken to be
 * shared that are not: of a million, 233. */

#ifndef CORPUS_KIT_NEAR_H
#define CORPUS_KIT_NEAR_H

#include "folded.h"
#include "minhash.h"
#include "number_sets.h"

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
