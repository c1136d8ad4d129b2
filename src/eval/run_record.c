#include "eval/run_record.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "core/err.h"
#include "core/json.h"
#include "session/plan.h"

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

/* ---- a record as JSON ---- */

enum type { TEXT, REAL, COUNT, FLAG, HASH };

static const struct field {
    const char *key;
    enum type type;
    size_t offset;
} fields[] = {
#define FIELD(name, type)                                                                                    \
    {                                                                                                        \
#name, type, offsetof(struct run_record, name)                                                       \
    }
    FIELD(model_hash, HASH), FIELD(prompt, TEXT),        FIELD(extract, TEXT),
    FIELD(precision, TEXT),  FIELD(temperature, REAL),   FIELD(top_p, REAL),
    FIELD(min_p, REAL),      FIELD(top_k, COUNT),        FIELD(max_tokens, COUNT),
    FIELD(n, COUNT),         FIELD(exact, FLAG),         FIELD(weights_memory, COUNT),
    FIELD(pool, TEXT),       FIELD(search, TEXT),        FIELD(width, COUNT),
    FIELD(lookahead, COUNT), FIELD(chains, COUNT),       FIELD(select, TEXT),
    FIELD(budget, TEXT),     FIELD(step_end, TEXT),      FIELD(verifier, TEXT),
    FIELD(aggregate, TEXT),  FIELD(verifier_hash, HASH), FIELD(rollouts, COUNT),
#undef FIELD
};
enum { FIELDS = sizeof fields / sizeof *fields };

static uint64_t hash_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strspn(text, "0123456789abcdef") == 16 && !text[16] ? strtoull(text, NULL, 16) : 0;
}

struct run_record run_record_of_json(const json_t *settings)
{
    struct run_record record = {0};
    for (int i = 0; i < FIELDS; i++) {
        void *at = (char *)&record + fields[i].offset;
        const json_t *value = json_object_get(settings, fields[i].key);
        if (fields[i].type == TEXT)
            *(const char **)at = json_string_value(value);
        else if (fields[i].type == REAL)
            *(double *)at = json_is_number(value) ? json_number_value(value) : NAN;
        else if (fields[i].type == COUNT)
            *(int64_t *)at = json_is_integer(value) ? json_integer_value(value) : -1;
        else if (fields[i].type == FLAG)
            *(int64_t *)at = json_is_boolean(value) ? json_is_true(value) : -1;
        else
            *(uint64_t *)at = hash_of(value);
    }
    return record;
}

/* NULL: it is not said. */
static json_t *field_json(const struct run_record *record, const struct field *field)
{
    const void *at = (const char *)record + field->offset;
    const char *text = field->type == TEXT ? *(const char *const *)at : NULL;
    int64_t count = field->type == COUNT || field->type == FLAG ? *(const int64_t *)at : -1;
    switch (field->type) {
    case TEXT:
        return text ? json_from_string(text) : NULL;
    case REAL:
        return isnan(*(const double *)at) ? NULL : json_real(*(const double *)at);
    case COUNT:
        return count >= 0 ? json_integer((json_int_t)count) : NULL;
    case FLAG:
        return count >= 0 ? json_boolean(count) : NULL;
    case HASH:
        break;
    }
    return *(const uint64_t *)at ? run_hash_json(*(const uint64_t *)at) : NULL;
}

char *run_record_print(const struct run_record *record)
{
    json_t *object = record->held ? json_copy(record->held) : json_object();
    int failed = !object;
    for (int i = 0; i < FIELDS && !failed; i++) {
        json_t *value = field_json(record, &fields[i]);
        failed = value && json_object_set_new(object, fields[i].key, value);
    }
    if (failed)
        json_decref(object);
    return failed ? NULL : text_of(object);
}

int run_record_of_run(struct run_record *out, const struct ponder_run *run, struct ponder_err *err)
{
    json_t *settings = json_loads(run->settings, 0, NULL);
    *out = run_record_of_json(settings);
    out->kind = run->kind;
    out->held = settings;
    return json_is_object(settings)
               ? PONDER_OK
               : err_set(err, PONDER_E_FORMAT, "run %lld: its settings are no JSON object",
                         (long long)run->id);
}

void run_record_release(struct run_record *record)
{
    json_decref(record->held);
    *record = (struct run_record){0};
}

/* ---- of a job ---- */

static void add_search(struct run_record *record, const struct eval_job *job)
{
    const struct ponder_search *search = job->search;
    record->kind = PONDER_RUN_SEARCH;
    const struct search_ops *ops = search_find(search->name); /* as it is spelt, not as it was typed */
    record->search = ops && !*search_own_text(search->name) ? ops->name : search->name;
    record->width = search->width;
    record->lookahead = strcmp(search->name, "lookahead") == 0 ? search->lookahead : -1;
    record->chains = search_is(search->name, "revise") ? search->chains : -1;
    record->select = search->select;
    record->budget = search->budget;
    record->step_end = search->step_end;
    record->verifier = run_file_name(ponder_search_verifier(search));
    record->verifier_hash = job->verifier_hash;
    record->aggregate = search->aggregate;
}

struct run_record run_record_of_job(const struct eval_job *job)
{
    const struct ponder_sampling *s = job->sampling;
    struct run_record record = run_record_of_json(NULL);
    record.kind = job->rollouts ? PONDER_RUN_ROLLOUTS : PONDER_RUN_SAMPLES;
    record.model_hash = job->model_hash;
    record.prompt = job->template->kind;
    record.extract = job->extract == ANSWER_BOX_ONLY ? "box" : "any";
    record.precision = job->precision;
    record.temperature = s->temperature;
    record.top_p = s->top_p;
    record.min_p = s->min_p;
    record.top_k = s->top_k;
    record.max_tokens = s->max_tokens;
    record.n = s->n;
    record.exact = s->exact;
    /* Other products, perhaps other bits; what is not exact promises none. */
    record.weights_memory = s->exact && s->weights_mib ? s->weights_mib : -1;
    record.pool = pool_is_greedy(s) ? "greedy" : NULL;
    record.search = job->rollouts ? "rollouts" : "best_of_n";
    record.rollouts = job->rollouts ? job->rollouts : -1;
    if (job->search)
        add_search(&record, job);
    return record;
}

/* ---- for readers ---- */

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
