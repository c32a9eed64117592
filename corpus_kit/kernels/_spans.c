/* corpus_kit.kernels._spans: the door to Python of the units of texts.
 *
 * Each function takes raw buffers, checks their sizes, releases the GIL and runs over the texts. What units are is
 * specified in corpus_kit.stages.repeated_units; spans.py gives this its Python face. There is no state between calls.
 *
 *   spans_cut.h      lines, paragraphs, sentences
 *   spans_form.h     the form that is compared, and its digest
 *   spans_remove.h   measuring units, and taking some out
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "spans_remove.h"

typedef struct {
    Py_buffer validity, offsets, items, signs;
    Py_ssize_t offset, length;
    int kind;
} TextArguments;

static void release_texts(TextArguments *given)
{
    PyBuffer_Release(&given->validity);
    PyBuffer_Release(&given->offsets);
    PyBuffer_Release(&given->items);
    PyBuffer_Release(&given->signs);
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
    if (given->signs.len != CODE_POINTS)
        return refuse("the table of signs must have a byte for each code point");
    if (given->kind < 0 || given->kind >= UNIT_COUNT)
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

/* The form, every number in it checked. */
static int view_form(const Py_buffer *table, const Py_buffer *sequences, const Py_buffer *ends, int separator,
                     Form *form)
{
    *form = (Form){.separator = (uint8_t)separator};
    if (!table->buf)
        return 1;
    size_t count = (size_t)sequences->len / 4;
    if (!holds(table, CODE_POINTS, 4) || !holds(sequences, count, 4) || !holds(ends, (size_t)ends->len / 8, 8))
        return refuse("a table of the form has the wrong size or alignment");
    form->table = table->buf;
    form->sequences = sequences->buf;
    form->ends = ends->buf;
    form->sequence_count = (size_t)ends->len / 8;
    for (size_t i = 0; i < CODE_POINTS; i++)
        if (form->table[i] >= CODE_POINTS)
            return refuse("a character of the form is none");
    for (size_t i = 0; i < count; i++)
        if (form->sequences[i] <= FIRST_SEQUENCE || form->sequences[i] >= CODE_POINTS)
            return refuse("a character of the form is none");
    for (size_t i = 0; i < form->sequence_count; i++)
        if (form->ends[i] < (i ? form->ends[i - 1] : 0) || (uint64_t)form->ends[i] > count)
            return refuse("a sequence of the form lies outside its buffer");
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

static PyObject *cut(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    TextArguments given = {0};
    Py_buffer table = {0}, sequences = {0}, ends = {0}, offsets = {0};
    int separator;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*iz*z*z*iw*:cut", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &given.signs, &given.kind, &table, &sequences, &ends,
                          &separator, &offsets))
        return NULL;
    LargeArray texts;
    Form form;
    PyObject *result = NULL;
    if (view_texts(&given, &texts) && view_form(&table, &sequences, &ends, separator, &form)) {
        if (!holds(&offsets, texts.length + 1, sizeof(int64_t))) {
            refuse("the buffer of the result has the wrong size or alignment");
        } else {
            Units units = {0};
            Status status;
            Py_BEGIN_ALLOW_THREADS
            status = cut_texts(&texts, given.signs.buf, (UnitKind)given.kind, &form, &units, offsets.buf);
            Py_END_ALLOW_THREADS
            if (status == KERNEL_OK)
                result = PyBytes_FromStringAndSize(units.memory.items, (Py_ssize_t)(units.count * sizeof(Unit)));
            else
                result = to_python(status);
            free(units.memory.items);
        }
    }
    release_texts(&given);
    PyBuffer_Release(&table);
    PyBuffer_Release(&sequences);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&offsets);
    return result;
}

static PyObject *without(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    TextArguments given = {0};
    Py_buffer range_offsets = {0}, ranges = {0}, out = {0}, out_offsets = {0}, counts = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*iy*y*w*w*w*:without", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &given.signs, &given.kind, &range_offsets, &ranges, &out,
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
            Output output = {out.buf, 0, (size_t)out.len};
            Status status;
            Py_BEGIN_ALLOW_THREADS
            status = remove_units(&texts, given.signs.buf, (UnitKind)given.kind, range_offsets.buf, ranges.buf,
                                  range_count, output, out_offsets.buf, counts.buf);
            Py_END_ALLOW_THREADS
            result = to_python(status);
        }
    }
    release_texts(&given);
    PyBuffer_Release(&range_offsets);
    PyBuffer_Release(&ranges);
    PyBuffer_Release(&out);
    PyBuffer_Release(&out_offsets);
    PyBuffer_Release(&counts);
    return result;
}

static PyMethodDef methods[] = {
    {"cut", cut, METH_VARARGS, "The units of each text, with their digests; fills the offsets."},
    {"without", without, METH_VARARGS, "Each text without the units in its ranges; fills the output."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_spans", "The compiled units of corpus_kit.kernels.spans.", 0, methods, slots, NULL,
    NULL, NULL};

PyMODINIT_FUNC PyInit__spans(void)
{
    return PyModuleDef_Init(&module);
}
