/* corpus_kit.kernels._identifiers: ids of documents, made from where they stand.
 *
 * An id is the name of the source, a hyphen, and a hash in hexadecimal digits: of the path of the file, a zero byte and
 * the locator of the record (corpus_kit.sources.document_id is the specification). All messages of a call begin with
 * the same path, so whole blocks of it are read once.
 *
 *   blake2b.h    the hash      arrow.h      rows of Arrow arrays
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "arrow.h"
#include "blake2b.h"

#define DIGITS 16 /* of a hash */

/* What all messages of a call begin with. */
typedef struct {
    BlakeState state;   /* after the blocks that are whole and followed by another byte */
    size_t read;        /* bytes of these */
    const uint8_t *rest; /* the others: fewer than a block, or just one */
    size_t rest_size;
} Beginning;

/* Where the rest of one message lies, after the blocks they have in common, and how many blocks it takes. */
typedef struct {
    const uint8_t *locator;
    size_t size, blocks;
} Message;

ALWAYS_INLINE void find_beginning(const uint8_t *bytes, size_t size, Beginning *beginning)
{
    begin_blake2b(&beginning->state);
    size_t at = 0;
    for (; size - at > BLAKE2B_BYTES; at += BLAKE2B_BYTES) {
        BlakeBlock block = {0};
        for (size_t i = 0; i < 16; i++)
            block.words[i] += load_little_endian(bytes + at + 8 * i);
        block.read += (uint64_t)(at + BLAKE2B_BYTES);
        read_blake2b(&beginning->state, &block);
    }
    beginning->read = at;
    beginning->rest = bytes + at;
    beginning->rest_size = size - at;
}

/* Copies the bytes of a part that begins at `begin` of the message and lie in the block at `at`. */
ALWAYS_INLINE void copy_part(uint8_t *block, size_t at, const uint8_t *part, size_t begin, size_t size)
{
    size_t low = begin > at ? begin : at, high = begin + size, end = at + BLAKE2B_BYTES;
    if (high > end)
        high = end;
    if (low < high)
        memcpy(block + (low - at), part + (low - begin), high - low);
}

/* One block of one message, in its lane. */
ALWAYS_INLINE void fill_lane(BlakeBlock *block, int lane, const Beginning *beginning, const Message *message,
                             size_t number)
{
    uint8_t bytes[BLAKE2B_BYTES] = {0};
    size_t at = number * BLAKE2B_BYTES, size = beginning->rest_size + message->size;
    copy_part(bytes, at, beginning->rest, 0, beginning->rest_size);
    copy_part(bytes, at, message->locator, beginning->rest_size, message->size);
    for (size_t i = 0; i < 16; i++)
        block->words[i][lane] = load_little_endian(bytes + 8 * i);
    int is_last = number + 1 == message->blocks;
    block->read[lane] = beginning->read + (is_last ? size : at + BLAKE2B_BYTES);
    block->last[lane] = is_last ? UINT64_MAX : 0;
}

/* The hashes of up to BLAKE2B_LANES messages. */
ALWAYS_INLINE void hash_messages(const Beginning *beginning, const Message *messages, int count, uint64_t *hashes)
{
    BlakeState state = beginning->state;
    size_t blocks = 0;
    for (int lane = 0; lane < count; lane++)
        blocks = messages[lane].blocks > blocks ? messages[lane].blocks : blocks;
    BlakeBlock block = {0};
    for (size_t number = 0; number < blocks; number++) {
        for (int lane = 0; lane < count; lane++)
            if (number < messages[lane].blocks)
                fill_lane(&block, lane, beginning, messages + lane, number);
        read_blake2b(&state, &block);
        for (int lane = 0; lane < count; lane++)
            if (number + 1 == messages[lane].blocks)
                hashes[lane] = state.words[0][lane];
    }
}

