/* The verdict on clusters of near-duplicates: who goes through them from the first survivor on removes a document that
 * is like one that stays, and keeps every other. The definition is near_definition.judge. */

#ifndef CORPUS_KIT_JUDGE_H
#define CORPUS_KIT_JUDGE_H

#include "near.h"

/* Sets of 32-bit numbers, sorted, as binary values of an Arrow array. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
} Set;

/* Values that are no whole numbers of 4 bytes lose their last bytes: nobody has made such. */
static inline Status find_set(const LargeArray *sets, size_t index, Set *set)
{
    Row row;
    Status status = find_row(sets, index, &row);
    *set = (Set){sets->items + row.begin, row.count / sizeof(uint32_t)};
    return status;
}

ALWAYS_INLINE uint32_t number_at(Set set, size_t index)
{
    uint32_t value;
    memcpy(&value, set.bytes + index * sizeof value, sizeof value);
    return value;
}

/* How many numbers two sets share. No branch on the data: it would be mispredicted half the time. */
static inline size_t count_shared(Set left, Set right)
{
    size_t i = 0, j = 0, shared = 0;
    while (i < left.count && j < right.count) {
        uint32_t a = number_at(left, i), b = number_at(right, j);
        shared += a == b;
        i += a <= b;
        j += b <= a;
    }
    return shared;
}

#define STEPS 64 /* between two looks at whether it is worth going on */

/* The same, or some lower number if it is below `least`: most candidates are unlike, and a quarter of their sets shows
 * it. */
static inline size_t count_enough(Set left, Set right, double least)
{
    size_t i = 0, j = 0, shared = 0;
    while (i + STEPS < left.count && j + STEPS < right.count) {
        size_t left_over = left.count - i, right_over = right.count - j;
        if ((double)(shared + (left_over < right_over ? left_over : right_over)) < least)
            return shared;
        for (int step = 0; step < STEPS; step++) {
            uint32_t a = number_at(left, i), b = number_at(right, j);
            shared += a == b;
            i += a <= b;
            j += b <= a;
        }
    }
    Set left_rest = {left.bytes + i * sizeof(uint32_t), left.count - i};
    Set right_rest = {right.bytes + j * sizeof(uint32_t), right.count - j};
    return shared + count_shared(left_rest, right_rest);
}

typedef enum { JACCARD, CONTAINMENT } Measure;

/* Shared numbers from which on a similarity reaches a threshold, less one, for rounding. */
static inline double shared_at(double threshold, Set left, Set right, Measure measure)
{
    size_t smaller = left.count < right.count ? left.count : right.count;
    if (measure == CONTAINMENT)
        return threshold * (double)smaller - 1;
    return threshold / (1 + threshold) * (double)(left.count + right.count) - 1;
}

/* Shared numbers over those of both, or over those of the smaller set; 0 if there are none: documents without shingles
 * say nothing about each other. */
static inline double ratio(size_t shared, Set left, Set right, Measure measure)
{
    size_t smaller = left.count < right.count ? left.count : right.count;
    size_t all = measure == JACCARD ? left.count + right.count - shared : smaller;
    return all ? (double)shared / (double)all : 0.0;
}

/* Similarity of pairs of documents; `left` and `right` are int64 numbers of rows. */
static inline Status compare_sets(const LargeArray *sets, const int64_t *left, const int64_t *right, size_t pairs,
                                  Measure measure, double *similarity)
{
    for (size_t i = 0; i < pairs; i++) {
        if (left[i] < 0 || (uint64_t)left[i] >= sets->length || right[i] < 0 || (uint64_t)right[i] >= sets->length)
            return KERNEL_BAD_INDEX;
        Set a, b;
        Status status = find_set(sets, (size_t)left[i], &a);
        if (status == KERNEL_OK)
            status = find_set(sets, (size_t)right[i], &b);
        if (status != KERNEL_OK)
            return status;
        similarity[i] = ratio(count_shared(a, b), a, b, measure);
    }
    return KERNEL_OK;
}

