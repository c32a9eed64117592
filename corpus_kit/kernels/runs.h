/* Runs of 10 characters that occur more than once: char_10gram_counts of metrics/roots.py.
 *
 * Characters become units of equal size, so that a run is some bytes side by side. A table gives for each run where the
 * first equal one begins. */

#ifndef CORPUS_KIT_RUNS_H
#define CORPUS_KIT_RUNS_H

#include <math.h>

#include "alphabet.h"
#include "masks.h"

#define RUN 10
#define MOST_SLOTS ((size_t)1 << 32)
#define FETCHED 128 /* runs whose slots are fetched at once */
#define FREQUENT 256 /* counts below are sorted by counting */

typedef struct {
    Units units;
    Index index;    /* from a run to where the first equal one begins */
    size_t cleared; /* how many places it knew for the text before */
    Numbers firsts; /* for each run that occurred before, where it did so first */
    Numbers counts; /* how often the run at a place occurred again */
} Runs;

/* What the metrics want to know. */
typedef struct {
    uint64_t all, in_top, in_top_as_published;
} RunCounts;

static inline void free_runs(Runs *runs)
{
    free_units(&runs->units);
    free(runs->index.slots);
    free(runs->counts.items);
    free(runs->firsts.items);
}

ALWAYS_INLINE uint64_t hash_large_run(const uint8_t *units)
{
    uint64_t hash = 0;
    for (size_t at = 0; at < RUN * sizeof(uint32_t); at += 8)
        hash = (hash ^ hash >> 32) * UNIT_KEY_HIGH + load_little_endian(units + at) * UNIT_KEY_LOW;
    return hash;
}

/* Whether two runs differ, without branches. */
ALWAYS_INLINE int runs_differ(const uint8_t *left, const uint8_t *right, size_t unit_size)
{
    size_t size = RUN * unit_size;
    uint64_t different = load_little_endian(left + size - 8) ^ load_little_endian(right + size - 8);
    for (size_t at = 0; at + 8 <= size; at += 8)
        different |= load_little_endian(left + at) ^ load_little_endian(right + at);
    return different != 0;
}

static size_t probe_run(const Runs *runs, const uint8_t *run, size_t unit_size, size_t at, size_t known)
{
    for (;; at = next_slot(&runs->index, at)) {
        size_t number = number_in(&runs->index, at, known);
        if (number == known || !runs_differ(runs->units.items + number * unit_size, run, unit_size))
            return at;
    }
}

/* Lists for each run that occurred before where it did so first. Whether it did cannot be predicted: if not, it is
 * compared with itself. Only a slot taken by another run is worth a branch, and its slots are fetched beforehand, for
 * that branch cannot be predicted either, and waits for them. */
ALWAYS_INLINE size_t list_repeats(Runs *runs, size_t unit_size, TenHasher *hash_tens)
{
    Index index = runs->index;
    uint32_t *firsts = runs->firsts.items;
    const uint8_t *units = runs->units.items;
    size_t count = runs->units.count - RUN + 1, listed = 0;
    uint32_t slots[FETCHED + 8];
    int is_large = count >= 1 << 17;
    for (size_t begin = 0; begin < count; begin += FETCHED) {
        size_t end = count - begin < FETCHED ? count : begin + FETCHED;
        if (unit_size == 1)
            hash_tens(units + begin, end - begin, index.shift - 32, slots);
        for (size_t i = begin; i < end; i++) {
            if (unit_size > 1)
                slots[i - begin] = (uint32_t)home_slot(&index, hash_large_run(units + i * unit_size));
            __builtin_prefetch(index.slots + slots[i - begin], 1);
        }
        for (size_t i = begin; is_large && i < end; i++)
            __builtin_prefetch(units + number_in(&index, slots[i - begin], i) * unit_size);
        for (size_t i = begin; i < end; i++) {
            const uint8_t *run = units + i * unit_size;
            size_t at = slots[i - begin], number = number_in(&index, at, i);
            if (__builtin_expect(runs_differ(units + number * unit_size, run, unit_size), 0)) {
                at = probe_run(runs, run, unit_size, at, i);
                number = number_in(&index, at, i);
            }
            set_slot(&index, at, number);
            firsts[listed] = (uint32_t)number;
            listed += number < i;
        }
    }
    return listed;
}

