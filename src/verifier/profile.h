/* profile.h - how a verifier that is a language model reads a solution and says what it thinks of it.
 *
 * Question and solution are put in a template; at certain places the score is the two-way softmax of the
 * logits of two tokens (Wang et al. 2024, "Math-Shepherd"). There are three kinds:
 *
 *   tag    behind every step stands a tag, one token; the score is read at it
 *   turn   every step is a turn of a dialogue, and behind it stands what opens the answering turn, `tag`; the
 *          score is read there, and `between` leads on from it to the next step (RLHFlow's models)
 *   judge  the template has a {solution} too, and the score is read at its end; or, where there is a `tag`,
 *          which may name the step's number, {step}, at that tag for each step in turn
 *
 * A profile comes from the model's GGUF file, keys ponder.verifier.*, from a name that is built in, or from a
 * JSON file (docs/file-formats.md). Its tokens are texts until verifier_profile_resolve() has asked the
 * verifier's own tokenizer for their ids. */
#ifndef VERIFIER_PROFILE_H
#define VERIFIER_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "gguf/gguf.h"
#include "tokenizer/tokenizer.h"

enum verifier_aggregate { VERIFIER_LAST, VERIFIER_MIN, VERIFIER_PROD, VERIFIER_MEAN };
enum { VERIFIER_AGGREGATES = VERIFIER_MEAN + 1 };
enum verifier_kind { VERIFIER_TAG, VERIFIER_TURN, VERIFIER_JUDGE };
/* How a server is asked: see remote.h. */
enum verifier_server {
    VERIFIER_SERVER_AUTO,
    VERIFIER_POOLING,
    VERIFIER_COMPLETIONS,
    VERIFIER_LLAMA,
    VERIFIER_CLASSIFY
};

enum { VERIFIER_PROFILE_BYTES_MAX = 1 << 16 };

struct verifier_probe { /* a question with a right and a wrong solution; question "": none */
    char question[512], right[1024], wrong[1024];
};

struct verifier_profile {
    enum verifier_kind kind;
    char template[1024]; /* with {question} in it; the first step follows. Of a judge with {solution} too */
    char separator[16];  /* between the steps of a solution */
    char between[256];   /* what the verifier reads between them; "": the separator */
    bool joined;         /* .. nothing */
    char turn[256]; /* of kinds turn and judge: what stands where a tag stands, as many tokens as it takes */
    /* One token each, the tag of kind tag alone; by id, or by the text that verifier_profile_resolve() makes
     * the id of. */
    int32_t tag, good, bad;
    char tag_text[64], good_text[64], bad_text[64];
    enum verifier_aggregate aggregate; /* from step scores to a solution's */
    bool strip;   /* white space around steps is not read, nor are steps that are nothing else */
    bool outcome; /* only the last score counts: it is of the whole solution */
    struct verifier_probe probe;
    enum verifier_server server; /* of a remote one */
    char model[256];             /* .. the name it is asked by; "": the server's first */
    int class;                   /* .. which of several classes is "right"; -1: the last */
};

/* Of the models made here, resolved. */
struct verifier_profile verifier_profile_own(void);
/* Those that are built in, by number: a name, or NULL behind the last. */
const char *verifier_profile_name(int index);
/* By name, or from a JSON file of that name. */
int verifier_profile_open(struct verifier_profile *out, const char *name, struct ponder_err *err) PONDER_USE;
/* From JSON text; `path` is for errors. */
int verifier_profile_parse(struct verifier_profile *out, const char *text, size_t len, const char *path,
                           struct ponder_err *err) PONDER_USE;
/* The keys of `file`; what has no key is as in verifier_profile_own(). Ids outside `vocab` are
 * PONDER_E_FORMAT. */
int verifier_profile_read(struct verifier_profile *out, const struct gguf_file *file, int vocab,
                          struct ponder_err *err) PONDER_USE;
/* Of all that its scores depend on. */
uint64_t verifier_profile_hash(const struct verifier_profile *profile);
void verifier_profile_put(const struct verifier_profile *profile, struct gguf_writer *writer);

/* "last", "min", "prod" or "mean". */
int verifier_aggregate_parse(const char *text, enum verifier_aggregate *out,
                             struct ponder_err *err) PONDER_USE;
const char *verifier_aggregate_name(enum verifier_aggregate how);
/* One score of `n` step scores; 0 of none. */
double verifier_aggregate(enum verifier_aggregate how, const float *scores, int n);

/* ---- reading ---- */

/* Whoever makes tokens of text: a tokenizer here, or a server's. */
struct verifier_encoder {
    /* Appends to `out`; flags as of tokenizer_encode(). */
    int (*encode)(void *data, const char *text, size_t len, unsigned flags, struct tokenizer_ids *out,
                  struct ponder_err *err);
    /* The bytes of the control token that `text` begins with; 0: none. */
    size_t (*control)(void *data, const char *text);
    void *data;
    const char *name; /* whose tokens these are, for errors */
};
struct verifier_encoder verifier_encoder_of(const struct tokenizer *tokenizer, const char *name);

/* Gives every token of the profile its id. A text that is not one token is PONDER_E_ARGUMENT, and the message
 * says how many it is. */
int verifier_profile_resolve(struct verifier_profile *profile, const struct verifier_encoder *encoder,
                             struct ponder_err *err) PONDER_USE;

/* The step that begins at *at, and *at moved behind it; NULL where none is left before `text_end`. The text
 * may hold any bytes. */
const char *verifier_step(const struct verifier_profile *profile, const char **at, const char *text_end,
                          size_t *len);

struct verifier_part {
    int end;     /* of its ids */
    bool scored; /* a score is read at the last of them */
};

/* A solution as the verifier reads it: parts one behind the other. */
struct verifier_input {
    struct tokenizer_ids ids;
    struct verifier_part *parts; /* (part_count) the prompt first */
    int part_count;
    int64_t part_cap;
    size_t prompt; /* of the ids: those before the first step */
    int *tags;     /* (steps) where the scores stand among the ids */
    int steps;
    int64_t cap;
};
/* Replaces what `out` held. The solution has `len` bytes. The profile is resolved. Text of question and
 * solution never becomes a control token. */
int verifier_encode(const struct verifier_profile *profile, const struct tokenizer *tokenizer,
                    const char *question, const char *solution, size_t len, struct verifier_input *out,
                    struct ponder_err *err) PONDER_USE;
int verifier_encode_by(const struct verifier_profile *profile, const struct verifier_encoder *encoder,
                       const char *question, const char *solution, size_t len, struct verifier_input *out,
                       struct ponder_err *err) PONDER_USE;
void verifier_input_release(struct verifier_input *input);

#endif
