#include "train/loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/recipe.h"
#include "verifier/calibration.h"

/* Everything of one call of train_run. */
struct loop {
    struct lm_model *model;
    const struct train_settings *settings;
    const struct train_source *heldout;
    struct lm_run *run;
    struct adamw adamw;
    struct stream stream;
    struct pack *packs; /* (accumulate) those of this step */
    struct pack heldout_pack;
    float *gradients; /* (param_count) */
    struct metrics metrics;
    uint64_t tokens;
    double seconds_before; /* spent before this start */
    double started_s, data_s;
    double step_s_mean; /* over the last steps */
    struct ponder_train_progress progress;
    int64_t saved_step;
    double heldout_loss;
    struct checkpoint_best best; /* with memory of its own for the weights */
};

static void loop_release(struct loop *loop)
{
    lm_run_release(loop->run);
    adamw_release(&loop->adamw);
    stream_release(&loop->stream);
    for (int i = 0; loop->packs && i < loop->settings->accumulate; i++)
        pack_release(&loop->packs[i]);
    free(loop->packs);
    pack_release(&loop->heldout_pack);
    free(loop->gradients);
    free(loop->best.params);
    metrics_release(&loop->metrics);
}

static int open_memory(struct loop *loop, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    struct lm_model *model = loop->model;
    int tensor_count = lm_tensors(&model->shape, NULL);
    struct lm_tensor *tensors = calloc((size_t)tensor_count, sizeof *tensors);
    loop->gradients = aligned_alloc(64, (model->param_count * sizeof(float) + 63) & ~(size_t)63);
    loop->packs = calloc((size_t)s->accumulate, sizeof *loop->packs);
    int status = tensors && loop->gradients && loop->packs ? PONDER_OK : err_memory(err, "the gradients");
    if (!status) {
        lm_tensors(&model->shape, tensors);
        status = adamw_init(&loop->adamw, &s->adamw, model->param_count, tensors, tensor_count, err);
    }
    free(tensors);
    for (int i = 0; i < s->accumulate && !status; i++)
        status = pack_init(&loop->packs[i], s->batch_tokens, err);
    if (!status)
        status = pack_init(&loop->heldout_pack, s->batch_tokens, err);
    if (!status && s->patience > 0) {
        loop->best.params = malloc(model->param_count * sizeof(float));
        status = loop->best.params ? PONDER_OK : err_memory(err, "the best weights");
    }
    return status;
}

static int loop_open(struct loop *loop, const struct train_source *train, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    stream_init(&loop->stream, train, loop->model->shape.context);
    loop->metrics.fd = -1;
    if (s->batch_tokens < loop->model->shape.context)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--batch-tokens %d is less than --context %d; a batch must hold the longest document",
                       s->batch_tokens, loop->model->shape.context);
    int status = open_memory(loop, err);
    if (status)
        return status;
    struct lm_run_options options = {
        .rows_max = s->batch_tokens,
        .threads = s->threads,
        .precision = s->precision,
        .train = true,
    };
    return lm_run_open(&loop->run, loop->model, &options, err);
}

static int restore(struct loop *loop, const struct checkpoint *checkpoint, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    size_t count = loop->model->param_count;
    int status = recipe_compare(checkpoint->recipe, s->recipe, s->checkpoint, err);
    if (!status && (checkpoint->param_count != count || checkpoint->step > s->schedule.steps))
        status = err_set(err, PONDER_E_FORMAT,
                         "%s: %zu parameters at step %" PRId64 "; this run has %zu and %" PRId64 " steps",
                         s->checkpoint, checkpoint->param_count, checkpoint->step, count, s->schedule.steps);
    if (!status)
        status = stream_seek(&loop->stream, &checkpoint->stream, err);
    if (status)
        return status;
    memcpy(loop->model->params, checkpoint->params, count * sizeof(float));
    memcpy(loop->adamw.m, checkpoint->m, count * sizeof(float));
    memcpy(loop->adamw.v, checkpoint->v, count * sizeof(float));
    if (loop->best.params && checkpoint->best.step) {
        memcpy(loop->best.params, checkpoint->best.params, count * sizeof(float));
        loop->best = (struct checkpoint_best){checkpoint->best.step, checkpoint->best.loss,
                                              checkpoint->best.since, loop->best.params};
    }
    loop->adamw.step = loop->saved_step = loop->progress.resumed_from = checkpoint->step;
    loop->tokens = checkpoint->tokens;
    loop->seconds_before = checkpoint->seconds;
    return lm_run_repack(loop->run, err);
}

