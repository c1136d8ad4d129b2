/* openai_learn_begun.c - whether a server of chats goes on with an answer that is begun. That cannot be seen
 * from one reply, since those that do not know the fields for it start another turn. Three things are to hold
 * of one that does: behind a text of its own, greedy and k tokens long, it says what it said there before;
 * its prompt is longer by those k tokens and by none for a new turn; and a line end behind the text is not
 * taken away.
 *
 * Some repeat in their reply what is begun, llama-server among them; then the text is what stands behind it.
 */
#include <stdio.h>
#include <string.h>

#include "engine/openai_learn.h"

static const char *behind_space(const char *text)
{
    return text + strspn(text, " \n");
}

/* Behind `begun` the server says what stands there in `whole`, or the beginning of it. */
static bool goes_on(const char *whole, const char *begun, const char *said)
{
    size_t n = strlen(begun), len;
    if (strncmp(whole, begun, n) != 0)
        return false;
    whole = behind_space(whole + n);
    said = behind_space(said);
    len = strlen(said) < strlen(whole) ? strlen(said) : strlen(whole);
    return len > 0 && strncmp(said, whole, len) == 0;
}

/* No more tokens than `begun` has, so that one who begins anew says `begun` and nothing behind it. */
static struct openai_ask ask_behind(const struct learner *learner, const char *begun)
{
    struct openai_ask ask = learner_tiny(learner, LEARNER_BEGUN_TOKENS);
    ask.begun = begun;
    ask.begun_len = strlen(begun);
    return ask;
}

/* What was said, behind what was repeated of `begun`. */
static const char *said_behind(const struct learner_question *question, bool repeats)
{
    return question->reply.choices[0].text + (repeats ? question->ask.begun_len : 0);
}

static bool is_repeated(const struct learner_question *question)
{
    return !question->status &&
           strncmp(question->reply.choices[0].text, question->ask.begun, question->ask.begun_len) == 0;
}

int learner_continuing(const struct learner *learner, const struct openai_reply *begun,
                       const struct openai_reply *whole, struct ponder_err *err)
{
    char text[512];
    const char *own = begun->choices[0].text;
    struct openai_facts *facts = learner->facts;
    if (!begun->counted || !*own || begun->choices[0].len + 2 > sizeof text)
        return PONDER_OK;
    snprintf(text, sizeof text, "%s\n", own);
    struct learner_question questions[] = {{.ask = ask_behind(learner, own)},
                                           {.ask = ask_behind(learner, text)}};
    int status = learner_ask(learner, questions, 2, err);
    const struct learner_question *more = &questions[0], *line = &questions[1];
    if (!status && !more->status && !line->status) {
        bool repeats = is_repeated(more);
        int64_t added = more->reply.prompt_tokens - begun->prompt_tokens;
        bool on = added > 0 && added <= begun->generated_tokens &&
                  goes_on(whole->choices[0].text, own, said_behind(more, repeats));
        facts->continues =
            on && line->reply.prompt_tokens > more->reply.prompt_tokens && (!repeats || is_repeated(line));
        facts->echoes = facts->continues && repeats;
    }
    learner_release(questions, 2);
    return status;
}
