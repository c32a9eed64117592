/* corpus_kit.kernels._lid: fastText classifiers over Arrow text; lid.py gives it its Python face.
 *
 *   lid_file.h      numbers of an untrusted file     lid_memory.h   words met so far
 *   lid_matrix.h    adding up rows                  lid_rows.h     from words to rows
 *   lid_words.h     words, labels, kept n-grams     lid_line.h     from lines to sums
 *   lid_model.h     the whole model                 lid_rank.h     from sums to labels
 *   lid_numbers.h   exponential and logarithm       lid_predict.h  all of it
 *
 *   lid_fold.h      folding                         lid_text.h     sampling
 *   lid_folding.h   lower case and marks (generated)
 *
 * A model is read-only once it is loaded. What a call needs beside it is a workspace, lent to one call at a time;
 * lending happens under the GIL, predicting without. Workspaces remember words, which changes no result. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "lid_predict.h"

#define WORKSPACES 8 /* kept for the next call */
#define LEAST_SAMPLE 9

typedef struct {
    PyObject_HEAD
    Py_buffer file; /* the model reads words and weights from it */
    Model model;
    Workspace *idle[WORKSPACES];
    int idle_count;
} ModelObject;

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

/* The texts a kernel may read, once their buffers are known to be large enough. */
static int view_texts(const ArrayArguments *given, LargeArray *texts)
{
    static const uint8_t nothing[1] = {0}; /* so that kernels never see a null pointer */
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

/* Whether a buffer holds exactly `count` times `each` numbers of `size` bytes, where C may address them. */
static int check_numbers(const Py_buffer *buffer, size_t count, size_t each, size_t size)
{
    size_t numbers = (size_t)buffer->len / size;
    int fits = (size_t)buffer->len % size == 0 && (uintptr_t)buffer->buf % size == 0;
    fits = fits && (count == 0 ? numbers == 0 : numbers % count == 0 && numbers / count == each);
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "a buffer has the wrong size or alignment");
    return fits;
}

static PyObject *raise_status(Status status)
{
    if (status == KERNEL_NO_MEMORY)
        return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, "the array's offsets do not fit its values");
    return NULL;
}

static PyObject *new_model(PyTypeObject *type, PyObject *arguments, PyObject *names)
{
    Py_buffer given;
    if (names && PyDict_Size(names) > 0) {
        PyErr_SetString(PyExc_TypeError, "Model takes no keyword arguments");
        return NULL;
    }
    Py_ssize_t table_bytes;
    if (!PyArg_ParseTuple(arguments, "y*n:Model", &given, &table_bytes))
        return NULL;
    ModelObject *self = (ModelObject *)PyType_GenericAlloc(type, 0); /* zeroed */
    if (!self) {
        PyBuffer_Release(&given);
        return NULL;
    }
    self->file = given;
    File file = {.bytes = given.buf, .size = (size_t)given.len};
    Status status = KERNEL_OK;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    file.wrong = "its numbers are in the other byte order than this processor's";
#else
    Py_BEGIN_ALLOW_THREADS
    status = read_model(&file, table_bytes > 0 ? (size_t)table_bytes : 0, &self->model);
    Py_END_ALLOW_THREADS
#endif
    if (status == KERNEL_OK && !file.wrong)
        return (PyObject *)self;
    if (file.wrong)
        PyErr_SetString(PyExc_ValueError, file.wrong);
    else
        raise_status(status);
    Py_DECREF((PyObject *)self);
    return NULL;
}

static void free_model_object(PyObject *object)
{
    ModelObject *self = (ModelObject *)object;
    PyTypeObject *type = Py_TYPE(object);
    while (self->idle_count > 0)
        free_workspace(self->idle[--self->idle_count]);
    free_model(&self->model);
    PyBuffer_Release(&self->file);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF((PyObject *)type);
}

static PyObject *get_labels(PyObject *object, void *Py_UNUSED(closure))
{
    const Dictionary *dictionary = &((ModelObject *)object)->model.dictionary;
    PyObject *labels = PyTuple_New((Py_ssize_t)dictionary->labels);
    for (size_t i = 0; labels && i < dictionary->labels; i++) {
        const Entry *entry = &dictionary->entries[dictionary->words + i];
        const char *text = (const char *)dictionary->file + entry->at;
        PyObject *label = PyBytes_FromStringAndSize(text, (Py_ssize_t)entry->size);
        if (!label || PyTuple_SetItem(labels, (Py_ssize_t)i, label) != 0)
            Py_CLEAR(labels);
    }
    return labels;
}

/* A workspace no other call uses. Called with the GIL, as is `give_back`. */
static Workspace *borrow(ModelObject *self)
{
    if (self->idle_count > 0)
        return self->idle[--self->idle_count];
    Workspace *work = make_workspace(&self->model);
    if (!work)
        PyErr_NoMemory();
    return work;
}

static void give_back(ModelObject *self, Workspace *work)
{
    if (self->idle_count < WORKSPACES)
        self->idle[self->idle_count++] = work;
    else
        free_workspace(work);
}

