/* peer_check.c - llama.cpp's side of tests/peer/run: compiled against libllama, never part of the build.
 *
 *   peer_check expand MODEL OUT       writes the model with all tensors in f32
 *   peer_check tokenize MODEL         a line of bytes -> a line of token ids
 *   peer_check logits MODEL           "ids ID.." sets the text; "at POSITION ID" -> the log-probability of ID
 *                                     after the text's tokens 0 to POSITION
 *   peer_check against MODEL LOGITS   lines of ids, whose logits (ids, V) as f32 the file LOGITS has one
 * behind another -> "positions N sd S next D all D kl K": the standard deviation of the peer's logits; the
 * largest difference of log-probabilities, of the tokens that do follow and of all; the mean Kullback-Leibler
 * divergence from the peer's peer_check greedy MODEL COUNT     a line of ids -> the most probable
 * continuation, one line a token
 *
 * Questions come on standard input, all numbers in decimal. With f16 weights llama.cpp rounds activations to
 * f16 in every product, so what computes in f32 is the expanded file. Keys and values are f32, without flash
 * attention. */
#include <ggml-backend.h>
#include <llama.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_MAX = 4096, PIECE_BYTES_MAX = 256 }; /* of a line; of a token */

struct peer {
    struct llama_model *model;
    const struct llama_vocab *vocab;
    int vocab_size, positions_max;
    struct llama_context *context;
    struct llama_batch batch;
    int ids[NUMBERS_MAX], length; /* the text that was fed last */
};

static void quiet(enum ggml_log_level level, const char *text, void *data)
{
    (void)data;
    if (level == GGML_LOG_LEVEL_ERROR)
        fputs(text, stderr);
}

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "peer_check: %s%s\n", what, detail);
    return 1;
}

/* ---- llama.cpp ---- */

static int expand(const char *from, const char *to)
{
    struct llama_model_quantize_params params = llama_model_quantize_default_params();
    params.nthread = 1;
    params.ftype = LLAMA_FTYPE_ALL_F32;
    params.allow_requantize = true;
    return llama_model_quantize(from, to, &params) ? fail("cannot expand ", from) : 0;
}

static int peer_open(struct peer *peer, const char *path)
{
    peer->model = llama_model_load_from_file(path, llama_model_default_params());
    if (!peer->model)
        return fail("llama.cpp cannot open ", path);
    peer->vocab = llama_model_get_vocab(peer->model);
    peer->vocab_size = llama_vocab_n_tokens(peer->vocab);
    peer->positions_max = llama_model_n_ctx_train(peer->model);
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = (uint32_t)peer->positions_max;
    params.n_threads = params.n_threads_batch = 1; /* it waits by spinning, and the model is small */
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    peer->context = llama_init_from_model(peer->model, params);
    if (!peer->context)
        return fail("llama.cpp makes no context for ", path);
    peer->batch = llama_batch_init(peer->positions_max, 0, 1);
    return 0;
}

static void peer_release(struct peer *peer)
{
    if (peer->context) {
        llama_batch_free(peer->batch);
        llama_free(peer->context);
    }
    llama_model_free(peer->model);
}

/* The tokens at positions `start` on, with logits after each. A start of 0 begins a new text. */
static int feed(struct peer *peer, const int *ids, int count, int start)
{
    if (count < 1 || count > peer->positions_max - start)
        return fail("a text is empty or longer than the context", "");
    if (start == 0)
        llama_memory_clear(llama_get_memory(peer->context), false);
    struct llama_batch *batch = &peer->batch;
    batch->n_tokens = count;
    for (int i = 0; i < count; i++) {
        batch->token[i] = ids[i];
        batch->pos[i] = start + i;
        batch->n_seq_id[i] = 1;
        batch->seq_id[i][0] = 0;
        batch->logits[i] = true;
    }
    return llama_decode(peer->context, *batch) ? fail("llama_decode failed", "") : 0;
}

static double log_sum(const float *logits, int n)
{
    double top = logits[0], sum = 0;
    for (int i = 1; i < n; i++)
        top = logits[i] > top ? logits[i] : top;
    for (int i = 0; i < n; i++)
        sum += exp(logits[i] - top);
    return top + log(sum);
}

