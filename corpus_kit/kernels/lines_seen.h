/* The lines of one text that a rule has seen: exactly, for a hash alone would some day remove a line that is new. */

#ifndef CORPUS_KIT_LINES_SEEN_H
#define CORPUS_KIT_LINES_SEEN_H

#include "lines_text.h"

typedef struct {
    uint64_t hash;
    size_t begin, length; /* of the key, in `keys` */
    uint64_t text;        /* of which text it is; entries of earlier ones are free */
} SeenEntry;

typedef struct {
    Scratch keys;
    size_t keys_used;
    SeenEntry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t used;
    uint64_t text;
} Seen;

static void free_seen(Seen *seen)
{
    free(seen->keys.items);
    free(seen->entries);
}

/* Forgets all lines. */
static void next_text(Seen *seen)
{
    seen->text++;
    seen->used = seen->keys_used = 0;
}

static uint64_t hash_key(const uint8_t *bytes, size_t length)
{
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15) ^ length;
    for (; length >= 8; bytes += 8, length -= 8)
        hash = fold_multiply(hash ^ load_little_endian(bytes), UINT64_C(0xA0761D6478BD642F));
    uint64_t rest = 0;
    for (size_t i = 0; i < length; i++)
        rest |= (uint64_t)bytes[i] << 8 * i;
    hash = fold_multiply(hash ^ rest, UINT64_C(0xE7037ED1A0B428DB));
    return hash ^ hash >> 32;
}

static size_t find_place(const Seen *seen, uint64_t hash, const uint8_t *key, size_t length)
{
    const uint8_t *keys = seen->keys.items;
    size_t at = (size_t)hash & (seen->capacity - 1);
    for (;; at = (at + 1) & (seen->capacity - 1)) {
        const SeenEntry *entry = &seen->entries[at];
        if (entry->text != seen->text)
            return at;
        if (entry->hash == hash && entry->length == length && memcmp(keys + entry->begin, key, length) == 0)
            return at;
    }
}

static Status make_room(Seen *seen)
{
    if (seen->used * 2 < seen->capacity)
        return KERNEL_OK;
    size_t capacity = seen->capacity ? seen->capacity * 2 : 64;
    if (capacity > SIZE_MAX / sizeof(SeenEntry))
        return KERNEL_NO_MEMORY;
    SeenEntry *old = seen->entries, *entries = calloc(capacity, sizeof *entries);
    if (!entries)
        return KERNEL_NO_MEMORY;
    size_t old_capacity = seen->capacity;
    seen->entries = entries;
    seen->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].text != seen->text)
            continue;
        size_t at = (size_t)old[i].hash & (capacity - 1);
        while (entries[at].text == seen->text)
            at = (at + 1) & (capacity - 1);
        entries[at] = old[i];
    }
    free(old);
    return KERNEL_OK;
}

/* Writes the line's letters and digits in lower case, one space for each run of others between them. */
static size_t write_key(Span line, uint8_t *into)
{
    size_t made = 0, size;
    int apart = 0;
    for (size_t at = 0; at < line.length; at += size) {
        uint8_t byte = line.bytes[at];
        if (byte < 0x80 && is_alphanumeric(byte) && !apart) { /* most bytes of most lines */
            into[made++] = byte | ((uint8_t)(byte - 'A') < 26 ? 0x20 : 0);
            size = 1;
            continue;
        }
        uint32_t code_point = lower_character(decode_any(line.bytes + at, line.length - at, &size));
        if (!is_alphanumeric(code_point)) {
            apart = made > 0;
            continue;
        }
        if (apart)
            into[made++] = ' ';
        apart = 0;
        made += encode_any(code_point, into + made);
    }
    return made;
}

/* `*repeats` becomes whether an equal line was seen in this text; the line is remembered. */
static Status see(Seen *seen, Span line, int *repeats)
{
    *repeats = 0;
    Status status = grow(&seen->keys, seen->keys_used + 2 * line.length + 8, 1);
    if (status == KERNEL_OK)
        status = make_room(seen);
    if (status != KERNEL_OK)
        return status;
    uint8_t *key = (uint8_t *)seen->keys.items + seen->keys_used;
    size_t length = write_key(line, key);
    if (length == 0)
        return KERNEL_OK;
    uint64_t hash = hash_key(key, length);
    SeenEntry *entry = &seen->entries[find_place(seen, hash, key, length)];
    if (entry->text == seen->text) {
        *repeats = 1;
        return KERNEL_OK;
    }
    *entry = (SeenEntry){hash, seen->keys_used, length, seen->text};
    seen->keys_used += length;
    seen->used++;
    return KERNEL_OK;
}

#endif
