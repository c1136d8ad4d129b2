/* test_train_loop.c - the training loop on a tiny model: it learns what it is shown, and an interrupted run
 * is the run that was not interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/rng.h"
#include "train/loop.h"

static struct ponder_err err;
static char directory[] = "/tmp/test_loop_XXXXXX";
static char checkpoint_path[64], metrics_path[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s/run.checkpoint", directory);
    snprintf(metrics_path, sizeof metrics_path, "%s/run.jsonl", directory);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(checkpoint_path);
    unlink(metrics_path);
    return 0;
}

static int tear_down(void **state)
{
    remove_files(state);
    return rmdir(directory);
}

static struct lm_model *tiny_model(void)
{
    const struct lm_shape shape = {.vocab = 32,
                                   .width = 32,
                                   .layers = 2,
                                   .heads = 2,
                                   .kv_heads = 1,
                                   .head_dim = 16,
                                   .ffn = 64,
                                   .context = 64,
                                   .rope_base = 10000,
                                   .rms_eps = 1e-5f,
                                   .tied = true};
    struct lm_model *model = NULL;
    assert_int_equal(lm_model_new(&model, &shape, 3, NULL, &err), 0);
    return model;
}

static struct train_settings settings_for(int64_t steps)
{
    return (struct train_settings){
        .schedule = {.lr = 1e-2, .lr_final = 0.1, .warmup = 5, .steps = steps},
        .adamw = {.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.01, .clip = 1, .threads = 1},
        .batch_tokens = 128,
        .accumulate = 1,
        .tag_weight = 1,
        .heldout_every = 8,
        .heldout_tokens = 256,
        .threads = 1,
        .precision = LM_PRECISION_F32,
        .recipe = "steps 40\n",
        .clock = clock_system,
    };
}

/* The same sentence, over and over. */
static int same_document(void *data, uint64_t index, struct example *out, struct ponder_err *e)
{
    (void)data, (void)index, (void)e;
    static const int32_t tokens[] = {16, 9, 25, 9, 1, 30, 16, 9, 7, 4, 4, 21, 16, 8, 0};
    return example_add(out, tokens, sizeof tokens / sizeof *tokens, true);
}

static void a_text_that_repeats_is_learnt_by_heart(void **state)
{
    (void)state;
    struct lm_model *model = tiny_model();
    struct train_source source = {same_document, NULL};
    struct train_settings settings = settings_for(120);
    struct ponder_train_result result;
    assert_int_equal(train_run(model, &source, &source, &settings, NULL, &result, &err), 0);
    assert_int_equal(result.steps, 120);
    assert_true(result.loss < 0.1);
    assert_true(fabs(result.heldout_loss - result.loss) < 0.02);
    lm_model_release(model);
}

/* Token 4 before the tag: good nine times in ten; token 5: one time in ten. Filler of no meaning in front. */
enum { TAG = 1, GOOD = 2, BAD = 3 };
static int tagged_document(void *data, uint64_t index, struct example *out, struct ponder_err *e)
{
    (void)data, (void)e;
    bool good = index % 2;
    for (uint64_t i = 0; i < 3 + index % 5; i++) {
        int32_t filler = (int32_t)(10 + rng_key(index, i) % 20);
        if (example_add(out, &filler, 1, false))
            return PONDER_E_MEMORY;
    }
    const int32_t end[] = {good ? 4 : 5, TAG};
    int status = example_add(out, end, 2, false);
    return status ? status : example_soft(out, GOOD, BAD, good ? 0.9f : 0.1f);
}

static double two_way_softmax(const float *logits)
{
    return 1 / (1 + exp((double)logits[BAD] - (double)logits[GOOD]));
}

static void a_soft_target_is_learnt_as_the_probability_it_is(void **state)
{
    (void)state;
    struct lm_model *model = tiny_model();
    struct train_source source = {tagged_document, NULL};
    struct train_settings settings = settings_for(150);
    struct ponder_train_result result;
    assert_int_equal(train_run(model, &source, NULL, &settings, NULL, &result, &err), 0);
    /* the entropy of .9 and .1 is what remains */
    assert_true(fabs(result.loss - 0.3251) < 0.02);
    assert_int_equal(result.heldout.count, 0);
    struct lm_run *run;
    struct lm_run_options options = {
        .rows_max = 16, .threads = 1, .precision = LM_PRECISION_F32, .train = true};
    assert_int_equal(lm_run_open(&run, model, &options, &err), 0);
    const int32_t tokens[] = {12, 17, 22, 4, TAG, 12, 17, 22, 5, TAG}, starts[] = {0, 5, 10};
    const int32_t positions[] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4};
    struct lm_batch batch = {
        .rows = 10, .tokens = tokens, .positions = positions, .doc_start = starts, .docs = 2};
    float *logits;
    assert_int_equal(lm_forward(run, &batch, &logits, &err), 0);
    assert_true(fabs(two_way_softmax(logits + 4 * 32) - 0.9) < 0.05);
    assert_true(fabs(two_way_softmax(logits + 9 * 32) - 0.1) < 0.05);
    lm_run_release(run);
    lm_model_release(model);
}

