/* The two matrices of a model: the vectors of words and n-grams, added up by rows, and those of the labels.
 *
 * A row of the first is read from a table of floats made when the model is loaded, if that is small; else from where it
 * lies in the file: floats, or codes of product quantization (Jegou et al. 2011) that are decoded each time. Either way
 * every sum is made of the same numbers in the same order as fastText's, so it has the same bits. */

#ifndef CORPUS_KIT_LID_MATRIX_H
#define CORPUS_KIT_LID_MATRIX_H

#include "lid_file.h"
#include "lid_numbers.h"

#define LANES 16
#define CENTROIDS 256 /* a code is one byte */

/* Sixteen floats, wherever they lie; compilers make of them what the processor has. */
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(1), may_alias));

/* A matrix in product quantization: a row is `parts` bytes, each the number of a centroid of that part. */
typedef struct {
    const uint8_t *codes, *norm_codes;
    size_t parts, part_size;
    float *centroids;
    float norms[CENTROIDS];
} Codes;

typedef struct {
    size_t rows, columns;
    size_t stride;        /* columns, and up to 15 more to fill the lanes */
    float *table;         /* rows of `stride` floats; NULL if they are read from the file */
    const uint8_t *dense; /* rows of `columns` floats in the file, possibly unaligned; NULL if quantized */
    const uint8_t *end;   /* of what may be read */
    const uint32_t *moved; /* where the file has the rows from `first_moved` on; NULL if where they are looked for */
    size_t first_moved;
    Codes codes;
} Matrix;

static inline void free_matrix(Matrix *matrix)
{
    free(matrix->table);
    free(matrix->codes.centroids);
}

ALWAYS_INLINE const float *centroid(const Matrix *matrix, size_t part, uint8_t code, size_t *size)
{
    const Codes *codes = &matrix->codes;
    const float *first = codes->centroids + part * CENTROIDS * codes->part_size;
    *size = part + 1 < codes->parts ? codes->part_size : matrix->columns - part * codes->part_size;
    return first + code * *size;
}

ALWAYS_INLINE float norm_of(const Codes *codes, size_t row)
{
    return codes->norm_codes ? codes->norms[codes->norm_codes[row]] : 1;
}

/* Where the file has a row. */
ALWAYS_INLINE size_t row_in_file(const Matrix *matrix, size_t row)
{
    return matrix->moved && row >= matrix->first_moved ? matrix->moved[row - matrix->first_moved] : row;
}

/* Adds a quantized row, as it is decoded. */
ALWAYS_INLINE void add_coded(const Matrix *matrix, size_t looked_for, float *sum)
{
    size_t row = row_in_file(matrix, looked_for);
    const Codes *codes = &matrix->codes;
    float norm = norm_of(codes, row);
    const uint8_t *code = codes->codes + row * codes->parts;
    for (size_t part = 0; part < codes->parts; part++) {
        size_t size;
        const float *values = centroid(matrix, part, code[part], &size);
        for (size_t i = 0; i < size; i++)
            sum[part * codes->part_size + i] += norm * values[i];
    }
}

/* The part of fastText's file that tells a quantizer: its sizes, then its centroids. */
static inline const uint8_t *take_quantizer(File *file, size_t columns, size_t *parts, size_t *part_size)
{
    int32_t dim = take_int32(file), count = take_int32(file), size = take_int32(file), last = take_int32(file);
    if (!demand(file, dim > 0 && count > 0 && size > 0 && last > 0 && last <= size, BAD_MATRIX))
        return NULL;
    demand(file, (size_t)dim == columns && (int64_t)size * (count - 1) + last == dim, BAD_MATRIX);
    *parts = (size_t)count;
    *part_size = (size_t)size;
    return take(file, (uint64_t)columns * CENTROIDS, sizeof(float));
}

