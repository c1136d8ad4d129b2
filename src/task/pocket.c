/* pocket.c - the generator as its callers see it: draws a cell (subject and level) and a family, lets the
 * family write, keeps what belongs to its split, and gives it the form of a MATH record.
 *
 * Cells come in shuffled rounds. A question whose hash says the other split, that was yielded before (where
 * duplicates are to be avoided), or that is too long for its buffer is dropped and the cell is drawn again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "task/pocket_object.h"

enum {
    CELLS = POCKET_SUBJECTS * POCKET_LEVELS,
    TEST_ONE_IN = 8,    /* questions that belong to test */
    DRAWS_MAX = 20000,  /* per item before the generator says that it is exhausted */
    WRONG_PERCENT = 10, /* solutions of a careless author in which the one choice is wrong */
    SOLUTION_TAIL = 64, /* room for the answer's line */
};

const char *ponder_pocket_subject(int index)
{
    return index >= 0 && index < POCKET_SUBJECTS ? pocket_subjects[index] : NULL;
}

int ponder_pocket_new(struct ponder_pocket **out, enum ponder_pocket_split split, uint64_t seed,
                      bool distinct, struct ponder_err *err)
{
    *out = NULL;
    struct ponder_pocket *pocket = calloc(1, sizeof *pocket);
    if (!pocket)
        return err_memory(err, "a Pocket generator");
    pocket->split = split;
    pocket->distinct = distinct;
    pocket->next_cell = CELLS;
    pocket->document = BUF_INIT(POCKET_DOCUMENT_BYTES_MAX);
    rng_init(&pocket->rng, rng_key(seed, split == PONDER_POCKET_TEST ? 2 : 1));
    *out = pocket;
    return 0;
}

void ponder_pocket_free(struct ponder_pocket *pocket)
{
    if (!pocket)
        return;
    free(pocket->seen);
    buf_release(&pocket->document);
    free(pocket);
}

static int draw_cell(struct ponder_pocket *pocket)
{
    if (pocket->next_cell == CELLS) {
        for (int i = 0; i < CELLS; i++)
            pocket->cell[i] = (unsigned char)i;
        for (int i = CELLS - 1; i > 0; i--) {
            int j = rng_range(&pocket->rng, 0, i);
            unsigned char held = pocket->cell[i];
            pocket->cell[i] = pocket->cell[j];
            pocket->cell[j] = held;
        }
        pocket->next_cell = 0;
    }
    return pocket->cell[pocket->next_cell++];
}

static int draw_family(struct rng *rng, int subject, int level)
{
    int total = 0;
    for (int f = 0; f < POCKET_FAMILIES; f++)
        total += pocket_families[f].subject == subject ? pocket_families[f].weight[level - 1] : 0;
    int draw = rng_range(rng, 0, total - 1);
    for (int f = 0;; f++) {
        draw -= pocket_families[f].subject == subject ? pocket_families[f].weight[level - 1] : 0;
        if (draw < 0)
            return f;
    }
}

/* The table of seen hashes is open-addressed and at most half full; 0 stands for an empty place. */
static bool grow_seen(struct ponder_pocket *pocket)
{
    size_t cap = pocket->seen_cap ? pocket->seen_cap * 2 : 4096;
    uint64_t *seen = calloc(cap, sizeof *seen);
    if (!seen)
        return false;
    for (size_t i = 0; i < pocket->seen_cap; i++) {
        if (!pocket->seen[i])
            continue;
        size_t at = pocket->seen[i] & (cap - 1);
        while (seen[at])
            at = (at + 1) & (cap - 1);
        seen[at] = pocket->seen[i];
    }
    free(pocket->seen);
    pocket->seen = seen;
    pocket->seen_cap = cap;
    return true;
}

/* 1: new, 0: seen before, negative: an error. */
static int remember(struct ponder_pocket *pocket, uint64_t hash, struct ponder_err *err)
{
    if (pocket->seen_count >= PONDER_POCKET_ITEMS_MAX)
        return err_set(err, PONDER_E_LIMIT, "pocket: more than %d distinct items were asked for",
                       PONDER_POCKET_ITEMS_MAX);
    if (pocket->seen_count * 2 >= pocket->seen_cap && !grow_seen(pocket))
        return err_memory(err, "the table of questions already made");
    hash += !hash;
    size_t at = hash & (pocket->seen_cap - 1);
    while (pocket->seen[at]) {
        if (pocket->seen[at] == hash)
            return 0;
        at = (at + 1) & (pocket->seen_cap - 1);
    }
    pocket->seen[at] = hash;
    pocket->seen_count++;
    return 1;
}

