/* profile_encode.c - question and solution as a profile reads them.
 *
 * The template may spell control tokens, the texts put into it never do: what someone wrote into a question
 * cannot open a turn of a dialogue. Text between control tokens is encoded as one piece, whoever it is by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/buf.h"
#include "core/err.h"
#include "verifier/profile.h"

enum { PIECE_BYTES_MAX = 1 << 24 };

/* ---- our own tokenizer as an encoder ---- */

static int encode_own(void *data, const char *text, size_t len, unsigned flags, struct tokenizer_ids *out,
                      struct ponder_err *err)
{
    return tokenizer_encode(data, text, len, flags, out, err);
}

static size_t control_own(void *data, const char *text)
{
    char spelling[64];
    if (*text != '<' && *text != '[')
        return 0;
    for (size_t n = strnlen(text, sizeof spelling - 1); n > 1; n--) {
        memcpy(spelling, text, n);
        spelling[n] = '\0';
        if (tokenizer_control(data, spelling) >= 0)
            return n;
    }
    return 0;
}

struct verifier_encoder verifier_encoder_of(const struct tokenizer *tokenizer, const char *name)
{
    return (struct verifier_encoder){encode_own, control_own, (void *)tokenizer, name};
}

/* ---- tokens by their text ---- */

static int encode_resolve(const struct verifier_encoder *encoder, const char *what, const char *text,
                          int32_t *id, struct ponder_err *err)
{
    struct tokenizer_ids ids = {0};
    if (*id >= 0 || !*text)
        return PONDER_OK;
    int status =
        encoder->encode(encoder->data, text, strlen(text), TOKENIZER_SPECIAL | TOKENIZER_CONTINUE, &ids, err);
    if (!status && ids.count != 1)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "the verifier's profile: its %s, '%s', is %zu tokens of %s, and has to be one", what,
                         text, ids.count, encoder->name);
    if (!status)
        *id = ids.ids[0];
    tokenizer_ids_release(&ids);
    return status;
}

int verifier_profile_resolve(struct verifier_profile *profile, const struct verifier_encoder *encoder,
                             struct ponder_err *err)
{
    int status = encode_resolve(encoder, "tag", profile->tag_text, &profile->tag, err);
    if (!status)
        status = encode_resolve(encoder, "good token", profile->good_text, &profile->good, err);
    if (!status)
        status = encode_resolve(encoder, "bad token", profile->bad_text, &profile->bad, err);
    if (!status && profile->good < 0)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "the verifier's profile: it has no good and bad token, and is for a server alone");
    if (!status && profile->good == profile->bad)
        status = err_set(err, PONDER_E_ARGUMENT,
                         "the verifier's profile: its good and its bad token are the same, %d of %s",
                         profile->good, encoder->name);
    return status;
}

/* ---- steps ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char *verifier_step(const struct verifier_profile *profile, const char **at, const char *text_end,
                          size_t *len)
{
    size_t gap = strlen(profile->separator);
    while (*at < text_end) {
        const char *step = *at, *end = memmem(step, (size_t)(text_end - step), profile->separator, gap);
        size_t n = (size_t)((end ? end : text_end) - step);
        *at = step + n + (end ? gap : 0);
        while (profile->strip && n && is_blank(step[n - 1]))
            n--;
        while (profile->strip && n && is_blank(*step)) {
            step++;
            n--;
        }
        *len = n;
        if (n || !profile->strip)
            return step;
    }
    return NULL;
}

/* ---- one input ---- */

struct writer {
    const struct verifier_profile *profile;
    const struct verifier_encoder *encoder;
    struct verifier_input *out;
    struct buf plain; /* not encoded yet */
    bool begun;       /* the first piece is encoded, and with it what opens every text */
    int status;
    struct ponder_err *err;
};

static void flush(struct writer *w)
{
    unsigned flags = w->begun ? TOKENIZER_CONTINUE : TOKENIZER_ADD_BOS;
    if (!w->status && !buf_ok(&w->plain))
        w->status = err_memory(w->err, "a verifier's input");
    if (!w->status && (w->plain.len || !w->begun))
        w->status = w->encoder->encode(w->encoder->data, buf_text(&w->plain), w->plain.len, flags,
                                       &w->out->ids, w->err);
    w->begun = true;
    buf_clear(&w->plain);
}

static void encode_put(struct writer *w, const char *text, size_t len)
{
    buf_append(&w->plain, text, len);
}

/* Text of the profile, which may spell control tokens. */
static void put_marked(struct writer *w, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !w->status;) {
        size_t n = w->encoder->control(w->encoder->data, text + i);
        if (n == 0 || n > len - i) {
            encode_put(w, text + i++, 1);
            continue;
        }
        flush(w);
        if (!w->status)
            w->status = w->encoder->encode(w->encoder->data, text + i, n,
                                           TOKENIZER_SPECIAL | TOKENIZER_CONTINUE, &w->out->ids, w->err);
        i += n;
    }
}

static int add_part(struct verifier_input *out, bool scored)
{
    int end = (int)out->ids.count;
    if (array_reserve(&out->parts, sizeof *out->parts, &out->part_cap, out->part_count + 1, INT32_MAX) ||
        array_reserve(&out->tags, sizeof *out->tags, &out->cap, out->steps + scored, INT32_MAX))
        return PONDER_E_MEMORY;
    if (scored)
        out->tags[out->steps++] = end - 1;
    out->parts[out->part_count++] = (struct verifier_part){end, scored};
    return PONDER_OK;
}