/* The bytes of a hash, lowest first, two digits each. */
ALWAYS_INLINE void write_digits(uint64_t hash, uint8_t *out)
{
    for (int i = 0; i < DIGITS / 2; i++, hash >>= 8) {
        out[2 * i] = (uint8_t)"0123456789abcdef"[hash >> 4 & 15];
        out[2 * i + 1] = (uint8_t)"0123456789abcdef"[hash & 15];
    }
}

/* One id after the other: what all begin with, then digits. */
FOR_EACH_CPU
static Status write_ids(const LargeArray *locators, const Py_buffer *prefix, const Py_buffer *path, uint8_t *out)
{
    Beginning beginning;
    find_beginning(path->buf, (size_t)path->len, &beginning);
    for (size_t i = 0; i < locators->length; i += BLAKE2B_LANES) {
        size_t left = locators->length - i;
        int count = left < BLAKE2B_LANES ? (int)left : BLAKE2B_LANES;
        Message messages[BLAKE2B_LANES];
        uint64_t hashes[BLAKE2B_LANES];
        for (int lane = 0; lane < count; lane++) {
            Row row;
            Status status = find_row(locators, i + (size_t)lane, &row);
            if (status != KERNEL_OK)
                return status;
            size_t size = beginning.rest_size + row.count;
            messages[lane] = (Message){locators->items + row.begin, row.count, (size - 1) / BLAKE2B_BYTES + 1};
        }
        hash_messages(&beginning, messages, count, hashes);
        for (int lane = 0; lane < count; lane++, out += DIGITS) {
            memcpy(out, prefix->buf, (size_t)prefix->len);
            out += prefix->len;
            write_digits(hashes[lane], out);
        }
    }
    return KERNEL_OK;
}

static int refuse(const char *message)
{
    PyErr_SetString(PyExc_ValueError, message);
    return 0;
}

/* Whether the buffers have the sizes they must have. */
static int check(const Py_buffer *path, const Py_buffer *offsets, Py_ssize_t offset, Py_ssize_t length,
                 const Py_buffer *prefix, const Py_buffer *out)
{
    if (path->len < 1)
        return refuse("a path ends in a zero byte");
    if (offset < 0 || length < 0 || offset > PY_SSIZE_T_MAX / 16 - length)
        return refuse("offset and length must be small non-negative numbers");
    if (length > 0 && (size_t)offsets->len < ((size_t)offset + (size_t)length + 1) * sizeof(int64_t))
        return refuse("the offsets buffer is too short");
    size_t size = (size_t)prefix->len + DIGITS;
    if ((size_t)out->len % size || (size_t)out->len / size != (size_t)length)
        return refuse("there must be room for as many ids as locators");
    return 1;
}

static PyObject *document_ids(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    static const uint8_t nothing[1] = {0}; /* so that no null pointer is ever read */
    Py_buffer prefix = {0}, path = {0}, offsets = {0}, items = {0}, out = {0};
    Py_ssize_t offset, length;
    if (!PyArg_ParseTuple(arguments, "y*y*z*z*nnw*:document_ids", &prefix, &path, &offsets, &items, &offset, &length,
                          &out))
        return NULL;
    PyObject *result = NULL;
    if (check(&path, &offsets, offset, length, &prefix, &out)) {
        LargeArray locators = {
            .offsets = offsets.buf,
            .items = items.buf ? items.buf : nothing,
            .item_count = (size_t)items.len,
            .offset = (size_t)offset,
            .length = (size_t)length,
        };
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = write_ids(&locators, &prefix, &path, out.buf);
        Py_END_ALLOW_THREADS
        if (status == KERNEL_OK)
            result = Py_NewRef(Py_None);
        else
            refuse("the array's offsets do not fit its values");
    }
    PyBuffer_Release(&prefix);
    PyBuffer_Release(&path);
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&items);
    PyBuffer_Release(&out);
    return result;
}

static PyMethodDef methods[] = {
    {"document_ids", document_ids, METH_VARARGS, "Writes the ids of documents at these locators."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_identifiers", "The compiled ids of corpus_kit.kernels.identifiers.", 0, methods, slots,
    NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__identifiers(void)
{
    return PyModuleDef_Init(&module);
}
