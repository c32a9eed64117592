/* corpus_kit.kernels._kernels: the compiled kernels' door to Python.
 *
 * Each function takes raw buffers, checks their sizes against each other, releases the GIL, calls one kernel and turns
 * its status into a result or an exception. Kernels live in the headers and know nothing of Python; what they compute
 * is specified in definition.py (the metrics: corpus_kit.doc, corpus_kit.metrics); `__init__.py` and measure.py give
 * them their Python face. There is no state between calls.
 *
 *   portable.h   compilers and processors      units.h      words and characters
 *   arrow.h      rows of Arrow arrays          shingles.h   shingle sets and their similarity
 *   hashing.h    hash functions                minhash.h    signatures and band keys
 *   utf8.h       code points                   characters.h which of them are what (generated)
 *   word_hashes.h  words, hashed
 *
 *   columns.h    the metrics, what each needs  metrics.h    all of them about each text
 *   reader.h     reading a text once           results.h    from counts to numbers
 *   masks.h      64 bytes at once              layout.h     lines and paragraphs
 *   intern.h     equal things as numbers       words.h      words as numbers
 *   segments.h   words of UAX #29              lists.h      stop words and flagged words
 *   glance.h     words, by their keys          facts.h      words, character by character
 *   keys.h       short words at once           scan.h       long words
 *   bare.h       words in lower case, cut      sentences.h  ends of sentences
 *   ngrams.h     repeated sequences of words   grams.h      counted exactly
 *   sieve.h      where they may repeat         published.h  as the Nordic Pile's code finds them
 *   runs.h       runs of ten characters        alphabet.h   characters as units
 *   typical.h    mean and median                valid.h      what is UTF-8
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "arrow.h"
#include "hashing.h"
#include "lists.h"
#include "metrics.h"
#include "minhash.h"
#include "shingles.h"
#include "valid.h"

/* The buffers of one Arrow array, as Python hands them over; null ones are empty. */
typedef struct {
    Py_buffer validity, offsets, items;
    Py_ssize_t offset, length;
} ArrayArguments;

static void release_array(ArrayArguments *array)
{
    PyBuffer_Release(&array->validity);
    PyBuffer_Release(&array->offsets);
    PyBuffer_Release(&array->items);
}

/* The array a kernel may read, once its buffers are known to be large enough; items_size is that of one item. */
static int view_array(const ArrayArguments *given, size_t item_size, LargeArray *array)
{
    static const uint8_t nothing[sizeof(uint64_t)] = {0}; /* so that kernels never see a null pointer */
    if (given->offset < 0 || given->length < 0 || given->offset > PY_SSIZE_T_MAX / 16 - given->length) {
        PyErr_SetString(PyExc_ValueError, "offset and length must be small non-negative numbers");
        return 0;
    }
    size_t rows = (size_t)given->offset + (size_t)given->length;
    if (given->length > 0 && (size_t)given->offsets.len < (rows + 1) * sizeof(int64_t)) {
        PyErr_SetString(PyExc_ValueError, "the offsets buffer is too short");
        return 0;
    }
    if (given->validity.buf && (size_t)given->validity.len < (rows + 7) / 8) {
        PyErr_SetString(PyExc_ValueError, "the validity buffer is too short");
        return 0;
    }
    *array = (LargeArray){
        .validity = given->validity.buf,
        .offsets = given->offsets.buf,
        .items = given->items.buf ? given->items.buf : nothing,
        .item_count = (size_t)given->items.len / item_size,
        .offset = (size_t)given->offset,
        .length = (size_t)given->length,
    };
    return 1;
}

/* Whether a buffer holds exactly rows * columns numbers of `size` bytes, where C may address them. */
static int check_numbers(const Py_buffer *buffer, size_t rows, size_t columns, size_t size)
{
    size_t numbers = (size_t)buffer->len / size;
    int fits = (size_t)buffer->len % size == 0 && (uintptr_t)buffer->buf % size == 0;
    if (rows == 0 || columns == 0)
        fits = fits && numbers == 0;
    else
        fits = fits && numbers % rows == 0 && numbers / rows == columns;
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "a buffer has the wrong size or alignment");
    return fits;
}

/* None, or the exception that tells how the kernel failed. */
static PyObject *to_python(Status status)
{
    switch (status) {
    case KERNEL_OK:
        Py_RETURN_NONE;
    case KERNEL_NO_MEMORY:
        return PyErr_NoMemory();
    case KERNEL_BAD_OFFSETS:
        PyErr_SetString(PyExc_ValueError, "the array's offsets do not fit its values");
        return NULL;
    case KERNEL_BAD_INDEX:
        PyErr_SetString(PyExc_IndexError, "a row number lies outside the array");
        return NULL;
    case KERNEL_TOO_LONG:
        PyErr_SetString(PyExc_OverflowError, "a text has 2 GiB or more");
        return NULL;
    }
    Py_UNREACHABLE();
}