static void write_id(struct ponder_pocket *pocket, int subject, uint64_t hash)
{
    char name[32];
    size_t n = 0;
    for (const char *p = pocket_subjects[subject]; *p && n + 1 < sizeof name; p++) {
        if (*p == '&')
            continue;
        char c = *p == ' ' ? '_' : (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
        if (c != '_' || name[n - 1] != '_')
            name[n++] = c;
    }
    name[n] = 0;
    snprintf(pocket->unique_id, sizeof pocket->unique_id, "pocket/%s/%s/%016llx.json",
             pocket->split == PONDER_POCKET_TEST ? "test" : "train", name, (unsigned long long)hash);
}

static enum ponder_pocket_split split_of_hash(uint64_t hash)
{
    return (hash >> 32) % TEST_ONE_IN == 0 ? PONDER_POCKET_TEST : PONDER_POCKET_TRAIN;
}

int ponder_pocket_split_of(const char *problem)
{
    int family;
    char hole[POCKET_HOLES_MAX][POCKET_HOLE_BYTES];
    if (!pocket_wording_match(problem, &family, hole))
        return -1;
    return (int)split_of_hash(pocket_question_hash(family, hole));
}

/* Lets one family write into the generator's buffers; false where the item is not to be used. */
static bool write_item(struct ponder_pocket *pocket, int family, int level, enum pocket_care care,
                       uint64_t *hash)
{
    struct pocket_draft *draft = &pocket->draft;
    pocket->before = pocket->rng;
    pocket->family = family;
    draft->rng = &pocket->rng;
    draft->level = level;
    draft->wrong = care == POCKET_WRONG ||
                   (care == POCKET_CARELESS && rng_range(&pocket->rng, 1, 100) <= WRONG_PERCENT &&
                    !pocket_families[family].own_care);
    draft->solution_len = 0;
    draft->solution[0] = draft->answer[0] = 0;
    for (int i = 0; i < POCKET_HOLES_MAX; i++)
        draft->hole[i][0] = 0;
    pocket_families[family].generate(draft);

    *hash = pocket_question_hash(family, draft->hole);
    if (split_of_hash(*hash) != pocket->split || draft->solution_len + SOLUTION_TAIL > POCKET_SOLUTION_BYTES)
        return false;
    int wordings = 0;
    while (wordings < POCKET_WORDINGS_MAX && pocket_families[family].wording[wordings])
        wordings++;
    const char *wording = pocket_families[family].wording[rng_range(&pocket->rng, 0, wordings - 1)];
    if (!pocket_wording_fill(pocket->problem, sizeof pocket->problem, wording, draft->hole))
        return false;
    draft_put(draft, "The answer is \\boxed{%s}.", draft->answer);
    return true;
}

bool pocket_draw_again(struct ponder_pocket *pocket)
{
    struct rng now = pocket->rng;
    uint64_t hash;
    pocket->rng = pocket->before;
    bool written = write_item(pocket, pocket->family, pocket->draft.level, POCKET_CARELESS, &hash);
    pocket->rng = now;
    return written;
}

int pocket_draw(struct ponder_pocket *pocket, enum pocket_care care, struct ponder_pocket_item *item,
                struct ponder_err *err)
{
    int cell = draw_cell(pocket), subject = cell % POCKET_SUBJECTS, level = cell / POCKET_SUBJECTS + 1;
    for (int draw = 0; draw < DRAWS_MAX; draw++) {
        uint64_t hash;
        int family = draw_family(&pocket->rng, subject, level);
        for (int i = 0; i < POCKET_PARTS_MAX; i++)
            pocket->draft.pen[i] = (struct pocket_pen){rng_next(&pocket->rng), care != POCKET_CAREFUL};
        if (!write_item(pocket, family, level, care, &hash))
            continue;
        int fresh = pocket->distinct ? remember(pocket, hash, err) : 1;
        if (fresh < 0)
            return fresh;
        if (!fresh)
            continue;
        write_id(pocket, subject, hash);
        *item = (struct ponder_pocket_item){.problem = pocket->problem,
                                            .solution = pocket->draft.solution,
                                            .answer = pocket->draft.answer,
                                            .subject = pocket_subjects[subject],
                                            .kind = pocket_families[family].name,
                                            .level = level,
                                            .unique_id = pocket->unique_id};
        return 0;
    }
    return err_set(err, PONDER_E_LIMIT, "pocket: no new question of %s at level %d in %d draws",
                   pocket_subjects[subject], level, DRAWS_MAX);
}

int ponder_pocket_next(struct ponder_pocket *pocket, struct ponder_pocket_item *item, struct ponder_err *err)
{
    pocket->draft.practises = false;
    return pocket_draw(pocket, POCKET_CAREFUL, item, err);
}

size_t ponder_pocket_prompt(char *out, size_t size, const char *problem)
{
    return (size_t)snprintf(out, size, "Q: %s\nA:\n", problem);
}

/* Copies text as the inside of a JSON string; everything here is ASCII. */
static size_t put_json(char *out, size_t size, size_t n, const char *text)
{
    for (; *text; text++) {
        const char escape = *text == '\n' ? 'n' : *text == '"' || *text == '\\' ? *text : 0;
        if (escape) {
            if (n < size)
                out[n] = '\\';
            n++;
        }
        if (n < size)
            out[n] = escape ? escape : *text;
        n++;
    }
    return n;
}

static size_t put_plain(char *out, size_t size, size_t n, const char *text)
{
    for (; *text; text++, n++) {
        if (n < size)
            out[n] = *text;
    }
    return n;
}

size_t ponder_pocket_json(char *out, size_t size, const struct ponder_pocket_item *item)
{
    const char *key[] = {"{\"problem\": \"", "\", \"solution\": \"", "\", \"answer\": \"",
                         "\", \"subject\": \""};
    const char *value[] = {item->problem, item->solution, item->answer, item->subject};
    char level[48];
    snprintf(level, sizeof level, "\", \"level\": %d, \"unique_id\": \"", item->level);
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        n = put_plain(out, size, n, key[i]);
        n = put_json(out, size, n, value[i]);
    }
    n = put_plain(out, size, n, level);
    n = put_json(out, size, n, item->unique_id);
    n = put_plain(out, size, n, "\"}\n");
    if (size)
        out[n < size ? n : size - 1] = 0;
    return n;
}
