/* tune.c - ponder_train_prm(), ponder_train_orm() and ponder_train_revision(): a verifier, from a base model
 * and labelled solutions, or a model that revises, from a base model and its own attempts.
 *
 * A verifier reads a question and a solution with a tag behind every step, and is trained at the tags to say
 * whether the answer can still be reached from there, or at the last one whether it is right (binary
 * cross-entropy over the two tokens of its profile). A share of the questions is held out; their loss is
 * measured along the way, and may end the training. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "products/gemm.h"
#include "train/judged_source.h"
#include "train/loop.h"
#include "train/recipe.h"
#include "train/trajectory_source.h"

struct training {
    const char *kind; /* "prm", "orm" or "revision" */
    const struct ponder_option *table;
    struct ponder_train_tune_settings settings; /* with zeros and "auto" resolved */
    struct verifier_profile profile;
    enum judged_labels labels;
    struct lm_model *model;
    struct judged_source source;
    bool revises; /* it is no verifier, and learns from these: */
    struct trajectory_source trajectories;
    struct revision_template revision;
    struct prompt_template plain;
    char *plain_text; /* of its base: what a question is put by */
    int64_t steps;
    struct buf checkpoint_path, recipe, command;
    const struct ponder_train_result *result;
};

static void training_release(struct training *training)
{
    lm_model_release(training->model);
    judged_source_release(&training->source);
    trajectory_source_release(&training->trajectories);
    revision_template_release(&training->revision);
    free(training->plain_text);
    buf_release(&training->checkpoint_path);
    buf_release(&training->recipe);
    buf_release(&training->command);
}

static int check_files(const struct ponder_train_tune_settings *s, bool revises, struct ponder_err *err)
{
    if (!s->base)
        return err_set(err, PONDER_E_ARGUMENT, "--base is missing: the model to start from");
    if (!s->samples && !s->store && revises)
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--store is missing: attempts at train questions, which `ponder eval -n 64 --store` makes");
    if (!s->samples && !s->store)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--samples is missing: a file that `ponder task check` wrote; or --store, which "
                       "`ponder label` filled");
    if (s->samples && s->store)
        return err_set(err, PONDER_E_ARGUMENT, "--samples and --store: labels come from one of them");
    if (s->patience > 0 && (s->heldout <= 0 || s->heldout_tokens == 0 || s->heldout_every == 0))
        return err_set(err, PONDER_E_ARGUMENT,
                       "--patience waits for held-out losses; --heldout, --heldout-every or --heldout-tokens "
                       "is 0");
    return PONDER_OK;
}

static int resolve_labels(struct training *training, struct ponder_err *err)
{
    static const char *const names[] = {"steps", "any", "answer"};
    const char *wanted = training->settings.labels;
    training->labels = JUDGED_STEPS;
    for (int i = 0; wanted && i < 3; i++) {
        if (strcmp(wanted, names[i]) == 0) {
            training->labels = (enum judged_labels)i;
            return PONDER_OK;
        }
    }
    return wanted ? err_set(err, PONDER_E_ARGUMENT, "--labels: '%.60s' is none of steps, any, answer", wanted)
                  : PONDER_OK;
}

static int tune_resolve(struct training *training, struct ponder_err *err)
{
    struct ponder_train_tune_settings *s = &training->settings;
    int status = check_files(s, training->revises, err);
    if (status)
        return status;
    struct recipe_settings open = {&s->precision, s->optimizer, s->out, &s->checkpoint, &s->threads};
    status = recipe_resolve(&open, &training->checkpoint_path, err);
    if (status)
        return status;
    status = resolve_labels(training, err);
    if (status)
        return status;
    if (training->revises && strcmp(s->chain_text, "auto") == 0)
        s->chain_text = "Attempts: " PROMPT_SLOT "\n<|attempt|>";
    if (training->revises && strcmp(s->between_text, "auto") == 0)
        s->between_text = "\n<|attempt|>";
    return PONDER_OK;
}

static int open_judged(struct training *training, int tokens_max, struct ponder_err *err)
{
    const struct ponder_train_tune_settings *s = &training->settings;
    struct judged_options options = {.profile = &training->profile,
                                     .tokenizer = training->model->tokenizer,
                                     .labels = training->labels,
                                     .heldout = s->heldout,
                                     .lm_share = s->lm_share,
                                     .per_question = (int)s->per_question,
                                     .questions = s->limit,
                                     .tokens_max = tokens_max,
                                     .seed = (uint64_t)s->seed};
    judged_source_init(&training->source, &options);
    return s->store ? judged_read_store(&training->source, s->store, s->run, err)
                    : judged_read_samples(&training->source, s->samples, err);
}

