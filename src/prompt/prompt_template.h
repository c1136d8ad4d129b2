/* prompt_template.h - how a question is put to a model: a text with a place for it. */
#ifndef PROMPT_PROMPT_TEMPLATE_H
#define PROMPT_PROMPT_TEMPLATE_H

#include "prompt/examples.h"
#include "tokenizer/tokenizer.h"

#define PROMPT_SLOT "{question}"

enum { PROMPT_PARTS_MAX = 3 };
struct prompt_template {
    char *text;  /* owned, or borrowed from who made it; the slot stands in it */
    size_t slot; /* offset of the PROMPT_SLOT that the question takes the place of; SIZE_MAX: there is none */
    /* What in the text is a chat template's own: control tokens spelt there are those tokens. */
    struct tokenizer_part parts[PROMPT_PARTS_MAX];
    int part_count;
    const char *end;  /* a constant string that ends a reply; NULL: none */
    const char *kind; /* the name of the chat template's kind, or "shots": constant; NULL: neither */
    const struct examples *examples; /* shown in front of the text, which has no parts then; NULL: none */
    /* Of what a model is asked with besides the text: examples, and a system prompt that a server is sent; 0:
     * nothing but what its kind implies. */
    uint64_t more_hash;
};

/* Of a text without control tokens; borrows it. Its first slot counts. */
struct prompt_template prompt_template_of(const char *text);

#endif
