/* chat.c - the kinds of chat templates, and recognising them.
 *
 * Texts and signs are those of llama.cpp's llama-chat.cpp. The BOS token is no part of them: the tokenizer
 * puts it in front where the model wants one. */
#include "prompt/chat.h"

#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/err.h"

#define BAR "\xef\xbd\x9c" /* U+FF5C, as DeepSeek's tokens have it */

struct chat_kind {
    const char *name;
    const char *system;   /* before the system prompt */
    const char *between;  /* behind it, before the question */
    const char *question; /* before the question where there is no system prompt */
    const char *reply;    /* behind the question */
    const char *again;    /* behind a reply, before another message to the model */
};

static const struct chat_kind kinds[] = {
    {"chatml", "<|im_start|>system\n", "<|im_end|>\n<|im_start|>user\n", "<|im_start|>user\n",
     "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n<|im_start|>user\n"},
    {"llama3", "<|start_header_id|>system<|end_header_id|>\n\n",
     "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n", "<|start_header_id|>user<|end_header_id|>\n\n",
     "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
     "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"},
    {"llama2", "[INST] ", "\n", "[INST] ", " [/INST]", " </s><s>[INST] "},
    {"llama2-sys", "[INST] <<SYS>>\n", "\n<</SYS>>\n\n", "[INST] ", " [/INST]", " </s><s>[INST] "},
    {"mistral-v1", " [INST] ", "\n\n", " [INST] ", " [/INST]", "</s> [INST] "},
    {"mistral-v3", "[INST] ", "\n\n", "[INST] ", "[/INST]", "</s>[INST] "},
    {"mistral-v3-tekken", "[INST]", "\n\n", "[INST]", "[/INST]", "</s>[INST]"},
    {"mistral-v7", "[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT][INST] ", "[INST] ", "[/INST]", "</s>[INST] "},
    {"mistral-v7-tekken", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT][INST]", "[INST]", "[/INST]", "</s>[INST]"},
    {"gemma", "<start_of_turn>user\n", "\n\n", "<start_of_turn>user\n",
     "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>\n<start_of_turn>user\n"},
    {"phi3", "<|system|>\n", "<|end|>\n<|user|>\n", "<|user|>\n", "<|end|>\n<|assistant|>\n",
     "<|end|>\n<|user|>\n"},
    {"deepseek3", "", "\n\n<" BAR "User" BAR ">", "<" BAR "User" BAR ">", "<" BAR "Assistant" BAR ">",
     "<" BAR "end\xe2\x96\x81of\xe2\x96\x81sentence" BAR "><" BAR "User" BAR ">"},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* The first row whose signs are all in a template says what kind it is; NULL: one that is not here. */
enum { SIGNS_MAX = 3 };
static const struct {
    const char *kind;
    const char *signs[SIGNS_MAX];
} recognised[] = {
    {NULL, {"<|im_start|>", "<|im_sep|>"}},         /* Phi-4 */
    {NULL, {"<|im_start|>", "<end_of_utterance>"}}, /* SmolVLM */
    {"chatml", {"<|im_start|>"}},
    {"mistral-v7", {"[INST]", "[SYSTEM_PROMPT]"}},
    {"mistral-v1", {"[INST]", "' [INST] ' + system_message"}},
    {"mistral-v1", {"[INST]", "[AVAILABLE_TOOLS]", " [INST]"}},
    {"mistral-v3-tekken", {"[INST]", "[AVAILABLE_TOOLS]", "\"[INST]\""}},
    {"mistral-v3", {"[INST]", "[AVAILABLE_TOOLS]"}},
    {"llama2-sys", {"[INST]", "content.strip()"}},
    {"llama2-sys", {"[INST]", "bos_token + '[INST]"}},
    {"llama2-sys", {"[INST]", "<<SYS>>"}},
    {"llama2", {"[INST]"}},
    {"phi3", {"<|assistant|>", "<|end|>"}},
    {NULL, {"[gMASK]<sop>"}},                /* ChatGLM-4 */
    {NULL, {"<|assistant|>", "<|user|>"}},   /* Falcon 3, GLM-Edge */
    {NULL, {"<|user|>", "<|endoftext|>"}},   /* Zephyr */
    {NULL, {"bos_token + message['role']"}}, /* Monarch */
    {"gemma", {"<start_of_turn>"}},
    {NULL, {"'\\n\\nAssistant: ' + eos_token"}},           /* Orion */
    {NULL, {"GPT4 Correct "}},                             /* OpenChat */
    {NULL, {"USER: ", "ASSISTANT: "}},                     /* Vicuna */
    {NULL, {"### Instruction:", "<|EOT|>"}},               /* DeepSeek Coder */
    {NULL, {"<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>"}}, /* Command R */
    {"llama3", {"<|start_header_id|>", "<|end_header_id|>"}},
    {"deepseek3",
     {"<" BAR "Assistant" BAR ">", "<" BAR "User" BAR ">",
      "<" BAR "end\xe2\x96\x81of\xe2\x96\x81sentence" BAR ">"}},
};

const struct chat_kind *chat_kind_find(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (name_is(name, strlen(name), kinds[i].name))
            return &kinds[i];
    return NULL;
}

static bool contains(const char *text, size_t len, const char *sign)
{
    return memmem(text, len, sign, strlen(sign)) != NULL;
}

const struct chat_kind *chat_kind_of(const char *text, size_t len)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, text, len) == 0)
            return &kinds[i];
    for (size_t row = 0; row < sizeof recognised / sizeof recognised[0]; row++) {
        bool all = true;
        for (int i = 0; i < SIGNS_MAX && recognised[row].signs[i]; i++)
            all = all && contains(text, len, recognised[row].signs[i]);
        if (all)
            return recognised[row].kind ? chat_kind_find(recognised[row].kind) : NULL;
    }
    return NULL;
}