/* One row of `permutations` minima for each set, as sign_documents makes them of its document. */
static inline Status sign_sets(const LargeArray *sets, size_t permutations, uint64_t seed, uint32_t *signatures)
{
    Permutations family;
    Status status = make_permutations(permutations, seed, &family);
    if (status != KERNEL_OK)
        return status;
    HashBuffer hashes = {0};
    for (size_t i = 0; i < sets->length; i++, signatures += permutations) {
        Set set;
        status = find_set(sets, i, &set);
        if (status == KERNEL_OK)
            status = reserve(&hashes, set.count + SHINGLES_AT_ONCE);
        if (status != KERNEL_OK)
            break;
        for (size_t at = 0; at < set.count; at++)
            hashes.hashes[at] = number_at(set, at);
        take_minima(&family, hashes.hashes, set.count);
        memcpy(signatures, family.minimum, permutations * sizeof(uint32_t));
    }
    free(hashes.hashes);
    free(family.multiplier);
    return status;
}

/* A survivor that has a band key, and the one of the same key before it. */
typedef struct {
    uint64_t key;
    int64_t survivor;
    size_t next; /* 1 + its number, or 0 */
} Entry;

/* The band keys of the survivors of one cluster, by hashing with chains. */
typedef struct {
    Entry *entries;
    size_t used, capacity;
    size_t *heads; /* 1 + the number of the newest entry of the slot, or 0 */
    size_t slots;  /* a power of two, or 0 */
} Buckets;

static inline void free_buckets(Buckets *buckets)
{
    free(buckets->entries);
    free(buckets->heads);
}

/* Keys are hashes, but whoever chooses texts chooses them to some degree. */
ALWAYS_INLINE size_t slot_of(const Buckets *buckets, uint64_t key)
{
    return (size_t)fold_multiply(key ^ UNIT_KEY_LOW, UNIT_KEY_HIGH) & (buckets->slots - 1);
}

static inline Status grow_heads(Buckets *buckets, size_t slots)
{
    size_t *heads = calloc(slots, sizeof *heads);
    if (!heads)
        return KERNEL_NO_MEMORY;
    free(buckets->heads);
    buckets->heads = heads;
    buckets->slots = slots;
    for (size_t i = 0; i < buckets->used; i++) {
        Entry *entry = buckets->entries + i;
        size_t *head = heads + slot_of(buckets, entry->key);
        entry->next = *head;
        *head = i + 1;
    }
    return KERNEL_OK;
}

static inline Status add_entry(Buckets *buckets, uint64_t key, int64_t survivor)
{
    if (buckets->used == buckets->capacity) {
        size_t capacity = buckets->capacity ? 2 * buckets->capacity : 64;
        Entry *moved = capacity > SIZE_MAX / sizeof *moved ? NULL : realloc(buckets->entries, capacity * sizeof *moved);
        if (!moved)
            return KERNEL_NO_MEMORY;
        buckets->entries = moved;
        buckets->capacity = capacity;
    }
    size_t *head = buckets->heads + slot_of(buckets, key);
    buckets->entries[buckets->used++] = (Entry){key, survivor, *head};
    *head = buckets->used;
    return buckets->used > buckets->slots ? grow_heads(buckets, 2 * buckets->slots) : KERNEL_OK;
}

/* Ready for another cluster; the slots of a large one are not kept, for clearing them costs. */
static inline Status clear_buckets(Buckets *buckets)
{
    buckets->used = 0;
    if (buckets->slots == 0 || buckets->slots > 4096)
        return grow_heads(buckets, 64);
    memset(buckets->heads, 0, buckets->slots * sizeof *buckets->heads);
    return KERNEL_OK;
}

