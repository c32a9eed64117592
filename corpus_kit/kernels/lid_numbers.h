/* Exponential and logarithm that are the same to the last bit on any processor and with any C library: only the four
 * operations, in one order. They differ from the true value by less than 2^-51 of it, so that, rounded to a float, they
 * are nearly always what a C library's are. */

#ifndef CORPUS_KIT_LID_NUMBERS_H
#define CORPUS_KIT_LID_NUMBERS_H

#include "portable.h"

#ifdef __clang__ /* GCC does not join multiplications and additions under -std=c11 */
#pragma STDC FP_CONTRACT OFF
#endif

/* The logarithm of 2 in two parts; the first has so few bits that its multiples up to 2^20 are exact. */
#define LOG_2_HIGH 0x1.62e42fee00000p-1
#define LOG_2_LOW 0x1.a39ef35793c76p-33
#define LOG_2_INVERSE 0x1.71547652b82fep0

/* Adding this and taking it away again rounds to a whole number, which then stands in the lowest bits. */
#define ROUNDER 0x1.8p52

ALWAYS_INLINE double exponential(double x)
{
    x = x < -700 ? -700 : x; /* far beyond what a float can hold, on either side */
    x = x > 700 ? 700 : x;
    double shifted = x * LOG_2_INVERSE + ROUNDER;
    double whole = shifted - ROUNDER;
    double rest = (x - whole * LOG_2_HIGH) - whole * LOG_2_LOW;
    double sum = 1.0 / 6227020800; /* the Taylor series; the first term left out is below 2^-57 */
    sum = sum * rest + 1.0 / 479001600;
    sum = sum * rest + 1.0 / 39916800;
    sum = sum * rest + 1.0 / 3628800;
    sum = sum * rest + 1.0 / 362880;
    sum = sum * rest + 1.0 / 40320;
    sum = sum * rest + 1.0 / 5040;
    sum = sum * rest + 1.0 / 720;
    sum = sum * rest + 1.0 / 120;
    sum = sum * rest + 1.0 / 24;
    sum = sum * rest + 1.0 / 6;
    sum = sum * rest + 0.5;
    sum = sum * rest + 1;
    sum = sum * rest + 1;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52; /* 2 to the power of `whole` */
    double power;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

/* Of a positive, normal number. */
static inline double logarithm(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t from_root = bits - UINT64_C(0x3fe6a09e667f3bcd); /* the root of 1/2, where the exponent is to change */
    int64_t exponent = (int64_t)from_root >> 52;
    bits -= (uint64_t)exponent << 52;
    double fraction;
    memcpy(&fraction, &bits, sizeof fraction);
    double s = (fraction - 1) / (fraction + 1), square = s * s, sum = 2.0 / 23; /* log f = 2 (s + s^3/3 + s^5/5 ...) */
    for (int n = 21; n >= 3; n -= 2)
        sum = sum * square + 2.0 / n;
    return (double)exponent * LOG_2_HIGH + (2 * s + (s * square * sum + (double)exponent * LOG_2_LOW));
}

#endif
