/* corpus_kit.kernels._graph: sets of row numbers as bits, and union-find over the members of one.
 *
 * Specified, with the layout of all arguments, in corpus_kit/kernels/graph.py. Each function checks its buffers and
 * releases the GIL; there is no state between calls. A row outside of what the bases say is an IndexError, never a
 * write beside an array.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "portable.h"

#define BLOCK 8 /* words between two ranks: 12.5% more memory than the bits alone */

typedef struct {
    const uint64_t *bases;
    size_t loads;
} Layout;

typedef struct {
    const uint64_t *words;
    const uint64_t *ranks;
} Ranked;

static unsigned ones(uint64_t word)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_popcountll(word);
#else
    word -= (word >> 1) & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + ((word >> 2) & 0x3333333333333333u);
    return (unsigned)((((word + (word >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u) >> 56);
#endif
}

/* The bit of a row; the number of bits if the row is none. */
static uint64_t bit_of(Layout layout, uint64_t row)
{
    uint64_t load = row >> 32, number = row & 0xFFFFFFFFu;
    if (load >= layout.loads || number >= layout.bases[load + 1] - layout.bases[load])
        return layout.bases[layout.loads];
    return layout.bases[load] + number;
}

static int has(const uint64_t *words, uint64_t bit)
{
    return (int)(words[bit >> 6] >> (bit & 63) & 1);
}

/* How many bits before this one are set. */
static uint64_t rank_of(Ranked set, uint64_t bit)
{
    uint64_t word = bit >> 6, rank = set.ranks[word / BLOCK];
    for (uint64_t i = word / BLOCK * BLOCK; i < word; i++)
        rank += ones(set.words[i]);
    return rank + ones(set.words[word] & (((uint64_t)1 << (bit & 63)) - 1));
}

/* The bit that has so many set before it. */
static uint64_t select_bit(Ranked set, size_t blocks, uint64_t rank)
{
    size_t low = 0, high = blocks;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (set.ranks[middle] <= rank)
            low = middle;
        else
            high = middle;
    }
    uint64_t left = rank - set.ranks[low], word = (uint64_t)low * BLOCK;
    while (left >= ones(set.words[word]))
        left -= ones(set.words[word++]);
    uint64_t bits = set.words[word];
    while (left--)
        bits &= bits - 1;
    uint64_t lowest = bits & (~bits + 1);
    return word * 64 + ones(lowest - 1);
}

static uint64_t row_of(Layout layout, uint64_t bit)
{
    size_t low = 0, high = layout.loads;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (layout.bases[middle] <= bit)
            low = middle;
        else
            high = middle;
    }
    return (uint64_t)low << 32 | (bit - layout.bases[low]);
}

/* Path halving; a parent is never above its child, so the root of a tree is its least node. */
#define UNION(name, Node)                                                                                              \
    static Node name##_root(Node *parents, Node node)                                                                  \
    {                                                                                                                  \
        while (parents[node] != node) {                                                                                \
            parents[node] = parents[parents[node]];                                                                    \
            node = parents[node];                                                                                      \
        }                                                                                                              \
        return node;                                                                                                   \
    }                                                                                                                  \
    static void name##_join(Node *parents, uint64_t left, uint64_t right)                                              \
    {                                                                                                                  \
        Node a = name##_root(parents, (Node)left), b = name##_root(parents, (Node)right);                              \
        if (a < b)                                                                                                     \
            parents[b] = a;                                                                                            \
        else                                                                                                           \
            parents[a] = b;                                                                                            \
    }                                                                                                                  \
    static void name##_flatten(Node *parents, size_t count)                                                            \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++)                                                                             \
            parents[i] = parents[parents[i]];                                                                          \
    }

UNION(narrow, uint32_t)
UNION(wide, uint64_t)

static int refuse(const char *message)
{
    PyErr_SetString(PyExc_ValueError, message);
    return 0;
}

