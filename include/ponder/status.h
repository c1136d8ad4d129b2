/* status.h - how a call says what went wrong.
 *
 * Every call that may fail returns 0 or a negative enum ponder_status, and fills an optional
 * struct ponder_err with one line that says what was wrong, where (file, line or byte offset, key), and
 * what would be right. The library never prints and never exits. */
#ifndef PONDER_STATUS_H
#define PONDER_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PONDER_API __attribute__((visibility("default")))
#define PONDER_USE __attribute__((warn_unused_result))
#define PONDER_PRINTF(a, b) __attribute__((format(printf, a, b)))
#else
#define PONDER_API
#define PONDER_USE
#define PONDER_PRINTF(a, b)
#endif

/* X(name, number, message): the one place where a status is defined. */
#define PONDER_STATUS_LIST(X)                                                                                \
    X(OK, 0, "done")                                                                                         \
    X(E_MEMORY, -1, "out of memory")                                                                         \
    X(E_IO, -2, "input or output failed")                                                                    \
    X(E_FORMAT, -3, "malformed file or message")                                                             \
    X(E_ARGUMENT, -4, "invalid argument")                                                                    \
    X(E_LIMIT, -5, "over a stated limit")                                                                    \
    X(E_UNSUPPORTED, -6, "not supported")                                                                    \
    X(E_NOT_FOUND, -7, "not found")                                                                          \
    X(E_TIMEOUT, -8, "out of time")                                                                          \
    X(E_CANCELLED, -9, "cancelled")                                                                          \
    X(E_ENGINE, -10, "the engine failed")                                                                    \
    X(E_NO_ANSWER, -11, "no candidate has an answer")

enum ponder_status {
#define X(name, number, message) PONDER_##name = (number),
    PONDER_STATUS_LIST(X)
#undef X
};

struct ponder_err {
    int status;        /* an enum ponder_status */
    char message[512]; /* one line, no newline at its end */
};

/* "MAJOR.MINOR.PATCH" of the library that runs; any thread. */
PONDER_API const char *ponder_version(void);
/* The short message of a status; never NULL. */
PONDER_API const char *ponder_status_message(int status);

#ifdef __cplusplus
}
#endif
#endif
