/* corpus_kit.kernels._sorting: pairs of 64-bit numbers, sorted by the first, stable.
 *
 * Keys are hashes, spread evenly over a range: a most-significant-digit radix sort puts them into buckets of a few in
 * two passes over memory, three to four times as fast as sorting indices by comparison and gathering what they stand
 * for. What is not spread evenly costs more passes, one for each digit in which keys differ, and is as right.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "portable.h"

#define FEW 32       /* pairs that are sorted by insertion */
#define WIDEST 11    /* bits of a digit: 2,048 open buckets still find their pages in the second TLB */
#define WIDEST_FAR 8 /* the same where a bucket is larger than the caches */
#define FAR ((size_t)1 << 18)

typedef struct {
    uint64_t key, value;
} Pair;

static void insert_all(Pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        Pair one = pairs[i];
        size_t at = i;
        for (; at > 0 && pairs[at - 1].key > one.key; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = one;
    }
}

/* How many bits there are up to the highest that is set. */
static int width(uint64_t bits)
{
    int found = 0;
    for (; bits; bits >>= 1)
        found++;
    return found;
}

/* Bits of the next digit, for so many keys that differ in the lowest `differ` bits. */
static int digit_of(size_t count, int differ)
{
    int digit = 1, widest = count > FAR ? WIDEST_FAR : WIDEST;
    while (digit < widest && digit < differ && (count >> digit) > FEW / 2)
        digit++;
    return digit;
}

/* Sorts pairs with scratch of the same size; the result is in `pairs`. Each call settles at least one bit. */
static void sort(Pair *pairs, Pair *scratch, size_t count)
{
    if (count <= FEW) {
        insert_all(pairs, count);
        return;
    }
    uint64_t differing = 0;
    for (size_t i = 1; i < count; i++)
        differing |= pairs[i].key ^ pairs[0].key;
    int differ = width(differing);
    if (differ == 0)
        return;
    int digit = digit_of(count, differ), shift = differ - digit;
    uint64_t mask = ((uint64_t)1 << digit) - 1;
    size_t ends[(1 << WIDEST) + 1] = {0};
    for (size_t i = 0; i < count; i++)
        ends[(pairs[i].key >> shift & mask) + 1]++;
    for (size_t i = 0; i <= mask; i++)
        ends[i + 1] += ends[i];
    for (size_t i = 0; i < count; i++)
        scratch[ends[pairs[i].key >> shift & mask]++] = pairs[i];
    memcpy(pairs, scratch, count * sizeof(Pair));
    for (size_t i = 0, begin = 0; i <= mask; begin = ends[i++])
        if (ends[i] - begin > 1)
            sort(pairs + begin, scratch, ends[i] - begin);
}

/* The same for a column of keys and one of values, into two others. One bucket of the first digit is sorted after the
 * other, so scratch is as large as the largest of them: fresh memory takes more time than sorting. */
static Status sort_columns(const uint64_t *keys, const uint64_t *values, size_t count, uint64_t *sorted_keys,
                           uint64_t *sorted_values)
{
    uint64_t differing = 0;
    for (size_t i = 1; i < count; i++)
        differing |= keys[i] ^ keys[0];
    int differ = width(differing), digit = digit_of(count, differ), shift = differ > digit ? differ - digit : 0;
    uint64_t mask = ((uint64_t)1 << digit) - 1;
    size_t ends[(1 << WIDEST) + 1] = {0}, most = 0;
    for (size_t i = 0; i < count; i++)
        ends[(keys[i] >> shift & mask) + 1]++;
    for (size_t i = 0; i <= mask; i++) {
        most = ends[i + 1] > most ? ends[i + 1] : most;
        ends[i + 1] += ends[i];
    }
    Pair *pairs = malloc((count + most) * sizeof(Pair)), *scratch = pairs + count;
    if (!pairs)
        return KERNEL_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        pairs[ends[keys[i] >> shift & mask]++] = (Pair){keys[i], values[i]};
    for (size_t i = 0, begin = 0; i <= mask; begin = ends[i++]) {
        sort(pairs + begin, scratch, ends[i] - begin);
        for (size_t at = begin; at < ends[i]; at++) {
            sorted_keys[at] = pairs[at].key;
            sorted_values[at] = pairs[at].value;
        }
    }
    free(pairs);
    return KERNEL_OK;
}

/* Whether a buffer holds so many bytes of 64-bit numbers, where C may address them. */
static int holds(const Py_buffer *buffer, Py_ssize_t size)
{
    return buffer->len == size && (uintptr_t)buffer->buf % 8 == 0;
}

static PyObject *sort_pairs(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer keys = {0}, values = {0}, sorted_keys = {0}, sorted_values = {0};
    if (!PyArg_ParseTuple(arguments, "y*y*w*w*:sort_pairs", &keys, &values, &sorted_keys, &sorted_values))
        return NULL;
    PyObject *result = NULL;
    if (keys.len % 8 || !holds(&keys, keys.len) || !holds(&values, keys.len) || !holds(&sorted_keys, keys.len) ||
        !holds(&sorted_values, keys.len)) {
        PyErr_SetString(PyExc_ValueError, "there must be as many values as keys, all 64-bit numbers");
    } else {
        Status status = KERNEL_OK;
        Py_BEGIN_ALLOW_THREADS
        if (keys.len)
            status = sort_columns(keys.buf, values.buf, (size_t)keys.len / 8, sorted_keys.buf, sorted_values.buf);
        Py_END_ALLOW_THREADS
        result = status == KERNEL_OK ? Py_NewRef(Py_None) : PyErr_NoMemory();
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&values);
    PyBuffer_Release(&sorted_keys);
    PyBuffer_Release(&sorted_values);
    return result;
}

static PyMethodDef methods[] = {
    {"sort_pairs", sort_pairs, METH_VARARGS, "Keys in order, and values along with them."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_sorting", "The compiled sort of corpus_kit.kernels.sorting.", 0, methods, slots, NULL,
    NULL, NULL};

PyMODINIT_FUNC PyInit__sorting(void)
{
    return PyModuleDef_Init(&module);
}
