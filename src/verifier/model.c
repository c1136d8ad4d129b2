#include "verifier/model.h"

#include "core/err.h"
#include "core/rng.h"
#include "model/ponder_model.h"
#include "verifier/scorer.h"

extern const struct verifier_ops verifier_prm, verifier_orm, verifier_judge;

static const struct verifier_ops *ops_of(const struct verifier_profile *profile)
{
    return profile->kind == VERIFIER_JUDGE ? &verifier_judge
           : profile->outcome              ? &verifier_orm
                                           : &verifier_prm;
}

/* A process model read as an outcome model, or the other way round, would answer another question than it is
 * asked. */
static int check_kind(const struct verifier *v, const char *path, const struct verifier_profile *profile,
                      struct ponder_err *err)
{
    static const char *const kinds[] = {"scores steps", "scores whole solutions", "is for a judge"};
    const struct verifier_ops *fits = ops_of(profile);
    if (fits == v->ops)
        return PONDER_OK;
    return err_set(err, PONDER_E_ARGUMENT, "--verifier: by its profile %s %s; name it %s:%s", path,
                   kinds[fits == &verifier_judge ? 2 : fits == &verifier_orm], fits->name, path);
}

/* Of MiB that nobody may have checked yet. */
static size_t bytes_of(int64_t mib)
{
    return mib > 0 && mib <= INT64_MAX >> 20 ? (size_t)mib << 20 : 0;
}

int model_open(struct verifier *v, const char *path, const struct verifier_options *options,
               const char *fallback, struct ponder_err *err)
{
    struct scorer_options scoring = {.threads = options->threads,
                                     .exact = options->exact,
                                     .kv_bytes_max = bytes_of(options->kv_mib),
                                     .weights_bytes_max = bytes_of(options->weights_mib)};
    const char *name = options->profile ? options->profile : fallback;
    struct verifier_profile given;
    struct scorer *scorer = NULL;
    int status = precision_parse(options->precision, &scoring.precision, err);
    if (!status && name) {
        status = verifier_profile_open(&given, name, err);
        scoring.profile = &given;
    }
    if (!status)
        status = scorer_open(&scorer, path, &scoring, err);
    v->data = scorer;
    if (status)
        return status;
    v->profile = scorer_profile(scorer);
    v->aggregate = v->profile->aggregate;
    v->hash = scorer_hash(scorer);
    given = verifier_profile_own();
    if (verifier_profile_hash(v->profile) != verifier_profile_hash(&given))
        v->hash = rng_key(v->hash, verifier_profile_hash(v->profile));
    return check_kind(v, path, v->profile, err);
}

void model_release(struct verifier *v)
{
    scorer_release(v->data);
}

int model_score(struct verifier *v, struct verifier_item *items, int64_t count,
                const struct deadline *deadline, struct ponder_err *err)
{
    return scorer_run(v->data, items, count, deadline, err);
}

void model_forget(struct verifier *v, struct verifier_case *question)
{
    scorer_forget(v->data, question);
}

void model_reading(struct verifier *v, const struct verifier_case *question, struct verifier_reading *out)
{
    scorer_reading(v->data, question, out);
}

double model_flops(const struct verifier *v, int64_t first, int64_t count)
{
    return scorer_reading_flops(v->data, first, count);
}

int model_ops_of(const char *path, const struct verifier_options *options, const struct verifier_ops **out,
                 struct ponder_err *err)
{
    struct verifier_profile profile;
    struct gguf_file *file;
    int status;
    if (options->profile) {
        status = verifier_profile_open(&profile, options->profile, err);
    } else {
        status = gguf_open(&file, path, err);
        if (!status) {
            status = verifier_profile_read(&profile, file, INT32_MAX, err);
            gguf_release(file);
        }
    }
    if (!status)
        *out = ops_of(&profile);
    return status;
}
