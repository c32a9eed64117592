/* The best labels for a line's vector, with fastText's scores. */

#ifndef CORPUS_KIT_LID_RANK_H
#define CORPUS_KIT_LID_RANK_H

#include "lid_model.h"

/* A label and the logarithm of its score. */
typedef struct {
    float score;
    int32_t label;
} Ranked;

/* The best so far: a heap whose first is the worst, in the very order C++'s std::push_heap and its kin make of it, for
 * that is how fastText chooses between equal scores. */
typedef struct {
    Ranked *items;
    size_t count, most;
} Heap;

/* A node of the tree of labels, and the logarithm of how likely it is to get there. */
typedef struct {
    int32_t node;
    float score;
} Branch;

static inline void rise(Ranked *items, size_t hole, Ranked item)
{
    while (hole > 0 && items[(hole - 1) / 2].score > item.score) {
        items[hole] = items[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    items[hole] = item;
}

/* Fills the first place with an item and restores the order of `count` items. */
static inline void sink(Ranked *items, size_t count, Ranked item)
{
    size_t hole = 0, child = 0;
    while (child < (count - 1) / 2) {
        child = 2 * (child + 1);
        if (items[child].score > items[child - 1].score)
            child--;
        items[hole] = items[child];
        hole = child;
    }
    if (count % 2 == 0 && child == (count - 2) / 2) {
        child = 2 * (child + 1);
        items[hole] = items[child - 1];
        hole = child - 1;
    }
    rise(items, hole, item);
}

static inline void rank(Heap *heap, float score, int32_t label)
{
    rise(heap->items, heap->count++, (Ranked){score, label});
    if (heap->count > heap->most) {
        Ranked last = heap->items[--heap->count];
        heap->items[heap->count] = heap->items[0];
        sink(heap->items, heap->count, last);
    }
}

/* Puts the best first. */
static inline void sort_ranked(Heap *heap)
{
    for (size_t last = heap->count; last > 1;) {
        Ranked item = heap->items[--last];
        heap->items[last] = heap->items[0];
        sink(heap->items, last, item);
    }
}

/* fastText's logarithm, which is finite for 0. */
static inline float log_of(float score)
{
    return (float)logarithm((double)score + 1e-5);
}

/* The product of the line's vector with that of each label; whether all of them are numbers. */
FOR_EACH_CPU static int measure_labels(const Model *model, const float *hidden, float *scores)
{
    size_t columns = model->output.columns, blocks = label_blocks(model);
    int is_sound = 1;
    for (size_t block = 0; block < blocks; block++) {
        const float *weights = model->labels + block * columns * LANES;
        Lanes sum = {0};
        for (size_t column = 0; column < columns; column++)
            sum += hidden[column] * *(const Lanes *)(weights + column * LANES);
        if (model->label_norms)
            sum *= *(const Lanes *)(model->label_norms + block * LANES);
        *(Lanes *)(scores + block * LANES) = sum;
    }
    for (size_t label = 0; label < blocks * LANES; label++)
        is_sound &= is_finite(scores[label]);
    return is_sound;
}

FOR_EACH_CPU static void softmax(float *scores, size_t count)
{
    float most = scores[0], sum = 0;
    for (size_t i = 1; i < count; i++)
        most = scores[i] > most ? scores[i] : most;
    for (size_t i = 0; i < count; i++)
        scores[i] = (float)exponential(scores[i] - most);
    for (size_t i = 0; i < count; i++)
        sum += scores[i];
    for (size_t i = 0; i < count; i++)
        scores[i] /= sum;
}

/* The logistic function of each score, from a table as fastText has it. */
static inline void look_up_sigmoids(const Model *model, float *scores, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float x = scores[i];
        if (x < -SIGMOID_RANGE || x > SIGMOID_RANGE)
            scores[i] = x > 0;
        else
            scores[i] = model->sigmoids[(size_t)((x + SIGMOID_RANGE) * SIGMOID_STEPS / SIGMOID_RANGE / 2)];
    }
}

static inline void rank_scores(const float *scores, size_t count, Heap *heap)
{
    float lowest = -1; /* the worst of a full heap */
    for (size_t i = 0; i < count; i++) {
        if (heap->count == heap->most && scores[i] < lowest - lowest * 1e-5F - 1e-9F)
            continue; /* so much worse that the logarithms differ too */
        float score = log_of(scores[i]);
        if (heap->count == heap->most && score < heap->items[0].score)
            continue;
        rank(heap, score, (int32_t)i);
        lowest = scores[heap->items[0].label];
    }
}

/* Walks the tree of labels, the left branch first, without the branches that fastText does not follow. */
static inline void rank_leaves(const Model *model, const float *scores, Heap *heap, Branch *stack)
{
    const float least = log_of(0);
    int32_t leaves = (int32_t)model->dictionary.labels;
    size_t depth = 0;
    stack[depth++] = (Branch){2 * (leaves - 1), 0};
    while (depth > 0) {
        Branch here = stack[--depth];
        if (here.score < least || (heap->count == heap->most && here.score < heap->items[0].score))
            continue;
        if (here.node < leaves) {
            rank(heap, here.score, here.node);
            continue;
        }
        float chance = 1.0F + (float)exponential(-scores[here.node - leaves]);
        chance = (float)(1.0 / (double)chance);
        const int32_t *sides = model->tree[here.node - leaves];
        stack[depth++] = (Branch){sides[1], here.score + log_of(chance)};
        stack[depth++] = (Branch){sides[0], here.score + log_of((float)(1.0 - (double)chance))};
    }
}

#endif