static int check_shingling(Py_ssize_t ngram, int unit)
{
    if (ngram >= 1 && (unit == UNIT_WORD || unit == UNIT_CHAR))
        return 1;
    PyErr_SetString(PyExc_ValueError, "ngram must be at least 1 and unit 0 (words) or 1 (characters)");
    return 0;
}

static Status digest_texts(const LargeArray *texts, Digest *digests)
{
    for (size_t i = 0; i < texts->length; i++) {
        Row row;
        Status status = find_row(texts, i, &row);
        if (status != KERNEL_OK)
            return status;
        digests[i] = row.is_null ? (Digest){0, 0} : digest_bytes(texts->items + row.begin, row.count);
    }
    return KERNEL_OK;
}

static PyObject *digests(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer out = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnw*:digests", &given.validity, &given.offsets, &given.items, &given.offset,
                          &given.length, &out))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (view_array(&given, 1, &texts) && check_numbers(&out, texts.length, 2, sizeof(uint64_t))) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = digest_texts(&texts, out.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *are_utf8(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nn:are_utf8", &given.validity, &given.offsets, &given.items, &given.offset,
                          &given.length))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (view_array(&given, 1, &texts)) {
        Status status;
        int valid;
        Py_BEGIN_ALLOW_THREADS
        status = check_utf8(&texts, &valid);
        Py_END_ALLOW_THREADS
        result = status == KERNEL_OK ? PyBool_FromLong(valid) : to_python(status);
    }
    release_array(&given);
    return result;
}

static PyObject *shingle_sets(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer offsets = {0};
    Py_ssize_t ngram;
    int unit;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnniw*:shingle_sets", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &ngram, &unit, &offsets))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (view_array(&given, 1, &texts) && check_shingling(ngram, unit) &&
        check_numbers(&offsets, texts.length + 1, 1, sizeof(int64_t))) {
        HashBuffer values = {0};
        Status status;
        Py_BEGIN_ALLOW_THREADS
        Shingling shingling = make_shingling((size_t)ngram, (Unit)unit);
        status = make_shingle_sets(&texts, &shingling, offsets.buf, &values);
        Py_END_ALLOW_THREADS
        if (status == KERNEL_OK) {
            int64_t count = ((const int64_t *)offsets.buf)[texts.length];
            result = PyBytes_FromStringAndSize((const char *)values.hashes, (Py_ssize_t)(count * 8));
        } else {
            result = to_python(status);
        }
        free(values.hashes);
    }
    release_array(&given);
    PyBuffer_Release(&offsets);
    return result;
}

