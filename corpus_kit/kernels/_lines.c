/* corpus_kit.kernels._lines: the door to Python of the line rules.
 *
 * `clean` takes raw buffers, checks their sizes and every number in them, releases the GIL, and runs the rules over the
 * texts. What rules compute is specified in corpus_kit.lines; lines.py gives this its Python face. There is no state
 * between calls.
 *
 *   lines_text.h    code points, whitespace, words     lines_checks.h   measures and flaws
 *   lines_cases.h   capitals (generated)               lines_edits.h    edits
 *   lines_match.h   finding phrases                    lines_seen.h     lines of a text seen before
 *   lines_rules.h   a line under all rules             lines_clean.h    a text from end to end
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "lines_clean.h"

/* Columns of the table of rules. */
enum {
    OPERATION,
    IS_ON,
    LOW_IS_OPEN,
    HIGH_IS_OPEN,
    WHERE,
    LEAVES_BLANK_LINE,
    FIRST_STRING,
    STRING_COUNT,
    FIRST_OTHER,
    OTHER_COUNT,
    FIRST_RANGE,
    RANGE_COUNT,
    COLUMN_COUNT
};

typedef struct {
    Py_buffer validity, offsets, items;       /* the texts */
    Py_buffer table, bounds, ends, strings;   /* the rules: numbers, bounds, and their strings */
    Py_buffer ranges, which;
    Py_buffer out, out_offsets, places;
    Py_ssize_t offset, length, rule_count;    /* rule_count: of one program; there may be several */
    int by_paragraph;
} Arguments;

/* The rules of all programs, and what they point to. */
typedef struct {
    Rule *rules;
    size_t rule_count, program_count;
    Span *spans;
    Range *ranges;
} Programs;

static void release(Arguments *given)
{
    Py_buffer *buffers[] = {&given->validity, &given->offsets, &given->items,  &given->table,
                            &given->bounds,   &given->ends,    &given->strings, &given->ranges,
                            &given->which,    &given->out,     &given->out_offsets, &given->places};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        PyBuffer_Release(buffers[i]);
}

static void free_programs(Programs *programs)
{
    for (size_t i = 0; programs->rules && i < programs->rule_count * programs->program_count; i++) {
        free_matcher(programs->rules[i].matcher);
        if (programs->rules[i].seen)
            free_seen(programs->rules[i].seen);
        free(programs->rules[i].seen);
    }
    free(programs->rules);
    free(programs->spans);
    free(programs->ranges);
}

static int refuse(const char *message)
{
    PyErr_SetString(PyExc_ValueError, message);
    return 0;
}

/* Whether a buffer holds exactly `count` numbers of 8 bytes, where C may address them. */
static int holds(const Py_buffer *buffer, size_t count)
{
    return (size_t)buffer->len / 8 == count && buffer->len % 8 == 0 && (uintptr_t)buffer->buf % 8 == 0;
}

