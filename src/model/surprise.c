/* surprise.c - whether a question is of the kind that a model knows: by how much it is surprised at its text.
 *
 * Mean cross-entropy, nats a token, of the prompt under the model itself. What the questions that it was made
 * for come to at most is measured once and kept in its file (GGUF keys ponder.surprise.most, and .about, what
 * it knows in words). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "model/ponder_model.h"
#include "prompt/prompt.h"

static const char key_most[] = "ponder.surprise.most", key_about[] = "ponder.surprise.about";

int ponder_model_read_surprise(struct ponder_model *model, const struct gguf_file *file,
                               struct ponder_err *err)
{
    struct gguf_string text;
    float most = INFINITY;
    model->surprise_most = INFINITY;
    if (!gguf_find(file, key_most))
        return PONDER_OK;
    int status = gguf_get_f32(file, key_most, &most, err);
    model->surprise_most = (double)most;
    if (!status)
        status = gguf_get_string(file, key_about, &text, err);
    if (!status && !(model->about = strndup(text.data, text.len)))
        status = err_memory(err, "a model's remark");
    return status;
}

int ponder_model_surprise(struct ponder_model *model, const char *question, double *nats,
                          struct ponder_err *err)
{
    struct prompt prompt;
    struct ponder_logprobs logprobs;
    *nats = NAN;
    int status = prompt_fill(&model->prompt, question, strlen(question), 0, NULL, &prompt, err);
    if (!status)
        status = ponder_model_logprobs(model, prompt.text, prompt.len, 0, NULL, 1, &logprobs, err);
    free((char *)prompt.text);
    if (status)
        return status;
    double sum = 0;
    for (int64_t i = 0; i + 1 < logprobs.count; i++)
        sum -= logprobs.next[i];
    *nats = logprobs.count > 1 ? sum / (double)(logprobs.count - 1) : NAN;
    ponder_logprobs_release(&logprobs);
    return PONDER_OK;
}

const char *ponder_model_surprised(struct ponder_model *model, const char *question)
{
    double nats;
    if (!model->lm || isinf(model->surprise_most))
        return NULL;
    return ponder_model_surprise(model, question, &nats, NULL) == PONDER_OK && nats > model->surprise_most
               ? model->about
               : NULL;
}

int ponder_model_keep_surprise(const char *path, double most, const char *about, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    struct gguf_writer *writer = gguf_writer_new();
    if (!writer)
        status = err_memory(err, "a GGUF file");
    if (!status) {
        gguf_put_f32(writer, key_most, (float)most);
        gguf_put_text(writer, key_about, about);
        gguf_put_file(writer, file, "ponder.surprise.");
        status = gguf_writer_save(writer, path, err);
    }
    gguf_writer_release(writer);
    gguf_release(file);
    return status;
}
