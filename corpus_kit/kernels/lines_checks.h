/* Measures and flaws of a line, as corpus_kit.lines.measures and corpus_kit.lines.flaws define them. */

#ifndef CORPUS_KIT_LINES_CHECKS_H
#define CORPUS_KIT_LINES_CHECKS_H

#include "lines_match.h"

/* Some strings of a rule. */
typedef struct {
    const Span *items;
    size_t count;
} Spans;

typedef struct {
    uint32_t first, last;
} Range;

/* Whether `part` stands in the span, byte for byte. */
static int has_part(Span span, Span part)
{
    if (part.length > span.length)
        return 0;
    const uint8_t *at = span.bytes, *end = span.bytes + span.length - part.length + 1;
    while (at < end && (at = memchr(at, part.bytes[0], (size_t)(end - at)))) {
        if (memcmp(at, part.bytes, part.length) == 0)
            return 1;
        at++;
    }
    return 0;
}

static int ends_with(Span span, Spans endings)
{
    for (size_t i = 0; i < endings.count; i++) {
        Span ending = endings.items[i];
        if (ending.length <= span.length &&
            memcmp(span.bytes + span.length - ending.length, ending.bytes, ending.length) == 0)
            return 1;
    }
    return 0;
}

/* Number of words, at most `limit`. */
static size_t count_words(Span line, size_t limit)
{
    Span word;
    size_t count = 0;
    while (count < limit && next_word(&line, &word))
        count++;
    return count;
}

/* Whether there may be a word of more than `characters`: looks back from every so many bytes for a space. */
static int may_have_longer_word(Span line, size_t characters)
{
    size_t at = 0;
    while (line.length - at > characters) {
        size_t end = at + characters; /* a longer word that begins at `at` has this byte too */
        while (end > at && !is_ascii_space(line.bytes[end]))
            end--;
        if (!is_ascii_space(line.bytes[end]))
            return 1;
        at = end + 1;
    }
    return 0;
}

static size_t longest_word(Span line, Spans ignoring)
{
    Span word;
    size_t longest = 0;
    while (next_word(&line, &word)) {
        if (word.length <= longest)
            continue;
        int passed_over = 0;
        for (size_t i = 0; i < ignoring.count && !passed_over; i++)
            passed_over = has_part(word, ignoring.items[i]);
        if (passed_over)
            continue;
        size_t characters = count_characters(word, SIZE_MAX);
        if (characters > longest)
            longest = characters;
    }
    return longest;
}

/* Number of tokens of two characters or more, or of two letters and nothing else; at most `limit`. */
static size_t count_tokens(Span line, int alphabetic, size_t limit)
{
    size_t count = 0, characters = 0, size;
    int letters_only = 1;
    for (size_t at = 0; count < limit; at += size) {
        uint32_t code_point = ' ';
        size = 1;
        if (at < line.length)
            code_point = decode_any(line.bytes + at, line.length - at, &size);
        int is_mark = code_point < 0x80 && code_point && strchr(".,;()!:/", (int)code_point) != NULL;
        if (is_mark || is_space(code_point)) { /* a mark is a token of one character, too short to count */
            count += characters >= 2 && (letters_only || !alphabetic);
            characters = 0;
            letters_only = 1;
            if (at >= line.length)
                break;
            continue;
        }
        characters++;
        if (alphabetic && letters_only)
            letters_only = (char_flags(code_point) & CHAR_LETTERS) != 0;
    }
    return count;
}

typedef enum { COUNT_UPPERCASE, COUNT_DIGITS } Counted;

/* Bytes that are not ASCII, and those of `width` from `first` on. */
typedef struct {
    size_t high, ascii;
} ByteCounts;

FOR_EACH_CPU static ByteCounts count_bytes(const uint8_t *bytes, size_t length, uint8_t first, uint8_t width)
{
    ByteCounts counts = {0, 0};
    while (length) { /* so few at once that their number fits into a byte, which is what vectors are fast with */
        size_t part = length < 128 ? length : 128;
        uint8_t high = 0, ascii = 0;
        for (size_t i = 0; i < part; i++) {
            high += bytes[i] >> 7;
            ascii += (uint8_t)(bytes[i] - first) < width;
        }
        counts.high += high;
        counts.ascii += ascii;
        bytes += part;
        length -= part;
    }
    return counts;
}

/* More than the fraction of a class can be, from counting bytes: characters have at most 4, and those of a class that
 * are not ASCII at least 2. */
static double most_of_class(Span line, Counted counted)
{
    ByteCounts counts = counted == COUNT_UPPERCASE ? count_bytes(line.bytes, line.length, 'A', 26)
                                                   : count_bytes(line.bytes, line.length, '0', 10);
    return (double)(counts.ascii + counts.high / 2) / (double)(line.length - counts.high + (counts.high + 3) / 4);
}

/* Characters of a class over all characters. */
static double class_fraction(Span line, Counted counted)
{
    size_t found = 0, characters = 0, size;
    uint8_t first = counted == COUNT_UPPERCASE ? 'A' : '0', width = counted == COUNT_UPPERCASE ? 26 : 10;
    for (size_t at = 0; at < line.length; at += size, characters++) {
        uint8_t byte = line.bytes[at];
        size = 1;
        if (byte < 0x80) {
            found += (uint8_t)(byte - first) < width;
            continue;
        }
        uint32_t code_point = decode_any(line.bytes + at, line.length - at, &size);
        found += counted == COUNT_UPPERCASE ? capital(code_point) == 1 : (char_flags(code_point) & CHAR_DIGITS) != 0;
    }
    return (double)found / (double)characters;
}

