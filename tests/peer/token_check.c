/* token_check.c - llama.cpp's side of tests/peer/tokens: compiled against libllama, never part of the build.
 *
 *   token_check texts SEED COUNT    random texts, a line of bytes each
 *   token_check learn KIND PRE OUT  a vocabulary in a GGUF file: bytes, and merges learnt from the texts
 *   token_check ids MODEL [special] a line of bytes -> a line of token ids; with control tokens read as such
 *
 * Bytes are decimal numbers. Merges are learnt across all of a text, so that a text cut at the wrong places
 * gets other tokens; none holds a `<`, as llama.cpp makes a control token of plain text where merges come to
 * spell one, and ponder does not. KIND is gpt2, or llama for a vocabulary of scores. */
#include <ggml-backend.h>
#include <gguf.h>
#include <llama.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024, MERGES = 700, SYMBOLS_MAX = 1 << 20, SPELT_MAX = 2 * TEXT_MAX };

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "token_check: %s%s\n", what, detail);
    return 1;
}

/* ---- random texts ---- */

static unsigned long long state;

static unsigned below(unsigned n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % n;
}

static int put_character(unsigned char *out, unsigned code)
{
    if (code < 0x80)
        return out[0] = (unsigned char)code, 1;
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (int i = more; i > 0; i--, code >>= 6)
        out[i] = (unsigned char)(0x80 | (code & 0x3f));
    out[0] = (unsigned char)((0xff00 >> (more + 1) & 0xff) | code);
    return more + 1;
}

/* A character of some script or sort, most of them in no vocabulary. */
static unsigned random_character(void)
{
    static const unsigned ranges[][2] = {
        {0x20, 0x7e},      {0x20, 0x7e},     {'a', 'z'},       {'A', 'Z'},         {'0', '9'},
        {0xa1, 0x17f},     {0x300, 0x36f},   {0x370, 0x3ff},   {0x400, 0x45f},     {0x5d0, 0x5ea},
        {0x620, 0x669},    {0x904, 0x96f},   {0xe01, 0xe3a},   {0x10d0, 0x10f0},   {0x2000, 0x206f},
        {0x2070, 0x2189},  {0x2190, 0x22ff}, {0x2460, 0x24ff}, {0x3000, 0x30ff},   {0x4e00, 0x4fff},
        {0xac00, 0xacff},  {0xfe00, 0xfe0f}, {0xff01, 0xff5e}, {0x1d400, 0x1d7ff}, {0x1f300, 0x1f64f},
        {0x1f900, 0x1f9ff}};
    const unsigned *range = ranges[below(sizeof ranges / sizeof *ranges)];
    return range[0] + below(range[1] - range[0] + 1);
}

static const char *const parts[] = {" ",
                                    " ",
                                    "  ",
                                    "   ",
                                    "        ",
                                    "\n",
                                    "\n\n",
                                    "\r\n",
                                    "\t",
                                    "\xc2\xa0",
                                    "\xe3\x80\x80",
                                    "\xc2\x85",
                                    "'s",
                                    "'S",
                                    "'t",
                                    "'re",
                                    "'VE",
                                    "'m",
                                    "'ll",
                                    "'LL",
                                    "'d",
                                    "'",
                                    "''",
                                    "7",
                                    "12",
                                    "345",
                                    "6789",
                                    "1234567",
                                    "3.14",
                                    "1,000",
                                    "-5",
                                    "x^2",
                                    "\\frac{1}{2}",
                                    "\\boxed{42}",
                                    "$x$",
                                    "the",
                                    " the",
                                    "The",
                                    "answer",
                                    " answer is",
                                    "camelCase",
                                    "SHOUT",
                                    "HTMLParser",
                                    "e\xcc\x81",
                                    "\xc3\xa9",
                                    "na\xc3\xafve",
                                    "\xc3\x9f",
                                    "\xe4\xbd\xa0\xe5\xa5\xbd",
                                    "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
                                    "\xd9\xa3\xd9\xa4",
                                    "\xf0\x9f\x99\x82",
                                    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",
                                    "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
                                    "!!",
                                    "...",
                                    "?!\n",
                                    "==",
                                    "->",
                                    "://",
                                    "/\n",
                                    "<|eot_id|>",
                                    "<|im_start|>user\n",
                                    "<|im_end|>\n",
                                    "<|user|>\n",
                                    "<|end|> \n",
                                    "<s>",
                                    "</s>",
                                    "_",
                                    "__",
                                    "#",
                                    "##\n",
                                    "\xe2\x80\x99s",
                                    "\xe2\x80\x9c",
                                    "\xc2\xb2",
                                    "\xc2\xbd",
                                    "\xe2\x85\xa7",
                                    "\xef\xbc\x91"};

