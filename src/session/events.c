/* events.c - what a listener is told while its question is worked on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "session/session.h"

enum shown { SHOWN_STEP = 1, SHOWN_KEPT = 2, SHOWN_PRUNED = 4 };

static struct ponder_event event_of(const struct asked *asked, enum ponder_event_kind kind)
{
    struct ponder_event event = {.kind = kind, .id = asked->id, .score = NAN, .failure = ""};
    int64_t leader = tally_leader(&asked->tally);
    if (leader >= 0) {
        event.answer = asked->tally.answers[leader].answer;
        event.votes = asked->tally.answers[leader].count;
    }
    for (int64_t i = 0; i < asked->tally.count; i++)
        event.voters += asked->tally.answers[i].count;
    return event;
}

static void events_tell_one(const struct asked *asked, enum ponder_event_kind kind,
                            const struct driver_news *news, int32_t node)
{
    const struct tree_node *of = &news->search->tree.nodes[node];
    struct ponder_event event = event_of(asked, kind);
    event.node = node;
    event.parent = of->parent;
    event.text = of->text;
    event.len = of->len;
    event.score = news->search->tree.nodes[of->same_as >= 0 ? of->same_as : node].score;
    event.ledger = news->cost;
    event.ledger.seconds = clock_now_s(asked->session->clock) - asked->began_s;
    asked->listener.event(&event, asked->listener.data);
}

static int make_room(struct asked *asked, int32_t count)
{
    int64_t before = asked->shown_cap;
    if (array_reserve(&asked->shown, 1, &asked->shown_cap, count, TREE_NODES_MAX))
        return PONDER_E_MEMORY;
    memset(asked->shown + before, 0, (size_t)(asked->shown_cap - before));
    return PONDER_OK;
}

static int vote(struct asked *asked, const struct tree *tree, int32_t node)
{
    const struct tree_node *of = &tree->nodes[node];
    const struct tree_node *read = of->same_as >= 0 ? &tree->nodes[of->same_as] : of;
    double weight = asked->driver_plan.stop.weighted ? read->total : 1;
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    int64_t answer;
    int status = tree_path_text(tree, node, &text);
    if (!status)
        status = tally_add(&asked->tally, buf_text(&text), text.len,
                           answer_mode_of(asked->session->mode, of->end == TREE_ENDED), weight, &answer);
    buf_release(&text);
    return status;
}

/* A node that has come. */
static int tell_new(struct asked *asked, const struct driver_news *news, int32_t node)
{
    const struct tree_node *of = &news->search->tree.nodes[node];
    bool ended = of->end == TREE_ENDED || of->end == TREE_CUT;
    int status = ended && !of->rollout ? vote(asked, &news->search->tree, node) : PONDER_OK;
    if (!status)
        events_tell_one(asked, ended && !of->rollout ? PONDER_EVENT_SOLUTION : PONDER_EVENT_STEP, news, node);
    return status;
}

int events_tell(void *data, uint64_t id, const struct driver_news *news, struct ponder_err *err)
{
    struct asked *asked = data;
    const struct tree *tree = &news->search->tree;
    (void)id;
    if (make_room(asked, news->told))
        return err_memory(err, "events");
    for (int32_t i = 1; i < news->told; i++) {
        const struct tree_node *node = &tree->nodes[i];
        bool of_none = node->placed || node->surplus || node->end == TREE_FAILED;
        if (!of_none && !(asked->shown[i] & SHOWN_STEP) && tell_new(asked, news, i))
            return err_memory(err, "events");
        asked->shown[i] |= SHOWN_STEP;
        if (of_none || node->end != TREE_OPEN || node->rollout || node->same_as >= 0 ||
            asked->shown[i] & (SHOWN_KEPT | SHOWN_PRUNED))
            continue;
        if (node->kept)
            events_tell_one(asked, PONDER_EVENT_KEPT, news, i);
        else if (i < news->round_begin)
            events_tell_one(asked, PONDER_EVENT_PRUNED, news, i);
        asked->shown[i] |= node->kept ? SHOWN_KEPT : i < news->round_begin ? SHOWN_PRUNED : 0;
    }
    return PONDER_OK;
}

static void tell_text(void *data, int32_t node, const char *text, size_t len)
{
    const struct asked *asked = data;
    struct ponder_event event = event_of(asked, PONDER_EVENT_TEXT);
    event.node = node;
    event.text = text;
    event.len = len;
    asked->listener.event(&event, asked->listener.data);
}

void events_text(struct asked *asked)
{
    driver_texts(asked->session->driver, asked->driven, tell_text, asked);
}

void events_done(struct asked *asked)
{
    struct ponder_event event = event_of(asked, PONDER_EVENT_DONE);
    event.status = asked->status;
    event.failure = asked->failure;
    event.answer = NULL;
    if (asked->solution) {
        const struct ponder_solution *solution = asked->solution;
        event.answer = solution->answer;
        event.ledger = solution->ledger;
        event.votes = event.voters = 0;
        for (int64_t i = 0; i < solution->vote_count; i++)
            event.voters += solution->votes[i].count;
        event.votes = solution->vote_count ? solution->votes[0].count : 0;
    }
    asked->listener.event(&event, asked->listener.data);
}
