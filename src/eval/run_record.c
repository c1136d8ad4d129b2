#include "eval/run_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cpu.h"
#include "core/json.h"
#include "search/plan.h"

const char *run_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

json_t *run_hash_json(uint64_t hash)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return json_string(text);
}

static char *text_of(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(object);
    return text;
}

char *run_settings_text(const struct eval_job *job)
{
    const struct ponder_sampling *s = job->sampling;
    const struct ponder_search *search = job->search;
    json_t *object =
        json_pack("{s:o, s:f, s:I, s:f, s:f, s:I, s:s, s:b, s:s, s:s}", "model_hash",
                  run_hash_json(job->model_hash), "temperature", s->temperature, "top_k",
                  (json_int_t)s->top_k, "top_p", s->top_p, "min_p", s->min_p, "max_tokens",
                  (json_int_t)s->max_tokens, "precision", job->precision, "exact", (int)s->exact, "search",
                  search          ? search->name
                  : job->rollouts ? "rollouts"
                                  : "best_of_n",
                  "extract", job->extract == ANSWER_BOX_ONLY ? "box" : "any");
    int failed = !object;
    if (pool_is_greedy(s))
        failed |= json_object_set_new(object, "pool", json_string("greedy"));
    if (job->template->kind)
        failed |= json_object_set_new(object, "prompt", json_string(job->template->kind));
    if (s->exact && s->weights_mib) /* other products, perhaps other bits; what is not exact promises none */
        failed |= json_object_set_new(object, "weights_memory", json_integer((json_int_t)s->weights_mib));
    if (search) {
        failed |= json_object_set_new(object, "width", json_integer((json_int_t)search->width));
        failed |= json_object_set_new(object, "select", json_from_string(search->select));
        failed |= json_object_set_new(object, "verifier",
                                      json_from_string(run_file_name(ponder_search_verifier(search))));
        failed |= json_object_set_new(object, "aggregate", json_from_string(search->aggregate));
        failed |= json_object_set_new(object, "budget", json_from_string(search->budget));
        failed |= json_object_set_new(object, "step_end", json_from_string(search->step_end));
        if (strcmp(search->name, "lookahead") == 0)
            failed |= json_object_set_new(object, "lookahead", json_integer((json_int_t)search->lookahead));
        if (job->verifier_hash)
            failed |= json_object_set_new(object, "verifier_hash", run_hash_json(job->verifier_hash));
    }
    if (job->rollouts)
        failed |= json_object_set_new(object, "rollouts", json_integer((json_int_t)job->rollouts));
    failed |= json_object_set_new(object, "n", json_integer((json_int_t)s->n));
    if (failed)
        json_decref(object);
    return failed ? NULL : text_of(object);
}

char *run_fingerprint_text(void)
{
    char cpu[256];
    cpu_describe(cpu, sizeof cpu);
    return text_of(json_pack("{s:o, s:s}", "cpu", json_from_string(cpu), "version", PONDER_VERSION));
}

char *run_report_text(const struct eval_job *job, const char *settings)
{
    json_t *object = json_loads(settings, 0, NULL);
    json_t *more = json_pack("{s:o, s:o, s:I, s:I}", "model", json_from_string(run_file_name(job->model)),
                             "data", json_from_string(run_file_name(job->settings->data)), "seed",
                             (json_int_t)job->sampling->seed, "seeds", (json_int_t)job->settings->seeds);
    int failed = json_object_update(object, more);
    json_decref(more);
    if (failed)
        json_decref(object);
    return failed ? NULL : text_of(object);
}