const char *chat_kind_name(const struct chat_kind *kind)
{
    return kind->name;
}

void chat_kind_names(struct buf *out)
{
    for (int i = 0; i < KIND_COUNT; i++)
        buf_printf(out, "%s%s", i ? ", " : "", kinds[i].name);
}

struct prompt_template prompt_template_of(const char *text)
{
    const char *at = strstr(text, PROMPT_SLOT);
    return (struct prompt_template){.text = (char *)text, .slot = at ? (size_t)(at - text) : SIZE_MAX};
}

/* Appends a text of the template's own. */
static void put_own(struct prompt_template *template, struct buf *text, const char *own)
{
    size_t start = text->len;
    buf_puts(text, own);
    if (*own)
        template->parts[template->part_count++] = (struct tokenizer_part){start, text->len};
}

int chat_template(const struct chat_kind *kind, const char *system, struct prompt_template *out,
                  struct ponder_err *err)
{
    static const char space[] = " \t\r\n";
    *out = (struct prompt_template){.kind = kind->name};
    system += strspn(system, space);
    size_t len = strlen(system);
    while (len && strchr(space, system[len - 1]))
        len--;
    struct buf text = BUF_INIT(len + 1024);
    put_own(out, &text, len ? kind->system : kind->question);
    if (len) {
        buf_append(&text, system, len);
        put_own(out, &text, kind->between);
    }
    out->slot = text.len;
    buf_puts(&text, PROMPT_SLOT);
    put_own(out, &text, kind->reply);
    out->text = buf_take(&text, NULL);
    buf_release(&text);
    return out->text ? PONDER_OK : err_memory(err, "a prompt template");
}

int chat_turn(const struct chat_kind *kind, const char *message, struct prompt_template *out,
              struct ponder_err *err)
{
    *out = (struct prompt_template){.kind = kind->name, .slot = SIZE_MAX};
    struct buf text = BUF_INIT(strlen(message) + 1024);
    put_own(out, &text, kind->again);
    buf_puts(&text, message);
    put_own(out, &text, kind->reply);
    out->text = buf_take(&text, NULL);
    buf_release(&text);
    return out->text ? PONDER_OK : err_memory(err, "a prompt template");
}