/* How the base is asked, which the model that revises is asked by too. */
static int read_plain(struct training *training, struct ponder_err *err)
{
    static const char key[] = "ponder.prompt.template";
    struct gguf_string text = {"{question}\n", strlen("{question}\n")};
    struct gguf_file *file;
    int status = gguf_open(&file, training->settings.base, err);
    if (status)
        return status;
    if (gguf_find(file, key))
        status = gguf_get_string(file, key, &text, err);
    if (!status && !(training->plain_text = strndup(text.data, text.len)))
        status = err_memory(err, "a prompt template");
    gguf_release(file);
    if (!status)
        training->plain = prompt_template_of(training->plain_text);
    return status;
}

static int open_trajectories(struct training *training, int tokens_max, struct ponder_err *err)
{
    const struct ponder_train_tune_settings *s = &training->settings;
    int status = read_plain(training, err);
    if (!status)
        status =
            revision_of_marks(&training->revision, s->chain_text, s->between_text, (int)s->attempts, err);
    struct trajectory_options options = {.tokenizer = training->model->tokenizer,
                                         .revision = &training->revision,
                                         .plain = &training->plain,
                                         .wrong_max = (int)s->attempts,
                                         .kept_share = s->kept_share,
                                         .plain_share = s->plain_share,
                                         .heldout = s->heldout,
                                         .per_question = (int)s->per_question,
                                         .questions = s->limit,
                                         .tokens_max = tokens_max,
                                         .seed = (uint64_t)s->seed};
    trajectory_source_init(&training->trajectories, &options);
    return status ? status : trajectory_read_store(&training->trajectories, s->store, s->run, err);
}

static int open_all(struct training *training, struct ponder_err *err)
{
    const struct ponder_train_tune_settings *s = &training->settings;
    int status = lm_model_open(&training->model, s->base, err);
    if (!status && !training->model->tokenizer)
        status = err_set(err, PONDER_E_UNSUPPORTED, "%s has no tokenizer", s->base);
    if (status)
        return status;
    lm_model_expand(training->model);
    int context = training->model->shape.context, batch = (int)s->batch_tokens;
    int tokens_max = context < batch ? context : batch;
    status = training->revises ? open_trajectories(training, tokens_max, err)
                               : open_judged(training, tokens_max, err);
    uint64_t tokens = training->revises ? training->trajectories.train.tokens : training->source.train.tokens;
    training->steps = (int64_t)ceil(s->epochs * (double)tokens / (double)s->batch_tokens);
    return status;
}

/* What does not change the numbers of a run stays out of its recipe. */
static const char *const not_recipe[] = {"out",     "name",    "checkpoint", "checkpoint-every",
                                         "restart", "metrics", "threads",    "samples",
                                         "base",    "store",   "run",        NULL};
static const char *const not_command[] = {"out", "checkpoint", "restart", "metrics", "threads", NULL};

static int write_recipe(struct training *training, const struct ponder_train_tune_settings *typed,
                        struct ponder_err *err)
{
    const struct ponder_option *table = training->table;
    buf_printf(&training->command, "ponder train %s", training->kind);
    int status = recipe_command(&training->command, table, typed, not_command);
    if (!status)
        status = recipe_put(&training->recipe, table, &training->settings, not_recipe);
    buf_printf(&training->recipe, "base-hash %016llx\nsamples-hash %016llx\n",
               (unsigned long long)training->model->hash,
               (unsigned long long)(training->revises ? training->trajectories.hash : training->source.hash));
    if (status || !buf_ok(&training->recipe))
        return err_set(err, PONDER_E_LIMIT, "the settings are longer than %zu bytes",
                       training->recipe.bytes_max);
    return PONDER_OK;
}

static void put_kind(const struct training *training, struct gguf_writer *writer)
{
    const struct ponder_train_tune_settings *s = &training->settings;
    if (!training->revises) {
        gguf_put_u64(writer, "ponder.train.solutions", (uint64_t)training->source.train.count);
        gguf_put_u64(writer, "ponder.train.questions", (uint64_t)training->source.questions);
        verifier_profile_put(&training->profile, writer);
        return;
    }
    gguf_put_u64(writer, "ponder.train.trajectories", (uint64_t)training->trajectories.train.count);
    gguf_put_u64(writer, "ponder.train.questions", (uint64_t)training->trajectories.questions);
    gguf_put_text(writer, "ponder.prompt.template", training->plain_text);
    gguf_put_text(writer, "ponder.revision.template", s->chain_text);
    gguf_put_text(writer, "ponder.revision.between", s->between_text);
    gguf_put_u32(writer, "ponder.revision.shown", (uint32_t)s->attempts);
}

static void put_metadata(struct gguf_writer *writer, void *data)
{
    const struct training *training = data;
    recipe_put_metadata(writer, &training->command, &training->recipe, training->result);
    put_kind(training, writer);
}

static int64_t heldout_count(const struct training *training)
{
    return training->revises ? training->trajectories.heldout.count : training->source.heldout.count;
}

