/* prm.c - ponder_train_prm(): a process verifier, from a base model and labelled solutions.
 *
 * The model reads a question and a solution with a tag behind every step, and is trained at the tags to say
 * whether the answer can still be reached from there (binary cross-entropy over the two tokens of its
 * profile). A share of the questions is held out; their loss is measured along the way. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "lm/gemm.h"
#include "train/judged_source.h"
#include "train/loop.h"
#include "train/recipe.h"

struct prm {
    struct ponder_train_prm_settings settings; /* with zeros and "auto" resolved */
    struct verifier_profile profile;
    struct lm_model *model;
    struct judged_source source;
    int64_t steps;
    struct buf checkpoint_path, recipe, command;
    const struct ponder_train_result *result;
};

static void prm_release(struct prm *prm)
{
    lm_model_release(prm->model);
    judged_source_release(&prm->source);
    buf_release(&prm->checkpoint_path);
    buf_release(&prm->recipe);
    buf_release(&prm->command);
}

static int resolve(struct prm *prm, struct ponder_err *err)
{
    struct ponder_train_prm_settings *s = &prm->settings;
    if (!s->base || !s->samples)
        return err_set(err, PONDER_E_ARGUMENT, "--%s is missing: %s", s->base ? "samples" : "base",
                       s->base ? "a file that `ponder task check` wrote" : "the model to start from");
    if (strcmp(s->precision, "auto") == 0)
        s->precision = gemm_bf16_is_fast() ? "bf16" : "f32";
    if (strcmp(s->optimizer, "muon") != 0 && strcmp(s->optimizer, "adamw") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--optimizer: '%.60s' is neither muon nor adamw",
                       s->optimizer);
    if (strcmp(s->precision, "f32") != 0 && strcmp(s->precision, "bf16") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--precision: '%.60s' is none of auto, f32, bf16",
                       s->precision);
    if (strcmp(s->labels, "steps") != 0 && strcmp(s->labels, "answer") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--labels: '%.60s' is neither steps nor answer", s->labels);
    if (s->threads == 0)
        s->threads = omp_get_num_procs();
    if (!s->checkpoint && buf_printf(&prm->checkpoint_path, "%s.checkpoint", s->out))
        return err_memory(err, "the checkpoint's name");
    if (!s->checkpoint)
        s->checkpoint = buf_text(&prm->checkpoint_path);
    return PONDER_OK;
}

static int open_all(struct prm *prm, struct ponder_err *err)
{
    const struct ponder_train_prm_settings *s = &prm->settings;
    int status = lm_model_open(&prm->model, s->base, err);
    if (!status && !prm->model->tokenizer)
        status = err_set(err, PONDER_E_UNSUPPORTED, "%s has no tokenizer", s->base);
    if (status)
        return status;
    int context = prm->model->shape.context, batch = (int)s->batch_tokens;
    struct judged_options options = {.profile = &prm->profile,
                                     .tokenizer = prm->model->tokenizer,
                                     .by_answer = strcmp(s->labels, "answer") == 0,
                                     .heldout = s->heldout,
                                     .lm_share = s->lm_share,
                                     .per_question = (int)s->per_question,
                                     .tokens_max = context < batch ? context : batch,
                                     .seed = (uint64_t)s->seed};
    status = judged_source_read(&prm->source, s->samples, &options, err);
    prm->steps = (int64_t)ceil(s->epochs * (double)prm->source.train.tokens / (double)s->batch_tokens);
    return status;
}

/* What does not change the numbers of a run stays out of its recipe. */
static const char *const not_recipe[] = {"out",     "name",    "checkpoint", "checkpoint-every",
                                         "restart", "metrics", "threads",    "samples",
                                         "base",    NULL};
static const char *const not_command[] = {"out", "checkpoint", "restart", "metrics", "threads", NULL};

static int write_recipe(struct prm *prm, const struct ponder_train_prm_settings *typed,
                        struct ponder_err *err)
{
    const struct ponder_option *table = ponder_train_prm_options();
    buf_puts(&prm->command, "ponder train prm");
    int status = recipe_command(&prm->command, table, typed, not_command);
    if (!status)
        status = recipe_put(&prm->recipe, table, &prm->settings, not_recipe);
    buf_printf(&prm->recipe, "base-hash %016llx\nsamples-hash %016llx\n",
               (unsigned long long)prm->model->hash, (unsigned long long)prm->source.hash);
    if (status || !buf_ok(&prm->recipe))
        return err_set(err, PONDER_E_LIMIT, "the settings are longer than %zu bytes", prm->recipe.bytes_max);
    return PONDER_OK;
}

static void put_metadata(struct gguf_writer *writer, void *data)
{
    const struct prm *prm = data;
    gguf_put_text(writer, "general.license", "apache-2.0");
    gguf_put_text(writer, "ponder.version", PONDER_VERSION);
    gguf_put_text(writer, "ponder.train.command", buf_text(&prm->command));
    gguf_put_text(writer, "ponder.train.recipe", buf_text(&prm->recipe));
    gguf_put_u64(writer, "ponder.train.steps", (uint64_t)prm->result->steps);
    gguf_put_u64(writer, "ponder.train.tokens", prm->result->tokens);
    gguf_put_u64(writer, "ponder.train.solutions", (uint64_t)prm->source.train.count);
    gguf_put_u64(writer, "ponder.train.questions", (uint64_t)prm->source.questions);
    if (!isnan(prm->result->heldout_loss))
        gguf_put_f32(writer, "ponder.train.heldout_loss", (float)prm->result->heldout_loss);
    verifier_profile_put(&prm->profile, writer);
}

static struct train_settings loop_settings(const struct prm *prm)
{
    const struct ponder_train_prm_settings *s = &prm->settings;
    return (struct train_settings){
        .schedule = {.lr = s->lr, .lr_final = s->lr_final, .warmup = s->warmup, .steps = prm->steps},
        .adamw = {.beta1 = 0.9,
                  .beta2 = 0.95,
                  .eps = 1e-8,
                  .decay = s->decay,
                  .clip = s->clip,
                  .muon = strcmp(s->optimizer, "muon") == 0,
                  .threads = (int)s->threads},
        .batch_tokens = (int)s->batch_tokens,
        .accumulate = 1,
        .tag_weight = s->tag_weight,
        .heldout_every = s->heldout_every,
        .heldout_tokens = prm->source.heldout.count ? (int)s->heldout_tokens : 0,
        .threads = (int)s->threads,
        .precision = strcmp(s->precision, "bf16") == 0 ? LM_PRECISION_BF16 : LM_PRECISION_F32,
        .checkpoint = s->checkpoint,
        .checkpoint_every = s->checkpoint_every,
        .restart = s->restart,
        .recipe = buf_text(&prm->recipe),
        .metrics = s->metrics,
        .clock = clock_system,
    };
}

static int train(struct prm *prm, const struct ponder_train_watch *watch, struct ponder_train_result *result,
                 struct ponder_err *err)
{
    struct train_settings settings = loop_settings(prm);
    int status = gemm_peak(settings.threads, 3, &settings.peak_flops_per_s, err);
    if (status)
        return status;
    struct train_source documents = {judged_source_document, &prm->source.train};
    struct train_source heldout = {judged_source_document, &prm->source.heldout};
    status = train_run(prm->model, &documents, prm->source.heldout.count ? &heldout : NULL, &settings, watch,
                       result, err);
    if (status)
        return status;
    prm->result = result;
    return lm_model_save(prm->model, prm->settings.out, GGUF_TENSOR_F16, prm->settings.name, put_metadata,
                         prm, err);
}

int ponder_train_prm(const struct ponder_train_prm_settings *settings, const struct ponder_train_watch *watch,
                     struct ponder_train_result *result, struct ponder_err *err)
{
    struct prm prm = {
        .settings = *settings,
        .profile = verifier_profile_own(),
        .checkpoint_path = BUF_INIT(8192),
        .recipe = BUF_INIT(16384),
        .command = BUF_INIT(16384),
    };
    struct ponder_train_result unwanted;
    int status = resolve(&prm, err);
    if (!status)
        status = open_all(&prm, err);
    if (!status)
        status = write_recipe(&prm, settings, err);
    if (!status)
        status = train(&prm, watch, result ? result : &unwanted, err);
    prm_release(&prm);
    return status;
}
