/* The best labels of each text. */

#ifndef CORPUS_KIT_LID_PREDICT_H
#define CORPUS_KIT_LID_PREDICT_H

#include "arrow.h"
#include "lid_line.h"
#include "lid_rank.h"

typedef struct {
    size_t best;  /* how many labels a text gets */
    size_t most;  /* characters sampled of a text; 0 for all */
    int folds;    /* whether the model was trained on folded text */
    double least; /* share of Latin letters below which a folded text gets no label */
} Options;

/* One row a text; a label that is not given is -1 with score 0. */
typedef struct {
    int32_t *labels;
    float *scores;
    int64_t *letters, *latin;
} Answers;

/* Ranks the labels for the line of the workspace; false if the model's weights are no numbers. */
static inline int rank_labels(const Model *model, Workspace *work, Heap *heap)
{
    size_t labels = model->dictionary.labels;
    float share = (float)(1.0 / (double)work->row_total);
    for (size_t i = 0; i < model->dimension; i++)
        work->hidden[i] *= share;
    if (!measure_labels(model, work->hidden, work->scores))
        return 0;
    if (model->loss == LOSS_HIERARCHICAL) {
        rank_leaves(model, work->scores, heap, work->stack);
    } else {
        if (model->loss == LOSS_SOFTMAX)
            softmax(work->scores, labels);
        else
            look_up_sigmoids(model, work->scores, labels);
        rank_scores(work->scores, labels, heap);
    }
    sort_ranked(heap);
    return 1;
}

static inline Workspace *make_workspace(const Model *model)
{
    Workspace *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    size_t labels = model->dictionary.labels;
    int has_memory = make_memory(&work->memory);
    work->hidden = calloc(model->input.stride, sizeof(float));
    work->scores = calloc(label_blocks(model) * LANES, sizeof(float));
    work->heap = calloc(labels + 1, sizeof(Ranked));
    work->stack = calloc(labels + 1, sizeof(Branch));
    if (has_memory && work->hidden && work->scores && work->heap && work->stack)
        return work;
    free_workspace(work);
    return NULL;
}

/* The answers for one text. */
static inline Status predict_text(const Model *model, Workspace *work, const uint8_t *text, size_t length,
                                  const Options *options, const Answers *into, int *is_sound)
{
    Status status = make_line(&work->line, text, length, options->most, options->folds);
    if (status != KERNEL_OK)
        return status;
    *into->letters = work->line.letters;
    *into->latin = work->line.latin;
    if (options->folds && (work->line.letters == 0 ||
                           (double)work->line.latin / (double)work->line.letters < options->least))
        return KERNEL_OK;
    status = sum_line(model, work);
    if (status != KERNEL_OK || work->row_total == 0)
        return status;
    size_t most = options->best < model->dictionary.labels ? options->best : model->dictionary.labels;
    Heap heap = {.items = work->heap, .most = most};
    *is_sound = rank_labels(model, work, &heap);
    for (size_t i = 0; i < heap.count && *is_sound; i++) {
        into->labels[i] = heap.items[i].label;
        into->scores[i] = (float)exponential(heap.items[i].score);
    }
    return KERNEL_OK;
}

/* The answers for all texts; stops where the model's weights turn out not to be numbers. */
static inline Status predict_texts(const Model *model, Workspace *work, const LargeArray *texts, const Options *options,
                                   const Answers *answers, int *is_sound)
{
    *is_sound = 1;
    for (size_t i = 0; i < texts->length && *is_sound; i++) {
        Answers into = {answers->labels + i * options->best, answers->scores + i * options->best, answers->letters + i,
                        answers->latin + i};
        for (size_t k = 0; k < options->best; k++) {
            into.labels[k] = -1;
            into.scores[k] = 0;
        }
        *into.letters = *into.latin = 0;
        Row row;
        Status status = find_row(texts, i, &row);
        if (status == KERNEL_OK && !row.is_null)
            status = predict_text(model, work, texts->items + row.begin, row.count, options, &into, is_sound);
        if (status != KERNEL_OK)
            return status;
    }
    trim_workspace(work);
    return KERNEL_OK;
}

#endif