/* Nothing that is held out counts twice. */
static int heldout_tokens(const struct training *training)
{
    uint64_t there =
        training->revises ? training->trajectories.heldout.tokens : training->source.heldout.tokens;
    uint64_t wanted = (uint64_t)training->settings.heldout_tokens;
    return (int)(there < wanted ? there : wanted);
}

static struct train_settings loop_settings(const struct training *training)
{
    const struct ponder_train_tune_settings *s = &training->settings;
    return (struct train_settings){
        .schedule = {.lr = s->lr, .lr_final = s->lr_final, .warmup = s->warmup, .steps = training->steps},
        .adamw = {.beta1 = 0.9,
                  .beta2 = 0.95,
                  .eps = 1e-8,
                  .decay = s->decay,
                  .clip = s->clip,
                  .muon = strcmp(s->optimizer, "muon") == 0,
                  .threads = (int)s->threads},
        .batch_tokens = (int)s->batch_tokens,
        .accumulate = 1,
        .dropout = s->dropout,
        .dropout_seed = rng_key((uint64_t)s->seed, 3),
        .tag_weight = s->tag_weight,
        .heldout_every = s->heldout_every,
        .heldout_tokens = heldout_tokens(training),
        .patience = heldout_count(training) ? (int)s->patience : 0,
        .threads = (int)s->threads,
        .precision = strcmp(s->precision, "bf16") == 0 ? LM_PRECISION_BF16 : LM_PRECISION_F32,
        .checkpoint = s->checkpoint,
        .checkpoint_every = s->checkpoint_every,
        .restart = s->restart,
        .recipe = buf_text(&training->recipe),
        .metrics = s->metrics,
        .clock = clock_system,
    };
}

static int tune_train(struct training *training, const struct ponder_train_watch *watch,
                      struct ponder_train_result *result, struct ponder_err *err)
{
    struct train_settings settings = loop_settings(training);
    int status = gemm_peak(settings.threads, 3, &settings.peak_flops_per_s, err);
    if (status)
        return status;
    struct train_source documents = {judged_source_document, &training->source.train};
    struct train_source heldout = {judged_source_document, &training->source.heldout};
    if (training->revises) {
        documents = (struct train_source){trajectory_document, &training->trajectories.train};
        heldout = (struct train_source){trajectory_document, &training->trajectories.heldout};
    }
    status = train_run(training->model, &documents, heldout_count(training) ? &heldout : NULL, &settings,
                       watch, result, err);
    if (status)
        return status;
    training->result = result;
    return lm_model_save(training->model, training->settings.out, GGUF_TENSOR_F16, training->settings.name,
                         put_metadata, training, err);
}

static int tune_run(const char *kind, const struct verifier_profile *profile,
                    const struct ponder_option *table, const struct ponder_train_tune_settings *settings,
                    const struct ponder_train_watch *watch, struct ponder_train_result *result,
                    struct ponder_err *err)
{
    struct training training = {
        .kind = kind,
        .settings = *settings,
        .table = table,
        .revises = strcmp(kind, "revision") == 0,
        .profile = *profile,
        .checkpoint_path = BUF_INIT(8192),
        .recipe = BUF_INIT(16384),
        .command = BUF_INIT(16384),
    };
    struct ponder_train_result unwanted;
    int status = tune_resolve(&training, err);
    if (!status)
        status = open_all(&training, err);
    if (!status)
        status = write_recipe(&training, settings, err);
    if (!status)
        status = tune_train(&training, watch, result ? result : &unwanted, err);
    training_release(&training);
    return status;
}

int ponder_train_prm(const struct ponder_train_tune_settings *settings,
                     const struct ponder_train_watch *watch, struct ponder_train_result *result,
                     struct ponder_err *err)
{
    struct verifier_profile profile = verifier_profile_own();
    /* a value by rollouts is low at the beginning of whatever is hard, so the least step says little of the
     * end */
    profile.aggregate = VERIFIER_LAST;
    return tune_run("prm", &profile, ponder_train_prm_options(), settings, watch, result, err);
}

int ponder_train_orm(const struct ponder_train_tune_settings *settings,
                     const struct ponder_train_watch *watch, struct ponder_train_result *result,
                     struct ponder_err *err)
{
    struct verifier_profile profile = verifier_profile_own();
    struct ponder_train_tune_settings by_outcome = *settings;
    profile.outcome = true;
    profile.aggregate = VERIFIER_LAST;
    by_outcome.labels = NULL;
    return tune_run("orm", &profile, ponder_train_orm_options(), &by_outcome, watch, result, err);
}

int ponder_train_revision(const struct ponder_train_tune_settings *settings,
                          const struct ponder_train_watch *watch, struct ponder_train_result *result,
                          struct ponder_err *err)
{
    struct verifier_profile none = {0};
    return tune_run("revision", &none, ponder_train_revision_options(), settings, watch, result, err);
}
