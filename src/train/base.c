/* base.c - ponder_train_base(): a language model from scratch on Pocket documents.
 *
 * Everything comes from the seed, each through a stream of its own: the text that the tokenizer is learnt
 * from, the first weights, the training documents, and the held-out ones. Held-out documents are drawn from
 * the train split too (the test split is for testing finished models), with another seed: a few of their
 * questions are also trained on, as few as two seeds share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "products/gemm.h"
#include "train/loop.h"
#include "train/pocket_source.h"
#include "train/recipe.h"

enum {
    TOKENIZER_TEXT_BYTES = 2 << 20,
    PEAK_REPEATS = 3,
};
enum stream_key { KEY_TOKENIZER = 1, KEY_WEIGHTS, KEY_TRAIN, KEY_HELDOUT };

/* Everything of one call. */
struct base {
    struct ponder_train_base_settings settings; /* with "auto" and zeros resolved */
    struct lm_model *model;
    struct pocket_source train, heldout;
    struct buf checkpoint_path, recipe, command;
    uint64_t text_hash; /* of what the tokenizer was learnt from, or of the model it came with */
    const struct ponder_train_result *result;
};

static void base_release(struct base *base)
{
    lm_model_release(base->model);
    pocket_source_release(&base->train);
    pocket_source_release(&base->heldout);
    buf_release(&base->checkpoint_path);
    buf_release(&base->recipe);
    buf_release(&base->command);
}

static struct ponder_pocket_mix mix_of(const struct ponder_train_base_settings *s)
{
    struct ponder_pocket_mix mix = ponder_pocket_mix_default();
    mix.share[PONDER_POCKET_SOLVED] = s->solved_share;
    mix.share[PONDER_POCKET_SOLVED_MANY] = s->many_share;
    mix.share[PONDER_POCKET_ATTEMPTS] = s->attempts_share;
    mix.share[PONDER_POCKET_CHECK_AFTER] = s->check_after_share;
    mix.share[PONDER_POCKET_CHECK_BETWEEN] = s->check_between_share;
    mix.share[PONDER_POCKET_CLAIMS] = s->claims_share;
    return mix;
}

static int base_resolve(struct ponder_train_base_settings *s, struct buf *checkpoint_path,
                        struct ponder_err *err)
{
    struct recipe_settings open = {&s->precision, s->optimizer, s->out, &s->checkpoint, &s->threads};
    int status = recipe_resolve(&open, checkpoint_path, err);
    if (status)
        return status;
    if (s->solved_share + s->many_share + s->attempts_share + s->check_after_share + s->check_between_share +
            s->claims_share <=
        0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--solved, --many, --attempts, --check-after, --check-between, --claims: all 0; some "
                       "documents are needed");
    int64_t step_tokens = s->batch_tokens * s->accumulate;
    if (s->steps == 0)
        s->steps = (s->tokens + step_tokens - 1) / step_tokens;
    if (s->kv_heads == 0)
        s->kv_heads = s->heads;
    return PONDER_OK;
}

static int check_batch(const struct ponder_train_base_settings *s, struct ponder_err *err)
{
    if (s->batch_tokens < s->context)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--batch-tokens %d is less than --context %d; a batch must hold the longest document",
                       (int)s->batch_tokens, (int)s->context);
    return PONDER_OK;
}

static int check_shape(const struct ponder_train_base_settings *s, struct lm_shape *shape,
                       struct ponder_err *err)
{
    if (s->width % s->heads)
        return err_set(err, PONDER_E_ARGUMENT, "--width %d is not a multiple of --heads %d", (int)s->width,
                       (int)s->heads);
    *shape = (struct lm_shape){
        .vocab = (int)s->vocab,
        .width = (int)s->width,
        .layers = (int)s->layers,
        .heads = (int)s->heads,
        .kv_heads = (int)s->kv_heads,
        .head_dim = (int)(s->width / s->heads),
        .ffn = (int)s->ffn,
        .context = (int)s->context,
        .rope_base = 10000.0f,
        .rms_eps = 1e-5f,
        .tied = true,
    };
    int status = check_batch(s, err);
    return status ? status : lm_shape_check(shape, err);
}

static int learn_tokenizer(struct base *base, uint64_t seed, struct tokenizer **out, struct ponder_err *err)
{
    struct pocket_source source = {.key = rng_key(seed, KEY_TOKENIZER), .mix = mix_of(&base->settings)};
    struct buf text = BUF_INIT(2 * TOKENIZER_TEXT_BYTES);
    int status = pocket_source_text(&source, TOKENIZER_TEXT_BYTES, &text, err);
    if (!status) {
        base->text_hash = hash_bytes(text.data, text.len);
        status = tokenizer_learn(out, text.data, text.len, (int)base->settings.vocab, err);
    }
    buf_release(&text);
    pocket_source_release(&source);
    return status;
}

static int fresh_model(struct base *base, struct ponder_err *err)
{
    struct lm_shape shape;
    int status = check_shape(&base->settings, &shape, err);
    if (status)
        return status;
    uint64_t seed = (uint64_t)base->settings.seed;
    struct tokenizer *tokenizer = NULL;
    status = learn_tokenizer(base, seed, &tokenizer, err);
    if (!status)
        status = lm_model_new(&base->model, &shape, rng_key(seed, KEY_WEIGHTS), tokenizer, err);
    if (status)
        tokenizer_release(tokenizer);
    return status;
}