/* What is judged: documents by their number, in clusters that are runs of `order`. */
typedef struct {
    LargeArray sets;
    LargeArray others;    /* second sets, if there are any: what is more alike counts */
    const uint64_t *keys; /* `bands` of each document */
    size_t bands;
    const int64_t *order;  /* numbers of documents, cluster by cluster, each from its first survivor on */
    const int64_t *ends;   /* where each cluster ends in `order` */
    const int64_t *holder; /* of each document, the one of the same text whose set and keys are there */
    size_t clusters;
    Measure measure;
    double threshold;
} Case;

/* Lifts `*similarity` to that of two sets, unless it cannot reach the threshold. */
static Status compare_members(const Case *given, const LargeArray *sets, int64_t left, int64_t right,
                              double *similarity)
{
    Set a, b;
    Status status = find_set(sets, (size_t)left, &a);
    if (status == KERNEL_OK)
        status = find_set(sets, (size_t)right, &b);
    if (status != KERNEL_OK)
        return status;
    size_t smaller = a.count < b.count ? a.count : b.count;
    if (ratio(smaller, a, b, given->measure) < given->threshold)
        return KERNEL_OK;
    double least = shared_at(given->threshold, a, b, given->measure);
    double found = ratio(left == right ? a.count : count_enough(a, b, least), a, b, given->measure);
    *similarity = found > *similarity ? found : *similarity;
    return KERNEL_OK;
}

/* The survivor a document is most like, the lowest number among equals. `seen` says at which place of `order` each
 * document was compared last. */
static Status find_likest(const Case *given, const Buckets *buckets, int64_t document, size_t place, size_t *seen,
                          int64_t *likest, double *similarity)
{
    const uint64_t *keys = given->keys + (size_t)given->holder[document] * given->bands;
    const int64_t *holder = given->holder;
    Status status = KERNEL_OK;
    *likest = -1;
    *similarity = 0;
    for (size_t band = 0; band < given->bands && status == KERNEL_OK; band++)
        for (size_t at = buckets->heads[slot_of(buckets, keys[band])]; at; at = buckets->entries[at - 1].next) {
            int64_t survivor = buckets->entries[at - 1].survivor;
            if (buckets->entries[at - 1].key != keys[band] || seen[survivor] == place + 1)
                continue;
            seen[survivor] = place + 1;
            double found = 0;
            status = compare_members(given, &given->sets, holder[document], holder[survivor], &found);
            if (status == KERNEL_OK && given->others.length)
                status = compare_members(given, &given->others, holder[document], holder[survivor], &found);
            if (status != KERNEL_OK)
                break;
            if (found > *similarity || (found == *similarity && survivor < *likest)) {
                *similarity = found;
                *likest = survivor;
            }
        }
    return status;
}

/* For each document the survivor it is removed for, or -1, and how alike they are, or 0. */
static inline Status judge_clusters(const Case *given, int64_t *survivor, double *similarity)
{
    size_t *seen = calloc(given->sets.length + 1, sizeof *seen);
    Buckets buckets = {0};
    Status status = seen ? KERNEL_OK : KERNEL_NO_MEMORY;
    size_t place = 0;
    for (size_t cluster = 0; cluster < given->clusters && status == KERNEL_OK; cluster++) {
        status = clear_buckets(&buckets);
        for (; place < (size_t)given->ends[cluster] && status == KERNEL_OK; place++) {
            int64_t document = given->order[place], likest;
            double found;
            status = find_likest(given, &buckets, document, place, seen, &likest, &found);
            int goes = likest >= 0 && found >= given->threshold;
            survivor[document] = goes ? likest : -1;
            similarity[document] = goes ? found : 0;
            const uint64_t *keys = given->keys + (size_t)given->holder[document] * given->bands;
            for (size_t band = 0; band < given->bands && status == KERNEL_OK && !goes; band++)
                status = add_entry(&buckets, keys[band], document);
        }
    }
    free(seen);
    free_buckets(&buckets);
    return status;
}

#endif