static int resume(struct loop *loop, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    loop->saved_step = -1;
    if (!s->checkpoint || s->restart)
        return PONDER_OK;
    struct checkpoint checkpoint;
    struct ponder_err why;
    int status = checkpoint_read(&checkpoint, s->checkpoint, &why);
    if (status == PONDER_E_NOT_FOUND)
        return PONDER_OK;
    if (status)
        return err_set(err, status, "%s", why.message);
    status = restore(loop, &checkpoint, err);
    checkpoint_release(&checkpoint);
    return status;
}

static double elapsed_s(const struct loop *loop)
{
    return loop->seconds_before + clock_now_s(&loop->settings->clock) - loop->started_s;
}

static int save(struct loop *loop, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    if (!s->checkpoint || loop->saved_step == loop->adamw.step)
        return PONDER_OK;
    struct checkpoint checkpoint = {
        .step = loop->adamw.step,
        .tokens = loop->tokens,
        .seconds = elapsed_s(loop),
        .stream = loop->stream.state,
        .param_count = loop->model->param_count,
        .params = loop->model->params,
        .m = loop->adamw.m,
        .v = loop->adamw.v,
        .best = loop->best,
        .recipe = s->recipe,
    };
    int status = checkpoint_save(&checkpoint, s->checkpoint, err);
    if (!status)
        loop->saved_step = loop->adamw.step;
    return status;
}

static void add_scores(struct ponder_calibration *calibration, const struct pack *pack, const float *logits,
                       int vocab)
{
    for (int i = 0; i < pack->rows; i++) {
        const struct lm_target *target = &pack->targets[i];
        const float *row = logits + (size_t)i * (size_t)vocab;
        if (target->kind == LM_TARGET_SOFT)
            calibration_add(calibration, 1 / (1 + exp((double)(row[target->other] - row[target->token]))),
                            (double)target->p);
    }
}

/* Mean loss over the first held-out documents, the same ones every time. `calibration` may be NULL. */
static int measure_heldout(struct loop *loop, double *loss, struct ponder_calibration *calibration,
                           struct ponder_err *err)
{
    struct stream stream;
    stream_init(&stream, loop->heldout, loop->model->shape.context);
    struct lm_loss sum = {0};
    int status = PONDER_OK;
    for (int rows = 0; rows < loop->settings->heldout_tokens && !status;) {
        struct pack *pack = &loop->heldout_pack;
        status = stream_fill(&stream, pack, err);
        if (status)
            break;
        rows += pack->rows;
        struct lm_batch batch = pack_batch(pack);
        float *logits;
        status = lm_forward(loop->run, &batch, &logits, err);
        if (status)
            break;
        if (calibration)
            add_scores(calibration, pack, logits, loop->model->shape.vocab);
        struct lm_loss part = lm_loss(loop->run, &batch, pack->targets, 0, 0);
        sum.next_sum += part.next_sum;
        sum.soft_sum += part.soft_sum;
        sum.next_count += part.next_count;
        sum.soft_count += part.soft_count;
    }
    stream_release(&stream);
    int count = sum.next_count + sum.soft_count;
    *loss = count ? (sum.next_sum + sum.soft_sum) / count : NAN;
    return status;
}

/* Fills this step's packs; returns the FLOPs that training on them takes. */
static int fill_packs(struct loop *loop, int *target_count, double *flops, struct ponder_err *err)
{
    double began_s = clock_now_s(&loop->settings->clock);
    *target_count = 0;
    *flops = 0;
    for (int i = 0; i < loop->settings->accumulate; i++) {
        struct pack *pack = &loop->packs[i];
        int status = stream_fill(&loop->stream, pack, err);
        if (status)
            return status;
        *target_count += pack->target_count;
        *flops += 3 * pack->rows * lm_flops_per_token(&loop->model->shape, pack->key_count / pack->rows);
        loop->tokens += (uint64_t)pack->rows;
    }
    loop->data_s += clock_now_s(&loop->settings->clock) - began_s;
    return PONDER_OK;
}

