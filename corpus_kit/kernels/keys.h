/* What the key of a short word tells about it: all of its up to 15 bytes are looked at together. */

#ifndef CORPUS_KIT_KEYS_H
#define CORPUS_KIT_KEYS_H

#include "masks.h"
#include "scan.h"
#include "words.h"

/* Which of the bytes are what, as one bit a byte. */
typedef struct {
    uint32_t letters;    /* ASCII letters */
    uint32_t wide;       /* not ASCII */
    uint32_t continuing; /* 80 to BF */
} KeyMasks;

#define KEY_MASK 0x7FFFu /* without the byte that holds the size */

#if HAS_X86_LEVELS

ALWAYS_INLINE KeyMasks look_at_key(uint64_t low, uint64_t high)
{
    __m128i bytes = _mm_set_epi64x((long long)high, (long long)low);
    __m128i from_a = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i letters = _mm_cmpeq_epi8(_mm_subs_epu8(from_a, _mm_set1_epi8('z' - 'a')), _mm_setzero_si128());
    __m128i continuing = _mm_cmplt_epi8(bytes, _mm_set1_epi8((char)0xC0));
    return (KeyMasks){(uint32_t)_mm_movemask_epi8(letters) & KEY_MASK, (uint32_t)_mm_movemask_epi8(bytes) & KEY_MASK,
                      (uint32_t)_mm_movemask_epi8(continuing) & KEY_MASK};
}

#else

/* The highest bit of each of eight bytes is set if it is an ASCII letter. */
ALWAYS_INLINE uint64_t find_letters(uint64_t eight_bytes)
{
    uint64_t lower = (eight_bytes | EIGHT_TIMES * 0x20) & EIGHT_TIMES * 0x7F;
    uint64_t from_a = lower + EIGHT_TIMES * (0x80 - 'a'), after_z = lower + EIGHT_TIMES * (0x7F - 'z');
    return from_a & ~after_z & ~eight_bytes;
}

ALWAYS_INLINE uint32_t gather_highest(uint64_t low, uint64_t high)
{
    return (uint32_t)(gather_bits(low >> 7) | gather_bits(high >> 7) << 8) & KEY_MASK;
}

ALWAYS_INLINE KeyMasks look_at_key(uint64_t low, uint64_t high)
{
    return (KeyMasks){gather_highest(find_letters(low), find_letters(high)), gather_highest(low, high),
                      gather_highest(low & ~low << 1, high & ~high << 1)};
}

#endif

/* The key with 0x20 in those of its bytes that `mask` names: in lower case, if these are ASCII letters. */
ALWAYS_INLINE Key lower_letters(Key key, uint32_t mask)
{
    /* The multiplication puts each of seven bits into its own byte: bit i moves to bit 8i, for i * 7 + i = 8i. */
    uint64_t spread = UINT64_C(0x0002040810204081), low = mask & 0x7F, high = mask >> 8;
    low = (low * spread & EIGHT_TIMES) | (uint64_t)(mask >> 7 & 1) << 56;
    high = high * spread & EIGHT_TIMES;
    return (Key){key.low | low << 5, key.high | high << 5};
}

/* The key of `size` bytes of a word, from the one at `first` on. */
ALWAYS_INLINE Key cut_key(Key key, unsigned first, unsigned size)
{
    uint64_t low = key.low, high = key.high & UINT64_MAX >> 8;
    if (first >= 8) {
        low = high >> 8 * (first - 8);
        high = 0;
    } else if (first > 0) {
        low = low >> 8 * first | high << (64 - 8 * first);
        high >>= 8 * first;
    }
    return (Key){low & FIRST_BYTES[size][0], (high & FIRST_BYTES[size][1]) | (uint64_t)size << 56};
}