/* The most probable token; *gap is how far, in log-probability, the second is behind. */
static int best(const float *logits, int vocab_size, double *gap)
{
    int first = 0;
    for (int i = 1; i < vocab_size; i++)
        first = logits[i] > logits[first] ? i : first;
    *gap = INFINITY;
    for (int i = 0; i < vocab_size; i++)
        if (i != first && logits[first] - logits[i] < *gap)
            *gap = logits[first] - logits[i];
    return first;
}

/* ---- questions and answers ---- */

/* The numbers of a line: how many, or -1 where they are over `max` or something else stands between. */
static int parse(const char *line, int *numbers, int max)
{
    int count = 0;
    for (;;) {
        char *end;
        long number = strtol(line, &end, 10);
        if (end == line)
            return line[strspn(line, " \r\n")] ? -1 : count;
        if (count == max)
            return -1;
        numbers[count++] = (int)number;
        line = end;
    }
}

static int tokenize(struct peer *peer, const char *line)
{
    int numbers[NUMBERS_MAX];
    char text[NUMBERS_MAX];
    int bytes = parse(line, numbers, NUMBERS_MAX);
    if (bytes < 0)
        return fail("these are no bytes, or too many: ", line);
    for (int i = 0; i < bytes; i++)
        text[i] = (char)numbers[i];
    peer->length = llama_tokenize(peer->vocab, text, bytes, peer->ids, NUMBERS_MAX, true, false);
    for (int i = 0; i < peer->length; i++)
        printf("%s%d", i ? " " : "", peer->ids[i]);
    putchar('\n');
    return 0;
}

/* Computes the text of these ids. */
static int set_text(struct peer *peer, const char *line)
{
    peer->length = parse(line, peer->ids, NUMBERS_MAX);
    return feed(peer, peer->ids, peer->length, 0);
}

static int logits(struct peer *peer, const char *line)
{
    if (strncmp(line, "ids ", 4) == 0)
        return set_text(peer, line + 4);
    int at[2];
    bool asked = strncmp(line, "at ", 3) == 0 && parse(line + 3, at, 2) == 2;
    if (!asked || at[0] < 0 || at[0] >= peer->length || at[1] < 0 || at[1] >= peer->vocab_size)
        return fail("neither ids nor a position and a token: ", line);
    const float *row = llama_get_logits_ith(peer->context, at[0]);
    double value = row[at[1]] - log_sum(row, peer->vocab_size);
    printf("%.9f\n", value);
    return isfinite(value) ? 0 : fail("the log-probability is not finite: ", line);
}

/* What `against` finds. */
struct comparison {
    long positions;
    double next, all, kl;         /* kl summed over positions */
    double logit_sum, square_sum; /* of the peer's */
};

/* One position; `next` is the token that follows, or -1. */
static void compare(struct comparison *c, const float *theirs, const float *ours, int n, int next)
{
    double their_sum = log_sum(theirs, n), our_sum = log_sum(ours, n);
    for (int i = 0; i < n; i++) {
        double their = theirs[i] - their_sum, our = ours[i] - our_sum, apart = fabs(their - our);
        c->all = apart > c->all || isnan(apart) ? apart : c->all;
        if (i == next && !(apart <= c->next))
            c->next = apart;
        c->kl += exp(their) * (their - our);
        c->logit_sum += theirs[i];
        c->square_sum += (double)theirs[i] * theirs[i];
    }
    c->positions++;
}

static int compare_text(struct peer *peer, const char *line, FILE *file, float *ours, struct comparison *c)
{
    int status = set_text(peer, line), n = peer->vocab_size;
    for (int i = 0; !status && i < peer->length; i++)
        if (fread(ours, sizeof *ours, (size_t)n, file) != (size_t)n)
            status = fail("the file of logits ends before the text", "");
        else
            compare(c, llama_get_logits_ith(peer->context, i), ours, n,
                    i + 1 < peer->length ? peer->ids[i + 1] : -1);
    return status;
}

