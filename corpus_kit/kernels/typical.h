/* The mean of mean and median: typical_line_length and typical_line_word_count of metrics/nordic_pile.py. */

#ifndef CORPUS_KIT_TYPICAL_H
#define CORPUS_KIT_TYPICAL_H

#include "portable.h"

#define USUAL 256 /* values below are sorted by counting */

/* Where the k-th smallest value would stand if they were sorted; values of USUAL and more are moved and sorted. */
typedef struct {
    uint32_t frequencies[USUAL];
    const uint32_t *high; /* ascending */
} Sorted;

static inline uint32_t sorted_value(const Sorted *sorted, size_t k)
{
    for (uint32_t value = 0; value < USUAL; value++) {
        if (k < sorted->frequencies[value])
            return value;
        k -= sorted->frequencies[value];
    }
    return sorted->high[k];
}

static int compare_ascending(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* The mean of the mean and the median of some values, which lose their order; 0 if there are none. */
static inline double mean_and_median(uint32_t *values, size_t count)
{
    Sorted sorted = {.high = values};
    uint64_t sum = 0;
    size_t high = 0;
    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = values[i];
        sum += value;
        if (value < USUAL)
            sorted.frequencies[value]++;
        else
            values[high++] = value;
    }
    qsort(values, high, sizeof *values, compare_ascending);
    double below = sorted_value(&sorted, (count - 1) / 2), above = sorted_value(&sorted, count / 2);
    return ((double)sum / (double)count + (below + above) / 2) / 2;
}

#endif
