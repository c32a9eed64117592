/* What a model reads of a text: all of it, or whole words from its start, middle and end. The definition is
 * corpus_kit.lid.text. */

#ifndef CORPUS_KIT_LID_TEXT_H
#define CORPUS_KIT_LID_TEXT_H

#include "lid_fold.h"

#define WINDOWS 3

typedef struct {
    size_t begin, end;
} Window;

/* How many characters begin in a text. */
FOR_EACH_CPU static size_t count_characters(const uint8_t *text, size_t length)
{
    size_t count = 0;
    for (size_t at = 0; at < length;) {
        uint8_t beginning = 0;
        size_t end = length - at < 240 ? length : at + 240; /* so that a byte can count them */
        for (; at < end; at++)
            beginning += !continues(text[at]);
        count += beginning;
    }
    return count;
}

/* Where the character begins that comes `count` after the one at `at`, or the text's end. */
static inline size_t skip_characters(const uint8_t *text, size_t length, size_t at, size_t count)
{
    while (count >= 64 && length - at > 64) {
        size_t passed = 0; /* of the 64 bytes after this one */
        for (size_t i = 1; i <= 64; i++)
            passed += !continues(text[at + i]);
        if (passed >= count)
            break;
        at += 64;
        count -= passed;
    }
    for (; count > 0 && at < length; count--)
        do
            at++;
        while (at < length && continues(text[at]));
    return at;
}

/* Where the character begins that comes `count` before the end. */
static inline size_t skip_back(const uint8_t *text, size_t length, size_t count)
{
    size_t at = length;
    for (; count > 0 && at > 0; count--)
        do
            at--;
        while (at > 0 && continues(text[at]));
    return at;
}

ALWAYS_INLINE int is_space(uint8_t byte)
{
    return byte == ' ' || (uint8_t)(byte - '\t') < 5;
}

/* The window without the words it cuts in two, unless there is no other. */
static inline Window whole_words(const uint8_t *text, size_t length, Window window)
{
    if (window.begin > 0 && !is_space(text[window.begin - 1])) {
        size_t at = window.begin;
        while (at < window.end && !is_space(text[at]))
            at++;
        if (at + 1 < window.end)
            window.begin = at + 1;
    }
    if (window.end < length && !is_space(text[window.end])) {
        size_t at = window.end;
        while (at > window.begin && !is_space(text[at - 1]))
            at--;
        if (at > window.begin + 1)
            window.end = at - 1;
    }
    return window;
}

/* The parts of a text that are read: all of it, or three windows of together at most `most` characters. */
static inline size_t find_windows(const uint8_t *text, size_t length, size_t most, Window windows[WINDOWS])
{
    windows[0] = (Window){0, length};
    size_t characters = most && length > most ? count_characters(text, length) : 0;
    if (!most || characters <= most)
        return 1;
    size_t size = most / WINDOWS - 1;
    size_t before = continues(text[0]) ? skip_characters(text, length, 0, 1) : 0; /* bytes that begin no character */
    size_t middle = skip_characters(text, length, before, (characters - size) / 2);
    windows[0].end = skip_characters(text, length, before, size);
    windows[1] = (Window){middle, skip_characters(text, length, middle, size)};
    windows[2] = (Window){skip_back(text, length, size), length};
    for (int i = 0; i < WINDOWS; i++)
        windows[i] = whole_words(text, length, windows[i]);
    return WINDOWS;
}

/* Makes the line a model reads of a text, with spaces after its end. `letters` and `latin` are those of the line if it
 * is folded; else `letters` says whether there are any. */
static inline Status make_line(Line *line, const uint8_t *text, size_t length, size_t most, int folds)
{
    Window windows[WINDOWS];
    size_t count = find_windows(text, length, most, windows);
    line->size = 0;
    line->letters = line->latin = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *begin = text + windows[i].begin;
        size_t size = windows[i].end - windows[i].begin;
        Status status = reserve_line(line, size);
        if (status != KERNEL_OK)
            return status;
        if (i > 0)
            line->bytes[line->size++] = ' ';
        if (folds) {
            fold_text(line, begin, size);
        } else {
            copy_text(line, begin, size);
            line->letters = line->letters || has_letter(begin, size);
        }
    }
    memset(line->bytes + line->size, ' ', LINE_SLACK);
    return KERNEL_OK;
}

#endif