static int is_title(Span word)
{
    int found = 0, after_cased = 0;
    size_t size;
    for (size_t at = 0; at < word.length; at += size) {
        uint32_t code_point = decode_any(word.bytes + at, word.length - at, &size);
        int is_capital = capital(code_point) != 0;
        if (!is_capital && !(char_flags(code_point) & CHAR_LOWERCASE)) {
            after_cased = 0;
            continue;
        }
        if (is_capital == after_cased)
            return 0;
        found = after_cased = 1;
    }
    return found;
}

static double title_word_fraction(Span line)
{
    Span word;
    size_t count = 0, titles = 0;
    for (; next_word(&line, &word); count++)
        titles += (size_t)is_title(word);
    return (double)titles / (double)count;
}

static size_t count_occurrences(Span line, Spans characters)
{
    size_t count = 0;
    for (size_t i = 0; i < characters.count; i++) {
        Span character = characters.items[i], rest = line;
        const uint8_t *at;
        while (rest.length >= character.length &&
               (at = memchr(rest.bytes, character.bytes[0], rest.length - character.length + 1))) {
            int same = memcmp(at, character.bytes, character.length) == 0;
            size_t read = same ? character.length : 1;
            count += (size_t)same;
            rest = (Span){at + read, (size_t)(rest.bytes + rest.length - at) - read};
        }
    }
    return count;
}

static int ends_in_mark(Span line, Spans marks, Spans but_not, const Range *ranges, size_t range_count)
{
    int ends = ends_with(line, marks);
    if (!ends && range_count) {
        uint32_t last = last_character(line);
        for (size_t i = 0; i < range_count && !ends; i++)
            ends = ranges[i].first <= last && last <= ranges[i].last;
    }
    return ends && !ends_with(line, but_not);
}

static int is_only_of(Span line, Spans characters)
{
    size_t size;
    for (size_t at = 0; at < line.length; at += size) {
        size = space_at(line.bytes + at, line.length - at);
        for (size_t i = 0; i < characters.count && !size; i++) {
            Span character = characters.items[i];
            if (character.length <= line.length - at &&
                memcmp(line.bytes + at, character.bytes, character.length) == 0)
                size = character.length;
        }
        if (!size)
            return 0;
    }
    return 1;
}

ALWAYS_INLINE int is_decimal(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

/* Whether a word in lower case is a count as sites write it: 3, 1.234, 2,5k. */
static int is_count(Span word)
{
    size_t at = 0;
    int after_digit = 0;
    for (; at < word.length; at++) {
        int is_sign = word.bytes[at] == '.' || word.bytes[at] == ',';
        if (!is_decimal(word.bytes[at]) && !(is_sign && after_digit))
            break;
        after_digit = !is_sign;
    }
    if (!after_digit)
        return 0;
    if (at < word.length && (word.bytes[at] == 'k' || word.bytes[at] == 'm' || word.bytes[at] == 'b'))
        at++;
    return at == word.length;
}

/* From the first letter or digit to the last. */
static Span strip_signs(Span line)
{
    size_t size, begin = SIZE_MAX, end = 0;
    for (size_t at = 0; at < line.length; at += size) {
        if (!is_alphanumeric(decode_any(line.bytes + at, line.length - at, &size)))
            continue;
        if (begin == SIZE_MAX)
            begin = at;
        end = at + size;
    }
    return begin == SIZE_MAX ? (Span){line.bytes, 0} : (Span){line.bytes + begin, end - begin};
}

/* Whether the line's first letter or digit is a decimal digit; nothing else can be a counter. */
static int begins_with_digit(Span line)
{
    size_t size;
    for (size_t at = 0; at < line.length; at += size) {
        uint32_t code_point = decode_any(line.bytes + at, line.length - at, &size);
        if (is_alphanumeric(code_point))
            return code_point - '0' < 10u;
    }
    return 0;
}

/* Whether the line, which is in lower case, is a number and one of some phrases. */
static int is_counter(Span lowered, Spans phrases)
{
    Span rest = strip_signs(lowered), word;
    if (!next_word(&rest, &word) || !is_count(word))
        return 0;
    while (next_word(&rest, &word) && is_count(word))
        ;
    for (size_t i = 0; i < phrases.count; i++) { /* words are compared one by one: any whitespace is one space */
        Span phrase = phrases.items[i], others = rest, other = word;
        int same = other.length > 0;
        while (same && other.length) {
            same = other.length <= phrase.length && memcmp(phrase.bytes, other.bytes, other.length) == 0;
            if (!same)
                break;
            phrase = (Span){phrase.bytes + other.length, phrase.length - other.length};
            if (!next_word(&others, &other))
                break;
            same = phrase.length > 0 && phrase.bytes[0] == ' ';
            if (same)
                phrase = (Span){phrase.bytes + 1, phrase.length - 1};
        }
        if (same && phrase.length == 0)
            return 1;
    }
    return 0;
}

#endif