static PyObject *signatures(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer out = {0};
    Py_ssize_t ngram, permutations;
    int unit;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnninKw*:signatures", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &ngram, &unit, &permutations, &seed, &out))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (permutations < 1) {
        PyErr_SetString(PyExc_ValueError, "permutations must be at least 1");
    } else if (view_array(&given, 1, &texts) && check_shingling(ngram, unit) &&
               check_numbers(&out, texts.length, (size_t)permutations, sizeof(uint32_t))) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        Shingling shingling = make_shingling((size_t)ngram, (Unit)unit);
        status = make_signatures(&texts, &shingling, (size_t)permutations, seed, out.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *band_keys(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer minima = {0}, out = {0};
    Py_ssize_t count, permutations, bands, rows;
    if (!PyArg_ParseTuple(arguments, "y*nnnnw*:band_keys", &minima, &count, &permutations, &bands, &rows, &out))
        return NULL;
    PyObject *result = NULL;
    if (count < 0 || permutations < 1 || bands < 1 || rows < 1 || rows > permutations / bands) {
        PyErr_SetString(PyExc_ValueError, "bands and rows must be at least 1 and their product at most permutations");
    } else if (check_numbers(&minima, (size_t)count, (size_t)permutations, sizeof(uint32_t)) &&
               check_numbers(&out, (size_t)count, (size_t)bands, sizeof(uint64_t))) {
        Py_BEGIN_ALLOW_THREADS
        make_band_keys(minima.buf, (size_t)count, (size_t)permutations, (size_t)bands, (size_t)rows, out.buf);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&minima);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *jaccard(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer left = {0}, right = {0};
    if (!PyArg_ParseTuple(arguments, "y*y*:jaccard", &left, &right))
        return NULL;
    double similarity;
    Py_BEGIN_ALLOW_THREADS
    similarity = jaccard_similarity(left.buf, (size_t)left.len / 8, right.buf, (size_t)right.len / 8);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&left);
    PyBuffer_Release(&right);
    return PyFloat_FromDouble(similarity);
}

static PyObject *pair_jaccard(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer left = {0}, right = {0}, out = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*y*w*:pair_jaccard", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &left, &right, &out))
        return NULL;
    LargeArray sets;
    PyObject *result = NULL;
    size_t pairs = (size_t)out.len / sizeof(double);
    if (view_array(&given, sizeof(uint64_t), &sets) && check_numbers(&left, pairs, 1, sizeof(int64_t)) &&
        check_numbers(&right, pairs, 1, sizeof(int64_t)) && check_numbers(&out, pairs, 1, sizeof(double))) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = compare_pairs(&sets, left.buf, right.buf, pairs, out.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    PyBuffer_Release(&left);
    PyBuffer_Release(&right);
    PyBuffer_Release(&out);
    return result;
}

/* Copies the numbers of columns, which another thread might change later, once they are known to be some. */
static int read_columns(const Py_buffer *columns, Request *request)
{
    request->column_count = (size_t)columns->len / sizeof(int64_t);
    if (!check_numbers(columns, request->column_count, 1, sizeof(int64_t)))
        return 0;
    if (request->column_count > COLUMN_COUNT) {
        PyErr_SetString(PyExc_ValueError, "there are not so many columns");
        return 0;
    }
    for (size_t i = 0; i < request->column_count; i++) {
        int64_t column = read_int64(columns->buf, i);
        if (column < 0 || column >= COLUMN_COUNT) {
            PyErr_SetString(PyExc_IndexError, "there is no such column");
            return 0;
        }
        request->columns[i] = (size_t)column;
    }
    return 1;
}

static PyObject *measure(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0}, given_words = {0};
    Py_buffer kinds = {0}, ends = {0}, knows = {0}, which = {0}, columns = {0}, out = {0};
    Request request;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnz*z*z*nny*y*y*y*y*piw*:measure", &given.validity, &given.offsets,
                          &given.items, &given.offset, &given.length, &given_words.validity, &given_words.offsets,
                          &given_words.items, &given_words.offset, &given_words.length, &kinds, &ends, &knows, &which,
                          &columns, &request.is_unicode, &request.level, &out))
        return NULL;
    LargeArray texts, words;
    PyObject *result = NULL;
    size_t count = (size_t)ends.len / sizeof(int64_t);
    if (view_array(&given, 1, &texts) && view_array(&given_words, 1, &words) &&
        check_numbers(&kinds, words.length, 1, 1) && check_numbers(&ends, count, 1, sizeof(int64_t)) &&
        check_numbers(&knows, count, 1, 1) && check_numbers(&which, texts.length, 1, sizeof(int64_t)) &&
        read_columns(&columns, &request) && check_numbers(&out, request.column_count, texts.length, sizeof(double))) {
        Status status = KERNEL_NO_MEMORY;
        Py_BEGIN_ALLOW_THREADS
        WordList *lists = calloc(count + 1, sizeof *lists);
        if (lists)
            status = read_lists(&words, kinds.buf, ends.buf, knows.buf, count, lists);
        if (status == KERNEL_OK)
            status = measure_texts(&texts, lists, count, which.buf, &request, out.buf);
        free_lists(lists, count);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    release_array(&given_words);
    PyBuffer_Release(&kinds);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&knows);
    PyBuffer_Release(&which);
    PyBuffer_Release(&columns);
    PyBuffer_Release(&out);
    return result;
}

/* Adds COLUMNS, the names of the columns in the order of their numbers. */
static int add_columns(PyObject *module)
{
    PyObject *names = PyTuple_New(COLUMN_COUNT);
    for (Py_ssize_t i = 0; names && i < COLUMN_COUNT; i++) {
        PyObject *name = PyUnicode_FromString(COLUMN_NAMES[i]);
        if (!name || PyTuple_SetItem(names, i, name) < 0) {
            Py_DECREF(names);
            return -1;
        }
    }
    int status = names ? PyModule_AddObjectRef(module, "COLUMNS", names) : -1;
    Py_XDECREF(names);
    return status;
}

static PyMethodDef methods[] = {
    {"digests", digests, METH_VARARGS, "MurmurHash3_x64_128 of each text."},
    {"are_utf8", are_utf8, METH_VARARGS, "Whether all texts are UTF-8."},
    {"shingle_sets", shingle_sets, METH_VARARGS, "Sorted shingle hashes of each text; fills the offsets."},
    {"signatures", signatures, METH_VARARGS, "MinHash signature of each text."},
    {"band_keys", band_keys, METH_VARARGS, "One key for each band of each signature."},
    {"jaccard", jaccard, METH_VARARGS, "Jaccard similarity of two sorted sets."},
    {"pair_jaccard", pair_jaccard, METH_VARARGS, "Jaccard similarity of pairs of rows."},
    {"measure", measure, METH_VARARGS, "Metrics of each text, one column after the other."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, add_columns}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "corpus_kit.kernels._kernels",
    .m_doc = "Compiled kernels over Arrow buffers; use them through corpus_kit.kernels.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels(void)
{
    return PyModuleDef_Init(&definition);
}
