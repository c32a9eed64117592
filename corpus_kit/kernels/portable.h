/* What differs between compilers and processors, kept in one place. Results never differ: only speed may. */

#ifndef CORPUS_KIT_PORTABLE_H
#define CORPUS_KIT_PORTABLE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How a kernel ended; the binding turns it into a Python exception once it holds the GIL again. */
typedef enum { KERNEL_OK, KERNEL_NO_MEMORY, KERNEL_BAD_OFFSETS, KERNEL_BAD_INDEX, KERNEL_TOO_LONG } Status;

/* One function compiled for several levels of the x86-64 instruction set (plain, AVX2, AVX-512), the best chosen when
 * the library is loaded: signatures take a third of the time then. It needs indirect functions (glibc) and GCC, which
 * knows the levels by name from version 12 on; elsewhere, and with CORPUS_KIT_PLAIN, the function is compiled once, for
 * what CFLAGS say. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GLIBC__) && !defined(__clang__) && \
    !defined(CORPUS_KIT_PLAIN)
#if __GNUC__ >= 12
#define FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_CPU __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define FOR_EACH_CPU
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Eight bytes as a number, first byte lowest, on any processor; memcpy because the address may be odd. */
ALWAYS_INLINE uint64_t load_little_endian(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

/* The two halves of the 128-bit product, xored: every bit of the result depends on every bit of both factors. */
ALWAYS_INLINE uint64_t fold_multiply(uint64_t left, uint64_t right)
{
#if defined(__SIZEOF_INT128__)
    __extension__ unsigned __int128 product = (unsigned __int128)left * right;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t left_low = (uint32_t)left, left_high = left >> 32;
    uint64_t right_low = (uint32_t)right, right_high = right >> 32;
    uint64_t middle = left_high * right_low + ((left_low * right_low) >> 32);
    uint64_t carry = left_low * right_high + (uint32_t)middle;
    uint64_t high = left_high * right_high + (middle >> 32) + (carry >> 32);
    return (left * right) ^ high;
#endif
}

/* An array of 64-bit hashes that only ever grows, so that one allocation serves many documents. */
typedef struct {
    uint64_t *hashes;
    size_t capacity;
} HashBuffer;

/* Makes room for `capacity` hashes. What the buffer held is lost. */
static inline Status reserve(HashBuffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity)
        return KERNEL_OK;
    if (capacity > SIZE_MAX / sizeof(uint64_t))
        return KERNEL_NO_MEMORY;
    free(buffer->hashes);
    buffer->hashes = malloc(capacity * sizeof(uint64_t));
    buffer->capacity = buffer->hashes ? capacity : 0;
    return buffer->hashes ? KERNEL_OK : KERNEL_NO_MEMORY;
}

#endif
