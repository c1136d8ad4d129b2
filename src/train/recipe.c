#include "train/recipe.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"
#include "products/gemm.h"

static bool listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* The option's value as it would be typed. */
static int put_value(struct buf *out, const struct ponder_option *option, const void *settings)
{
    const char *field = (const char *)settings + option->offset;
    switch (option->type) {
    case PONDER_OPTION_FLAG:
        return buf_puts(out, *(const bool *)(const void *)field ? "true" : "false");
    case PONDER_OPTION_INT:
        return buf_printf(out, "%" PRId64, *(const int64_t *)(const void *)field);
    case PONDER_OPTION_REAL:
        return buf_printf(out, "%.10g", *(const double *)(const void *)field);
    case PONDER_OPTION_TEXT: {
        const char *text = *(const char *const *)(const void *)field;
        return buf_puts(out, text ? text : "");
    }
    case PONDER_OPTION_LIST:
        break;
    }
    return PONDER_E_UNSUPPORTED;
}

int recipe_put(struct buf *out, const struct ponder_option *table, const void *settings,
               const char *const *except)
{
    for (const struct ponder_option *option = table; option->name; option++) {
        if (listed(except, option->name))
            continue;
        buf_printf(out, "%s ", option->name);
        int status = put_value(out, option, settings);
        if (status)
            return status;
        buf_putc(out, '\n');
    }
    return buf_ok(out) ? PONDER_OK : PONDER_E_LIMIT;
}

/* Whether the typed default means the value: "2e-3" and 0.002 are the same number. */
static bool is_default(const struct ponder_option *option, const char *value)
{
    const char *typed = option->default_value;
    if (option->type == PONDER_OPTION_INT || option->type == PONDER_OPTION_REAL)
        return number_read(typed ? typed : "0", NULL) == number_read(value, NULL);
    return strcmp(typed ? typed : option->type == PONDER_OPTION_FLAG ? "false" : "", value) == 0;
}

int recipe_command(struct buf *out, const struct ponder_option *table, const void *settings,
                   const char *const *except)
{
    struct buf value = BUF_INIT(4096);
    int status = PONDER_OK;
    for (const struct ponder_option *option = table; option->name && !status; option++) {
        if (listed(except, option->name))
            continue;
        buf_clear(&value);
        status = put_value(&value, option, settings);
        if (status || is_default(option, buf_text(&value)))
            continue;
        if (option->type == PONDER_OPTION_FLAG)
            buf_printf(out, " --%s", option->name);
        else
            buf_printf(out, " --%s %s", option->name, buf_text(&value));
    }
    buf_release(&value);
    return status ? status : buf_ok(out) ? PONDER_OK : PONDER_E_LIMIT;
}

int recipe_compare(const char *theirs, const char *ours, const char *path, struct ponder_err *err)
{
    while (*theirs || *ours) {
        int n = (int)strcspn(theirs, "\n"), m = (int)strcspn(ours, "\n");
        if (n != m || memcmp(theirs, ours, (size_t)n) != 0)
            return err_set(
                err, PONDER_E_ARGUMENT,
                "%s: begun with '%.*s', now '%.*s'; repeat the old setting to go on, or --restart to "
                "begin anew",
                path, n, n ? theirs : "nothing", m, m ? ours : "nothing");
        theirs += n + (theirs[n] == '\n');
        ours += m + (ours[m] == '\n');
    }
    return PONDER_OK;
}

int recipe_resolve(const struct recipe_settings *settings, struct buf *path, struct ponder_err *err)
{
    if (strcmp(*settings->precision, "auto") == 0)
        *settings->precision = gemm_bf16_is_fast() ? "bf16" : "f32";
    if (strcmp(settings->optimizer, "muon") != 0 && strcmp(settings->optimizer, "adamw") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--optimizer: '%.60s' is neither muon nor adamw",
                       settings->optimizer);
    if (strcmp(*settings->precision, "f32") != 0 && strcmp(*settings->precision, "bf16") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--precision: '%.60s' is none of auto, f32, bf16",
                       *settings->precision);
    if (*settings->threads == 0)
        *settings->threads = omp_get_num_procs();
    if (*settings->checkpoint)
        return PONDER_OK;
    if (buf_printf(path, "%s.checkpoint", settings->out))
        return err_memory(err, "the checkpoint's name");
    *settings->checkpoint = buf_text(path);
    return PONDER_OK;
}

void recipe_put_metadata(struct gguf_writer *writer, const struct buf *command, const struct buf *recipe,
                         const struct ponder_train_result *result)
{
    gguf_put_text(writer, "general.license", "apache-2.0");
    gguf_put_text(writer, "ponder.version", PONDER_VERSION);
    gguf_put_text(writer, "ponder.train.command", buf_text(command));
    gguf_put_text(writer, "ponder.train.recipe", buf_text(recipe));
    gguf_put_u64(writer, "ponder.train.steps", (uint64_t)result->steps);
    if (result->best_step)
        gguf_put_u64(writer, "ponder.train.best_step", (uint64_t)result->best_step);
    gguf_put_u64(writer, "ponder.train.tokens", result->tokens);
    if (!isnan(result->heldout_loss))
        gguf_put_f32(writer, "ponder.train.heldout_loss", (float)result->heldout_loss);
    if (result->heldout.count)
        gguf_put_f32(writer, "ponder.train.heldout_ece", (float)result->heldout.ece);
}
