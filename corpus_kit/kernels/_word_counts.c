/* corpus_kit.kernels._word_counts: the distinct words of a text, in the order they first occur, and how many of each. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#pragma GCC diagnostic ignored "-Wunused-function" /* the headers hold more than is needed here */

#include "reader.h"
#include "segments.h"

#define LONGEST ((size_t)INT32_MAX) /* places in a text are 32-bit numbers */

/* Reads the text, and numbers what stands between whitespace if there is a vocabulary. */
static Status read_words(Vocabulary *vocabulary, WordBatch *batch, const uint8_t *text, size_t length, int *is_valid)
{
    Reader reader = {.text = text,
                     .length = length,
                     .level = choose_level(LEVEL_AVX512),
                     .vocabulary = vocabulary,
                     .batch = batch,
                     .is_valid = 1,
                     .was_space = 1};
    Status status = read_text(&reader);
    *is_valid = reader.is_valid;
    return status;
}

static Status find_all(Vocabulary *vocabulary, const uint8_t *text, size_t length, int is_unicode, int *is_valid)
{
    WordBatch *batch = malloc(sizeof *batch);
    Status status = batch ? clear_vocabulary(vocabulary, length, length + 1, 0) : KERNEL_NO_MEMORY;
    if (status == KERNEL_OK)
        status = read_words(is_unicode ? NULL : vocabulary, batch, text, length, is_valid);
    if (status == KERNEL_OK && is_unicode && *is_valid)
        status = find_segments(vocabulary, batch, text, length);
    free(batch);
    return status;
}

/* The bytes of all words one after the other, where each begins, and how often it occurs. */
static PyObject *as_buffers(const Words *words, const uint8_t *text)
{
    size_t total = 0;
    for (size_t i = 0; i < words->count; i++)
        total += word_size(words->items + i);
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total);
    PyObject *offsets = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)((words->count + 1) * sizeof(int64_t)));
    PyObject *counts = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(words->count * sizeof(int64_t)));
    PyObject *result = NULL;
    if (data && offsets && counts) {
        char *bytes = PyBytes_AsString(data), *begins = PyBytes_AsString(offsets), *many = PyBytes_AsString(counts);
        int64_t end = 0;
        memcpy(begins, &end, sizeof end);
        for (size_t i = 0; i < words->count; i++) {
            const Word *word = words->items + i;
            int64_t count = word->count;
            memcpy(bytes + end, text + word->begin, word_size(word));
            end += word_size(word);
            memcpy(begins + (i + 1) * sizeof end, &end, sizeof end);
            memcpy(many + i * sizeof count, &count, sizeof count);
        }
        result = PyTuple_Pack(3, offsets, data, counts);
    }
    Py_XDECREF(data);
    Py_XDECREF(offsets);
    Py_XDECREF(counts);
    return result;
}

static PyObject *count_words(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer text = {0};
    int is_unicode, is_valid = 1;
    if (!PyArg_ParseTuple(arguments, "y*p:count_words", &text, &is_unicode))
        return NULL;
    size_t length = (size_t)text.len;
    Vocabulary vocabulary = {0};
    Status status = KERNEL_TOO_LONG;
    if (length <= LONGEST) {
        Py_BEGIN_ALLOW_THREADS
        status = find_all(&vocabulary, text.buf, length, is_unicode, &is_valid);
        Py_END_ALLOW_THREADS
    }
    PyObject *result = NULL;
    if (status == KERNEL_TOO_LONG)
        PyErr_SetString(PyExc_OverflowError, "a text has 2 GiB or more");
    else if (status != KERNEL_OK)
        PyErr_NoMemory();
    else if (!is_valid)
        PyErr_SetString(PyExc_ValueError, "a text is not UTF-8");
    else
        result = as_buffers(&vocabulary.words, text.buf);
    free_vocabulary(&vocabulary);
    PyBuffer_Release(&text);
    return result;
}

static PyMethodDef methods[] = {
    {"count_words", count_words, METH_VARARGS, "Offsets, bytes and counts of the distinct words of a text."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_word_counts", "The compiled counting of words.", 0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__word_counts(void)
{
    return PyModuleDef_Init(&module);
}
