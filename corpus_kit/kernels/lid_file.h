/* Reading a fastText model file from memory. Nothing in it is trusted: every count and size is checked before it is
 * used, and what is wrong becomes a sentence that ends "the file is damaged: ...". */

#ifndef CORPUS_KIT_LID_FILE_H
#define CORPUS_KIT_LID_FILE_H

#include "portable.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

typedef struct {
    const uint8_t *bytes;
    size_t size, at;
    const char *wrong; /* NULL as long as all is well; what was read after that is zeros */
} File;

#define ENDS_EARLY "it ends too early"
#define BAD_SETTINGS "its settings are damaged"
#define BAD_DICTIONARY "its dictionary is damaged"
#define BAD_MATRIX "its matrix is damaged"

static inline int complain(File *file, const char *wrong)
{
    if (!file->wrong)
        file->wrong = wrong;
    return 0;
}

static inline int demand(File *file, int holds, const char *wrong)
{
    return file->wrong ? 0 : holds ? 1 : complain(file, wrong);
}

/* The next `count` items of `size` bytes, where they lie; NULL if there are not so many. */
static inline const uint8_t *take(File *file, uint64_t count, size_t size)
{
    if (file->wrong || count > (file->size - file->at) / size) {
        complain(file, ENDS_EARLY);
        return NULL;
    }
    const uint8_t *found = file->bytes + file->at;
    file->at += (size_t)count * size;
    return found;
}

static inline uint32_t load_uint32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline int32_t take_int32(File *file)
{
    const uint8_t *bytes = take(file, 1, 4);
    return bytes ? (int32_t)load_uint32(bytes) : 0;
}

static inline int64_t take_int64(File *file)
{
    const uint8_t *bytes = take(file, 1, 8);
    return bytes ? (int64_t)load_little_endian(bytes) : 0;
}

static inline int take_flag(File *file, const char *if_damaged)
{
    const uint8_t *byte = take(file, 1, 1);
    return byte && demand(file, *byte <= 1, if_damaged) ? *byte : 0;
}

#define LARGE ((size_t)1 << 18) /* bytes from which on large pages are worth their space */

/* Zeroed memory for a table that is read here and there: on large pages, if the system has them, for looking up where
 * so many small ones lie takes a tenth of the time of predicting. */
static inline void *reserve_large(size_t size)
{
    const size_t page = (size_t)2 << 20;
    if (size > SIZE_MAX - page)
        return NULL;
    size = (size + page - 1) / page * page;
    void *made = aligned_alloc(page, size);
#ifdef MADV_HUGEPAGE
    if (made)
        (void)madvise(made, size, MADV_HUGEPAGE); /* advice only */
#endif
    return made ? memset(made, 0, size) : NULL;
}

/* `count` * `size` zeroed bytes, or a complaint; for no elements an array that must not be read. */
static inline void *reserve_zeros(File *file, int *no_memory, uint64_t count, size_t size)
{
    if (file->wrong || *no_memory)
        return NULL;
    void *made = NULL;
    if (count < LARGE / size)
        made = calloc(count ? (size_t)count : 1, size);
    else if (count < SIZE_MAX / size)
        made = reserve_large((size_t)count * size);
    *no_memory = !made;
    return made;
}

/* Whether a float is neither infinite nor "not a number". */
static inline int is_finite(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return (bits & 0x7f800000) != 0x7f800000;
}

#endif
