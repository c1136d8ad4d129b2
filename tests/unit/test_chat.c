/* test_chat.c - how models are asked: kinds of chat templates, worked examples, and which of them a model
 * gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "prompt/chat.h"
#include "model/ponder_model.h"
#include "ponder/prompting.h"
#include "ponder/task.h"
#include "prompt/prompt.h"
#include "task/shots.h"

static struct ponder_err err;

static struct prompt filled(const char *kind, const char *system, const char *question)
{
    struct prompt_template template;
    struct prompt prompt;
    assert_non_null(chat_kind_find(kind));
    assert_int_equal(chat_template(chat_kind_find(kind), system, &template, &err), PONDER_OK);
    assert_int_equal(prompt_fill(&template, question, strlen(question), 1, NULL, &prompt, &err), PONDER_OK);
    free(template.text);
    return prompt;
}

/* The text with its parts in brackets. */
static void check(const char *kind, const char *system, const char *question, const char *wanted)
{
    struct prompt prompt = filled(kind, system, question);
    struct buf seen = BUF_INIT(1 << 16);
    for (size_t at = 0; at <= prompt.len; at++) {
        for (int i = 0; i < prompt.part_count; i++) {
            buf_puts(&seen, prompt.parts[i].end == at ? ")" : "");
            buf_puts(&seen, prompt.parts[i].start == at ? "(" : "");
        }
        if (at < prompt.len)
            buf_putc(&seen, prompt.text[at]);
    }
    assert_string_equal(buf_text(&seen), wanted);
    buf_release(&seen);
    free((char *)prompt.text);
}

static void a_question_stands_between_a_template_s_own_texts(void **state)
{
    (void)state;
    check("chatml", "Be brief.", " 3+4?\n",
          "(<|im_start|>system\n)Be brief.(<|im_end|>\n<|im_start|>user\n)3+4?"
          "(<|im_end|>\n<|im_start|>assistant\n)");
    check("chatml", "", "3+4?", "(<|im_start|>user\n)3+4?(<|im_end|>\n<|im_start|>assistant\n)");
    check("gemma", " Be brief.\n", "3+4?",
          "(<start_of_turn>user\n)Be brief.(\n\n)3+4?(<end_of_turn>\n<start_of_turn>model\n)");
    check("mistral-v3", "Be brief.", "3+4?", "([INST] )Be brief.(\n\n)3+4?([/INST])");
    check("deepseek3", "", "3+4?", "(<｜User｜>)3+4?(<｜Assistant｜>)");
    check("deepseek3", "Be brief.", "3+4?", "Be brief.(\n\n<｜User｜>)3+4?(<｜Assistant｜>)");
}

static void a_slot_in_the_system_prompt_or_the_question_stays_as_it_is(void **state)
{
    (void)state;
    check("mistral-v3", "{question}", "{question}{question}",
          "([INST] ){question}(\n\n){question}{question}([/INST])");
    check("mistral-v3", "[/INST]", "[INST] a", "([INST] )[/INST](\n\n)[INST] a([/INST])");
}

static void kinds_are_known_by_signs_in_a_template(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind; /* NULL: none */
    } rows[] = {
        {"x <|im_start|> y", "chatml"},
        {"<|im_start|>{{ role }}<|im_sep|>", NULL},
        {"<|start_header_id|>{{ role }}<|end_header_id|>", "llama3"},
        {"<|start_header_id|>", NULL},
        {"'[INST] ' + content", "llama2"},
        {"[AVAILABLE_TOOLS] [INST]", "mistral-v1"},
        {"[INST][AVAILABLE_TOOLS]", "mistral-v3"},
        {"[SYSTEM_PROMPT][INST]", "mistral-v7"},
        {"<|user|> <|end|> <|assistant|>", "phi3"},
        {"<|user|> <|assistant|>", NULL},
        {"gemma", "gemma"},
        {"a gemma", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct chat_kind *kind = chat_kind_of(rows[i].text, strlen(rows[i].text));
        assert_true((kind == NULL) == (rows[i].kind == NULL));
        if (kind)
            assert_string_equal(chat_kind_name(kind), rows[i].kind);
    }
    assert_null(chat_kind_find("auto"));
}

