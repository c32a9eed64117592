/* corpus_kit.kernels._near: the compiled search for near-duplicates, and its door to Python.
 *
 * Each function takes raw buffers, checks their sizes against each other, releases the GIL, calls one kernel and turns
 * its status into a result or an exception. Kernels live in the headers and know nothing of Python; what they compute
 * is specified in near_definition.py and definition.py; near.py gives them their Python face. There is no state between
 * calls, but for a type.
 *
 *   folded.h  texts in lower case without signs    folded_characters.h  what folding keeps (generated)
 *   near.h    signatures and sets of documents     number_sets.h        sorting the sets
 *   judge.h   verdicts on clusters
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "judge.h"

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

/* The array a kernel may read, once its buffers are known to be large enough. */
static int view_array(const ArrayArguments *given, LargeArray *array)
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
        .item_count = (size_t)given->items.len,
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
        PyErr_SetString(PyExc_OverflowError, "a text is too long");
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

/* Memory that a kernel made, as a buffer of Python: sets of many documents are not copied. */
typedef struct {
    PyObject_HEAD
    void *items;
    Py_ssize_t size;
} MadeObject;

static void release_made(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    free(((MadeObject *)self)->items);
    release(self);
    Py_DECREF(type);
}

static int view_made(PyObject *self, Py_buffer *view, int flags)
{
    MadeObject *made = (MadeObject *)self;
    return PyBuffer_FillInfo(view, self, made->items, made->size, 1, flags);
}

static PyType_Slot made_slots[] = {
    {Py_tp_doc, "Bytes that the kernels made; a read-only buffer."},
    {Py_tp_dealloc, release_made},
    {Py_bf_getbuffer, view_made},
    {0, NULL},
};

static PyType_Spec made_spec = {
    .name = "corpus_kit.kernels._near.Made",
    .basicsize = sizeof(MadeObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = made_slots,
};

/* The type of what is handed out is kept by the module. */
typedef struct {
    PyTypeObject *made;
} State;

/* The `size` bytes that a kernel made, or its failure. Takes the memory over in either case. */
static PyObject *hand_over(PyObject *module, Status status, void *items, size_t size)
{
    void *fitting = status == KERNEL_OK ? realloc(items, size ? size : 1) : NULL; /* what was spare is given back */
    items = fitting ? fitting : items;
    if (status == KERNEL_OK && !items)
        status = KERNEL_NO_MEMORY;
    if (status != KERNEL_OK) {
        free(items);
        return to_python(status);
    }
    PyTypeObject *type = ((State *)PyModule_GetState(module))->made;
    MadeObject *made = (MadeObject *)PyType_GenericAlloc(type, 0);
    if (!made) {
        free(items);
        return NULL;
    }
    made->items = items;
    made->size = (Py_ssize_t)size;
    return (PyObject *)made;
}

/* All texts folded, one after the other; `*made` is theirs to free, also after a failure. */
static Status fold_texts(const LargeArray *texts, int64_t *offsets, uint8_t **made, size_t *used)
{
    Folded folded = {0};
    Status status = KERNEL_OK;
    size_t capacity = 0;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        size_t size = 0;
        status = find_row(texts, i, &row);
        if (status == KERNEL_OK)
            status = fold_text(texts->items + row.begin, row.count, &folded, &size);
        if (status == KERNEL_OK && *used + size > capacity) {
            capacity = 2 * (*used + size);
            uint8_t *moved = realloc(*made, capacity);
            status = moved ? KERNEL_OK : KERNEL_NO_MEMORY;
            *made = moved ? moved : *made;
        }
        if (status == KERNEL_OK && size)
            memcpy(*made + *used, folded.bytes, size);
        *used += status == KERNEL_OK ? size : 0;
        offsets[i + 1] = (int64_t)*used;
    }
    free(folded.bytes);
    return status;
}

static PyObject *fold(PyObject *module, PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer offsets = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnw*:fold", &given.validity, &given.offsets, &given.items, &given.offset,
                          &given.length, &offsets))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (view_array(&given, &texts) && check_numbers(&offsets, texts.length + 1, 1, sizeof(int64_t))) {
        uint8_t *made = NULL;
        size_t used = 0;
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = fold_texts(&texts, offsets.buf, &made, &used);
        Py_END_ALLOW_THREADS
        result = hand_over(module, status, made, used);
    }
    release_array(&given);
    PyBuffer_Release(&offsets);
    return result;
}

