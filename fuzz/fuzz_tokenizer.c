/* fuzz_tokenizer.c - arbitrary bytes as text: they must come back from a learnt tokenizer, from a `llama`
 * one, and, every now and then, from one that is learnt from the bytes themselves. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/vocab.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char corpus[] = "What is the remainder of 44 by 7?<|solution|>44 = 6 * 7 + 2.\nThe answer is "
                             "$\\boxed{2}$.<|end|>It's the caf\xc3\xa9's  answer: we'll see, they'd say.\n\n";

static struct tokenizer *learnt(void)
{
    struct tokenizer *tokenizer;
    if (tokenizer_learn(&tokenizer, corpus, sizeof corpus - 1, 300, NULL))
        abort();
    return tokenizer;
}

static struct tokenizer *sentencepiece(void)
{
    struct gguf_writer *writer = gguf_writer_new();
    struct gguf_file *file;
    struct tokenizer *tokenizer;
    char *bytes;
    size_t len;
    put_small_vocabulary(writer);
    if (gguf_writer_bytes(writer, &bytes, &len, NULL) || gguf_open_bytes(&file, bytes, len, "memory", NULL) ||
        tokenizer_open(&tokenizer, file, NULL))
        abort();
    gguf_writer_release(writer);
    gguf_release(file);
    free(bytes);
    return tokenizer;
}

static void check(const struct tokenizer *tokenizer, const char *text, size_t len, unsigned flags)
{
    struct tokenizer_ids ids = {0};
    struct buf back = BUF_INIT(1 << 24);
    struct ponder_err err;
    if (tokenizer_encode(tokenizer, text, len, flags, &ids, &err) ||
        tokenizer_decode(tokenizer, ids.ids, ids.count, &back, &err))
        abort();
    bool same = back.len == len && (len == 0 || !memcmp(back.data, text, len));
    if (!same && !(flags & TOKENIZER_SPECIAL)) /* control tokens are not in the text */
        abort();
    tokenizer_ids_release(&ids);
    buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tokenizer *fixed[2];
    if (!fixed[0]) {
        fixed[0] = learnt();
        fixed[1] = sentencepiece();
    }
    if (size == 0)
        return 0;
    unsigned choice = data[0];
    const char *text = (const char *)data + 1;
    size_t len = size - 1;
    for (int i = 0; i < 2; i++)
        check(fixed[i], text, len, choice & 3);
    struct tokenizer *own;
    if ((choice & 0x1c) == 0 && !tokenizer_learn(&own, text, len, 272 + (int)(choice >> 5), NULL)) {
        check(own, text, len, choice & 3);
        tokenizer_release(own);
    }
    return 0;
}