/* The key without the bytes at both ends that `mask` names; 0 if nothing is left. */
ALWAYS_INLINE Key cut_ends_of_key(Key key, uint32_t whole, uint32_t mask)
{
    uint32_t left = whole & ~mask;
    if (left == 0)
        return (Key){0, 0};
    unsigned first = (unsigned)__builtin_ctz(left), last = 31 - (unsigned)__builtin_clz(left);
    return cut_key(key, first, last - first + 1);
}

/* Puts a character of two or more bytes into lower case; 0 if that takes another number of bytes. */
static inline int lower_in_key(Key *key, unsigned at, size_t size, uint32_t lower)
{
    uint8_t bytes[4] = {0};
    if (write_character(lower, bytes) != size)
        return 0;
    for (size_t i = 0; i < size; i++, at++) {
        uint64_t *half = at < 8 ? &key->low : &key->high;
        *half &= ~(UINT64_C(0xFF) << 8 * (at % 8));
        *half |= (uint64_t)bytes[i] << 8 * (at % 8);
    }
    return 1;
}

/* What scanning a short word finds. */
typedef struct {
    WordFacts facts;
    Key bare, token; /* in lower case, cut at both ends */
} ShortWord;

/* Pieces between cuts: runs of other bytes, of which `begins` are the first of a character. */
ALWAYS_INLINE void count_pieces(WordFacts *facts, uint32_t uncut, uint32_t begins, uint32_t letters)
{
    while (uncut) {
        unsigned begin = (unsigned)__builtin_ctz(uncut), size = (unsigned)__builtin_ctz(~(uncut >> begin));
        uint32_t piece = ((1u << size) - 1) << begin;
        if (__builtin_popcount(piece & begins) > 1) {
            facts->long_pieces++;
            facts->letter_pieces += (piece & ~letters) == 0;
        }
        uncut &= ~piece;
    }
}

/* Looks at a short word; only characters that are no ASCII letters need a look of their own. Returns 0 if it needs to
 * be scanned like a long one. */
ALWAYS_INLINE int scan_short(const Word *word, const uint8_t *bytes, const uint64_t *ascii_facts, ShortWord *found)
{
    KeyMasks masks = look_at_key(word->low, word->high);
    uint32_t whole = (1u << (word->high >> 56)) - 1, begins = whole & ~masks.continuing;
    uint32_t letters = masks.letters, special = 0, token_ends = 0, cuts = 0, replacements = 0;
    uint64_t counters = 0;
    Key lower = lower_letters((Key){word->low, word->high}, letters);
    for (uint32_t left = begins & ~masks.letters; left; left &= left - 1) {
        unsigned at = (unsigned)__builtin_ctz(left);
        uint64_t character;
        if (bytes[at] < ASCII_CHARACTERS) {
            character = ascii_facts[bytes[at]];
            special |= (uint32_t)(character & FACT_SPECIAL) << at;
        } else {
            size_t size;
            uint32_t code_point = decode(bytes + at, &size), step = (uint32_t)lower_step(code_point);
            uint32_t own = ((1u << size) - 1) << at;
            if (step && !lower_in_key(&lower, at, size, code_point + step))
                return 0;
            character = facts_of(code_point);
            replacements += code_point == 0xFFFD;
            letters |= character & FACT_LETTER ? own : 0;
            special |= char_flags(code_point + step) & CHAR_SPECIAL ? own : 0;
        }
        counters += character;
        cuts |= (uint32_t)(character >> 56 & 1) << at;
        token_ends |= (uint32_t)(character >> 57 & 1) << at;
    }
    found->facts = (WordFacts){
        .characters = (uint32_t)__builtin_popcount(begins),
        .letters = (uint32_t)__builtin_popcount(masks.letters),
        .replacements = replacements,
    };
    add_counters(&found->facts, counters);
    count_pieces(&found->facts, whole & ~cuts, begins, letters);
    found->bare = cut_ends_of_key(lower, whole, special);
    found->token = cut_ends_of_key(lower, whole, token_ends);
    return 1;
}

#endif