static PyObject *sign(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer out = {0};
    Py_ssize_t ngram, permutations;
    int unit, folds;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnnipnKw*:sign", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &ngram, &unit, &folds, &permutations, &seed, &out))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (permutations < 1) {
        PyErr_SetString(PyExc_ValueError, "permutations must be at least 1");
    } else if (view_array(&given, &texts) && check_shingling(ngram, unit) &&
               check_numbers(&out, texts.length, (size_t)permutations, sizeof(uint32_t))) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        Documents documents = {.shingling = make_shingling((size_t)ngram, (Unit)unit), .folds = folds};
        status = sign_documents(&documents, &texts, (size_t)permutations, seed, out.buf);
        free_documents(&documents);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *sets(PyObject *module, PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer offsets = {0}, digests = {0};
    Py_ssize_t ngram;
    int unit, folds;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnnipw*w*:sets", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &ngram, &unit, &folds, &offsets, &digests))
        return NULL;
    LargeArray texts;
    PyObject *result = NULL;
    if (view_array(&given, &texts) && check_shingling(ngram, unit) &&
        check_numbers(&offsets, texts.length + 1, 1, sizeof(int64_t)) &&
        check_numbers(&digests, texts.length, 2, sizeof(uint64_t))) {
        Sets made = {0};
        Status status;
        Py_BEGIN_ALLOW_THREADS
        Documents documents = {.shingling = make_shingling((size_t)ngram, (Unit)unit), .folds = folds};
        status = make_sets(&documents, &texts, offsets.buf, digests.buf, &made);
        free_documents(&documents);
        Py_END_ALLOW_THREADS
        result = hand_over(module, status, made.items, made.used * sizeof(uint32_t));
    }
    release_array(&given);
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&digests);
    return result;
}

static PyObject *compare(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer left = {0}, right = {0}, out = {0};
    int contains;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*y*pw*:compare", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &left, &right, &contains, &out))
        return NULL;
    LargeArray made;
    PyObject *result = NULL;
    size_t pairs = (size_t)out.len / sizeof(double);
    if (view_array(&given, &made) && check_numbers(&left, pairs, 1, sizeof(int64_t)) &&
        check_numbers(&right, pairs, 1, sizeof(int64_t)) && check_numbers(&out, pairs, 1, sizeof(double))) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = compare_sets(&made, left.buf, right.buf, pairs, contains ? CONTAINMENT : JACCARD, out.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    PyBuffer_Release(&left);
    PyBuffer_Release(&right);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *sign_numbers(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    ArrayArguments given = {0};
    Py_buffer out = {0};
    Py_ssize_t permutations;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnnKw*:sign_sets", &given.validity, &given.offsets, &given.items,
                          &given.offset, &given.length, &permutations, &seed, &out))
        return NULL;
    LargeArray made;
    PyObject *result = NULL;
    if (permutations < 1) {
        PyErr_SetString(PyExc_ValueError, "permutations must be at least 1");
    } else if (view_array(&given, &made) && check_numbers(&out, made.length, (size_t)permutations, sizeof(uint32_t))) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = sign_sets(&made, (size_t)permutations, seed, out.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given);
    PyBuffer_Release(&out);
    return result;
}

/* Whether all numbers are rows of an array; or, ascending, ends of runs of so many. */
static int are_rows(const int64_t *numbers, size_t count, size_t rows)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] < 0 || (uint64_t)numbers[i] >= rows)
            return 0;
    return 1;
}

static int are_ends(const int64_t *numbers, size_t count, size_t rows)
{
    int64_t before = 0;
    for (size_t i = 0; i < count; before = numbers[i++])
        if (numbers[i] < before || (uint64_t)numbers[i] > rows)
            return 0;
    return 1;
}

typedef struct {
    ArrayArguments sets, others;
    Py_buffer keys, order, ends, holder, survivor, similarity;
} JudgeArguments;

