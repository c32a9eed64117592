/* A fastText classifier, read from the bytes of its file (versions 11 and 12 of fastText's own format). */

#ifndef CORPUS_KIT_LID_MODEL_H
#define CORPUS_KIT_LID_MODEL_H

#include "lid_matrix.h"
#include "lid_words.h"

#define MAGIC 793712314
#define SUPERVISED 3
#define MOST_NGRAM 100             /* longer n-grams than anybody uses; what is quadratic in it stays small */
#define MOST_BUCKETS (1 << 28)     /* of a pruned model: 64 MB of bits */
#define MOST_LABEL_FLOATS ((uint64_t)16 << 20)
#define COUNT_LIMIT INT64_C(1000000000000000) /* fastText's mark for "not yet in the tree" */
#define SIGMOID_STEPS 512
#define SIGMOID_RANGE 8
#define END_OF_LINE "</s>"

typedef enum { LOSS_HIERARCHICAL = 1, LOSS_NEGATIVE, LOSS_SOFTMAX, LOSS_ONE_VERSUS_ALL } Loss;

typedef struct {
    Loss loss;
    size_t dimension, word_ngrams, least_chars, most_chars;
    Dictionary dictionary;
    Buckets buckets;
    Matrix input, output;
    float *labels;       /* the output matrix in blocks of 16 labels, column by column */
    float *label_norms;  /* NULL if all are 1 */
    int32_t (*tree)[2];  /* the two children of each inner node, for hierarchical softmax */
    float sigmoids[SIGMOID_STEPS + 1];
    uint32_t end_hash, end_number; /* of END_OF_LINE; NO_WORD if the model does not know it */
} Model;

static inline void free_model(Model *model)
{
    free_dictionary(&model->dictionary);
    free_buckets(&model->buckets);
    free_matrix(&model->input);
    free_matrix(&model->output);
    free(model->labels);
    free(model->label_norms);
    free(model->tree);
}

static inline size_t label_blocks(const Model *model)
{
    return (model->dictionary.labels + LANES - 1) / LANES;
}

/* Whether words are cut into n-grams of characters. */
static inline int has_characters(const Model *model)
{
    return model->most_chars > 0 && model->least_chars <= model->most_chars;
}

/* Whether there are buckets in use. */
static inline int has_buckets(const Model *model)
{
    return model->word_ngrams > 1 || has_characters(model);
}

/* How many rows of the first matrix there are to be added. */
static inline size_t rows_used(const Model *model)
{
    return model->buckets.kept ? model->dictionary.words + model->buckets.kept_count : model->input.rows;
}

static inline void take_settings(File *file, Model *model)
{
    int32_t magic = take_int32(file), version = take_int32(file);
    if (file->wrong || magic != MAGIC || version < 11 || version > 12) {
        file->wrong = "it is not a fastText model";
        return;
    }
    int32_t numbers[12]; /* dim ws epoch minCount neg wordNgrams loss model bucket minn maxn lrUpdateRate */
    for (int i = 0; i < 12; i++)
        numbers[i] = take_int32(file);
    take(file, 1, sizeof(double)); /* t */
    demand(file, numbers[7] >= 1 && numbers[7] <= SUPERVISED, BAD_SETTINGS);
    demand(file, numbers[7] == SUPERVISED, "it holds word vectors, not a classifier");
    demand(file, numbers[0] > 0 && numbers[5] >= 0 && numbers[5] <= MOST_NGRAM, BAD_SETTINGS);
    demand(file, numbers[6] >= LOSS_HIERARCHICAL && numbers[6] <= LOSS_ONE_VERSUS_ALL, BAD_SETTINGS);
    demand(file, numbers[8] >= 0 && numbers[9] >= 0 && numbers[10] >= 0 && numbers[10] <= MOST_NGRAM, BAD_SETTINGS);
    if (file->wrong)
        return;
    model->dimension = (size_t)numbers[0];
    model->word_ngrams = (size_t)numbers[5];
    model->loss = (Loss)numbers[6];
    model->buckets.count = (size_t)numbers[8];
    model->least_chars = (size_t)numbers[9];
    model->most_chars = version == 11 ? 0 : (size_t)numbers[10]; /* those classifiers had no character n-grams */
    demand(file, !has_buckets(model) || model->buckets.count > 0, BAD_SETTINGS);
}

/* Reads words, labels and kept buckets; returns how many rows the first matrix must have. */
static inline uint64_t take_dictionary(File *file, Model *model, int *no_memory)
{
    Dictionary *dictionary = &model->dictionary;
    Buckets *buckets = &model->buckets;
    int32_t size = take_int32(file), words = take_int32(file), labels = take_int32(file);
    take_int64(file); /* tokens met in training */
    int64_t pruned = take_int64(file);
    if (!demand(file, words >= 0 && labels >= 0 && (int64_t)words + labels == size && pruned >= -1, BAD_DICTIONARY))
        return 0;
    demand(file, labels > 0, "it has no labels");
    dictionary->words = (size_t)words;
    dictionary->labels = (size_t)labels;
    take_entries(file, dictionary, no_memory);
    buckets->is_pruned = pruned >= 0;
    uint32_t highest = 0;
    if (pruned > 0 && demand(file, buckets->count <= MOST_BUCKETS, BAD_SETTINGS)) {
        take_kept(file, buckets, (uint64_t)pruned, dictionary->words, &highest, no_memory);
        return dictionary->words + (uint64_t)highest + 1;
    }
    return dictionary->words + (buckets->is_pruned || !has_buckets(model) ? 0 : (uint64_t)buckets->count);
}

