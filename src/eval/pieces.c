#include "eval/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "driver/best_of_n.h"

static int pieces_copy(struct driver_recalled *out, const struct store_sample *sample)
{
    size_t id_bytes = sample->tokens ? (size_t)sample->token_count * sizeof *sample->tokens : 0;
    char *text = malloc(sample->len + 1);
    int32_t *tokens = sample->tokens ? malloc(id_bytes + 1) : NULL;
    *out = (struct driver_recalled){.text = text,
                                    .len = sample->len,
                                    .tokens = tokens,
                                    .token_count = sample->token_count,
                                    .logprob = sample->logprob,
                                    .finish = engine_finish_of(sample->finish)};
    if (!text || (sample->tokens && !tokens))
        return PONDER_E_MEMORY;
    memcpy(text, sample->text, sample->len);
    text[sample->len] = '\0';
    if (tokens)
        memcpy(tokens, sample->tokens, id_bytes);
    return PONDER_OK;
}

static int pieces_take(void *data, int64_t number, const struct store_sample *sample, struct ponder_err *err)
{
    struct pieces *pieces = data;
    if (number >= pieces->n || !sample->text)
        return PONDER_OK;
    pieces->there[number] = true;
    pieces->count++;
    return pieces_copy(&pieces->items[number], sample) ? err_memory(err, "samples") : PONDER_OK;
}

int pieces_read(struct pieces *out, struct store *store, int64_t run, int64_t seed, int64_t question,
                int64_t n, struct ponder_err *err)
{
    *out = (struct pieces){.items = calloc((size_t)n + 1, sizeof *out->items),
                           .there = calloc((size_t)n + 1, sizeof *out->there),
                           .n = n};
    if (!out->items || !out->there)
        return err_memory(err, "samples");
    return store_pieces_read(store, run, seed, question, pieces_take, out, err);
}

bool pieces_find(const struct pieces *pieces, int64_t i, struct driver_recalled *out)
{
    if (i >= pieces->n || !pieces->there[i])
        return false;
    *out = pieces->items[i];
    return true;
}

void pieces_release(struct pieces *pieces)
{
    for (int64_t i = 0; pieces->items && i < pieces->n; i++) {
        free((char *)pieces->items[i].text);
        free((int32_t *)pieces->items[i].tokens);
    }
    free(pieces->items);
    free(pieces->there);
    *pieces = (struct pieces){0};
}