static void end_part(struct writer *w, bool scored)
{
    flush(w);
    if (!w->status && w->out->ids.count > INT32_MAX / 2)
        w->status = err_set(w->err, PONDER_E_LIMIT, "a solution is too long for a verifier");
    if (!w->status && add_part(w->out, scored))
        w->status = err_memory(w->err, "a verifier's input");
}

/* The number of a step in a text that may ask for it. */
static void put_numbered(struct writer *w, const char *text, int step)
{
    const char *hole = strstr(text, "{step}");
    char number[16];
    put_marked(w, text, hole ? (size_t)(hole - text) : strlen(text));
    if (hole) {
        snprintf(number, sizeof number, "%d", step);
        encode_put(w, number, strlen(number));
        put_marked(w, hole + 6, strlen(hole + 6));
    }
}

/* The template's beginning, up to the solution; *rest is what follows that. Spaces before the solution are
 * read with it, as tokenizers have it. */
static void put_prompt(struct writer *w, const char *question, size_t *spaces, const char **rest)
{
    const char *text = w->profile->template, *hole = strstr(text, "{question}");
    const char *end = w->profile->kind == VERIFIER_JUDGE ? strstr(text, "{solution}") : text + strlen(text);
    if (!hole || !end || end < hole) {
        w->status = err_set(w->err, PONDER_E_FORMAT, "the verifier's template has no {question}%s",
                            end ? "" : " with a {solution} behind it");
        return;
    }
    *rest = *end ? end + strlen("{solution}") : end;
    for (*spaces = 0; end > hole && end[-1] == ' '; end--)
        ++*spaces;
    put_marked(w, text, (size_t)(hole - text));
    encode_put(w, question, strlen(question));
    hole += strlen("{question}");
    if (end > hole)
        put_marked(w, hole, (size_t)(end - hole));
    end_part(w, false);
    w->out->prompt = w->out->ids.count;
}

static void put_tag(struct writer *w)
{
    flush(w);
    if (w->profile->kind != VERIFIER_TAG)
        put_marked(w, w->profile->turn, strlen(w->profile->turn));
    else if (!w->status && tokenizer_ids_push(&w->out->ids, w->profile->tag))
        w->status = err_memory(w->err, "a verifier's input");
    end_part(w, true);
}

static void put_spaces(struct writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++)
        encode_put(w, " ", 1);
}

/* Each step with its tag behind it. A separator at the very end is read, too. */
static void put_steps(struct writer *w, const char *solution, const char *end, size_t spaces)
{
    const char *between = w->profile->joined     ? ""
                          : *w->profile->between ? w->profile->between
                                                 : w->profile->separator,
               *step;
    size_t len = 0;
    bool more = false;
    put_spaces(w, spaces);
    while (!w->status && (step = verifier_step(w->profile, &solution, end, &len))) {
        if (more)
            put_marked(w, between, strlen(between));
        if (more)
            flush(w);
        encode_put(w, step, len);
        put_tag(w);
        more = w->profile->strip || solution > step + len;
        if (more && solution == end && !w->profile->strip)
            put_marked(w, between, strlen(between));
    }
    flush(w);
}

/* The solution, a part a step, so that solutions share what they begin with; then the question about it. */
static void put_judged(struct writer *w, const char *solution, const char *end, size_t spaces,
                       const char *rest)
{
    const char *gap = w->profile->separator, *step;
    size_t len;
    int steps = 0;
    put_spaces(w, spaces);
    for (; !w->status && (step = verifier_step(w->profile, &solution, end, &len)); steps++) {
        if (steps)
            encode_put(w, gap, strlen(gap));
        encode_put(w, step, len);
        end_part(w, false);
    }
    put_marked(w, rest, strlen(rest));
    if (!*w->profile->turn && steps)
        end_part(w, true);
    for (int i = 1; i <= steps && *w->profile->turn; i++) {
        put_numbered(w, w->profile->turn, i);
        end_part(w, true);
        put_numbered(w, w->profile->between, i);
    }
}

int verifier_encode_by(const struct verifier_profile *profile, const struct verifier_encoder *encoder,
                       const char *question, const char *solution, size_t len, struct verifier_input *out,
                       struct ponder_err *err)
{
    struct writer w = {
        .profile = profile, .encoder = encoder, .out = out, .plain = BUF_INIT(PIECE_BYTES_MAX), .err = err};
    size_t spaces = 0;
    const char *rest = "";
    out->ids.count = 0;
    out->part_count = out->steps = 0;
    put_prompt(&w, question, &spaces, &rest);
    if (!w.status && profile->kind == VERIFIER_JUDGE)
        put_judged(&w, solution, solution + len, spaces, rest);
    else if (!w.status)
        put_steps(&w, solution, solution + len, spaces);
    buf_release(&w.plain);
    return w.status;
}

int verifier_encode(const struct verifier_profile *profile, const struct tokenizer *tokenizer,
                    const char *question, const char *solution, size_t len, struct verifier_input *out,
                    struct ponder_err *err)
{
    struct verifier_encoder encoder = verifier_encoder_of(tokenizer, "the tokenizer");
    return verifier_encode_by(profile, &encoder, question, solution, len, out, err);
}

void verifier_input_release(struct verifier_input *input)
{
    tokenizer_ids_release(&input->ids);
    free(input->tags);
    free(input->parts);
    *input = (struct verifier_input){0};
}
