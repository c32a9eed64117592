/* A text on one line, as it stands or folded to lower-case letters. The definition is corpus_kit.lid.text; what is not
 * UTF-8 is read as bytes.decode(errors="replace") reads it. */

#ifndef CORPUS_KIT_LID_FOLD_H
#define CORPUS_KIT_LID_FOLD_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function" /* of what stands beside what is needed */
#include "blocks.h"
#pragma GCC diagnostic pop
#include "letters.h"
#include "lid_folding.h"
#include "utf8.h"

#define STEP 16        /* bytes folded at once */
#define LINE_SLACK 128 /* spaces after a line, so that whole blocks may be read */

/* Words separated by spaces, with what is known of their letters. */
typedef struct {
    uint8_t *bytes;
    size_t capacity, size;
    int64_t letters, latin;
} Line;

static inline Status reserve_line(Line *line, size_t length)
{
    /* A capital of two bytes may have a lower case of three. */
    size_t wanted = line->size + length + length / 2 + STEP + LINE_SLACK;
    if (wanted < length)
        return KERNEL_NO_MEMORY;
    if (wanted <= line->capacity)
        return KERNEL_OK;
    uint8_t *moved = realloc(line->bytes, wanted + wanted / 4);
    if (!moved)
        return KERNEL_NO_MEMORY;
    line->bytes = moved;
    line->capacity = wanted + wanted / 4;
    return KERNEL_OK;
}

ALWAYS_INLINE int continues(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The code point at `bytes`, of which `readable` > 0 may be read; U+FFFD for what begins no character. */
ALWAYS_INLINE uint32_t decode_any(const uint8_t *bytes, size_t readable, size_t *size)
{
    size_t announced = announced_size(bytes[0]), good = 1;
    if (announced > 1 && readable > 1 && is_second(bytes[0], bytes[1])) {
        good = 2;
        while (good < announced && good < readable && continues(bytes[good]))
            good++;
    }
    if (good == announced)
        return decode(bytes, size);
    *size = good;
    return 0xFFFD;
}

ALWAYS_INLINE size_t encode(uint32_t code_point, uint8_t *bytes)
{
    if (code_point < 0x80) {
        bytes[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (uint8_t)(0xC0 | code_point >> 6);
        bytes[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    size_t size = code_point < 0x10000 ? 3 : 4;
    bytes[0] = (uint8_t)(size == 3 ? 0xE0 | code_point >> 12 : 0xF0 | code_point >> 18);
    for (size_t i = 1; i < size; i++)
        bytes[i] = (uint8_t)(0x80 | (code_point >> 6 * (size - 1 - i) & 0x3F));
    return size;
}

/* Folds STEP bytes of ASCII: letters to lower case, all else to spaces. The top bit of each byte of `letters` says
 * whether it is one. */
ALWAYS_INLINE void fold_step(const uint8_t *bytes, uint8_t *into, uint64_t letters[2])
{
    uint8_t folded[STEP], marks[STEP];
    for (int i = 0; i < STEP; i++) {
        uint8_t low = bytes[i] | 0x20;
        uint8_t is_one = (uint8_t)(low - 'a') < 26 ? 0x80 : 0;
        marks[i] = is_one;
        folded[i] = is_one ? low : ' ';
    }
    memcpy(into, folded, STEP);
    letters[0] = load_little_endian(marks);
    letters[1] = load_little_endian(marks + 8);
}

/* How many bytes of STEP are ASCII, from the first on. */
ALWAYS_INLINE size_t ascii_bytes(const uint8_t *bytes)
{
    uint64_t high = load_little_endian(bytes) & UINT64_C(0x8080808080808080);
    if (high)
        return (size_t)__builtin_ctzll(high) / 8;
    high = load_little_endian(bytes + 8) & UINT64_C(0x8080808080808080);
    return high ? 8 + (size_t)__builtin_ctzll(high) / 8 : STEP;
}

/* Joins a mark to the letter that ends the line, if the two have a letter of their own. */
static inline int join_mark(Line *line, uint32_t mark)
{
    size_t begin = line->size, size;
    if (begin == 0 || line->bytes[begin - 1] == ' ')
        return 0;
    do
        begin--;
    while (continues(line->bytes[begin]));
    uint32_t whole = compose(decode(line->bytes + begin, &size), mark);
    if (whole)
        line->size = begin + encode(whole, line->bytes + begin);
    return whole != 0;
}

/* Folds the character at `bytes`; returns how many bytes it has. */
static inline size_t fold_character(Line *line, const uint8_t *bytes, size_t readable)
{
    size_t size;
    uint32_t met = decode_any(bytes, readable, &size);
    if (met >= FIRST_MARK && met <= LAST_MARK && join_mark(line, met))
        return size;
    uint32_t low = lower_case(met);
    if (!is_letter(low)) {
        line->bytes[line->size++] = ' ';
        return size;
    }
    line->letters++;
    line->latin += is_latin(low);
    line->size += encode(low, line->bytes + line->size);
    return size;
}

/* Appends a folded text to a line that has room for it. */
FOR_EACH_CPU static void fold_text(Line *line, const uint8_t *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint8_t last[STEP] = {0};
        size_t left = length - at;
        const uint8_t *bytes = left < STEP ? memcpy(last, text + at, left) : text + at;
        uint64_t letters[2];
        size_t ascii = ascii_bytes(bytes);
        ascii = ascii < left ? ascii : left;
        fold_step(bytes, line->bytes + line->size, letters);
        if (ascii < STEP) {
            letters[0] &= ascii < 8 ? lowest_bytes(ascii) : UINT64_MAX;
            letters[1] &= ascii < 8 ? 0 : lowest_bytes(ascii - 8);
        }
        int64_t count = __builtin_popcountll(letters[0]) + __builtin_popcountll(letters[1]);
        line->letters += count;
        line->latin += count;
        line->size += ascii;
        at += ascii;
        while (at < length && text[at] >= 0x80)
            at += fold_character(line, text + at, length - at);
    }
}

/* Appends a text as it stands, but with one separator for all that fastText has. */
FOR_EACH_CPU static void copy_text(Line *line, const uint8_t *text, size_t length)
{
    uint8_t *into = line->bytes + line->size;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = text[i];
        into[i] = (uint8_t)(byte - '\t') < 5 || byte == 0 ? ' ' : byte;
    }
    line->size += length;
}

static inline int has_letter(const uint8_t *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t size = 1;
        if (text[at] < 0x80 ? (uint8_t)((text[at] | 0x20) - 'a') < 26
                            : is_letter(decode_any(text + at, length - at, &size)))
            return 1;
        at += size;
    }
    return 0;
}

#endif