static inline uint64_t integer_root(uint64_t number)
{
    uint64_t root = (uint64_t)sqrt((double)number);
    root -= root * root > number;
    return root + ((root + 1) * (root + 1) <= number);
}

static int compare_descending(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a < b) - (a > b);
}

/* Counts of runs that occur more than once, in order. */
typedef struct {
    uint32_t frequencies[FREQUENT]; /* how many runs occur so often */
    uint32_t highest;               /* of these */
    size_t high_count;              /* how many occur more often */
    const uint32_t *high;           /* their counts, descending */
} Ordered;

/* Sum of the k greatest counts; there are at least k runs. */
static inline uint64_t sum_top(const Ordered *ordered, uint64_t k)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ordered->high_count && k; i++, k--)
        sum += ordered->high[i];
    for (uint64_t count = ordered->highest; count > 1 && k; count--) {
        uint64_t taken = ordered->frequencies[count] < k ? ordered->frequencies[count] : k;
        sum += taken * count;
        k -= taken;
    }
    return sum + k; /* the rest occur once */
}

/* From the places of first occurrences, one for each run that occurred before, to the counts. */
FOR_EACH_CPU
static Status order_counts(Runs *runs, size_t count, size_t listed, RunCounts *result)
{
    uint32_t *counts = runs->counts.items, *firsts = runs->firsts.items;
    Ordered ordered = {.high = firsts};
    size_t repeated = 0;
    memset(counts, 0, count * sizeof *counts);
    for (size_t i = 0; i < listed; i++) {
        uint32_t first = firsts[i];
        firsts[repeated] = first;
        repeated += counts[first]++ == 0;
    }
    for (size_t i = 0; i < repeated; i++) {
        uint32_t times = counts[firsts[i]] + 1;
        firsts[ordered.high_count] = times;
        ordered.high_count += times >= FREQUENT;
        times = times < FREQUENT ? times : 0;
        ordered.frequencies[times]++;
        ordered.highest = times > ordered.highest ? times : ordered.highest;
    }
    qsort(firsts, ordered.high_count, sizeof *firsts, compare_descending);
    uint64_t distinct = count - listed, single = distinct - repeated, root = integer_root(distinct);
    result->all = count;
    result->in_top = sum_top(&ordered, root < repeated ? root : repeated);
    result->in_top_as_published = sum_top(&ordered, root < single ? root : single);
    return KERNEL_OK;
}

/* Counts the runs of a valid text of so many characters. */
FOR_EACH_CPU
static Status count_runs(Runs *runs, const uint8_t *text, size_t length, size_t characters, TenHasher *hash_tens,
                         RunCounts *result)
{
    if (characters < RUN)
        return KERNEL_OK;
    size_t count = characters - RUN + 1;
    Status status = make_units(&runs->units, text, length, characters);
    if (status == KERNEL_OK)
        status = reserve_numbers(&runs->counts, count);
    if (status == KERNEL_OK)
        status = reserve_numbers(&runs->firsts, count);
    size_t slots = (count < 1 << 14 ? 16 : count < 1 << 16 ? 8 : count < 1 << 20 ? 4 : 2) * count; /* measured best */
    if (status == KERNEL_OK)
        status = clear_index(&runs->index, runs->cleared, slots < MOST_SLOTS ? slots : MOST_SLOTS);
    if (status != KERNEL_OK)
        return status;
    runs->cleared = count;
    size_t listed =
        runs->units.unit_size == 1 ? list_repeats(runs, 1, hash_tens) : list_repeats(runs, sizeof(uint32_t), hash_tens);
    return order_counts(runs, count, listed, result);
}

#endif
