/* The tokens of a text, words or bytes, and what of them is compared: corpus_kit.kernels.substring_definition. */

#ifndef CORPUS_KIT_SUBSTRING_TOKENS_H
#define CORPUS_KIT_SUBSTRING_TOKENS_H

#include "arrow.h"
#include "hashing.h"
#include "lines_text.h"

typedef enum { TOKEN_WORD, TOKEN_BYTE, TOKEN_COUNT } TokenKind;

/* A text as its tokens. Bytes are the text itself; of words a copy is made with one space behind each, so that equal
 * words in a row are equal bytes, whatever stands between them in the text. */
typedef struct {
    Span text;
    TokenKind kind;
    size_t count;
    const uint8_t *content;
    Scratch copy;   /* the words */
    Scratch starts; /* uint32_t: where each word begins in the copy, and where the next one would */
    Scratch begins; /* uint32_t: where each word begins in the text, and the text's length */
} Tokens;

static inline void free_tokens(Tokens *tokens)
{
    free(tokens->copy.items);
    free(tokens->starts.items);
    free(tokens->begins.items);
}

/* Offsets are 32-bit numbers; a longer text has no tokens and is compared with nothing. */
ALWAYS_INLINE int is_too_long(Span text)
{
    return text.length >= UINT32_MAX;
}

/* What a byte can be to words: in one, whitespace, or perhaps the first of a whitespace character. */
enum { IN_WORD, IS_SPACE, MAY_BE_SPACE };

static inline void classify(uint8_t *classes)
{
    for (uint32_t byte = 0; byte < 256; byte++)
        classes[byte] = byte < 0x80 && is_ascii_space(byte)             ? IS_SPACE
                        : byte == 0xC2 || (byte >= 0xE1 && byte <= 0xE3) ? MAY_BE_SPACE
                                                                         : IN_WORD;
}

/* Bytes of the whitespace character at `at`; 0 if there is none. */
ALWAYS_INLINE size_t space_size(const uint8_t *classes, Span text, size_t at)
{
    uint8_t found = classes[text.bytes[at]];
    return found == MAY_BE_SPACE ? space_at(text.bytes + at, text.length - at) : found;
}

/* The next word from `*at` on, which moves behind it; 0 if there is none. */
ALWAYS_INLINE int find_word(const uint8_t *classes, Span text, size_t *at, Span *word)
{
    size_t size, begin = *at;
    while (begin < text.length && (size = space_size(classes, text, begin)))
        begin += size;
    size_t end = begin;
    while (end < text.length && !space_size(classes, text, end))
        end++; /* continuation bytes are no whitespace */
    *at = end;
    *word = (Span){text.bytes + begin, end - begin};
    return end > begin;
}

static Status cut_words(const uint8_t *classes, Tokens *tokens)
{
    Span text = tokens->text, word;
    size_t most = text.length / 2 + 2, used = 0, count = 0, at = 0;
    if (grow(&tokens->copy, text.length + 1, 1) != KERNEL_OK || grow(&tokens->starts, most, 4) != KERNEL_OK ||
        grow(&tokens->begins, most, 4) != KERNEL_OK)
        return KERNEL_NO_MEMORY;
    uint8_t *copy = tokens->copy.items;
    uint32_t *starts = tokens->starts.items, *begins = tokens->begins.items;
    for (; find_word(classes, text, &at, &word); count++) {
        starts[count] = (uint32_t)used;
        begins[count] = (uint32_t)(word.bytes - text.bytes);
        memcpy(copy + used, word.bytes, word.length);
        used += word.length;
        copy[used++] = ' ';
    }
    starts[count] = (uint32_t)used;
    begins[count] = (uint32_t)text.length;
    tokens->content = copy;
    tokens->count = count;
    return KERNEL_OK;
}

static Status read_tokens(const uint8_t *classes, Span text, TokenKind kind, Tokens *tokens)
{
    tokens->text = text;
    tokens->kind = kind;
    tokens->content = text.bytes;
    tokens->count = text.length;
    return kind == TOKEN_BYTE ? KERNEL_OK : cut_words(classes, tokens);
}

ALWAYS_INLINE uint32_t number_at(const Scratch *numbers, size_t index)
{
    return ((const uint32_t *)numbers->items)[index];
}

/* Where a token begins in the text; of the one behind the last, the end of the text. */
ALWAYS_INLINE size_t begin_of(const Tokens *tokens, size_t token)
{
    return tokens->kind == TOKEN_BYTE ? token : number_at(&tokens->begins, token);
}

/* What is compared of the tokens from `first` to before `last`; there is at least one. */
ALWAYS_INLINE Span content_of(const Tokens *tokens, size_t first, size_t last)
{
    if (tokens->kind == TOKEN_BYTE)
        return (Span){tokens->content + first, last - first};
    size_t begin = number_at(&tokens->starts, first);
    return (Span){tokens->content + begin, number_at(&tokens->starts, last) - 1 - begin};
}

ALWAYS_INLINE size_t end_of(const Tokens *tokens, size_t token)
{
    return begin_of(tokens, token) + content_of(tokens, token, token + 1).length;
}

/* `bytes` holds the hash of every single byte. */
ALWAYS_INLINE uint64_t hash_token(const Tokens *tokens, const uint64_t *bytes, size_t token)
{
    if (tokens->kind == TOKEN_BYTE)
        return bytes[tokens->content[token]];
    size_t begin = number_at(&tokens->starts, token), size = number_at(&tokens->starts, token + 1) - 1 - begin;
    return hash_unit(tokens->content + begin, size, number_at(&tokens->starts, tokens->count) - begin);
}

#endif