static int random_text(unsigned char *out)
{
    int len = 0;
    for (unsigned n = 1 + below(24); n; n--)
        if (below(3)) {
            const char *part = parts[below(sizeof parts / sizeof *parts)];
            memcpy(out + len, part, strlen(part));
            len += (int)strlen(part);
        } else {
            len += put_character(out + len, random_character());
        }
    return len;
}

static int texts(int seed, int count)
{
    state = (unsigned long long)seed;
    for (; count > 0; count--) {
        unsigned char text[TEXT_MAX];
        int len = random_text(text);
        for (int i = 0; i < len; i++)
            printf("%s%d", i ? " " : "", text[i]);
        putchar('\n');
    }
    return 0;
}

/* The bytes of a line, or -1. */
static int parse(const char *line, unsigned char *out)
{
    int count = 0;
    for (char *end; count < TEXT_MAX; line = end) {
        long byte = strtol(line, &end, 10);
        if (end == line)
            return line[strspn(line, " \r\n")] ? -1 : count;
        out[count++] = (unsigned char)byte;
    }
    return -1;
}

/* ---- learning ---- */

struct learner {
    int *symbols, count; /* of all texts, -1 between them */
    char *spelt[256 + MERGES], *merges[MERGES];
    int size, merge_count;
};

/* The printable alphabet of byte-level BPE (Radford et al. 2019). */
static char *spell_byte(int byte)
{
    unsigned code = (unsigned)byte;
    bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    if (!printable) {
        code = 256;
        for (int b = 0; b < byte; b++)
            code += !((b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae);
    }
    unsigned char text[5] = {0};
    put_character(text, code);
    return strdup((char *)text);
}

static char *join(const char *left, const char *between, const char *right)
{
    char *both = malloc(strlen(left) + strlen(between) + strlen(right) + 1);
    sprintf(both, "%s%s%s", left, between, right);
    return both;
}

/* The pair seen most often; false where none is seen twice. `seen` is (size * size), zero. */
static bool best_pair(const struct learner *l, int *seen, int *left, int *right)
{
    int most = 1;
    for (int i = 0; i + 1 < l->count; i++)
        if (l->symbols[i] >= 0 && l->symbols[i + 1] >= 0) {
            int *times = &seen[l->symbols[i] * l->size + l->symbols[i + 1]];
            if (++*times > most) {
                most = *times;
                *left = l->symbols[i];
                *right = l->symbols[i + 1];
            }
        }
    return most > 1;
}

/* The token of this text; a new one where there is none, as two pairs may spell the same. */
static int token_of(struct learner *l, char *spelt)
{
    for (int i = 0; i < l->size; i++)
        if (strcmp(l->spelt[i], spelt) == 0) {
            free(spelt);
            return i;
        }
    l->spelt[l->size] = spelt;
    return l->size++;
}

static void learn_merges(struct learner *l)
{
    for (int left, right; l->merge_count < MERGES;) {
        int *seen = calloc((size_t)l->size * (size_t)l->size, sizeof *seen);
        bool found = best_pair(l, seen, &left, &right);
        free(seen);
        if (!found)
            return;
        l->merges[l->merge_count++] = join(l->spelt[left], " ", l->spelt[right]);
        int id = token_of(l, join(l->spelt[left], "", l->spelt[right])), kept = 0;
        for (int i = 0; i < l->count; i++)
            if (l->symbols[i] == left && i + 1 < l->count && l->symbols[i + 1] == right) {
                l->symbols[kept++] = id;
                i++;
            } else {
                l->symbols[kept++] = l->symbols[i];
            }
        l->count = kept;
    }
}

/* What a vocabulary of scores holds: three control tokens, <0xNN>, the characters and their unions. */
static char *unspell(const struct learner *l, const char *spelt)
{
    char *out = calloc(3 * strlen(spelt) + 1, 1), *to = out;
    for (const char *from = spelt; *from;) {
        size_t n = (*from & 0x80) ? 2 : 1;
        int byte = 0;
        while (strncmp(l->spelt[byte], from, n) != 0 || l->spelt[byte][n])
            byte++;
        to += sprintf(to, byte == ' ' ? "\xe2\x96\x81" : "%c", byte);
        from += n;
    }
    return out;
}

static bool whole_characters(const char *text)
{
    if ((*text & 0xc0) == 0x80)
        return false;
    for (size_t need; *text; text += need) {
        unsigned char c = (unsigned char)*text;
        need = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        for (size_t i = 1; i < need; i++)
            if ((text[i] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

struct vocabulary {
    const char *texts[600 + MERGES];
    int types[600 + MERGES], count;
    float scores[600 + MERGES];
};

/* Of equal texts only the first: llama.cpp takes no others. */
static void vocabulary_add(struct vocabulary *v, const char *text, int type, float score)
{
    for (int i = 0; i < v->count; i++)
        if (strcmp(v->texts[i], text) == 0)
            return;
    v->texts[v->count] = text;
    v->types[v->count] = type;
    v->scores[v->count++] = score;
}

static void fill_scores(const struct learner *l, struct vocabulary *v)
{
    vocabulary_add(v, "<unk>", 2, 0);
    vocabulary_add(v, "<bos>", 3, 0);
    vocabulary_add(v, "<eos>", 3, 0);
    for (int byte = 0; byte < 256; byte++) {
        char text[8];
        sprintf(text, "<0x%02X>", byte);
        vocabulary_add(v, strdup(text), 6, 0);
    }
    for (int i = 0; i < l->size; i++) {
        char *text = unspell(l, l->spelt[i]);
        if (*text && whole_characters(text))
            vocabulary_add(v, text, 1, -(float)i);
    }
}

static void fill_bytes(const struct learner *l, struct vocabulary *v)
{
    for (int i = 0; i < l->size; i++)
        vocabulary_add(v, l->spelt[i], 1, 0);
    vocabulary_add(v, "<|begin_of_text|>", 3, 0);
    vocabulary_add(v, "<|eot_id|>", 3, 0);
}

static int write_vocabulary(const struct learner *l, const char *kind, const char *pre, const char *path)
{
    static struct vocabulary v;
    bool scores = strcmp(kind, "llama") == 0;
    (scores ? fill_scores : fill_bytes)(l, &v);
    struct gguf_context *file = gguf_init_empty();
    gguf_set_val_str(file, "general.architecture", "llama");
    gguf_set_val_str(file, "tokenizer.ggml.model", kind);
    gguf_set_val_str(file, "tokenizer.ggml.pre", pre);
    gguf_set_arr_str(file, "tokenizer.ggml.tokens", v.texts, (size_t)v.count);
    gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, v.types, (size_t)v.count);
    if (scores)
        gguf_set_arr_data(file, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, v.scores, (size_t)v.count);
    else
        gguf_set_arr_str(file, "tokenizer.ggml.merges", (const char **)l->merges, (size_t)l->merge_count);
    gguf_set_val_u32(file, "tokenizer.ggml.bos_token_id", scores ? 1 : (unsigned)l->size);
    gguf_set_val_u32(file, "tokenizer.ggml.eos_token_id", scores ? 2 : (unsigned)v.count - 1);
    return gguf_write_to_file(file, path, true) ? 0 : fail("cannot write ", path);
}

static int learn(const char *kind, const char *pre, const char *path)
{
    struct learner l = {.symbols = calloc(SYMBOLS_MAX, sizeof(int))};
    char *line = NULL;
    size_t size = 0;
    for (int byte = 0; byte < 256; byte++)
        l.spelt[l.size++] = spell_byte(byte);
    while (getline(&line, &size, stdin) >= 0) {
        unsigned char text[TEXT_MAX];
        int len = parse(line, text);
        if (len < 0 || l.count + len + 1 > SYMBOLS_MAX)
            return fail("these are no bytes, or too many: ", line);
        for (int i = 0; i < len; i++)
            l.symbols[l.count++] = text[i] == '<' ? -1 : text[i];
        l.symbols[l.count++] = -1;
    }
    learn_merges(&l);
    return write_vocabulary(&l, kind, pre, path);
}

/* ---- llama.cpp ---- */

static void quiet(enum ggml_log_level level, const char *text, void *data)
{
    (void)data;
    if (level == GGML_LOG_LEVEL_ERROR)
        fputs(text, stderr);
}

static int ids(const char *path, bool special)
{
    llama_log_set(quiet, NULL);
    ggml_backend_load_all();
    llama_backend_init();
    struct llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    struct llama_model *model = llama_model_load_from_file(path, params);
    if (!model)
        return fail("llama.cpp cannot open ", path);
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) >= 0) {
        unsigned char text[TEXT_MAX];
        int tokens[TEXT_MAX + 2], len = parse(line, text);
        if (len < 0)
            return fail("these are no bytes, or too many: ", line);
        int count = llama_tokenize(llama_model_get_vocab(model), (char *)text, len, tokens, TEXT_MAX + 2,
                                   true, special);
        for (int i = 0; i < count; i++)
            printf("%s%d", i ? " " : "", tokens[i]);
        putchar('\n');
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "texts") == 0)
        return texts(atoi(argv[2]), atoi(argv[3]));
    if (argc == 5 && strcmp(argv[1], "learn") == 0)
        return learn(argv[2], argv[3], argv[4]);
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "ids") == 0)
        return ids(argv[2], argc == 4);
    fprintf(stderr, "usage: token_check texts SEED COUNT | learn KIND PRE OUT | ids MODEL [special]\n");
    return 2;
}
