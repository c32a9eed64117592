/* The form of a unit that is compared, as a table says for each character; and its digest. */

#ifndef CORPUS_KIT_SPANS_FORM_H
#define CORPUS_KIT_SPANS_FORM_H

#include "hashing.h"
#include "spans_cut.h"

/* What the table says of a character: the one it becomes, or one of these; lower numbers name several characters. */
enum { DELETED = -1, SEPARATOR = -2, FIRST_SEQUENCE = -3 };

typedef struct {
    const int32_t *table;     /* one a code point; NULL for the bytes as they are */
    const int32_t *sequences; /* their characters and separators, one after the other */
    const int64_t *ends;      /* where each ends */
    size_t sequence_count;
    uint8_t separator;
} Form;

/* The form of a unit while it is made. */
typedef struct {
    Scratch memory;
    size_t used;
    int is_parted; /* a separator is due before the next character */
} Made;

static inline Status add_character(const Form *form, int32_t code, Made *made)
{
    if (code == DELETED)
        return KERNEL_OK;
    if (code == SEPARATOR) {
        made->is_parted = made->used > 0;
        return KERNEL_OK;
    }
    if (made->used + 5 > made->memory.capacity) {
        Status status = grow(&made->memory, made->used + 64, 2);
        if (status != KERNEL_OK)
            return status;
    }
    uint8_t *bytes = made->memory.items;
    if (made->is_parted)
        bytes[made->used++] = form->separator;
    made->is_parted = 0;
    if (code < 0x80)
        bytes[made->used++] = (uint8_t)code;
    else
        made->used += encode_any((uint32_t)code, bytes + made->used);
    return KERNEL_OK;
}

static Status add_sequence(const Form *form, size_t number, Made *made)
{
    Status status = KERNEL_OK;
    if (number >= form->sequence_count)
        return KERNEL_BAD_INDEX;
    int64_t at = number ? form->ends[number - 1] : 0;
    for (; at < form->ends[number] && status == KERNEL_OK; at++)
        status = add_character(form, form->sequences[at], made);
    return status;
}

/* Digest of the form of a unit without whitespace at its ends; zeros if nothing is left of it. */
static Status digest_unit(const Form *form, Span core, Made *made, Digest *digest)
{
    if (!form->table) {
        *digest = digest_bytes(core.bytes, core.length);
        return KERNEL_OK;
    }
    made->used = 0;
    made->is_parted = 0;
    for (size_t at = 0, size = 1; at < core.length; at += size) {
        uint8_t first = core.bytes[at];
        size = 1;
        int32_t code =
            form->table[first < 0x80 ? first : decode_any(core.bytes + at, core.length - at, &size)];
        Status status = code <= FIRST_SEQUENCE ? add_sequence(form, (size_t)(FIRST_SEQUENCE - (int64_t)code), made)
                                               : add_character(form, code, made);
        if (status != KERNEL_OK)
            return status;
    }
    *digest = made->used ? digest_bytes(made->memory.items, made->used) : (Digest){0, 0};
    return KERNEL_OK;
}

#endif
