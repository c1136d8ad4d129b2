/* json_reply.h - JSON as servers send it. */
#ifndef HTTP_JSON_REPLY_H
#define HTTP_JSON_REPLY_H

#include <jansson.h>
#include <stddef.h>

/* Where the reply's own text begins: behind a byte order mark, white space, and comments of event streams. */
size_t json_reply_start(const char *bytes, size_t len);
/* The value of a reply, which the caller releases; NULL where it is no JSON. Halves of surrogate pairs and
 * bytes that are no UTF-8 become U+FFFD, and NaN and Infinity null. */
json_t *json_reply(const char *bytes, size_t len, json_error_t *error);

#endif