/* Gradients of the mean loss over this step's packs. */
static int differentiate(struct loop *loop, int target_count, struct lm_loss *loss, struct ponder_err *err)
{
    memset(loop->gradients, 0, loop->model->param_count * sizeof(float));
    *loss = (struct lm_loss){0};
    float scale = 1.0f / (float)(target_count ? target_count : 1);
    for (int i = 0; i < loop->settings->accumulate; i++) {
        struct lm_batch batch = pack_batch(&loop->packs[i]);
        batch.dropout = (float)loop->settings->dropout;
        batch.dropout_seed =
            rng_key(rng_key(loop->settings->dropout_seed, (uint64_t)loop->adamw.step), (uint64_t)i);
        float *logits;
        int status = lm_forward(loop->run, &batch, &logits, err);
        if (status)
            return status;
        struct lm_loss part =
            lm_loss(loop->run, &batch, loop->packs[i].targets, scale, (float)loop->settings->tag_weight);
        loss->next_sum += part.next_sum;
        loss->soft_sum += part.soft_sum;
        loss->next_count += part.next_count;
        loss->soft_count += part.soft_count;
        status = lm_backward(loop->run, &batch, loop->gradients, err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static void note_losses(struct ponder_train_progress *p, const struct lm_loss *loss)
{
    int count = loss->next_count + loss->soft_count;
    p->loss = count ? (loss->next_sum + loss->soft_sum) / count : 0;
    p->soft_loss = loss->soft_count ? loss->soft_sum / loss->soft_count : NAN;
}

/* Rates are a mean over about the last ten steps, so that they follow the machine without trembling. */
static void note_rates(struct loop *loop, double step_s, int rows, double flops)
{
    struct ponder_train_progress *p = &loop->progress;
    bool first = loop->step_s_mean == 0;
    loop->step_s_mean = first ? step_s : 0.9 * loop->step_s_mean + 0.1 * step_s;
    double mean_s = loop->step_s_mean > 0 ? loop->step_s_mean : 1e-9;
    double peak = loop->settings->peak_flops_per_s;
    p->tokens_per_s = rows / mean_s;
    p->peak_share = peak > 0 ? flops / mean_s / peak : NAN;
    p->elapsed_s = elapsed_s(loop);
    p->left_s = (double)(p->steps - p->step) * mean_s;
    double here_s = p->elapsed_s - loop->seconds_before;
    p->data_share = here_s > 0 ? loop->data_s / here_s : 0;
}

static int take_step(struct loop *loop, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    struct ponder_train_progress *p = &loop->progress;
    double began_s = clock_now_s(&s->clock);
    uint64_t tokens_before = loop->tokens;
    int target_count;
    double flops;
    struct lm_loss loss;
    int status = fill_packs(loop, &target_count, &flops, err);
    if (!status)
        status = differentiate(loop, target_count, &loss, err);
    if (status)
        return status;
    p->step = loop->adamw.step + 1;
    p->lr = train_schedule_lr(&s->schedule, p->step);
    p->grad_norm = adamw_step(&loop->adamw, loop->model->params, loop->gradients, p->lr);
    p->tokens = loop->tokens;
    note_losses(p, &loss);
    if (!isfinite(p->grad_norm) || !isfinite(p->loss))
        return err_set(
            err, PONDER_E_LIMIT,
            "step %" PRId64 ": the loss is no longer finite; a lower --lr or --clip is needed (%s%s)",
            p->step, loop->saved_step > 0 ? "the last checkpoint stands in " : "there is no checkpoint yet",
            loop->saved_step > 0 ? s->checkpoint : "");
    status = lm_run_repack(loop->run, err);
    note_rates(loop, clock_now_s(&s->clock) - began_s, (int)(loop->tokens - tokens_before), flops);
    return status;
}

/* ---- early stopping ---- */

static void note_best(struct loop *loop)
{
    struct checkpoint_best *best = &loop->best;
    if (!best->params)
        return;
    best->since++;
    if (best->step && !(loop->heldout_loss < best->loss))
        return;
    best->step = loop->adamw.step;
    best->loss = loop->heldout_loss;
    best->since = 0;
    memcpy(best->params, loop->model->params, loop->model->param_count * sizeof(float));
}

static bool has_ended(const struct loop *loop)
{
    int patience = loop->settings->patience;
    return loop->adamw.step == loop->settings->schedule.steps ||
           (patience > 0 && loop->best.since >= patience);
}

static int take_best(struct loop *loop, struct ponder_err *err)
{
    if (!loop->best.step)
        return PONDER_OK;
    memcpy(loop->model->params, loop->best.params, loop->model->param_count * sizeof(float));
    return lm_run_repack(loop->run, err);
}

/* ---- the loop ---- */

/* What comes between two steps. */
static int after_step(struct loop *loop, struct ponder_err *err)
{
    const struct train_settings *s = loop->settings;
    struct ponder_train_progress *p = &loop->progress;
    bool last = p->step == p->steps;
    p->heldout_loss = NAN;
    int status = PONDER_OK;
    if (loop->heldout && s->heldout_tokens > 0 &&
        (last || (s->heldout_every > 0 && p->step % s->heldout_every == 0))) {
        status = measure_heldout(loop, &p->heldout_loss, NULL, err);
        loop->heldout_loss = p->heldout_loss;
        if (!status)
            note_best(loop);
    }
    if (!status)
        status = metrics_put(&loop->metrics, p, err);
    if (!status && (has_ended(loop) || (s->checkpoint_every > 0 && p->step % s->checkpoint_every == 0)))
        status = save(loop, err);
    return status;
}

static int loop_train(struct loop *loop, const struct ponder_train_watch *watch, struct ponder_err *err)
{
    while (!has_ended(loop)) {
        int status = take_step(loop, err);
        if (!status)
            status = after_step(loop, err);
        if (status)
            return status;
        bool go_on = !watch || !watch->progress || watch->progress(&loop->progress, watch->data);
        if (go_on || has_ended(loop))
            continue;
        status = save(loop, err);
        return status ? status
                      : err_set(err, PONDER_E_CANCELLED, "stopped after step %" PRId64 " of %" PRId64,
                                loop->adamw.step, loop->settings->schedule.steps);
    }
    return PONDER_OK;
}

int train_run(struct lm_model *model, const struct train_source *source, const struct train_source *heldout,
              const struct train_settings *settings, const struct ponder_train_watch *watch,
              struct ponder_train_result *result, struct ponder_err *err)
{
    struct loop loop = {
        .model = model,
        .settings = settings,
        .heldout = heldout,
        .progress = {.steps = settings->schedule.steps},
        .heldout_loss = NAN,
    };
    struct ponder_calibration calibration = {0};
    loop.started_s = clock_now_s(&settings->clock);
    int status = loop_open(&loop, source, err);
    if (!status)
        status = resume(&loop, err);
    if (!status)
        status = metrics_open(&loop.metrics, settings->metrics, loop.adamw.step, err);
    bool ended_before = has_ended(&loop);
    if (!status)
        status = loop_train(&loop, watch, err);
    if (!status)
        status = take_best(&loop, err);
    if (!status && heldout && settings->heldout_tokens > 0)
        status = measure_heldout(&loop, &loop.heldout_loss, &calibration, err);
    calibration_end(&calibration);
    if (result)
        *result = (struct ponder_train_result){
            .steps = loop.adamw.step,
            .parameters = (int64_t)model->param_count,
            .tokens = loop.tokens,
            .loss = ended_before ? NAN : loop.progress.loss,
            .heldout_loss = loop.heldout_loss,
            .heldout = calibration,
            .best_step = loop.best.step,
            .seconds = elapsed_s(&loop),
        };
    loop_release(&loop);
    return status;
}
