/* chat_check.c - llama.cpp's side of tests/peer/chat: compiled against libllama, never part of the build.
 *
 *   chat_check render TEMPLATE SYSTEM QUESTION  what llama.cpp makes of them, as the first node of a trace
 * has it; an empty SYSTEM is none chat_check give MODEL TEMPLATE OUT          a copy of the model with this
 * tokenizer.chat_template and without ponder's own template */
#include <gguf.h>
#include <llama.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16 };

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "chat_check: %s%s\n", what, detail);
    return 1;
}

static int render(const char *template, const char *system, const char *question)
{
    static char text[TEXT_MAX];
    struct llama_chat_message both[] = {{"system", system}, {"user", question}};
    size_t skip = *system ? 0 : 1;
    int len = llama_chat_apply_template(template, both + skip, 2 - skip, true, text, TEXT_MAX);
    if (len < 0 || len >= TEXT_MAX)
        return fail("llama.cpp does not know the template ", template);
    fputs("{\"parent\":null,\"text\":\"", stdout);
    for (int i = 0; i < len; i++)
        if (text[i] == '\n')
            fputs("\\n", stdout);
        else
            printf(text[i] == '"' || text[i] == '\\' ? "\\%c" : "%c", text[i]);
    puts("\"},");
    return 0;
}

static int give(const char *from, const char *template, const char *to)
{
    struct ggml_context *tensors = NULL;
    struct gguf_context *file = gguf_init_from_file(from, (struct gguf_init_params){.ctx = &tensors});
    if (!file)
        return fail("cannot read ", from);
    struct gguf_context *copy = gguf_init_empty();
    gguf_set_kv(copy, file);
    gguf_remove_key(copy, "ponder.prompt.template");
    gguf_set_val_str(copy, "tokenizer.chat_template", template);
    for (struct ggml_tensor *at = ggml_get_first_tensor(tensors); at; at = ggml_get_next_tensor(tensors, at))
        if (strcmp(at->name, "GGUF tensor data binary blob") != 0)
            gguf_add_tensor(copy, at);
    return gguf_write_to_file(copy, to, false) ? 0 : fail("cannot write ", to);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "render") == 0)
        return render(argv[2], argv[3], argv[4]);
    if (argc == 5 && strcmp(argv[1], "give") == 0)
        return give(argv[2], argv[3], argv[4]);
    return fail("usage: chat_check render TEMPLATE SYSTEM QUESTION | give MODEL TEMPLATE OUT", "");
}