static int holds(const Py_buffer *buffer, size_t count)
{
    return (size_t)buffer->len == count * 8 && (uintptr_t)buffer->buf % 8 == 0;
}

/* The layout, checked: bases begin at 0 and never fall, and the words have room for every bit. */
static int view_layout(const Py_buffer *bases, const Py_buffer *words, Layout *layout)
{
    size_t count = (size_t)bases->len / 8;
    if (count == 0 || !holds(bases, count))
        return refuse("the bases must be one number more than there are loads");
    *layout = (Layout){bases->buf, count - 1};
    for (size_t i = 0; i < layout->loads; i++)
        if (layout->bases[i] > layout->bases[i + 1] || layout->bases[i + 1] - layout->bases[i] > 0x100000000u)
            return refuse("the bases must rise");
    if (layout->bases[0] != 0 || !holds(words, (size_t)((layout->bases[layout->loads] + 63) / 64)))
        return refuse("there must be a bit for each row");
    return 1;
}

static int view_ranks(const Py_buffer *words, const Py_buffer *ranks, Ranked *set)
{
    if (!holds(ranks, (size_t)words->len / 8 / BLOCK + 1))
        return refuse("there must be a rank for every eight words");
    *set = (Ranked){words->buf, ranks->buf};
    return 1;
}

static PyObject *answer(int is_known)
{
    if (is_known)
        Py_RETURN_NONE;
    PyErr_SetString(PyExc_IndexError, "a row lies outside of its load, or is not in the set");
    return NULL;
}

static PyObject *mark(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer rows = {0}, bases = {0}, words = {0};
    if (!PyArg_ParseTuple(arguments, "y*y*w*:mark", &rows, &bases, &words))
        return NULL;
    Layout layout;
    PyObject *result = NULL;
    size_t count = (size_t)rows.len / 8;
    if (view_layout(&bases, &words, &layout) && (holds(&rows, count) || refuse("rows must be 64-bit numbers"))) {
        const uint64_t *row = rows.buf;
        uint64_t *word = words.buf, end = layout.bases[layout.loads];
        int is_known = 1;
        Py_BEGIN_ALLOW_THREADS
        for (size_t i = 0; i < count && is_known; i++) {
            uint64_t bit = bit_of(layout, row[i]);
            is_known = bit < end;
            if (is_known)
                word[bit >> 6] |= (uint64_t)1 << (bit & 63);
        }
        Py_END_ALLOW_THREADS
        result = answer(is_known);
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&bases);
    PyBuffer_Release(&words);
    return result;
}

