/* failing_alloc.h - one allocation of the code under test fails, on the thread that says so. The linker
 * routes malloc and its kin here (--wrap, in tests/meson.build). */
#ifndef TESTS_FAILING_ALLOC_H
#define TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The allocation behind as many that succeed fails, and it alone; it is negative from then on. Negative: none
 * does. */
static _Thread_local long fail_after = -1;

static bool denied(void)
{
    return fail_after >= 0 && fail_after-- == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t n)
{
    return denied() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return denied() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return denied() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *text)
{
    return denied() ? NULL : __real_strdup(text);
}

#ifdef EACH_ALLOCATION_FAILS
#include <string.h>

#include "ponder/status.h"

enum { ALLOCATIONS_MAX = 20000 };

/* Tries it with each of its allocations failing, one after another, until it needs no more of them. */
static void each_allocation_fails(int (*attempt)(struct ponder_err *err))
{
    long at = 0, told = 0;
    for (; at < ALLOCATIONS_MAX; at++) {
        struct ponder_err failure = {0};
        fail_after = at;
        int status = attempt(&failure);
        bool reached = fail_after < 0;
        fail_after = -1;
        if (!reached) {
            if (status)
                fail_msg("with all memory: %s", failure.message);
            break;
        }
        if (status && status != PONDER_E_MEMORY && !strstr(failure.message, "memory"))
            fail_msg("allocation %ld: status %d, \"%s\"", at, status, failure.message);
        told += status != 0;
    }
    assert_true(at > 5 && at < ALLOCATIONS_MAX);
    assert_true(told > at / 2); /* a few can be done without */
}
#endif

#endif