/* Turns the vectors of the labels, so that sixteen labels are measured at once. */
static inline void turn_labels(File *file, Model *model, int *no_memory)
{
    const Matrix *output = &model->output;
    const Codes *codes = &output->codes;
    size_t blocks = label_blocks(model), columns = output->columns;
    /* a few bytes of codes may stand for any number of columns: no real model is so much larger than its file */
    demand(file, (uint64_t)blocks * LANES * columns <= MOST_LABEL_FLOATS + 8 * (uint64_t)file->size, BAD_MATRIX);
    model->labels = reserve_zeros(file, no_memory, (uint64_t)blocks * columns, LANES * sizeof(float));
    float *row = reserve_zeros(file, no_memory, columns, sizeof(float));
    if (codes->norm_codes)
        model->label_norms = reserve_zeros(file, no_memory, blocks * LANES, sizeof(float));
    for (size_t label = 0; label < output->rows && !file->wrong && !*no_memory; label++) {
        if (output->dense) {
            copy_finite(file, row, output->dense + label * columns * sizeof(float), columns);
        } else {
            for (size_t part = 0; part < codes->parts; part++) {
                size_t size;
                uint8_t code = codes->codes[label * codes->parts + part];
                const float *values = centroid(output, part, code, &size);
                memcpy(row + part * codes->part_size, values, size * sizeof(float));
            }
        }
        if (model->label_norms)
            model->label_norms[label] = norm_of(codes, label);
        for (size_t column = 0; column < columns; column++)
            model->labels[(label / LANES * columns + column) * LANES + label % LANES] = row[column];
    }
    free(row);
}

/* The Huffman tree over the labels, by how often each was met, as fastText builds it. */
static inline void build_tree(File *file, Model *model, int *no_memory)
{
    size_t leaves = model->dictionary.labels, nodes = 2 * leaves - 1;
    int64_t sum = 0;
    for (size_t i = 0; i < leaves && !file->wrong; i++) {
        int64_t count = model->dictionary.label_counts[i];
        if (demand(file, count >= 0 && count < COUNT_LIMIT - sum, BAD_DICTIONARY))
            sum += count;
    }
    int64_t *counts = reserve_zeros(file, no_memory, nodes, sizeof(int64_t));
    model->tree = reserve_zeros(file, no_memory, leaves - 1, sizeof *model->tree);
    if (counts && model->tree) {
        for (size_t i = 0; i < nodes; i++)
            counts[i] = i < leaves ? model->dictionary.label_counts[i] : COUNT_LIMIT;
        size_t leaf = leaves, node = leaves; /* `leaf` is one above the next one */
        for (size_t i = leaves; i < nodes; i++) {
            int64_t together = 0;
            for (int side = 0; side < 2; side++) {
                size_t least = leaf > 0 && counts[leaf - 1] < counts[node] ? --leaf : node++;
                model->tree[i - leaves][side] = (int32_t)least;
                together += counts[least];
            }
            counts[i] = together;
        }
    }
    free(counts);
}

static inline void fill_sigmoids(float *sigmoids)
{
    for (int i = 0; i <= SIGMOID_STEPS; i++) {
        float x = (float)(i * 2 * SIGMOID_RANGE) / SIGMOID_STEPS - SIGMOID_RANGE;
        sigmoids[i] = (float)(1.0 / (1.0 + (float)exponential(-x)));
    }
}

/* Reads a model; what is wrong with the file is then in `file->wrong`. A first matrix of at most `table_bytes` is
 * copied or decoded. `free_model` is needed in any case. */
static inline Status read_model(File *file, size_t table_bytes, Model *model)
{
    int no_memory = 0;
    take_settings(file, model);
    uint64_t rows = file->wrong ? 0 : take_dictionary(file, model, &no_memory);
    int is_quantized = take_flag(file, BAD_MATRIX);
    demand(file, is_quantized || !model->buckets.is_pruned, BAD_MATRIX);
    if (!file->wrong)
        take_matrix(file, &model->input, is_quantized, &no_memory);
    int output_quantized = take_flag(file, BAD_MATRIX) && is_quantized;
    if (!file->wrong)
        take_matrix(file, &model->output, output_quantized, &no_memory);
    demand(file, file->at == file->size, "it goes on after its end");
    demand(file, model->input.columns == model->dimension && model->output.columns == model->dimension, BAD_MATRIX);
    demand(file, model->input.rows >= rows && model->input.rows > 0, BAD_MATRIX);
    demand(file, model->output.rows == model->dictionary.labels, BAD_MATRIX);
    if (model->buckets.kept) {
        model->input.moved = model->buckets.rows;
        model->input.first_moved = model->dictionary.words;
    }
    make_table(file, &model->input, rows_used(model), table_bytes, &no_memory);
    if (!file->wrong && !no_memory)
        turn_labels(file, model, &no_memory);
    if (!file->wrong && !no_memory && model->loss == LOSS_HIERARCHICAL)
        build_tree(file, model, &no_memory);
    if (file->wrong || no_memory)
        return no_memory ? KERNEL_NO_MEMORY : KERNEL_OK;
    fill_sigmoids(model->sigmoids);
    model->end_hash = hash_word((const uint8_t *)END_OF_LINE, strlen(END_OF_LINE));
    model->end_number =
        word_number(&model->dictionary, (const uint8_t *)END_OF_LINE, strlen(END_OF_LINE), model->end_hash);
    return KERNEL_OK;
}

#endif