/* The settings of shape become the file's, so that the recipe tells the truth. */
static int given_model(struct base *base, struct ponder_err *err)
{
    struct ponder_train_base_settings *s = &base->settings;
    int status = lm_model_open(&base->model, s->init, err);
    if (status)
        return status;
    lm_model_expand(base->model);
    const struct lm_shape *shape = &base->model->shape;
    if (!base->model->tokenizer)
        return err_set(err, PONDER_E_UNSUPPORTED, "--init: %s has no tokenizer", s->init);
    s->width = shape->width;
    s->layers = shape->layers;
    s->heads = shape->heads;
    s->kv_heads = shape->kv_heads;
    s->ffn = shape->ffn;
    s->vocab = shape->vocab;
    s->context = shape->context;
    base->text_hash = base->model->hash;
    return check_batch(s, err);
}

static int make_model(struct base *base, struct ponder_err *err)
{
    int status = base->settings.init ? given_model(base, err) : fresh_model(base, err);
    if (status)
        return status;
    uint64_t seed = (uint64_t)base->settings.seed;
    struct pocket_source source = {.mix = mix_of(&base->settings), .tokenizer = base->model->tokenizer};
    base->train = base->heldout = source;
    base->train.key = rng_key(seed, KEY_TRAIN);
    base->heldout.key = rng_key(seed, KEY_HELDOUT);
    return PONDER_OK;
}

/* What does not change the numbers of a run stays out of its recipe. */
static const char *const not_recipe[] = {"out",     "name",    "init",    "checkpoint", "checkpoint-every",
                                         "restart", "metrics", "threads", NULL};
static const char *const not_command[] = {"out", "checkpoint", "restart", "metrics", "threads", NULL};

static int write_recipe(struct base *base, const struct ponder_train_base_settings *typed,
                        struct ponder_err *err)
{
    const struct ponder_option *table = ponder_train_base_options();
    buf_puts(&base->command, "ponder train base");
    int status = recipe_command(&base->command, table, typed, not_command);
    if (!status)
        status = recipe_put(&base->recipe, table, &base->settings, not_recipe);
    buf_printf(&base->recipe, "documents-hash %016llx\n", (unsigned long long)base->text_hash);
    if (status || !buf_ok(&base->recipe))
        return err_set(err, PONDER_E_LIMIT, "the settings are longer than %zu bytes", base->recipe.bytes_max);
    return PONDER_OK;
}

static void put_metadata(struct gguf_writer *writer, void *data)
{
    const struct base *base = data;
    char prompt[PONDER_POCKET_PROBLEM_BYTES];
    ponder_pocket_prompt(prompt, sizeof prompt, "{question}");
    recipe_put_metadata(writer, &base->command, &base->recipe, base->result);
    gguf_put_text(writer, "ponder.prompt.template", prompt);
    gguf_put_u64(writer, "ponder.train.seed", (uint64_t)base->settings.seed);
}

static struct train_settings loop_settings(const struct base *base)
{
    const struct ponder_train_base_settings *s = &base->settings;
    return (struct train_settings){
        .schedule = {.lr = s->lr, .lr_final = s->lr_final, .warmup = s->warmup, .steps = s->steps},
        .adamw = {.beta1 = s->beta1,
                  .beta2 = s->beta2,
                  .eps = 1e-8,
                  .decay = s->decay,
                  .clip = s->clip,
                  .muon = strcmp(s->optimizer, "muon") == 0,
                  .threads = (int)s->threads},
        .batch_tokens = (int)s->batch_tokens,
        .accumulate = (int)s->accumulate,
        .tag_weight = s->tag_weight,
        .heldout_every = s->heldout_every,
        .heldout_tokens = (int)s->heldout_tokens,
        .threads = (int)s->threads,
        .precision = strcmp(s->precision, "bf16") == 0 ? LM_PRECISION_BF16 : LM_PRECISION_F32,
        .checkpoint = s->checkpoint,
        .checkpoint_every = s->checkpoint_every,
        .restart = s->restart,
        .recipe = buf_text(&base->recipe),
        .metrics = s->metrics,
        .clock = clock_system,
    };
}

static int base_train(struct base *base, const struct ponder_train_watch *watch,
                      struct ponder_train_result *result, struct ponder_err *err)
{
    struct train_settings settings = loop_settings(base);
    int status = gemm_peak(settings.threads, PEAK_REPEATS, &settings.peak_flops_per_s, err);
    if (status)
        return status;
    struct train_source documents = {pocket_source_document, &base->train};
    struct train_source heldout = {pocket_source_document, &base->heldout};
    status = train_run(base->model, &documents, &heldout, &settings, watch, result, err);
    if (status)
        return status;
    base->result = result;
    return lm_model_save(base->model, base->settings.out, GGUF_TENSOR_F16, base->settings.name, put_metadata,
                         base, err);
}

int ponder_train_base(const struct ponder_train_base_settings *settings,
                      const struct ponder_train_watch *watch, struct ponder_train_result *result,
                      struct ponder_err *err)
{
    struct base base = {
        .settings = *settings,
        .checkpoint_path = BUF_INIT(8192),
        .recipe = BUF_INIT(16384),
        .command = BUF_INIT(16384),
    };
    struct ponder_train_result unwanted;
    int status = base_resolve(&base.settings, &base.checkpoint_path, err);
    if (!status)
        status = make_model(&base, err);
    if (!status)
        status = write_recipe(&base, settings, err);
    if (!status)
        status = base_train(&base, watch, result ? result : &unwanted, err);
    base_release(&base);
    return status;
}