static int view_texts(const Arguments *given, LargeArray *texts)
{
    static const uint8_t nothing[1] = {0}; /* so that kernels never see a null pointer */
    if (given->offset < 0 || given->length < 0 || given->offset > PY_SSIZE_T_MAX / 16 - given->length)
        return refuse("offset and length must be small non-negative numbers");
    size_t rows = (size_t)given->offset + (size_t)given->length;
    if (given->length > 0 && (size_t)given->offsets.len < (rows + 1) * sizeof(int64_t))
        return refuse("the offsets buffer is too short");
    if (given->validity.buf && (size_t)given->validity.len < (rows + 7) / 8)
        return refuse("the validity buffer is too short");
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

/* Sizes of everything but the texts. */
static int check_sizes(const Arguments *given)
{
    size_t rules = (size_t)given->table.len / 8 / COLUMN_COUNT, length = (size_t)given->length;
    if (given->rule_count < 1 || rules == 0 || rules % (size_t)given->rule_count)
        return refuse("there must be at least one program, and all of the same number of rules");
    if (!holds(&given->table, rules * COLUMN_COUNT) || !holds(&given->bounds, rules * 2) ||
        !holds(&given->ends, (size_t)given->ends.len / 8) || !holds(&given->ranges, (size_t)given->ranges.len / 16 * 2))
        return refuse("a table of rules has the wrong size or alignment");
    if (!holds(&given->which, length) || !holds(&given->out_offsets, length + 1) ||
        (length ? !holds(&given->places, (size_t)given->places.len / 8) ||
                      (size_t)given->places.len / 8 / length != (size_t)given->rule_count ||
                      (size_t)given->places.len / 8 % length
                : given->places.len != 0))
        return refuse("a buffer has the wrong size or alignment");
    return 1;
}

/* Whether items first to first + count - 1 are among the `available`. */
static int is_part(int64_t first, int64_t count, size_t available)
{
    return first >= 0 && count >= 0 && (uint64_t)first <= available && (uint64_t)count <= available - (uint64_t)first;
}

/* The strings, none of them empty. */
static int read_spans(const Arguments *given, Programs *programs)
{
    const int64_t *ends = given->ends.buf;
    const uint8_t *bytes = given->strings.buf;
    size_t count = (size_t)given->ends.len / 8;
    int64_t begin = 0;
    programs->spans = calloc(count + 1, sizeof(Span));
    programs->ranges = calloc((size_t)given->ranges.len / 16 + 1, sizeof(Range));
    if (!programs->spans || !programs->ranges) {
        PyErr_NoMemory();
        return 0;
    }
    for (size_t i = 0; i < count; begin = ends[i++]) {
        if (ends[i] <= begin || ends[i] > given->strings.len)
            return refuse("a string is empty or lies outside its buffer");
        programs->spans[i] = (Span){bytes + begin, (size_t)(ends[i] - begin)};
    }
    const int64_t *ranges = given->ranges.buf;
    for (size_t i = 0; i < (size_t)given->ranges.len / 16; i++) {
        if (ranges[2 * i] < 0 || ranges[2 * i + 1] > 0x10FFFF)
            return refuse("a range is none of code points");
        programs->ranges[i] = (Range){(uint32_t)ranges[2 * i], (uint32_t)ranges[2 * i + 1]};
    }
    return 1;
}

static int read_rule(const Arguments *given, Programs *programs, size_t number)
{
    const int64_t *row = (const int64_t *)given->table.buf + number * COLUMN_COUNT;
    const double *bounds = (const double *)given->bounds.buf + number * 2;
    size_t strings = (size_t)given->ends.len / 8;
    if (row[OPERATION] < 0 || row[OPERATION] >= OPERATION_COUNT || row[WHERE] < 0 || row[WHERE] > ANYWHERE ||
        !is_part(row[FIRST_STRING], row[STRING_COUNT], strings) ||
        !is_part(row[FIRST_OTHER], row[OTHER_COUNT], strings) ||
        !is_part(row[FIRST_RANGE], row[RANGE_COUNT], (size_t)given->ranges.len / 16))
        return refuse("a rule has a number that means nothing");
    Rule *rule = &programs->rules[number];
    *rule = (Rule){
        .operation = (Operation)row[OPERATION],
        .is_on = row[IS_ON] != 0,
        .low_is_open = row[LOW_IS_OPEN] != 0,
        .high_is_open = row[HIGH_IS_OPEN] != 0,
        .leaves_blank_line = row[LEAVES_BLANK_LINE] != 0,
        .where = (Where)row[WHERE],
        .low = bounds[0],
        .high = bounds[1],
        .strings = {programs->spans + row[FIRST_STRING], (size_t)row[STRING_COUNT]},
        .others = {programs->spans + row[FIRST_OTHER], (size_t)row[OTHER_COUNT]},
        .ranges = programs->ranges + row[FIRST_RANGE],
        .range_count = (size_t)row[RANGE_COUNT],
    };
    if (rule->operation == CONTAINS || rule->operation == CUT_PHRASES)
        rule->matcher = make_matcher(rule->strings.items, rule->strings.count, rule->where == AT_END);
    if (rule->operation == REPEATED)
        rule->seen = calloc(1, sizeof *rule->seen);
    int is_whole = (rule->matcher || (rule->operation != CONTAINS && rule->operation != CUT_PHRASES)) &&
                   (rule->seen || rule->operation != REPEATED);
    if (!is_whole)
        PyErr_NoMemory();
    return is_whole;
}

static int read_programs(const Arguments *given, Programs *programs)
{
    size_t all = (size_t)given->table.len / 8 / COLUMN_COUNT;
    programs->rule_count = (size_t)given->rule_count;
    programs->program_count = all / programs->rule_count;
    if (!read_spans(given, programs))
        return 0;
    programs->rules = calloc(all, sizeof *programs->rules);
    if (!programs->rules) {
        PyErr_NoMemory();
        return 0;
    }
    for (size_t i = 0; i < all; i++)
        if (!read_rule(given, programs, i))
            return 0;
    return 1;
}

/* Copies the first `rows` texts, as they are, to the begin of the output. */
static Status copy_rows(const LargeArray *texts, size_t rows, Output output)
{
    output.used = 0;
    for (size_t i = 0; i < rows; i++) {
        Row row;
        Status status = find_row(texts, i, &row);
        if (status != KERNEL_OK)
            return status;
        if (!put(&output, texts->items + row.begin, row.count))
            return KERNEL_BAD_OFFSETS;
    }
    return KERNEL_OK;
}

/* Cleans every text. Nothing is put out before the first that changes; then there is room for those before it. */
static Status clean_texts(const LargeArray *texts, const Programs *programs, Cleaner *cleaner, const Arguments *given,
                          int *any_changed)
{
    Output output = {given->out.buf, 0, (size_t)given->out.len};
    int64_t *out_offsets = given->out_offsets.buf, *places = given->places.buf;
    *any_changed = 0;
    out_offsets[0] = 0;
    for (size_t i = 0; i < texts->length; i++) {
        Row row;
        Status status = find_row(texts, i, &row);
        int64_t program = read_int64(given->which.buf, i);
        if (status == KERNEL_OK && (program < 0 || (uint64_t)program >= programs->program_count))
            status = KERNEL_BAD_INDEX;
        if (status != KERNEL_OK)
            return status;
        if (row.count > output.capacity - output.used)
            return KERNEL_BAD_OFFSETS;
        int changed = 0;
        Span text = {texts->items + row.begin, row.count};
        status = clean_text(cleaner, programs->rules + (size_t)program * programs->rule_count, programs->rule_count,
                            text, &output, places + i, texts->length, &changed);
        if (status == KERNEL_OK && changed && !*any_changed)
            status = copy_rows(texts, i, output);
        *any_changed |= changed;
        if (!changed && *any_changed && !put(&output, text.bytes, text.length))
            status = KERNEL_BAD_OFFSETS;
        if (status != KERNEL_OK)
            return status;
        if (!changed && !*any_changed)
            output.used += row.count;
        out_offsets[i + 1] = (int64_t)output.used;
    }
    return KERNEL_OK;
}

static Status run(const LargeArray *texts, const Programs *programs, const Arguments *given, int *any_changed)
{
    Cleaner cleaner = {.by_paragraph = given->by_paragraph, .idle = malloc(programs->rule_count)};
    Status status = KERNEL_NO_MEMORY;
    if (cleaner.idle)
        status = clean_texts(texts, programs, &cleaner, given, any_changed);
    free(cleaner.letters.code_points.items);
    free(cleaner.letters.brackets.items);
    free(cleaner.line.items);
    free(cleaner.lowered_line.items);
    free(cleaner.idle);
    return status;
}

/* Whether any text is another now, or the exception that tells how the kernel failed. */
static PyObject *to_python(Status status, int any_changed)
{
    switch (status) {
    case KERNEL_OK:
        return PyBool_FromLong(any_changed);
    case KERNEL_NO_MEMORY:
        return PyErr_NoMemory();
    case KERNEL_BAD_INDEX:
        PyErr_SetString(PyExc_IndexError, "`which` names a program that there is not");
        return NULL;
    default:
        PyErr_SetString(PyExc_ValueError, "the array's offsets do not fit its values");
        return NULL;
    }
}

static PyObject *clean(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Arguments given = {0};
    if (!PyArg_ParseTuple(arguments, "z*z*z*nny*y*y*z*z*npy*w*w*w*:clean", &given.validity, &given.offsets,
                          &given.items, &given.offset, &given.length, &given.table, &given.bounds, &given.ends,
                          &given.strings, &given.ranges, &given.rule_count, &given.by_paragraph, &given.which,
                          &given.out, &given.out_offsets, &given.places))
        return NULL;
    LargeArray texts;
    Programs programs = {0};
    PyObject *result = NULL;
    if (view_texts(&given, &texts) && check_sizes(&given) && read_programs(&given, &programs)) {
        Status status;
        int any_changed = 0;
        Py_BEGIN_ALLOW_THREADS
        status = run(&texts, &programs, &given, &any_changed);
        Py_END_ALLOW_THREADS
        result = to_python(status, any_changed);
    }
    free_programs(&programs);
    release(&given);
    return result;
}

static PyMethodDef methods[] = {
    {"clean", clean, METH_VARARGS, "Runs line rules over texts. Use corpus_kit.kernels.lines."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_lines", "The compiled line rules of corpus_kit.kernels.lines.", 0, methods, slots, NULL,
    NULL, NULL};

PyMODINIT_FUNC PyInit__lines(void)
{
    return PyModuleDef_Init(&module);
}
