/* profile_builtin.c - the profiles that go by a name.
 *
 * math-shepherd: Wang et al. 2024, as its model card reads it: the score stands at " ки" itself, between
 * " +" and " -". rlhflow-llama3: Dong et al. 2024, both of RLHFlow's Llama-3.1-8B process models (trained on
 * Mistral's and on DeepSeek's data): a step a user turn, "+" a turn of the assistant, and the score is read
 * before that "+". Its begin-of-text token is the tokenizer's to add. qwen-prm: Zhang et al. 2025,
 * Qwen2.5-Math-PRM, whose two classes are another head's than a language model's, so that a server with a
 * pooler has to read it. pocket-judge asks our base model for
 * the verdict that it was trained to write behind an attempt, line by line; " wrong" takes it several tokens,
 * of which the first tells it from " right". */
#include <string.h>

#include "core/ascii.h"
#include "core/buf.h"
#include "core/err.h"
#include "verifier/profile.h"

#define TURN_END "<|eot_id|>"
#define TURN_OF(who) "<|start_header_id|>" who "<|end_header_id|>\n\n"

static const struct verifier_profile math_shepherd = {
    .template = "{question} ",
    .separator = "\n",
    .tag = -1,
    .tag_text = " \xd0\xba\xd0\xb8",
    .good = -1,
    .good_text = " +",
    .bad = -1,
    .bad_text = " -",
    .aggregate = VERIFIER_MIN,
    .strip = true,
    .class = 0,
};

static const struct verifier_profile rlhflow_llama3 = {
    .kind = VERIFIER_TURN,
    .template =
        TURN_OF("system") "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n" TURN_END
            TURN_OF("user") "{question} ",
    .separator = "\n\n",
    .turn = TURN_END TURN_OF("assistant"),
    .between = "+" TURN_END TURN_OF("user"),
    .tag = -1,
    .good = -1,
    .good_text = "+",
    .bad = -1,
    .bad_text = "-",
    .aggregate = VERIFIER_LAST,
    .strip = true,
    .class = 0,
};

static const struct verifier_profile judge = {
    .kind = VERIFIER_JUDGE,
    .template =
        "Question: {question}\n\nSolution:\n{solution}\n\nIs the solution right? Answer yes or no.\nAnswer:",
    .separator = "\n",
    .tag = -1,
    .good = -1,
    .good_text = " Yes",
    .bad = -1,
    .bad_text = " No",
    .aggregate = VERIFIER_LAST,
    .strip = true,
    .class = 0,
};

static const struct verifier_profile pocket_judge = {
    .kind = VERIFIER_JUDGE,
    .template = "Check: {question}\nA:\n{solution}\nVerdict:",
    .separator = "\n",
    .turn = "\n{step}:",
    .between = " right.",
    .tag = -1,
    .good = -1,
    .good_text = " right",
    .bad = -1,
    .bad_text = " w",
    .aggregate = VERIFIER_PROD,
    .strip = true,
    .class = 0,
};

static const struct verifier_profile qwen_prm = {
    .template = "<|im_start|>system\nPlease reason step by step, and put your final answer within "
                "\\boxed{}.<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
    .separator = "\n\n",
    .joined = true,
    .tag = -1,
    .tag_text = "<extra_0>",
    .good = -1,
    .bad = -1,
    .aggregate = VERIFIER_LAST,
    .strip = true,
    .server = VERIFIER_POOLING,
    .class = 1,
};

/* Of the models made here, with its tokens as texts: a server has its own ids for them. */
static struct verifier_profile pocket(void)
{
    struct verifier_profile own = verifier_profile_own();
    own.tag = own.good = own.bad = -1;
    strcpy(own.tag_text, "<|step|>");
    strcpy(own.good_text, "<|good|>");
    strcpy(own.bad_text, "<|bad|>");
    return own;
}

static const struct {
    const char *name;
    const struct verifier_profile *profile; /* NULL: pocket */
} all[] = {
    {"pocket", NULL},
    {"math-shepherd", &math_shepherd},
    {"rlhflow-llama3", &rlhflow_llama3},
    {"qwen-prm", &qwen_prm},
    {"judge", &judge},
    {"pocket-judge", &pocket_judge},
};
enum { COUNT = sizeof all / sizeof *all };

const char *verifier_profile_name(int index)
{
    return index >= 0 && index < COUNT ? all[index].name : NULL;
}

static int builtin_unknown(const char *name, struct ponder_err *err)
{
    struct buf names = BUF_INIT(1024);
    for (int i = 0; i < COUNT; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", all[i].name);
    int status = err_set(err, PONDER_E_ARGUMENT,
                         "--verifier-profile: '%.200s' is none of %s, and no file that can be read", name,
                         buf_text(&names));
    buf_release(&names);
    return status;
}

int verifier_profile_open(struct verifier_profile *out, const char *name, struct ponder_err *err)
{
    for (int i = 0; i < COUNT; i++)
        if (name_is(name, strlen(name), all[i].name)) {
            *out = all[i].profile ? *all[i].profile : pocket();
            return PONDER_OK;
        }
    struct buf text = BUF_INIT(VERIFIER_PROFILE_BYTES_MAX);
    int status = buf_read_file(&text, name, err);
    if (status == PONDER_E_IO || status == PONDER_E_NOT_FOUND)
        status = builtin_unknown(name, err);
    else if (!status)
        status = verifier_profile_parse(out, buf_text(&text), text.len, name, err);
    buf_release(&text);
    return status;
}
