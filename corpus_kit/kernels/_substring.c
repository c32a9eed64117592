/* corpus_kit.kernels._substring: the door to Python of repeated spans.
 *
 * Each function takes raw buffers, checks their sizes, releases the GIL and runs over the texts. What is found is
 * specified in corpus_kit.kernels.substring_definition; substring.py gives this its Python face. There is no state
 * between calls.
 *
 *   substring_tokens.h   words or bytes, and what of them is compared
 *   substring_runs.h     anchors, runs of windows, and their digests
 *   substring_remove.h   taking stretches out
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "substring_remove.h"
#include "substring_runs.h"

typedef struct {
    Py_buffer validity, offsets, items;
    Py_ssize_t offset, length;
    int kind;
} TextArguments;

static void release_texts(TextArguments *given)
{
    PyBuffer_Release(&given->validity);
    PyBuffer_Release(&given->offsets);
    PyBuffer_Release(&given->items);
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
    if (given->kind < 0 || given->kind >= TOKEN_COUNT)
        return refuse("there is no such unit");
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

/* Longest window: such a number of hashes is looked through at a time. */
#define LONGEST_WINDOW 1000000

static int view_wanted(const Py_buffer *offsets, const Py_buffer *begins, size_t texts, int mode, AllWanted *wanted)
{
    static const uint32_t nothing[1] = {0};
    size_t count = (size_t)begins->len / 4;
    if (mode < 0 || mode >= MODE_COUNT)
        return refuse("there is no such mode");
    *wanted = (AllWanted){.mode = (Mode)mode};
    if (wanted->mode == ALL_RUNS)
        return 1;
    if (!offsets->buf || !holds(offsets, texts + 1, 8) || (begins->buf && !holds(begins, count, 4)))
        return refuse("a buffer has the wrong size or alignment");
    *wanted = (AllWanted){(Mode)mode, offsets->buf, begins->buf ? begins->buf : nothing, count};
    return 1;
}

static PyObject *find(const LargeArray *texts, const Sampling *sampling, const AllWanted *wanted, int64_t *offsets)
{
    Runs runs = {0};
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = find_all_runs(texts, sampling, wanted, &runs, offsets);
    Py_END_ALLOW_THREADS
    PyObject *result = status == KERNEL_OK
                           ? PyBytes_FromStringAndSize(runs.memory.items, (Py_ssize_t)(runs.count * sizeof(Run)))
                           : to_python(status);
    free(runs.memory.items);
    return result;
}

static PyObject *runs(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    TextArguments given = {0};
    Py_buffer wanted_offsets = {0}, wanted_begins = {0}, offsets = {0};
    Py_ssize_t length, gram;
    int mode;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nninniz*z*w*:runs", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &given.kind, &length, &gram, &mode, &wanted_offsets,
                          &wanted_begins, &offsets))
        return NULL;
    LargeArray texts;
    AllWanted wanted;
    PyObject *result = NULL;
    if (view_texts(&given, &texts) && view_wanted(&wanted_offsets, &wanted_begins, texts.length, mode, &wanted)) {
        if (!holds(&offsets, texts.length + 1, sizeof(int64_t))) {
            refuse("the buffer of the result has the wrong size or alignment");
        } else if (gram < 1 || length < gram || length > LONGEST_WINDOW) {
            refuse("a window has at least as many tokens as a gram, and at most a million");
        } else {
            Sampling sampling = {.kind = (TokenKind)given.kind, .length = (size_t)length, .gram = (size_t)gram};
            prepare(&sampling);
            result = find(&texts, &sampling, &wanted, offsets.buf);
        }
    }
    release_texts(&given);
    PyBuffer_Release(&wanted_offsets);
    PyBuffer_Release(&wanted_begins);
    PyBuffer_Release(&offsets);
    return result;
}

static PyObject *without(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    TextArguments given = {0};
    Py_buffer range_offsets = {0}, ranges = {0}, mask = {0}, out = {0}, out_offsets = {0}, counts = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nniy*y*z*w*w*w*:without", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &given.kind, &range_offsets, &ranges, &mask, &out,
                          &out_offsets, &counts))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    size_t range_count = (size_t)ranges.len / 8;
    if (view_texts(&given, &texts)) {
        if (!holds(&range_offsets, texts.length + 1, 8) || !holds(&ranges, range_count * 2, 4) ||
            !holds(&out_offsets, texts.length + 1, 8) || !holds(&counts, texts.length * COUNTS, 8)) {
            refuse("a buffer has the wrong size or alignment");
        } else {
            Removal how = {.kind = (TokenKind)given.kind, .mask = {mask.buf, (size_t)mask.len}};
            how.is_masked = mask.buf != NULL;
            classify(how.classes);
            Output output = {out.buf, 0, (size_t)out.len, 0};
            memset(counts.buf, 0, (size_t)counts.len);
            Status status;
            Py_BEGIN_ALLOW_THREADS
            status = remove_all(&texts, &how, range_offsets.buf, ranges.buf, range_count, output, out_offsets.buf,
                                counts.buf);
            Py_END_ALLOW_THREADS
            result = to_python(status);
        }
    }
    release_texts(&given);
    PyBuffer_Release(&range_offsets);
    PyBuffer_Release(&ranges);
    PyBuffer_Release(&mask);
    PyBuffer_Release(&out);
    PyBuffer_Release(&out_offsets);
    PyBuffer_Release(&counts);
    return result;
}

static PyMethodDef methods[] = {
    {"runs", runs, METH_VARARGS, "Runs of windows of each text, some of them, or the windows of some; fills the offsets."},
    {"without", without, METH_VARARGS, "Each text without the stretches in its ranges; fills the output."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_substring", "The compiled half of corpus_kit.kernels.substring.", 0, methods, slots,
    NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__substring(void)
{
    return PyModuleDef_Init(&module);
}