/* Calls the kernel; the buffers have been checked. */
static PyObject *predict_checked(ModelObject *self, const LargeArray *texts, const Options *options,
                                 const Answers *answers)
{
    Workspace *work = borrow(self);
    if (!work)
        return NULL;
    Status status;
    int is_sound = 1;
    Py_BEGIN_ALLOW_THREADS
    status = predict_texts(&self->model, work, texts, options, answers, &is_sound);
    Py_END_ALLOW_THREADS
    give_back(self, work);
    if (status != KERNEL_OK)
        return raise_status(status);
    if (is_sound)
        Py_RETURN_NONE;
    PyErr_SetString(PyExc_ArithmeticError, "its weights are not numbers");
    return NULL;
}

static PyObject *predict(PyObject *object, PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer labels = {0}, scores = {0}, letters = {0}, latin = {0};
    Py_ssize_t best, most;
    int folds;
    double least;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnnnpdw*w*w*w*:predict", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &best, &most, &folds, &least, &labels, &scores, &letters,
                          &latin))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (best < 1 || (most != 0 && most < LEAST_SAMPLE)) {
        PyErr_SetString(PyExc_ValueError, "there must be at least 1 label and 9 characters, or 0 for all of them");
    } else if (view_texts(&given, &texts) && check_numbers(&labels, texts.length, (size_t)best, sizeof(int32_t)) &&
               check_numbers(&scores, texts.length, (size_t)best, sizeof(float)) &&
               check_numbers(&letters, texts.length, 1, sizeof(int64_t)) &&
               check_numbers(&latin, texts.length, 1, sizeof(int64_t))) {
        Options options = {(size_t)best, (size_t)most, folds, least};
        Answers answers = {labels.buf, scores.buf, letters.buf, latin.buf};
        result = predict_checked((ModelObject *)object, &texts, &options, &answers);
    }
    release_array(&given);
    PyBuffer_Release(&labels);
    PyBuffer_Release(&scores);
    PyBuffer_Release(&letters);
    PyBuffer_Release(&latin);
    return result;
}

/* The lines made of texts, one after the other; `ends` are where each ends. */
static Status make_lines(const LargeArray *texts, const Options *options, int64_t *ends, Line *all)
{
    Line line = {0};
    Status status = KERNEL_OK;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK && !row.is_null) {
            status = make_line(&line, texts->items + row.begin, row.count, options->most, options->folds);
            if (status == KERNEL_OK)
                status = reserve_line(all, line.size);
            if (status == KERNEL_OK) {
                memcpy(all->bytes + all->size, line.bytes, line.size);
                all->size += line.size;
            }
        }
        ends[i] = (int64_t)all->size;
    }
    free(line.bytes);
    return status;
}

static PyObject *lines(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer ends = {0};
    Py_ssize_t most;
    int folds;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnnpw*:lines", &given.validity, &given.offsets, &given.items, &given.offset,
                          &given.length, &most, &folds, &ends))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (most != 0 && most < LEAST_SAMPLE) {
        PyErr_SetString(PyExc_ValueError, "there must be at least 9 characters, or 0 for all of them");
    } else if (view_texts(&given, &texts) && check_numbers(&ends, texts.length, 1, sizeof(int64_t))) {
        Options options = {.most = (size_t)most, .folds = folds};
        Line all = {0};
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = make_lines(&texts, &options, ends.buf, &all);
        Py_END_ALLOW_THREADS
        result = status == KERNEL_OK ? PyBytes_FromStringAndSize((const char *)all.bytes, (Py_ssize_t)all.size)
                                     : raise_status(status);
        free(all.bytes);
    }
    release_array(&given);
    PyBuffer_Release(&ends);
    return result;
}

static PyMethodDef model_methods[] = {
    {"predict", predict, METH_VARARGS, "Best labels and scores of each text; fills the arrays."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef model_fields[] = {
    {"labels", get_labels, NULL, "Labels as bytes, in the order of their numbers.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot model_slots[] = {
    {Py_tp_doc, "A fastText classifier, read from the bytes of its file."},
    {Py_tp_new, new_model},
    {Py_tp_dealloc, free_model_object},
    {Py_tp_methods, model_methods},
    {Py_tp_getset, model_fields},
    {0, NULL},
};

static PyType_Spec model_spec = {
    .name = "corpus_kit.kernels._lid.Model",
    .basicsize = sizeof(ModelObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = model_slots,
};

static int fill_module(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &model_spec, NULL);
    if (!type)
        return -1;
    int failed = PyModule_AddObjectRef(module, "Model", type);
    Py_DECREF(type);
    return failed;
}

static PyMethodDef methods[] = {
    {"lines", lines, METH_VARARGS, "What a model reads of each text; fills the ends."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "corpus_kit.kernels._lid",
    .m_doc = "fastText classifiers over Arrow buffers; use them through corpus_kit.kernels.lid.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__lid(void)
{
    return PyModuleDef_Init(&definition);
}
