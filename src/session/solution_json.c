/* solution_json.c - a solution for other programs: as one JSON object. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "ponder/solve.h"
#include "tree/ledger.h"

static const char *stopped_name(enum ponder_stopped stopped)
{
    static const char *const names[] = {
        [PONDER_STOPPED_NO] = NULL,
        [PONDER_STOPPED_BY_CALLER] = "caller",
        [PONDER_STOPPED_BY_TIMEOUT] = "timeout",
    };
    return names[stopped];
}

static json_t *votes_json(const struct ponder_solution *solution)
{
    json_t *rows = json_array();
    int64_t voters = 0;
    for (int64_t i = 0; i < solution->vote_count; i++)
        voters += solution->votes[i].count;
    for (int64_t i = 0; rows && i < solution->vote_count; i++) {
        const struct ponder_vote *vote = &solution->votes[i];
        json_array_append_new(rows, json_pack("{s:o, s:I, s:f}", "answer", json_from_string(vote->answer),
                                              "count", (json_int_t)vote->count, "share",
                                              (double)vote->count / (double)voters));
    }
    return rows;
}

static json_t *candidate_fields(const struct ponder_candidate *candidate)
{
    json_t *fields = json_pack("{s:o, s:I, s:o, s:s}", "answer", json_from_string(candidate->answer),
                               "tokens", (json_int_t)candidate->tokens, "logprob",
                               json_from_real(candidate->logprob), "finish", candidate->finish);
    if (fields && !isnan(candidate->score))
        json_object_set_new(fields, "score", json_real(candidate->score));
    return fields;
}

static json_t *candidates_json(const struct ponder_solution *solution)
{
    json_t *rows = json_array();
    for (int64_t i = 0; rows && i < solution->candidate_count; i++) {
        const struct ponder_candidate *candidate = &solution->candidates[i];
        json_t *row = candidate_fields(candidate);
        json_object_set_new(row, "text", json_from_text(candidate->text, candidate->len));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* NULL: of no servers. */
static json_t *start_json(const struct ponder_start *start)
{
    if (!start->requests)
        return NULL;
    return json_pack("{s:I, s:I, s:I, s:f}", "requests", (json_int_t)start->requests, "prompt_tokens",
                     (json_int_t)start->prompt_tokens, "generated_tokens",
                     (json_int_t)start->generated_tokens, "seconds", start->seconds);
}

int ponder_solution_json(const struct ponder_solution *solution, char **json, struct ponder_err *err)
{
    json_t *root = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "question", json_from_string(solution->question),
        "answer", json_from_string(solution->answer), "votes", votes_json(solution), "candidates",
        candidates_json(solution), "best", solution->best < 0 ? json_null() : json_integer(solution->best),
        "finished", (json_int_t)solution->finished, "stopped",
        json_from_string(stopped_name(solution->stopped)), "ledger", ledger_json(&solution->ledger));
    if (root && solution->sure > 0) {
        json_object_set_new(root, "planned", json_integer(solution->planned));
        json_object_set_new(root, "sure", json_real(1 - solution->sure));
    }
    json_t *start = start_json(&solution->start);
    if (root && start)
        json_object_set_new(root, "start", start);
    if (root && solution->agreement) {
        json_object_set_new(root, "agreement", json_from_string(solution->agreement));
        json_object_set_new(root, "agreeing", json_integer(solution->agreeing));
    }
    return json_print(root, json, err);
}
