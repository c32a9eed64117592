/* corpus_kit.kernels._contamination: the door to Python of the search for runs of words.
 *
 * Each function takes raw buffers, checks their sizes, releases the GIL and runs over the texts. What words and runs are
 * is specified in corpus_kit.kernels.word_runs; contamination.py gives this its Python face. There is no state between
 * calls.
 *
 *   contamination.h    words, runs, and the tables they are found by
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "contamination.h"

typedef struct {
    Py_buffer validity, offsets, items, table;
    Py_ssize_t offset, length;
} TextArguments;

static void release_texts(TextArguments *given)
{
    PyBuffer_Release(&given->validity);
    PyBuffer_Release(&given->offsets);
    PyBuffer_Release(&given->items);
    PyBuffer_Release(&given->table);
}

static int refuse(const char *message)
{
    PyErr_SetString(PyExc_ValueError, message);
    return 0;
}

/* Whether a buffer holds exactly `count` numbers of `size` bytes, where C may address them. */
static int holds(const Py_buffer *buffer, size_t count, size_t size)
{
    return (size_t)buffer->len / size == count && (size_t)buffer->len % size == 0 && (uintptr_t)buffer->buf % size == 0;
}

static int is_power_of_two(size_t number)
{
    return number > 0 && (number & (number - 1)) == 0;
}

static int view_texts(const TextArguments *given, LargeArray *texts)
{
    static const uint8_t nothing[1] = {0}; /* so that kernels never see a null pointer */
    if (given->offset < 0 || given->length < 0 || given->offset > PY_SSIZE_T_MAX / 16 - given->length)
        return refuse("offset and length must be small non-negative numbers");
    size_t rows = (size_t)given->offset + (size_t)given->length;
    if (given->length > 0 && (size_t)given->offsets.len < (rows + 1) * sizeof(int64_t))
        return refuse("the offsets buffer is too short");
    if (given->validity.buf && (size_t)given->validity.len < (rows + 7) / 8)
        return refuse("the validity buffer is too short");
    if (!holds(&given->table, CODE_POINTS, sizeof(int32_t)))
        return refuse("the table must have a number for each code point");
    const int32_t *table = given->table.buf;
    for (size_t i = 0; i < CODE_POINTS; i++)
        if (table[i] >= CODE_POINTS)
            return refuse("a character of the table is none");
    *texts = (LargeArray){
        .validity = given->validity.buf,
        .offsets = given->offsets.buf,
        .items = given->items.buf ? given->items.buf : nothing,
        .item_count = (size_t)given->items.len,
        .offset = (size_t)given->offset,
        .length = (size_t)given->length,
    };
    return 1;
}

/* None, or the exception that tells how the kernel failed. */
static PyObject *to_python(Status status)
{
    switch (status) {
    case KERNEL_OK:
        Py_RETURN_NONE;
    case KERNEL_NO_MEMORY:
        return PyErr_NoMemory();
    case KERNEL_BAD_INDEX:
        PyErr_SetString(PyExc_IndexError, "a number lies outside what it is a number of");
        return NULL;
    default:
        PyErr_SetString(PyExc_ValueError, "the array's offsets do not fit its values");
        return NULL;
    }
}

static PyObject *form(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    TextArguments given = {0};
    Py_buffer offsets = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*w*:form", &given.validity, &given.offsets, &given.items, &given.offset,
                          &given.length, &given.table, &offsets))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (view_texts(&given, &texts)) {
        if (!holds(&offsets, texts.length + 1, sizeof(int64_t))) {
            refuse("the buffer of the result has the wrong size or alignment");
        } else {
            Words all = {0};
            Status status;
            Py_BEGIN_ALLOW_THREADS
            status = form_texts(&texts, given.table.buf, &all, offsets.buf);
            Py_END_ALLOW_THREADS
            result = status == KERNEL_OK ? PyBytes_FromStringAndSize((char *)all.form, (Py_ssize_t)all.used)
                                         : to_python(status);
            free_words(&all);
        }
    }
    release_texts(&given);
    PyBuffer_Release(&offsets);
    return result;
}

