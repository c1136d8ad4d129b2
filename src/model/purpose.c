/* purpose.c - how a model is sampled for a purpose where its user leaves that open. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "model/ponder_model.h"
#include "kernels/sample.h"

static const struct {
    const char *name;
    struct ponder_purpose_sampling sampling;
} purposes[PONDER_PURPOSES] = {
    [PONDER_FOR_ONE] = {"one", {0, 1, 0}},
    [PONDER_FOR_VOTE] = {"vote", {0.6, 1, 0}},
    [PONDER_FOR_WEIGHTED] = {"weighted", {0.6, 1, 0}},
    [PONDER_FOR_BEST] = {"best", {0.6, 1, 0}},
    [PONDER_FOR_SEARCH] = {"search", {0.6, 1, 0}},
};

const char *ponder_purpose_name(enum ponder_purpose purpose)
{
    return purposes[purpose].name;
}

struct ponder_purpose_sampling ponder_purpose_default(enum ponder_purpose purpose)
{
    return purposes[purpose].sampling;
}

void ponder_model_default_sampling(struct ponder_model *model)
{
    for (int p = 0; p < PONDER_PURPOSES; p++)
        model->sampling[p] = purposes[p].sampling;
}

static int purpose_check(const struct ponder_purpose_sampling *s, struct ponder_err *err)
{
    struct sample_options options = {s->temperature, 0, s->top_p, s->min_p};
    return sample_options_check(&options, err);
}

/* One number of a purpose into `*out`, a field of `s`; a missing key leaves it as it is. */
static int read_number(const struct gguf_file *file, int purpose, const char *what,
                       struct ponder_purpose_sampling *s, double *out, struct ponder_err *err)
{
    char key[64];
    float value;
    snprintf(key, sizeof key, "ponder.sampling.%s.%s", purposes[purpose].name, what);
    if (!gguf_find(file, key))
        return PONDER_OK;
    int status = gguf_get_f32(file, key, &value, err);
    if (status)
        return status;
    *out = round((double)value * 1e6) / 1e6; /* 0.8 as it was written, not as f32 has it */
    return purpose_check(s, err) ? err_prefix(err, PONDER_E_FORMAT, "%s: key '%s'", gguf_path(file), key)
                                 : PONDER_OK;
}

int ponder_model_read_sampling(struct ponder_model *model, const struct gguf_file *file,
                               struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int p = 0; p < PONDER_PURPOSES && !status; p++) {
        struct ponder_purpose_sampling *s = &model->sampling[p];
        status = read_number(file, p, "temperature", s, &s->temperature, err);
        if (!status)
            status = read_number(file, p, "top_p", s, &s->top_p, err);
        if (!status)
            status = read_number(file, p, "min_p", s, &s->min_p, err);
    }
    return status;
}

struct ponder_purpose_sampling ponder_model_purpose(const struct ponder_model *model,
                                                    enum ponder_purpose purpose)
{
    return model->sampling[purpose];
}

static void put_purpose(struct gguf_writer *writer, int purpose, const struct ponder_purpose_sampling *s)
{
    const struct {
        const char *what;
        double value, without;
    } rows[] = {{"temperature", s->temperature, -1}, {"top_p", s->top_p, 1}, {"min_p", s->min_p, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char key[64];
        snprintf(key, sizeof key, "ponder.sampling.%s.%s", purposes[purpose].name, rows[i].what);
        if (rows[i].value != rows[i].without)
            gguf_put_f64(writer, key, rows[i].value);
    }
}

/* What is known of `choice`, and what else the file says already. */
static int put_choice(struct gguf_writer *writer, const struct gguf_file *file,
                      const struct ponder_sampling_choice *choice, struct ponder_err *err)
{
    struct ponder_model said = {0};
    ponder_model_default_sampling(&said);
    int status = ponder_model_read_sampling(&said, file, err);
    for (int p = 0; p < PONDER_PURPOSES && !status; p++) {
        char key[64];
        snprintf(key, sizeof key, "ponder.sampling.%s.temperature", purposes[p].name);
        if (choice->known[p] || gguf_find(file, key))
            put_purpose(writer, p, choice->known[p] ? &choice->sampling[p] : &said.sampling[p]);
    }
    return status;
}

int ponder_model_keep_sampling(const char *path, const struct ponder_sampling_choice *choice,
                               struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    struct gguf_writer *writer = gguf_writer_new();
    status = writer ? PONDER_OK : err_memory(err, "a GGUF file");
    if (!status)
        status = put_choice(writer, file, choice, err);
    if (!status) {
        gguf_put_file(writer, file, "ponder.sampling.");
        status = gguf_writer_save(writer, path, err);
    }
    gguf_writer_release(writer);
    gguf_release(file);
    return status;
}

struct ponder_sampling ponder_model_sampling(const struct ponder_model *model, enum ponder_purpose purpose,
                                             const struct ponder_sampling *sampling)
{
    const struct ponder_purpose_sampling *said = &model->sampling[purpose];
    struct ponder_sampling whole = *sampling;
    if (isnan(whole.temperature))
        whole.temperature = said->temperature;
    if (isnan(whole.top_p))
        whole.top_p = said->top_p;
    if (isnan(whole.min_p))
        whole.min_p = said->min_p;
    if (!whole.pool)
        whole.pool = "samples";
    return whole;
}