/* Random walks: never learnt by heart in 40 steps, so that every step's loss is its own. */
static int walk_document(void *data, uint64_t index, struct example *out, struct ponder_err *e)
{
    (void)data, (void)e;
    struct rng rng;
    rng_init(&rng, index);
    int32_t at = rng_range(&rng, 0, 31);
    int n = rng_range(&rng, 5, 60), status = PONDER_OK;
    for (int i = 0; i < n && !status; i++) {
        status = example_add(out, &at, 1, true);
        at = (at + rng_range(&rng, 0, 3)) % 32;
    }
    return status;
}

struct stop {
    int64_t step;
    bool kill;
};
static bool stop_at(const struct ponder_train_progress *progress, void *data)
{
    const struct stop *stop = data;
    if (progress->step == stop->step && stop->kill)
        raise(SIGKILL);
    return progress->step != stop->step;
}

static int run_walk(struct stop stop, const char *recipe, bool restart)
{
    struct lm_model *model = tiny_model();
    struct train_source source = {walk_document, NULL};
    struct train_settings settings = settings_for(40);
    struct ponder_train_watch watch = {stop_at, &stop};
    settings.accumulate = 2;
    settings.checkpoint = checkpoint_path;
    settings.checkpoint_every = 10;
    settings.metrics = metrics_path;
    settings.recipe = recipe;
    settings.restart = restart;
    int status = train_run(model, &source, &source, &settings, &watch, NULL, &err);
    lm_model_release(model);
    return status;
}

/* The metrics without what depends on the clock. */
static struct buf read_metrics(void)
{
    struct buf text = BUF_INIT(1 << 20), kept = BUF_INIT(1 << 20);
    assert_int_equal(buf_read_file(&text, metrics_path, &err), 0);
    int lines = 0;
    for (const char *line = buf_text(&text); *line; lines++) {
        const char *end = strstr(line, ",\"tokens_per_s\"");
        assert_non_null(end);
        buf_append(&kept, line, (size_t)(end - line));
        buf_putc(&kept, '\n');
        line = strchr(end, '\n') + 1;
    }
    assert_int_equal(lines, 40);
    buf_release(&text);
    return kept;
}

/* In a process of its own, so that it can be killed. */
static int run_in_child(struct stop stop)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(run_walk(stop, "steps 40\n", false) == PONDER_OK ? 0 : 1);
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    return how;
}

static void a_run_that_was_killed_goes_on_to_the_same_losses(void **state)
{
    assert_int_equal(run_in_child((struct stop){0}), 0);
    struct buf straight = read_metrics();
    remove_files(state);
    int how = run_in_child((struct stop){.step = 27, .kill = true});
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    assert_int_equal(run_in_child((struct stop){0}), 0);
    struct buf resumed = read_metrics();
    assert_string_equal(buf_text(&resumed), buf_text(&straight));
    buf_release(&resumed);
    buf_release(&straight);
}

static void a_run_that_was_stopped_is_saved_and_goes_on_to_the_same_losses(void **state)
{
    assert_int_equal(run_walk((struct stop){0}, "steps 40\n", false), 0);
    struct buf straight = read_metrics();
    remove_files(state);
    assert_int_equal(run_walk((struct stop){.step = 13}, "steps 40\n", false), PONDER_E_CANCELLED);
    assert_int_equal(access(checkpoint_path, F_OK), 0);
    assert_int_equal(run_walk((struct stop){0}, "steps 40\n", false), 0);
    struct buf resumed = read_metrics();
    assert_string_equal(buf_text(&resumed), buf_text(&straight));
    buf_release(&resumed);
    buf_release(&straight);
}

static void other_settings_are_refused_by_name_unless_the_run_is_begun_anew(void **state)
{
    (void)state;
    assert_int_equal(run_walk((struct stop){.step = 3}, "lr 1\n", false), PONDER_E_CANCELLED);
    assert_int_equal(run_walk((struct stop){0}, "lr 2\n", false), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "'lr 1'"));
    assert_int_equal(run_walk((struct stop){.step = 3}, "lr 2\n", true), PONDER_E_CANCELLED);
    assert_int_equal(run_walk((struct stop){0}, "lr 2\n", false), 0);
}

