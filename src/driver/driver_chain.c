/* driver_chain.c - attempts that a model is shown: the text behind which the next one of a chain is sampled.
 *
 * While a chain is no longer than what is shown, an attempt stands right behind the one before it, and an
 * engine that keeps what it computed has all of that; once older attempts are left out, those that are shown
 * are read again. What is read again is prompt, and charged as that. */
#include <string.h>

#include "core/err.h"
#include "driver/driver_impl.h"

/* The attempt `last` and those before it in its chain, latest first, `most` at most; *all: there are no
 * others. */
static int list_shown(const struct tree *tree, int32_t last, int most, int32_t *shown, bool *all)
{
    int count = 0;
    int32_t at = last;
    for (; at > 0 && count < most; at = tree->nodes[at].revises)
        shown[count++] = at;
    *all = at <= 0;
    return count;
}

/* Tokens of a node, or no more than that. */
static int64_t length_of(const struct engine *engine, int64_t node, int64_t otherwise)
{
    int64_t length = engine_length(engine, node);
    return length >= 0 ? length : otherwise;
}

/* What chains begin with is set aside until it is known to have been computed, in place of the question's own
 * prompt: a strategy that revises asks for nothing behind that. */
static void reserve_first(struct quest *quest)
{
    struct allowance *allowance = &quest->allowance;
    int64_t tokens = quest->chain_tokens + 8;
    allowance_refund(allowance, quest->prompt_reservation);
    quest->prompt_reservation = (struct reservation){tokens, engine_flops(allowance->engine, 0, tokens)};
    allowance_reserve(allowance, quest->prompt_reservation);
}

static int open_first(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    const struct prompt *first = &quest->question.revision->first, *prompt = &quest->question.prompt;
    struct engine_text text = {first->text, first->len, first->parts, first->part_count};
    int64_t root = quest->search.tree.nodes[0].handle;
    if (quest->chain)
        return PONDER_OK;
    bool same = root && first->len == prompt->len && memcmp(first->text, prompt->text, prompt->len) == 0;
    int status = same ? engine_prompt(driver->engine, root, "", 0, &quest->chain, err)
                      : engine_prompt_parts(driver->engine, 0, &text, &quest->chain, err);
    if (status)
        return status;
    quest->chain_tokens = length_of(driver->engine, quest->chain, (int64_t)first->len + 1);
    reserve_first(quest);
    return PONDER_OK;
}

/* Puts `text` behind *at, which is given back unless it is `kept`. */
static int put_behind(struct driver *driver, const struct engine_text *text, int64_t kept, int64_t *at,
                      struct ponder_err *err)
{
    int64_t next = 0;
    int status = engine_prompt_parts(driver->engine, *at, text, &next, err);
    if (*at != kept)
        engine_node_release(driver->engine, *at);
    *at = next;
    return status;
}

static int put_between(struct driver *driver, const struct quest *quest, int64_t kept, int64_t *at,
                       struct ponder_err *err)
{
    const struct prompt *between = &quest->question.revision->between;
    const struct engine_text text = {between->text, between->len, between->parts, between->part_count};
    return put_behind(driver, &text, kept, at, err);
}

/* All that is shown, put behind the chain's prompt anew. */
static int show_anew(struct driver *driver, const struct quest *quest, const int32_t *shown, int count,
                     int64_t *at, struct ponder_err *err)
{
    int status = PONDER_OK;
    *at = quest->chain;
    for (int i = count - 1; i >= 0 && !status; i--) {
        const struct tree_node *attempt = &quest->search.tree.nodes[shown[i]];
        const struct engine_text text = {attempt->text, attempt->len, NULL, 0};
        status = put_behind(driver, &text, quest->chain, at, err);
        if (!status)
            status = put_between(driver, quest, quest->chain, at, err);
    }
    return status;
}

/* Fewer where the context has no room for all and an attempt as long as the longest of them. */
static int fit_shown(const struct driver *driver, const struct quest *quest, const int32_t *shown, int count)
{
    int64_t context = engine_context(driver->engine), tokens = quest->chain_tokens, longest = 0;
    const struct tree_node *nodes = quest->search.tree.nodes;
    for (int i = 0; i < count; i++) {
        tokens += nodes[shown[i]].tokens + (int64_t)quest->question.revision->between.len;
        longest = nodes[shown[i]].tokens > longest ? nodes[shown[i]].tokens : longest;
        if (tokens + longest + longest / 4 > context)
            return i;
    }
    return count;
}

int driver_chain_show(struct driver *driver, struct quest *quest, const struct search_ask *ask,
                      struct shown *out, struct ponder_err *err)
{
    int32_t shown[REVISION_SHOWN_MAX];
    bool all;
    *out = (struct shown){0};
    if (!quest->question.revision)
        return err_set(err, PONDER_E_UNSUPPORTED, "nothing says how the model is shown its attempts");
    int status = open_first(driver, quest, err);
    *out =
        (struct shown){.parent = quest->chain, .length = quest->chain_tokens, .cached = quest->chain_tokens};
    int listed =
        list_shown(&quest->search.tree, ask->revises, quest->question.revision->shown_max, shown, &all);
    int count = status ? 0 : fit_shown(driver, quest, shown, listed);
    if (status || count == 0)
        return status;
    const struct tree_node *last = &quest->search.tree.nodes[shown[0]];
    if (all && count == listed && last->handle) {
        out->context = last->handle;
        out->cached = length_of(driver->engine, last->handle, last->before + last->tokens);
        status = put_between(driver, quest, last->handle, &out->context, err);
    } else {
        status = show_anew(driver, quest, shown, count, &out->context, err);
    }
    out->parent = out->context;
    out->length = status ? 0 : length_of(driver->engine, out->context, out->cached + (int64_t)last->len);
    return status;
}
