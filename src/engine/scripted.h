/* scripted.h - an engine of canned replies, slow ones and failures, to test what stands on engines. */
#ifndef ENGINE_SCRIPTED_H
#define ENGINE_SCRIPTED_H

#include "core/clock.h"
#include "engine/engine.h"

/* One reply. A request gets the first one that fits it and is not used up. */
struct scripted_reply {
    const char *when;   /* fits where the node's whole text contains this; NULL: anywhere */
    const char *behind; /* and ends with this; NULL: with anything */
    int times;          /* how many requests it serves; 0: any number. Rows with 1 make a sequence */
    const char *text;   /* what is generated, then the end token; NULL: the request fails */
    int status;         /* of a failure; 0: PONDER_E_ENGINE */
    const char *error;  /* of a failure; NULL: a word that it was scripted */
    double delay_s;     /* from the moment it is started, by the options' clock */
    double logprob;     /* of the whole text */
    bool open_ended;    /* no end token follows: the text finishes as LENGTH */
};

struct scripted_options {
    const struct scripted_reply *replies; /* borrowed, with its texts, until release */
    int reply_count;
    const struct clock *clock; /* NULL: the machine's. Only with the machine's does engine_step sleep */
    int concurrent_max;        /* replies under way at once; 0: all. The others wait in order */
    int context;               /* bytes of a path; 0: 1 << 20 */
    double flops_per_token;
};

/* One byte is one token, in every count and limit; an end token counts as one more. A stop string ends a
 * reply, and what was behind it is gone: the next step is the next reply. A request that no reply fits fails
 * with PONDER_E_NOT_FOUND and its text in the message. Results come in the order in which they are due, those
 * due at once in the order they were submitted. */
int scripted_open(struct engine **out, const struct scripted_options *options,
                  struct ponder_err *err) PONDER_USE;

/* The text of a node from its beginning; owned by the engine until the node is released; NULL: no such node.
 */
const char *scripted_node_text(const struct engine *engine, int64_t node);
/* Nodes not released. */
int scripted_node_count(const struct engine *engine);

#endif