static int against(struct peer *peer, const char *path)
{
    struct comparison c = {0};
    FILE *file = fopen(path, "rb");
    float *ours = malloc((size_t)peer->vocab_size * sizeof *ours);
    char *line = NULL;
    size_t size = 0;
    int status = file && ours ? 0 : fail("cannot open ", path);
    while (!status && getline(&line, &size, stdin) >= 0)
        status = compare_text(peer, line, file, ours, &c);
    if (!status && fgetc(file) != EOF)
        status = fail("the file of logits goes on behind the texts", "");
    double values = (double)c.positions * peer->vocab_size, mean = c.logit_sum / values;
    if (!status)
        printf("positions %ld sd %.3f next %.3g all %.3g kl %.3g\n", c.positions,
               sqrt(c.square_sum / values - mean * mean), c.next, c.all, c.kl / (double)c.positions);
    free(line);
    free(ours);
    if (file)
        fclose(file);
    return status;
}

static int print_step(struct peer *peer, int prompt, int token, double gap)
{
    char piece[PIECE_BYTES_MAX];
    int bytes = llama_token_to_piece(peer->vocab, token, piece, PIECE_BYTES_MAX, 0, false);
    if (bytes < 0)
        return fail("a token's text is too long", "");
    printf("%d step %.6f", prompt, gap);
    for (int i = 0; i < bytes; i++)
        printf(" %d", (unsigned char)piece[i]);
    putchar('\n');
    return 0;
}

/* Lines "PROMPT step GAP BYTE..", then "PROMPT end GAP" at an end token or "PROMPT length" after `count`. */
static int greedy(struct peer *peer, const char *line, int prompt, int count)
{
    int status = set_text(peer, line);
    const float *row = status ? NULL : llama_get_logits_ith(peer->context, peer->length - 1);
    for (int step = 0; !status && step < count; step++) {
        double gap;
        int token = best(row, peer->vocab_size, &gap);
        if (llama_vocab_is_eog(peer->vocab, token)) {
            printf("%d end %.6f\n", prompt, gap);
            return 0;
        }
        status = print_step(peer, prompt, token, gap);
        if (!status && step + 1 < count)
            status = feed(peer, &token, 1, peer->length + step);
        row = status ? NULL : llama_get_logits_ith(peer->context, 0);
    }
    if (!status)
        printf("%d length\n", prompt);
    return status;
}

static int answer(struct peer *peer, const char *mode, int count)
{
    char *line = NULL;
    size_t size = 0;
    int status = 0, lines = 0;
    while (!status && getline(&line, &size, stdin) >= 0) {
        if (strcmp(mode, "tokenize") == 0)
            status = tokenize(peer, line);
        else if (strcmp(mode, "logits") == 0)
            status = logits(peer, line);
        else
            status = greedy(peer, line, ++lines, count);
    }
    free(line);
    return status;
}

static bool usable(int argc, char **argv)
{
    if (argc == 3)
        return strcmp(argv[1], "tokenize") == 0 || strcmp(argv[1], "logits") == 0;
    return argc == 4 && (strcmp(argv[1], "expand") == 0 || strcmp(argv[1], "against") == 0 ||
                         strcmp(argv[1], "greedy") == 0);
}

int main(int argc, char **argv)
{
    if (!usable(argc, argv)) {
        fprintf(
            stderr,
            "usage: peer_check expand MODEL OUT | tokenize MODEL | logits MODEL | against MODEL LOGITS |\n"
            "       greedy MODEL COUNT\n");
        return 2;
    }
    llama_log_set(quiet, NULL);
    ggml_backend_load_all();
    llama_backend_init();
    if (strcmp(argv[1], "expand") == 0)
        return expand(argv[2], argv[3]);
    struct peer peer = {0};
    int status = peer_open(&peer, argv[2]);
    if (!status && strcmp(argv[1], "against") == 0)
        status = against(&peer, argv[3]);
    else if (!status)
        status = answer(&peer, argv[1], argc == 4 ? atoi(argv[3]) : 0);
    peer_release(&peer);
    return status;
}
