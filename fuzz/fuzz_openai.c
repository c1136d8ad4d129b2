/* fuzz_openai.c - replies of servers of completions and chats, of any bytes. The first byte says what was
 * asked for. What is taken must be whole, and what is refused must say why. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/http.h"
#include "engine/openai_protocol.h"

static void require(int holds)
{
    if (!holds)
        abort();
}

static const char *const stops[] = {"\n", "END"};

static struct examples examples = {{{(char *)"P", (char *)"S"}, {(char *)"Q?", (char *)"S"}}, 2};

static struct openai_ask ask_of(uint8_t how)
{
    return (struct openai_ask){.api = how & 1 ? OPENAI_CHAT : OPENAI_COMPLETIONS,
                               .takes = how & 2 ? OPENAI_TAKES_ALL : 0,
                               .echoes = how & 4,
                               .model = "m",
                               .system = "s",
                               .prompt = "Q?",
                               .prompt_len = 2,
                               .begun = "so",
                               .begun_len = how & 8 ? 2 : 0,
                               .n = how & 16 ? 3 : 1,
                               .tokens_max = 40,
                               .sampling = {.temperature = 1, .top_p = 1},
                               .stops = stops,
                               .stop_count = how & 32 ? 2 : 0,
                               .examples = how & 64 ? &examples : NULL,
                               .end = how & 64 ? "Q:" : NULL};
}

static void check_choice(const struct openai_choice *choice, const struct openai_ask *ask)
{
    require(choice->text != NULL && choice->text[choice->len] == '\0' && choice->tokens >= 0);
    require(choice->finish == ENGINE_FINISH_END || choice->finish == ENGINE_FINISH_STOP ||
            choice->finish == ENGINE_FINISH_LENGTH);
    require(isnan(choice->logprob) || choice->logprob < 1e9);
    require(!ask->end || !memmem(choice->text, choice->len, ask->end, strlen(ask->end)));
    if (choice->finish != ENGINE_FINISH_STOP)
        return;
    int ends = 0;
    for (int i = 0; i < ask->stop_count; i++) {
        size_t n = strlen(stops[i]);
        ends += choice->len >= n && memcmp(choice->text + choice->len - n, stops[i], n) == 0;
    }
    require(ends > 0);
}

static void check_body(const struct openai_ask *ask)
{
    char *body = NULL;
    require(openai_body(ask, &body, NULL) == PONDER_OK && body[0] == '{');
    free(body);
}

/* What has come of a stream that is broken off; and the words of a reply that is an error. */
static void check_partial(const struct openai_ask *ask, const char *bytes, size_t size)
{
    struct openai_reply reply = {0};
    struct ponder_err err = {0};
    struct openai_ask single = *ask;
    single.n = 1;
    if (openai_reply_read_partial(&reply, &single, bytes, size, &err) == PONDER_OK) {
        check_choice(&reply.choices[0], &single);
        require(reply.count == 1 && reply.generated_tokens >= 0);
    }
    openai_reply_release(&reply);
    long inside = http_error_inside(bytes, size);
    require(inside == 0 || (inside >= 400 && inside < 600));
    char *words = http_words(bytes, size);
    require(words != NULL);
    free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct openai_reply reply;
    struct ponder_err err = {0};
    if (size == 0)
        return 0;
    struct openai_ask ask = ask_of(data[0]);
    int status = openai_reply_read(&reply, &ask, (const char *)data + 1, size - 1, &err);
    require(status == PONDER_OK || (status == PONDER_E_ENGINE && err.message[0]));
    check_partial(&ask, (const char *)data + 1, size - 1);
    int64_t tokens = 0;
    for (int i = 0; i < reply.count && !status; i++) {
        check_choice(&reply.choices[i], &ask);
        tokens += reply.choices[i].tokens;
    }
    if (!status)
        require(reply.count > 0 && reply.count <= (ask.takes ? ask.n : 1) &&
                tokens == reply.generated_tokens && reply.cached_tokens <= reply.prompt_tokens &&
                reply.cached_tokens >= 0);
    openai_reply_release(&reply);
    ask.prompt = (const char *)data;
    ask.prompt_len = size;
    if (size < 256)
        check_body(&ask);
    return 0;
}
