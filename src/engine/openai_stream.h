/* openai_stream.h - replies that come as events (text/event-stream), asked for or not. */
#ifndef ENGINE_OPENAI_STREAM_H
#define ENGINE_OPENAI_STREAM_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/json.h"

enum { OPENAI_STREAMED_MAX = 8 }; /* choices of a stream; others are left out */

/* Whether the bytes begin as events do. */
bool openai_is_stream(const char *bytes, size_t len);
/* The events that have come as the one object that a reply without a stream is, the caller's to release;
 * NULL: out of memory. Each choice has an `events`, the number of those with a part of it. *whole: the stream
 * came to its end. */
json_t *openai_stream_reply(const char *bytes, size_t len, bool *whole);
/* Appends a message's content: a text, or the texts of a list of parts. */
void openai_append_parts(struct buf *out, const json_t *content);

#endif