static int view_case(const JudgeArguments *given, Case *found)
{
    if (!view_array(&given->sets, &found->sets) || !view_array(&given->others, &found->others))
        return 0;
    if (found->others.length != 0 && found->others.length != found->sets.length) {
        PyErr_SetString(PyExc_ValueError, "there must be as many second sets as first ones, or none");
        return 0;
    }
    size_t rows = found->sets.length, places = (size_t)given->order.len / sizeof(int64_t);
    found->clusters = (size_t)given->ends.len / sizeof(int64_t);
    if (found->bands < 1 || !check_numbers(&given->keys, rows, found->bands, sizeof(uint64_t)) ||
        !check_numbers(&given->order, places, 1, sizeof(int64_t)) ||
        !check_numbers(&given->ends, found->clusters, 1, sizeof(int64_t)) ||
        !check_numbers(&given->holder, rows, 1, sizeof(int64_t)) ||
        !check_numbers(&given->survivor, rows, 1, sizeof(int64_t)) ||
        !check_numbers(&given->similarity, rows, 1, sizeof(double)))
        return 0;
    found->keys = given->keys.buf;
    found->order = given->order.buf;
    found->ends = given->ends.buf;
    found->holder = given->holder.buf;
    if (are_rows(found->order, places, rows) && are_rows(found->holder, rows, rows) &&
        are_ends(found->ends, found->clusters, places))
        return 1;
    PyErr_SetString(PyExc_IndexError, "a row number lies outside the array");
    return 0;
}

/* Numbers are checked before and read after another thread may have run: callers do not share these arrays. */
static PyObject *judge(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    JudgeArguments given = {0};
    Case found = {0};
    Py_ssize_t bands;
    int contains;
    if (!PyArg_ParseTuple(arguments, "z*z*z*nnz*z*z*nny*ny*y*y*pdw*w*:judge", &given.sets.validity,
                          &given.sets.offsets, &given.sets.items, &given.sets.offset, &given.sets.length,
                          &given.others.validity, &given.others.offsets, &given.others.items, &given.others.offset,
                          &given.others.length, &given.keys, &bands, &given.order,
                          &given.ends, &given.holder, &contains, &found.threshold, &given.survivor, &given.similarity))
        return NULL;
    found.bands = bands > 0 ? (size_t)bands : 0;
    found.measure = contains ? CONTAINMENT : JACCARD;
    PyObject *result = NULL;
    if (found.bands == 0) {
        PyErr_SetString(PyExc_ValueError, "bands must be at least 1");
    } else if (view_case(&given, &found)) {
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = judge_clusters(&found, given.survivor.buf, given.similarity.buf);
        Py_END_ALLOW_THREADS
        result = to_python(status);
    }
    release_array(&given.sets);
    release_array(&given.others);
    PyBuffer_Release(&given.keys);
    PyBuffer_Release(&given.order);
    PyBuffer_Release(&given.ends);
    PyBuffer_Release(&given.holder);
    PyBuffer_Release(&given.survivor);
    PyBuffer_Release(&given.similarity);
    return result;
}

static PyMethodDef methods[] = {
    {"fold", fold, METH_VARARGS, "Folded texts, one after the other; fills the offsets."},
    {"sign", sign, METH_VARARGS, "MinHash signature of each document."},
    {"sets", sets, METH_VARARGS, "Sorted 32-bit shingles of each document; fills offsets and digests."},
    {"sign_sets", sign_numbers, METH_VARARGS, "The same from the set of each document."},
    {"compare", compare, METH_VARARGS, "Similarity of pairs of sets."},
    {"judge", judge, METH_VARARGS, "For each document of each cluster the survivor it is removed for, or -1."},
    {NULL, NULL, 0, NULL},
};

static int fill_module(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->made = (PyTypeObject *)PyType_FromModuleAndSpec(module, &made_spec, NULL);
    return state->made ? 0 : -1;
}

static int visit_module(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    if (state)
        Py_VISIT(state->made);
    return 0;
}

static int clear_module(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (state)
        Py_CLEAR(state->made);
    return 0;
}

static void free_module(void *module)
{
    clear_module(module);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "corpus_kit.kernels._near",
    .m_doc = "The compiled search for near-duplicates; use it through corpus_kit.kernels.near.",
    .m_size = sizeof(State),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = visit_module,
    .m_clear = clear_module,
    .m_free = free_module,
};

PyMODINIT_FUNC PyInit__near(void)
{
    return PyModuleDef_Init(&definition);
}
