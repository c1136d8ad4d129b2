/* replay_json.c - a replay as one JSON object. */
#include "core/json.h"
#include "eval/report.h"
#include "ponder/replay.h"

/* Takes `value` over; NULL where either is missing. */
static json_t *replay_json_append(json_t *array, json_t *value)
{
    if (array && !json_array_append_new(array, value))
        return array;
    json_decref(array);
    return NULL;
}

static json_t *figure_json(const struct ponder_replay_figure *figure, int64_t n, bool compared)
{
    json_t *object = json_pack("{s:I, s:b, s:o}", "n", (json_int_t)n, "exact", (int)figure->exact, "accuracy",
                               report_interval_json(&figure->accuracy));
    int failed = 0;
    if (compared)
        failed |= json_object_set_new(object, "over_majority", report_interval_json(&figure->over_majority));
    if (figure->recorded) {
        failed |= json_object_set_new(object, "recorded", json_integer(figure->recorded));
        failed |= json_object_set_new(object, "same", json_integer(figure->same));
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *method_json(const struct ponder_replay *replay, const struct ponder_replay_method *method)
{
    json_t *figures = json_array();
    for (int i = 0; i < replay->n_count; i++)
        figures =
            replay_json_append(figures, figure_json(&method->at[i], replay->ns[i], method->score != NULL));
    return json_pack("{s:s, s:o, s:o}", "method", method->name, "score", json_from_string(method->score),
                     "at", figures);
}

static json_t *ns_json(const struct ponder_replay *replay)
{
    json_t *array = json_array();
    for (int i = 0; i < replay->n_count; i++)
        array = replay_json_append(array, json_integer(replay->ns[i]));
    return array;
}

static json_t *rule_json(const struct ponder_replay_rule *rule)
{
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "vote", rule->vote, "score",
                     json_from_string(rule->score), "rule", rule->rule, "taken",
                     report_interval_json(&rule->taken), "accuracy", report_interval_json(&rule->accuracy),
                     "over_all", report_interval_json(&rule->over_all), "other",
                     report_interval_json(&rule->other));
}

int ponder_replay_json(const struct ponder_replay *replay, char **json, struct ponder_err *err)
{
    json_t *methods = json_array();
    for (int i = 0; i < replay->method_count; i++)
        methods = replay_json_append(methods, method_json(replay, &replay->methods[i]));
    json_t *rules = json_array();
    for (int i = 0; i < replay->rule_count; i++)
        rules = replay_json_append(rules, rule_json(&replay->rules[i]));
    return json_print(
        json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:o, s:s, s:I, s:I, s:b, s:o, s:o, s:o}", "samples",
                  json_from_string(replay->samples), "format", replay->format, "order",
                  replay->first ? "first" : "subsets", "questions", (json_int_t)replay->questions,
                  "samples_min", (json_int_t)replay->samples_min, "samples_max",
                  (json_int_t)replay->samples_max, "without_answer", json_from_real(replay->without_answer),
                  "verdicts", replay->graded ? "graded" : "recorded", "judged", (json_int_t)replay->judged,
                  "judged_same", (json_int_t)replay->judged_same, "logistic", (int)replay->logistic, "n",
                  ns_json(replay), "methods", methods, "rules", rules),
        json, err);
}