/* ---- worked examples ---- */

static const char *write_file(const char *text)
{
    static char path[] = "/tmp/ponder_shots_XXXXXX";
    strcpy(path, "/tmp/ponder_shots_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, text, strlen(text)), PONDER_OK);
    close(fd);
    return path;
}

#define MATH(problem)                                                                                        \
    "{\"problem\": \"" problem "\", \"solution\": \" So\\n\\\\boxed{1}. \", \"answer\": \"1\"}\n"
#define GSM8K(question)                                                                                      \
    "{\"question\": \"" question "\", \"answer\": \"2*3 = <<2*3=6>>6.\\nIt is <<6+1=7>>7.\\n#### 7\"}\n"
#define BARE "{\"question\": \"no solution\", \"answer\": \"7\"}\n"
#define SHOWN_MATH(problem) "Problem:\n" problem "\n\nSolution:\nSo\n\\boxed{1}.\n\n"
#define SHOWN_GSM8K(question)                                                                                \
    "Problem:\n" question "\n\nSolution:\n2*3 = 6.\nIt is 7.\nThe answer is \\boxed{7}.\n\n"

static void check_shown(const struct examples *examples, const char *question, const char *wanted)
{
    struct buf out = BUF_INIT(1 << 16);
    examples_put(examples, question, strlen(question), &out);
    assert_string_equal(buf_text(&out), wanted);
    buf_release(&out);
}

static void examples_come_from_math_and_gsm8k(void **state)
{
    (void)state;
    struct examples examples;
    const char *path = write_file(BARE MATH(" A ") GSM8K("B {question}") BARE MATH("A") MATH("C") GSM8K("D")
                                      MATH("E") "not read");
    if (shots_read(&examples, path, &err))
        fail_msg("%s", err.message);
    assert_int_equal(examples.count, EXAMPLES_MAX);
    check_shown(&examples, "Q", SHOWN_MATH("A") SHOWN_GSM8K("B {question}") SHOWN_MATH("C") SHOWN_GSM8K("D"));
    unlink(path);
    examples_release(&examples);
}

static void a_question_is_never_among_its_own_examples(void **state)
{
    (void)state;
    struct examples examples;
    const char *path = write_file(MATH("A") MATH("B") MATH("C") MATH("D") MATH("E"));
    assert_int_equal(shots_read(&examples, path, &err), PONDER_OK);
    unlink(path);
    check_shown(&examples, "B", SHOWN_MATH("A") SHOWN_MATH("C") SHOWN_MATH("D") SHOWN_MATH("E"));
    check_shown(&examples, "E", SHOWN_MATH("A") SHOWN_MATH("B") SHOWN_MATH("C") SHOWN_MATH("D"));
    examples_release(&examples);
    path = write_file(MATH("A") MATH("B") MATH("C") MATH("D"));
    assert_int_equal(shots_read(&examples, path, &err), PONDER_OK);
    unlink(path);
    check_shown(&examples, "B", SHOWN_MATH("A") SHOWN_MATH("C") SHOWN_MATH("D"));
    examples_release(&examples);
}

static void examples_come_from_the_training_part_of_pocket(void **state)
{
    (void)state;
    struct examples examples;
    if (shots_read(&examples, "pocket:train:12000", &err))
        fail_msg("%s", err.message);
    assert_int_equal(examples.count, EXAMPLES_MAX);
    for (int i = 0; i < examples.count; i++)
        assert_int_equal(ponder_pocket_split_of(examples.items[i].problem), PONDER_POCKET_TRAIN);
    examples_release(&examples);
    static const char *const wrong[] = {"pocket:test:500", "pocket:train:3", "pocket:train"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(shots_read(&examples, wrong[i], &err), PONDER_E_ARGUMENT);
        assert_non_null(strstr(err.message, "--shots: 'pocket:"));
    }
}

static void too_few_examples_are_refused(void **state)
{
    (void)state;
    struct examples examples;
    const char *path = write_file(MATH("A") BARE MATH("B") MATH("A") MATH("C"));
    assert_int_equal(shots_read(&examples, path, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "3 of its lines"));
    unlink(path);
    path = write_file(MATH("A") "no JSON\n");
    assert_int_equal(shots_read(&examples, path, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, ":2:"));
    unlink(path);
    assert_int_equal(shots_read(&examples, path, &err), PONDER_E_IO);
}

/* ---- which of them a model gets ---- */

static void check_prompt(struct ponder_model *model, struct ponder_prompting prompting, const char *wanted)
{
    struct prompt prompt;
    if (ponder_model_prompting(model, &prompting, &err))
        fail_msg("%s", err.message);
    assert_int_equal(prompt_fill(&model->prompt, "Q?", 2, 1, NULL, &prompt, &err), PONDER_OK);
    assert_string_equal(prompt.text, wanted);
    free((char *)prompt.text);
}

static void refused(struct ponder_model *model, struct ponder_prompting prompting, const char *why)
{
    assert_int_equal(ponder_model_prompting(model, &prompting, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, why));
}

static void a_model_is_asked_as_its_file_says_or_as_told(void **state)
{
    (void)state;
    char own[] = "<{question}>";
    struct ponder_model ours = {.path = "ours", .own_template = own, .boxes = true};
    struct ponder_model chat = {.path = "chat", .chat = chat_kind_find("llama2")};
    struct ponder_model base = {.path = "base"};
    ours.prompt = prompt_template_of(strdup(own));
    check_prompt(&ours, (struct ponder_prompting){"auto", NULL, NULL}, "<Q?>");
    check_prompt(&ours, (struct ponder_prompting){"none", NULL, NULL}, "Q?\n");
    check_prompt(&ours, (struct ponder_prompting){"llama2", "", NULL}, "[INST] Q? [/INST]");
    check_prompt(&chat, (struct ponder_prompting){"auto", "Hi.", NULL}, "[INST] Hi.\nQ? [/INST]");
    check_prompt(&chat, (struct ponder_prompting){"none", NULL, NULL}, "Q?\n");
    check_prompt(&base, (struct ponder_prompting){"none", NULL, NULL}, "Q?\n");
    const char *path = write_file(GSM8K("A") GSM8K("B") GSM8K("Q?") GSM8K("D") GSM8K("E"));
    struct ponder_prompting shown = {"auto", NULL, path};
    check_prompt(&base, shown,
                 SHOWN_GSM8K("A") SHOWN_GSM8K("B") SHOWN_GSM8K("D")
                     SHOWN_GSM8K("E") "Problem:\nQ?\n\nSolution:\n");
    assert_string_equal(base.prompt.end, "Problem:\n");
    refused(&ours, shown, "--shots");
    refused(&chat, shown, "--chat none");
    refused(&base, (struct ponder_prompting){"auto", "Hi.", NULL}, "--system");
    refused(&base, (struct ponder_prompting){"alpaca", NULL, NULL}, "'alpaca' is none of auto, none, chatml");
    unlink(path);
    free(ours.prompt.text);
    free(chat.prompt.text);
    free(base.prompt.text);
    examples_release(&base.examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_stands_between_a_template_s_own_texts),
        cmocka_unit_test(a_slot_in_the_system_prompt_or_the_question_stays_as_it_is),
        cmocka_unit_test(kinds_are_known_by_signs_in_a_template),
        cmocka_unit_test(examples_come_from_math_and_gsm8k),
        cmocka_unit_test(a_question_is_never_among_its_own_examples),
        cmocka_unit_test(examples_come_from_the_training_part_of_pocket),
        cmocka_unit_test(too_few_examples_are_refused),
        cmocka_unit_test(a_model_is_asked_as_its_file_says_or_as_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
