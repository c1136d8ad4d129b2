#include "prompt/examples.h"

#include <stdlib.h>
#include <string.h>

#include "core/rng.h"

int examples_add(struct examples *examples, const char *problem, const char *solution)
{
    if (examples->count == EXAMPLES_MAX)
        return PONDER_OK;
    struct worked_example *example = &examples->items[examples->count++];
    *example = (struct worked_example){strdup(problem), strdup(solution)};
    return example->problem && example->solution ? PONDER_OK : PONDER_E_MEMORY;
}

void examples_release(struct examples *examples)
{
    for (int i = 0; i < examples->count; i++) {
        free(examples->items[i].problem);
        free(examples->items[i].solution);
    }
    *examples = (struct examples){0};
}

int examples_left_out(const struct examples *examples, const char *question, size_t len)
{
    for (int i = 0; i < examples->count; i++)
        if (strlen(examples->items[i].problem) == len &&
            memcmp(examples->items[i].problem, question, len) == 0)
            return i;
    return examples->count > EXAMPLES_SHOWN ? examples->count - 1 : examples->count;
}

void examples_put(const struct examples *examples, const char *question, size_t len, struct buf *out)
{
    int left_out = examples_left_out(examples, question, len);
    for (int i = 0; i < examples->count; i++)
        if (i != left_out) {
            buf_puts(out, EXAMPLES_PROBLEM);
            buf_puts(out, examples->items[i].problem);
            buf_puts(out, EXAMPLES_SOLUTION);
            buf_puts(out, examples->items[i].solution);
            buf_puts(out, "\n\n");
        }
}

size_t examples_bytes(const struct examples *examples)
{
    size_t bytes = 0;
    for (int i = 0; i < examples->count; i++)
        bytes += strlen(examples->items[i].problem) + strlen(examples->items[i].solution);
    return bytes;
}

uint64_t examples_hash(const struct examples *examples)
{
    uint64_t hash = 0;
    for (int i = 0; i < examples->count; i++) {
        const struct worked_example *example = &examples->items[i];
        hash = rng_key(hash, hash_bytes(example->problem, strlen(example->problem)));
        hash = rng_key(hash, hash_bytes(example->solution, strlen(example->solution)));
    }
    return hash;
}
