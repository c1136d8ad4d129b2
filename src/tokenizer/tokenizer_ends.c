/* tokenizer_ends.c - tokens with a meaning that files do not spell out, as llama.cpp knows them.
 *
 * A file names its EOS, and it may name the token that ends a turn or a message. Many files name the wrong
 * one or none, so that tokens of certain texts end a generated text whatever the keys say, and are control
 * tokens whatever their type says. Phi-3 leaves out the white space behind its special tokens. */
#include <strings.h>

#include "tokenizer/tokenizer_impl.h"

#include <string.h>

static const char *const ends[] = {
    "<|eot_id|>",    "<|im_end|>",
    "<|end|>",       "<|return|>",
    "<|call|>",      "<end_of_turn>",
    "<|endoftext|>", "<|eom_id|>",
    "<EOT>",         "_<EOT>",
    "[EOT]",         "<|end_of_text|>",
    "</s>",          "<end_of_utterance>",
    "<eos>",         "<\xef\xbd\x9c\x65nd\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>",
    "<|fim_pad|>",   "<|repo_name|>",
    "<|file_sep|>",
};
enum { END_COUNT = sizeof ends / sizeof ends[0] };

static bool is_one_of(struct gguf_string text, const char *const *texts, int count)
{
    for (int i = 0; i < count; i++)
        if (strlen(texts[i]) == text.len && !memcmp(texts[i], text.data, text.len))
            return true;
    return false;
}

static bool is_phi_3(const struct gguf_file *file)
{
    struct gguf_string name;
    struct ponder_err ignored;
    if (!gguf_find(file, "general.name") || gguf_get_string(file, "general.name", &name, &ignored))
        return false;
    for (size_t at = 0; at < name.len; at++)
        if ((name.len - at >= 5 && !strncasecmp(name.data + at, "phi-3", 5)) ||
            (name.len - at >= 4 && !strncasecmp(name.data + at, "phi3", 4)))
            return true;
    return false;
}

static void find_strips(struct tokenizer *tokenizer)
{
    static const char *const not_these[] = {"<unk>", "<s>", "<|endoftext|>"};
    for (int id = 0; id < tokenizer->size; id++) {
        struct token *token = &tokenizer->tokens[id];
        bool control = token->type == TOKEN_CONTROL || token->type == TOKEN_UNKNOWN;
        token->strips = control && !is_one_of(token->text, not_these, 3);
    }
}

int tokenizer_read_ends(struct tokenizer *tokenizer, const struct gguf_file *file, struct ponder_err *err)
{
    int32_t turn = -1, message = -1;
    int status = tokenizer_read_id(tokenizer, file, "tokenizer.ggml.eot_token_id", &turn, err);
    if (!status)
        status = tokenizer_read_id(tokenizer, file, "tokenizer.ggml.eom_token_id", &message, err);
    for (int id = 0; !status && id < tokenizer->size; id++) {
        struct token *token = &tokenizer->tokens[id];
        bool known = token->type != TOKEN_BYTE && is_one_of(token->text, ends, END_COUNT);
        token->ends = known || id == turn || id == message;
        if (known) {
            token->type = TOKEN_CONTROL;
            token->bytes = token->text;
        }
    }
    if (!status && is_phi_3(file))
        find_strips(tokenizer);
    return status;
}
