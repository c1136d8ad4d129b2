/* local_branch.c - what a branch of the local engine does with a token, and how it ends. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/local_impl.h"

/* Segments are dropped without pins. */
static void unpin(struct local *local, struct local_branch *branch)
{
    if (branch->pinned)
        kv_unpin(local->kv, branch->segment);
    branch->pinned = false;
}

void local_branch_fail(struct local *local, struct local_branch *branch, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(branch->error, sizeof branch->error, format, args);
    va_end(args);
    branch->status = status;
    branch->finish = ENGINE_FINISH_FAILED;
    branch->finished = true;
    unpin(local, branch);
    if (branch->segment >= 0)
        kv_segment_drop(local->kv, branch->segment);
    branch->segment = -1;
}

/* The node keeps the branch's segment; one without tokens of its own ends where its parent did. */
static int64_t node_behind(struct local *local, const struct local_branch *branch)
{
    int own = branch->segment, segment = own;
    if (kv_end(local->kv, own) == kv_start(local->kv, own)) {
        segment = kv_parent(local->kv, own);
        kv_segment_retain(local->kv, segment);
        kv_segment_drop(local->kv, own);
    }
    int64_t node = local_node_new(local, segment, buf_text(&branch->text) + branch->text_end,
                                  branch->text.len - branch->text_end);
    if (node < 0)
        kv_segment_drop(local->kv, segment);
    return node;
}

static int32_t *tokens_of(const struct local *local, const struct local_branch *branch)
{
    int32_t *tokens = malloc(((size_t)branch->generated + 1) * sizeof *tokens);
    if (!tokens)
        return NULL;
    int start = kv_start(local->kv, branch->segment), end = kv_end(local->kv, branch->segment);
    for (int position = start; position < end; position++)
        tokens[position - start] = kv_token(local->kv, branch->segment, position);
    if (branch->finish == ENGINE_FINISH_END && branch->end_token >= 0)
        tokens[end - start] = branch->end_token;
    return tokens;
}

void local_branch_finish(struct local *local, struct local_branch *branch, enum engine_finish finish)
{
    unpin(local, branch);
    branch->finish = finish;
    branch->tokens = tokens_of(local, branch);
    if (!branch->tokens || buf_append(&branch->text, "", 0)) { /* so that taking it cannot fail */
        local_branch_fail(local, branch, PONDER_E_MEMORY, "out of memory for a result");
        return;
    }
    branch->node = node_behind(local, branch);
    branch->segment = -1;
    branch->finished = true;
    if (branch->node < 0) {
        int status = (int)branch->node;
        branch->node = 0;
        local_branch_fail(local, branch, status, "there are %d nodes, and no room for another: release some",
                          local->node_count);
    }
}

void local_branch_free(struct local *local, struct local_branch *branch)
{
    unpin(local, branch);
    if (branch->segment >= 0)
        kv_segment_drop(local->kv, branch->segment);
    buf_release(&branch->text);
    free(branch->tokens);
    free(branch);
}

static int append_piece(const struct local *local, struct local_branch *branch, int32_t token)
{
    if (local->model->tokenizer)
        return tokenizer_piece(local->model->tokenizer, token, false, &branch->text);
    return buf_putc(&branch->text, (char)(unsigned char)(token % 256));
}

/* Where a string ends that ends behind byte `old_len`; 0: nowhere. */
static size_t find_string(const struct local_branch *branch, const char *string, size_t old_len)
{
    size_t len = strlen(string);
    size_t from = old_len >= len - 1 ? old_len - (len - 1) : 0;
    if (branch->text.len < from + len)
        return 0;
    const char *hit = memmem(branch->text.data + from, branch->text.len - from, string, len);
    return hit ? (size_t)(hit - branch->text.data) + len : 0;
}

void local_branch_score(struct local *local, struct local_branch *branch, const float *logits)
{
    branch->score = 1 / (1 + exp((double)logits[branch->bad] - (double)logits[branch->good]));
    if (isfinite(logits[branch->good]) && isfinite(logits[branch->bad]))
        local_branch_finish(local, branch, ENGINE_FINISH_SCORED);
    else
        local_branch_fail(local, branch, PONDER_E_ENGINE, "the model's logits are not finite numbers");
}

void local_branch_accept(struct local *local, struct local_branch *branch)
{
    int32_t token = branch->sample.token;
    const struct tokenizer *tokenizer = local->model->tokenizer;
    if (token < 0) {
        local_branch_fail(local, branch, PONDER_E_ENGINE,
                          "the model's logits at position %d are not finite numbers",
                          kv_end(local->kv, branch->segment) - 1);
        return;
    }
    branch->decoding = true;
    branch->generated++;
    branch->logprob += branch->sample.logprob;
    local->usage.generated_tokens++;
    if (tokenizer && !branch->ignore_end && tokenizer_is_end(tokenizer, token)) {
        branch->end_token = token;
        local_branch_finish(local, branch, ENGINE_FINISH_END);
        return;
    }
    size_t old_len = branch->text.len;
    int status = kv_append(local->kv, branch->segment, &token, 1);
    if (!status)
        status = append_piece(local, branch, token);
    if (status) {
        local_branch_fail(local, branch, status, "a text grew past what memory holds");
        return;
    }
    branch->text_end = branch->text.len;
    size_t stop = engine_stop_end(branch->stops, branch->stop_count, branch->text.data, branch->text.len,
                                  old_len),
           end = branch->end ? find_string(branch, branch->end, old_len) : 0;
    if (end && (!stop || end <= stop)) {
        branch->text_end = branch->text.len = end - strlen(branch->end);
        local_branch_finish(local, branch, ENGINE_FINISH_END);
        return;
    }
    if (stop)
        branch->text_end = stop;
    if (stop)
        local_branch_finish(local, branch, ENGINE_FINISH_STOP);
    else if (branch->generated == branch->tokens_max)
        local_branch_finish(local, branch, ENGINE_FINISH_LENGTH);
    else if (kv_end(local->kv, branch->segment) == kv_context(local->kv))
        local_branch_finish(local, branch, ENGINE_FINISH_CONTEXT);
}