static inline void copy_finite(File *file, float *into, const uint8_t *from, size_t count)
{
    if (file->wrong || !into || !from)
        return;
    memcpy(into, from, count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        if (!is_finite(into[i]))
            complain(file, "its weights are not numbers");
}

static inline void take_coded(File *file, Matrix *matrix, int *no_memory)
{
    Codes *codes = &matrix->codes;
    int has_norms = take_flag(file, BAD_MATRIX);
    int64_t rows = take_int64(file), columns = take_int64(file);
    int32_t code_bytes = take_int32(file);
    int fits = rows > 0 && rows <= INT32_MAX && columns > 0 && columns <= INT32_MAX && code_bytes > 0;
    if (!demand(file, fits, BAD_MATRIX))
        return;
    matrix->rows = (size_t)rows;
    matrix->columns = (size_t)columns;
    codes->codes = take(file, (uint64_t)code_bytes, 1);
    const uint8_t *centroids = take_quantizer(file, matrix->columns, &codes->parts, &codes->part_size);
    demand(file, (uint64_t)rows * codes->parts == (uint64_t)code_bytes, BAD_MATRIX);
    codes->centroids = reserve_zeros(file, no_memory, matrix->columns * CENTROIDS, sizeof(float));
    copy_finite(file, codes->centroids, centroids, matrix->columns * CENTROIDS);
    if (has_norms) {
        size_t parts, part_size;
        codes->norm_codes = take(file, matrix->rows, 1);
        copy_finite(file, codes->norms, take_quantizer(file, 1, &parts, &part_size), CENTROIDS);
    }
}

static inline void take_dense(File *file, Matrix *matrix)
{
    int64_t rows = take_int64(file), columns = take_int64(file);
    if (!demand(file, rows > 0 && rows <= INT64_MAX / 8 && columns > 0 && columns <= INT32_MAX, BAD_MATRIX))
        return;
    matrix->rows = (size_t)rows;
    matrix->columns = (size_t)columns;
    if (demand(file, (uint64_t)rows <= UINT64_MAX / (uint64_t)columns, BAD_MATRIX))
        matrix->dense = take(file, (uint64_t)rows * (uint64_t)columns, sizeof(float));
}

/* Reads a matrix; its numbers stay where they are. */
static inline void take_matrix(File *file, Matrix *matrix, int is_quantized, int *no_memory)
{
    if (is_quantized)
        take_coded(file, matrix, no_memory);
    else
        take_dense(file, matrix);
    matrix->stride = (matrix->columns + LANES - 1) / LANES * LANES;
    matrix->end = file->bytes + file->size;
}

/* Decodes `rows` rows of a quantized matrix into a table, or copies those of a dense one, if it is no larger
 * than `most_bytes`. */
static inline void make_table(File *file, Matrix *matrix, size_t rows, size_t most_bytes, int *no_memory)
{
    size_t stride = matrix->stride, row_bytes = stride * sizeof(float);
    if (file->wrong || *no_memory || rows == 0 || rows > most_bytes / row_bytes)
        return;
    matrix->table = reserve_large(rows * row_bytes); /* where a row of 16 columns is one line of the cache */
    *no_memory = !matrix->table;
    if (!matrix->table)
        return;
    for (size_t row = 0; row < rows; row++) {
        if (matrix->dense)
            memcpy(matrix->table + row * stride, matrix->dense + row * matrix->columns * sizeof(float),
                   matrix->columns * sizeof(float));
        else
            add_coded(matrix, row, matrix->table + row * stride);
    }
}

/* Adds the rows of a table of 16 columns one after the other. */
FOR_EACH_CPU static void add_short_rows(const float *table, const uint32_t *rows, size_t count, float *sum)
{
    Lanes total = *(const Lanes *)sum;
    for (size_t i = 0; i < count; i++)
        total += *(const Lanes *)(table + (size_t)rows[i] * LANES);
    *(Lanes *)sum = total;
}

/* Adds rows of any width, each column in the order of the rows. A row's last lanes may hold what comes after it: the
 * sum's columns there are never looked at. */
FOR_EACH_CPU static void add_wide_rows(const uint8_t *first, size_t row_bytes, size_t stride, const uint32_t *rows,
                                       size_t count, float *sum)
{
    Lanes *into = (Lanes *)sum;
    size_t lanes = stride / LANES, lane = 0;
    for (; lane + 4 <= lanes; lane += 4) {
        Lanes total[4] = {into[lane], into[lane + 1], into[lane + 2], into[lane + 3]};
        for (size_t i = 0; i < count; i++) {
            const Lanes *row = (const Lanes *)(const void *)(first + rows[i] * row_bytes) + lane;
            for (int k = 0; k < 4; k++)
                total[k] += row[k];
        }
        for (int k = 0; k < 4; k++)
            into[lane + k] = total[k];
    }
    for (; lane < lanes; lane++) {
        Lanes total = into[lane];
        for (size_t i = 0; i < count; i++)
            total += ((const Lanes *)(const void *)(first + rows[i] * row_bytes))[lane];
        into[lane] = total;
    }
}

/* Adds a row that lies so near the end of the file that its last lanes may not be read. */
static inline void add_last_row(const Matrix *matrix, size_t row, float *sum)
{
    const uint8_t *values = matrix->dense + row * matrix->columns * sizeof(float);
    for (size_t column = 0; column < matrix->columns; column++) {
        float value;
        memcpy(&value, values + column * sizeof value, sizeof value);
        sum[column] += value;
    }
}

/* Rows of a large matrix that are added together, so that they stay in a fast cache from one group of columns to the
 * next: 64 kB of them. */
static inline size_t rows_together(const Matrix *matrix)
{
    size_t rows = 16384 / matrix->stride;
    return rows < 4 ? 4 : rows;
}

/* Adds rows of a table that are wider than 16 columns. */
static inline void add_table_rows(const Matrix *matrix, const uint32_t *rows, size_t count, float *sum)
{
    size_t together = rows_together(matrix), row_bytes = matrix->stride * sizeof(float);
    for (size_t at = 0; at < count; at += together) {
        size_t group = count - at < together ? count - at : together;
        add_wide_rows((const uint8_t *)matrix->table, row_bytes, matrix->stride, rows + at, group, sum);
    }
}

/* Adds rows from where they lie in the file. */
static inline void add_dense_rows(const Matrix *matrix, const uint32_t *rows, size_t count, float *sum)
{
    size_t row_bytes = matrix->columns * sizeof(float), together = rows_together(matrix);
    size_t readable = (size_t)(matrix->end - matrix->dense), needed = matrix->stride * sizeof(float);
    for (size_t at = 0; at < count;) {
        size_t group = 0;
        while (at + group < count && group < together && rows[at + group] * row_bytes + needed <= readable) {
            __builtin_prefetch(matrix->dense + rows[at + group] * row_bytes);
            group++;
        }
        add_wide_rows(matrix->dense, row_bytes, matrix->stride, rows + at, group, sum);
        at += group;
        if (group < together && at < count)
            add_last_row(matrix, rows[at++], sum);
    }
}

/* Adds rows to a sum of `stride` floats. */
static inline void add_rows(const Matrix *matrix, const uint32_t *rows, size_t count, float *sum)
{
    if (matrix->table && matrix->stride == LANES) {
        add_short_rows(matrix->table, rows, count, sum);
    } else if (matrix->table) {
        add_table_rows(matrix, rows, count, sum);
    } else if (matrix->dense) {
        add_dense_rows(matrix, rows, count, sum);
    } else {
        for (size_t i = 0; i < count; i++)
            add_coded(matrix, rows[i], sum);
    }
}

#endif