static PyObject *hash(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer pool = {0}, begins = {0}, ends = {0}, hashes = {0}, heads = {0};
    Py_ssize_t shortest;
    if (!PyArg_ParseTuple(arguments, "y*y*y*nw*w*:hash", &pool, &begins, &ends, &shortest, &hashes, &heads))
        return NULL;
    PyObject *result = NULL;
    size_t count = (size_t)begins.len / 8;
    if (!holds(&begins, count, 8) || !holds(&ends, count, 8) || !holds(&hashes, count, 8) || !holds(&heads, count, 8) ||
        shortest < 1) {
        refuse("a buffer has the wrong size or alignment");
    } else {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = hash_runs((Span){pool.buf, (size_t)pool.len}, begins.buf, ends.buf, count, (size_t)shortest,
                           hashes.buf, heads.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    PyBuffer_Release(&pool);
    PyBuffer_Release(&begins);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&hashes);
    PyBuffer_Release(&heads);
    return result;
}

static PyObject *fill(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer hashes = {0}, heads = {0}, slots = {0}, filter = {0};
    if (!PyArg_ParseTuple(arguments, "y*y*w*w*:fill", &hashes, &heads, &slots, &filter))
        return NULL;
    PyObject *result = NULL;
    size_t count = (size_t)hashes.len / 8, slot_count = (size_t)slots.len / 4, filter_words = (size_t)filter.len / 8;
    if (!holds(&hashes, count, 8) || !holds(&heads, count, 8) || !holds(&slots, slot_count, 4) ||
        !holds(&filter, filter_words, 8) || !is_power_of_two(slot_count) || !is_power_of_two(filter_words)) {
        refuse("a buffer has the wrong size or alignment");
    } else {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = fill_tables(hashes.buf, heads.buf, count, slots.buf, slot_count, filter.buf, filter_words);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    PyBuffer_Release(&hashes);
    PyBuffer_Release(&heads);
    PyBuffer_Release(&slots);
    PyBuffer_Release(&filter);
    return result;
}

typedef struct {
    Py_buffer pool, begins, ends, hashes, slots, filter, lengths;
} RunArguments;

static int view_runs(const RunArguments *given, Runs *runs)
{
    size_t count = (size_t)given->begins.len / 8, lengths = (size_t)given->lengths.len / 8;
    *runs = (Runs){
        .pool = given->pool.buf,
        .pool_size = (size_t)given->pool.len,
        .begins = given->begins.buf,
        .ends = given->ends.buf,
        .hashes = given->hashes.buf,
        .run_count = count,
        .slots = given->slots.buf,
        .slot_count = (size_t)given->slots.len / 4,
        .filter = given->filter.buf,
        .filter_words = (size_t)given->filter.len / 8,
        .length_count = lengths,
    };
    if (!holds(&given->begins, count, 8) || !holds(&given->ends, count, 8) || !holds(&given->hashes, count, 8) ||
        !holds(&given->slots, runs->slot_count, 4) || !holds(&given->filter, runs->filter_words, 8) ||
        !holds(&given->lengths, lengths, 8) || !is_power_of_two(runs->slot_count) ||
        !is_power_of_two(runs->filter_words))
        return refuse("a buffer has the wrong size or alignment");
    if (lengths > MOST_LENGTHS)
        return refuse("too many different lengths");
    const int64_t *given_lengths = given->lengths.buf;
    for (size_t i = 0; i < lengths; i++) {
        if (given_lengths[i] < 1 || given_lengths[i] > 10000 || (i && given_lengths[i] <= given_lengths[i - 1]))
            return refuse("lengths must be ascending numbers from 1 to 10000");
        runs->lengths[i] = (size_t)given_lengths[i];
        runs->powers[i] = power_of_base(runs->lengths[i]);
    }
    return 1;
}

static PyObject *match(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    TextArguments given = {0};
    RunArguments looked_for = {0};
    Py_buffer offsets = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*y*y*y*y*y*y*y*w*:match", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &given.table, &looked_for.pool, &looked_for.begins,
                          &looked_for.ends, &looked_for.hashes, &looked_for.slots, &looked_for.filter,
                          &looked_for.lengths, &offsets))
        return NULL;
    LargeArray texts;
    Runs runs;
    PyObject *result = NULL;
    if (view_texts(&given, &texts) && view_runs(&looked_for, &runs)) {
        if (!holds(&offsets, texts.length + 1, sizeof(int64_t))) {
            refuse("the buffer of the result has the wrong size or alignment");
        } else {
            Matches matches = {0};
            Status status;
            Py_BEGIN_ALLOW_THREADS
            status = match_texts(&texts, given.table.buf, &runs, &matches, offsets.buf);
            Py_END_ALLOW_THREADS
            result = status == KERNEL_OK
                         ? PyBytes_FromStringAndSize((char *)matches.items, (Py_ssize_t)(matches.count * sizeof(Match)))
                         : to_python(status);
            free(matches.items);
        }
    }
    release_texts(&given);
    PyBuffer_Release(&looked_for.pool);
    PyBuffer_Release(&looked_for.begins);
    PyBuffer_Release(&looked_for.ends);
    PyBuffer_Release(&looked_for.hashes);
    PyBuffer_Release(&looked_for.slots);
    PyBuffer_Release(&looked_for.filter);
    PyBuffer_Release(&looked_for.lengths);
    PyBuffer_Release(&offsets);
    return result;
}

static PyMethodDef methods[] = {
    {"form", form, METH_VARARGS, "The words of each text, joined by spaces, end to end; fills the offsets."},
    {"hash", hash, METH_VARARGS, "Hashes of runs and of their first words."},
    {"fill", fill, METH_VARARGS, "Fills the table and the filter that runs are found by."},
    {"match", match, METH_VARARGS, "Where runs stand in each text; fills the offsets."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_contamination", "The compiled search of corpus_kit.kernels.contamination.", 0, methods,
    slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__contamination(void)
{
    return PyModuleDef_Init(&module);
}
