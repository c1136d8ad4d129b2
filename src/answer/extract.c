/* extract.c - finding the boxed answer.
 *
 * One pass: every opening of a box is pushed with the brace depth it stands at, and the brace that closes it
 * pops it. Of the boxes that were closed, the one that begins last wins. */
#include "answer/answer.h"

#include "core/ascii.h"

#include <stdlib.h>
#include <string.h>

#include "ponder/status.h"

enum { NESTED_MAX = 32 }; /* boxes inside boxes; deeper ones are not looked at */

/* Bytes of "\boxed {" or "\fbox{" at the front of `text`, through its brace, or 0. */
static size_t box_opening(const char *text, size_t n)
{
    static const char *const names[] = {"\\boxed", "\\fbox"};
    if (n < 2 || (text[1] != 'b' && text[1] != 'f'))
        return 0;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t i = strlen(names[k]);
        if (n <= i || memcmp(text, names[k], i) != 0)
            continue;
        while (i < n && ascii_is_space(text[i]))
            i++;
        if (i < n && text[i] == '{')
            return i + 1;
    }
    return 0;
}

static bool extract_trim(const char *text, size_t start, size_t end, struct answer_span *out)
{
    while (start < end && ascii_is_space(text[start]))
        start++;
    while (end > start && ascii_is_space(text[end - 1]))
        end--;
    *out = (struct answer_span){start, end - start};
    return end > start;
}

bool answer_extract(const char *text, size_t len, struct answer_span *out)
{
    struct {
        size_t start;
        int depth;
    } open[NESTED_MAX];
    int open_count = 0, depth = 0;
    bool found = false;
    for (size_t i = 0; i < len; i++) {
        size_t opening = text[i] == '\\' ? box_opening(text + i, len - i) : 0;
        if (!opening && i + 1 < len && text[i] == '\\' && box_opening(text + i + 1, len - i - 1))
            continue; /* an escape too many: "\\boxed" */
        if (opening) {
            i += opening - 1;
            if (open_count < NESTED_MAX) {
                open[open_count].start = i + 1;
                open[open_count++].depth = depth;
            }
            depth++;
        } else if (text[i] == '\\') {
            i++; /* \{ and \} are no braces */
        } else if (text[i] == '{') {
            depth++;
        } else if (text[i] == '}') {
            depth -= depth > 0;
            if (open_count == 0 || open[open_count - 1].depth != depth)
                continue;
            struct answer_span span;
            bool later = !found || open[open_count - 1].start > out->start;
            if (extract_trim(text, open[--open_count].start, i, &span) && later) {
                *out = span;
                found = true;
            }
        }
    }
    return found;
}

bool answer_is_cut_off(const char *text, size_t len)
{
    struct answer_span ignored;
    size_t at = len, opening = 0;
    if ((!memmem(text, len, "\\boxed", 6) && !memmem(text, len, "\\fbox", 5)) ||
        answer_extract(text, len, &ignored))
        return false;
    while (!opening && at-- > 0)
        opening = text[at] == '\\' ? box_opening(text + at, len - at) : 0;
    int open = opening ? 1 : 0;
    for (size_t i = at + opening; open > 0 && i < len; i++) {
        if (text[i] == '\\')
            i++;
        else
            open += (text[i] == '{') - (text[i] == '}');
    }
    return open > 0;
}

/* Behind the last `mark`, or NULL. */
static const char *behind_last(const char *text, size_t len, const char *mark)
{
    const char *end = text + len, *last = NULL;
    size_t n = strlen(mark);
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), mark, n)); last = at)
        at += n;
    return last;
}

bool answer_skip_thought(const char **text, size_t *len)
{
    const char *closed = behind_last(*text, *len, "</think>"), *end = *text + *len;
    if (closed)
        *text = closed;
    *len = (size_t)(end - *text);
    return !behind_last(*text, *len, "<think>");
}

static bool thinks_behind(bool open, const char *text, size_t len)
{
    const char *before = text;
    return !answer_skip_thought(&text, &len) || (open && text == before);
}

bool answer_thinks(bool open, const char *tail, size_t tail_len, const char *part, size_t len)
{
    char border[2 * ANSWER_TAIL_BYTES];
    size_t before = tail_len < ANSWER_TAIL_BYTES ? tail_len : ANSWER_TAIL_BYTES;
    size_t behind = len < ANSWER_TAIL_BYTES ? len : ANSWER_TAIL_BYTES;
    memcpy(border, tail + tail_len - before, before);
    memcpy(border + before, part, behind);
    return thinks_behind(thinks_behind(open, border, before + behind), part, len);
}

int answer_of_text(const char *text, size_t len, enum answer_mode mode, char **answer)
{
    struct buf found = BUF_INIT(len + 64), normal = BUF_INIT(len + 64);
    struct answer_span box;
    bool any = false;
    int status = PONDER_OK;
    *answer = NULL;
    if (mode != ANSWER_BOX_ONLY)
        status = answer_find(text, len, mode, &found, &any);
    else if (answer_skip_thought(&text, &len) && (any = answer_extract(text, len, &box)))
        status = buf_append(&found, text + box.start, box.len);
    if (!status && any)
        status = answer_normalise(buf_text(&found), found.len, &normal);
    if (!status && normal.len > 0) { /* else it is formatting alone */
        *answer = buf_take(&found, NULL);
        status = *answer ? PONDER_OK : PONDER_E_MEMORY;
    }
    buf_release(&found);
    buf_release(&normal);
    return status;
}