/* ---- early stopping ---- */

/* What is held out says the opposite of what is learnt: its loss falls while both are guesses, then rises. */
static int opposite_document(void *data, uint64_t index, struct example *out, struct ponder_err *e)
{
    int status = tagged_document(data, index, out, e);
    if (!status)
        out->targets[out->count - 1].p = index % 2 ? 0.3f : 0.7f;
    return status;
}

static int run_overfitting(struct stop stop, int patience, struct ponder_train_result *result,
                           struct lm_model **out)
{
    struct lm_model *model = tiny_model();
    struct train_source source = {tagged_document, NULL}, heldout = {opposite_document, NULL};
    struct train_settings settings = settings_for(60);
    struct ponder_train_watch watch = {stop_at, &stop};
    settings.heldout_every = 2;
    settings.patience = patience;
    settings.checkpoint = checkpoint_path;
    int status = train_run(model, &source, &heldout, &settings, &watch, result, &err);
    if (out)
        *out = model;
    else
        lm_model_release(model);
    return status;
}

static void a_training_ends_when_the_held_out_loss_no_longer_falls_and_keeps_the_best_weights(void **state)
{
    (void)state;
    struct ponder_train_result result, best;
    struct lm_model *stopped, *until_best;
    assert_int_equal(run_overfitting((struct stop){0}, 4, &result, &stopped), 0);
    assert_true(result.best_step > 0);
    assert_int_equal(result.steps, result.best_step + 2 * 4);
    assert_true(result.heldout.count > 0 && fabs(result.heldout.loss - result.heldout_loss) < 1e-5);
    assert_true(result.steps < 60);
    remove_files(NULL);
    assert_int_equal(run_overfitting((struct stop){.step = result.best_step}, 0, &best, &until_best),
                     PONDER_E_CANCELLED);
    assert_memory_equal(stopped->params, until_best->params, stopped->param_count * sizeof(float));
    lm_model_release(stopped);
    lm_model_release(until_best);
}

static void an_interruption_changes_neither_the_best_step_nor_its_weights(void **state)
{
    struct ponder_train_result straight, resumed;
    struct lm_model *models[2];
    assert_int_equal(run_overfitting((struct stop){0}, 4, &straight, &models[0]), 0);
    remove_files(state);
    /* between the best step and the end */
    assert_int_equal(run_overfitting((struct stop){.step = straight.best_step + 3}, 4, NULL, NULL),
                     PONDER_E_CANCELLED);
    assert_int_equal(run_overfitting((struct stop){0}, 4, &resumed, &models[1]), 0);
    assert_int_equal(resumed.best_step, straight.best_step);
    assert_int_equal(resumed.steps, straight.steps);
    assert_true(resumed.heldout_loss == straight.heldout_loss);
    assert_memory_equal(models[0]->params, models[1]->params, models[0]->param_count * sizeof(float));
    lm_model_release(models[1]);
    /* one that has ended is not gone on with */
    assert_int_equal(run_overfitting((struct stop){0}, 4, &resumed, &models[1]), 0);
    assert_int_equal(resumed.steps, straight.steps);
    assert_memory_equal(models[0]->params, models[1]->params, models[0]->param_count * sizeof(float));
    lm_model_release(models[0]);
    lm_model_release(models[1]);
}

static void a_batch_that_cannot_hold_a_context_is_refused(void **state)
{
    (void)state;
    struct lm_model *model = tiny_model();
    struct train_source source = {same_document, NULL};
    struct train_settings settings = settings_for(1);
    settings.batch_tokens = 63;
    assert_int_equal(train_run(model, &source, NULL, &settings, NULL, NULL, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "--batch-tokens"));
    lm_model_release(model);
}

int main(void)
{
    /* The one that forks stands first: OpenMP's threads do not survive a fork. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_run_that_was_killed_goes_on_to_the_same_losses, remove_files),
        cmocka_unit_test_teardown(a_run_that_was_stopped_is_saved_and_goes_on_to_the_same_losses,
                                  remove_files),
        cmocka_unit_test_teardown(other_settings_are_refused_by_name_unless_the_run_is_begun_anew,
                                  remove_files),
        cmocka_unit_test_teardown(
            a_training_ends_when_the_held_out_loss_no_longer_falls_and_keeps_the_best_weights, remove_files),
        cmocka_unit_test_teardown(an_interruption_changes_neither_the_best_step_nor_its_weights,
                                  remove_files),
        cmocka_unit_test(a_text_that_repeats_is_learnt_by_heart),
        cmocka_unit_test(a_soft_target_is_learnt_as_the_probability_it_is),
        cmocka_unit_test(a_batch_that_cannot_hold_a_context_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