static PyObject *contains(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer rows = {0}, bases = {0}, words = {0}, out = {0};
    if (!PyArg_ParseTuple(arguments, "y*y*y*w*:contains", &rows, &bases, &words, &out))
        return NULL;
    Layout layout;
    PyObject *result = NULL;
    size_t count = (size_t)rows.len / 8;
    if (view_layout(&bases, &words, &layout) &&
        ((holds(&rows, count) && (size_t)out.len == count) || refuse("rows and result must fit each other"))) {
        const uint64_t *row = rows.buf, *word = words.buf;
        uint64_t end = layout.bases[layout.loads];
        uint8_t *found = out.buf;
        Py_BEGIN_ALLOW_THREADS
        for (size_t i = 0; i < count; i++) {
            uint64_t bit = bit_of(layout, row[i]);
            found[i] = bit < end && has(word, bit);
        }
        Py_END_ALLOW_THREADS
        result = answer(1);
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&bases);
    PyBuffer_Release(&words);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *rows_of(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer nodes = {0}, bases = {0}, words = {0}, ranks = {0}, out = {0};
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*w*:rows_of", &nodes, &bases, &words, &ranks, &out))
        return NULL;
    Layout layout;
    Ranked set;
    PyObject *result = NULL;
    size_t count = (size_t)nodes.len / 8;
    if (view_layout(&bases, &words, &layout) && view_ranks(&words, &ranks, &set) &&
        ((holds(&nodes, count) && holds(&out, count)) || refuse("nodes and result must fit each other"))) {
        const uint64_t *node = nodes.buf;
        uint64_t *row = out.buf, members = set.ranks[ranks.len / 8 - 1];
        size_t blocks = (size_t)ranks.len / 8;
        for (size_t i = (blocks - 1) * BLOCK; i < (size_t)words.len / 8; i++)
            members += ones(set.words[i]);
        int is_known = 1;
        Py_BEGIN_ALLOW_THREADS
        for (size_t i = 0; i < count && is_known; i++) {
            is_known = node[i] < members;
            if (is_known)
                row[i] = row_of(layout, select_bit(set, blocks, node[i]));
        }
        Py_END_ALLOW_THREADS
        result = answer(is_known);
    }
    PyBuffer_Release(&nodes);
    PyBuffer_Release(&bases);
    PyBuffer_Release(&words);
    PyBuffer_Release(&ranks);
    PyBuffer_Release(&out);
    return result;
}

static int unite(Layout layout, Ranked set, const uint64_t *pairs[2], size_t count, void *parents, size_t nodes,
                 int is_wide)
{
    uint64_t end = layout.bases[layout.loads];
    for (size_t i = 0; i < count; i++) {
        uint64_t node[2];
        for (int side = 0; side < 2; side++) {
            uint64_t bit = bit_of(layout, pairs[side][i]);
            if (bit >= end || !has(set.words, bit))
                return 0;
            node[side] = rank_of(set, bit);
            if (node[side] >= nodes)
                return 0;
        }
        if (is_wide)
            wide_join(parents, node[0], node[1]);
        else
            narrow_join(parents, node[0], node[1]);
    }
    return 1;
}

static PyObject *join(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer left = {0}, right = {0}, bases = {0}, words = {0}, ranks = {0}, parents = {0};
    int is_wide;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*y*w*p:join", &left, &right, &bases, &words, &ranks, &parents, &is_wide))
        return NULL;
    Layout layout;
    Ranked set;
    PyObject *result = NULL;
    size_t count = (size_t)left.len / 8, size = is_wide ? 8 : 4;
    if (view_layout(&bases, &words, &layout) && view_ranks(&words, &ranks, &set) &&
        ((holds(&left, count) && holds(&right, count) && (uintptr_t)parents.buf % size == 0) ||
         refuse("an edge has two ends"))) {
        const uint64_t *pairs[2] = {left.buf, right.buf};
        int is_known;
        Py_BEGIN_ALLOW_THREADS
        is_known = unite(layout, set, pairs, count, parents.buf, (size_t)parents.len / size, is_wide);
        Py_END_ALLOW_THREADS
        result = answer(is_known);
    }
    PyBuffer_Release(&left);
    PyBuffer_Release(&right);
    PyBuffer_Release(&bases);
    PyBuffer_Release(&words);
    PyBuffer_Release(&ranks);
    PyBuffer_Release(&parents);
    return result;
}

static PyObject *flatten(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer parents = {0};
    int is_wide;
    if (!PyArg_ParseTuple(arguments, "w*p:flatten", &parents, &is_wide))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    if (is_wide)
        wide_flatten(parents.buf, (size_t)parents.len / 8);
    else
        narrow_flatten(parents.buf, (size_t)parents.len / 4);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&parents);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"mark", mark, METH_VARARGS, "Sets the bits of rows."},
    {"contains", contains, METH_VARARGS, "Whether the bit of each row is set."},
    {"rows_of", rows_of, METH_VARARGS, "The row of each node: of the n-th set bit."},
    {"join", join, METH_VARARGS, "Joins the trees of the ends of each edge."},
    {"flatten", flatten, METH_VARARGS, "Makes every parent a root."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_graph", "The compiled sets and graphs of corpus_kit.kernels.graph.", 0, methods, slots,
    NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__graph(void)
{
    return PyModuleDef_Init(&module);
}
