/* profile_json.c - a profile from a JSON file (docs/file-formats.md): strict, so that a misspelt key is found
 * before a score is read at the wrong place. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "verifier/profile.h"

#define FIELD(f) offsetof(struct verifier_profile, f), sizeof((struct verifier_profile *)0)->f

static const struct text_key {
    const char *key;
    size_t offset, size;
} text_keys[] = {
    {"template", FIELD(template)},
    {"separator", FIELD(separator)},
    {"between", FIELD(between)},
    {"turn", FIELD(turn)},
    {"model", FIELD(model)},
    {"probe.question", FIELD(probe.question)},
    {"probe.right", FIELD(probe.right)},
    {"probe.wrong", FIELD(probe.wrong)},
};

/* Where in the file something is wrong. */
struct place {
    const char *path;
    struct ponder_err *err;
};

static int profile_wrong(const struct place *place, const char *key, const char *what)
{
    return err_set(place->err, PONDER_E_FORMAT, "%s: '%s' %s", place->path, key, what);
}

static int take_text(const struct place *place, const char *key, const json_t *value, char *out, size_t size)
{
    const char *text = json_string_value(value);
    size_t len = text ? json_string_length(value) : 0;
    if (!text || strlen(text) != len)
        return profile_wrong(place, key, "is to be a text");
    if (len >= size)
        return err_set(place->err, PONDER_E_FORMAT, "%s: '%s' has %zu bytes; at most %zu are taken",
                       place->path, key, len, size - 1);
    memcpy(out, text, len + 1);
    return PONDER_OK;
}

/* A token by its text, or by its id. */
static int take_token(const struct place *place, const char *key, const json_t *value, int32_t *id,
                      char *text, size_t size)
{
    *id = -1;
    *text = '\0';
    if (!json_is_integer(value)) {
        int status = take_text(place, key, value, text, size);
        return status || *text ? status : profile_wrong(place, key, "is empty; a token is a text or an id");
    }
    json_int_t number = json_integer_value(value);
    if (number < 0 || number > INT32_MAX)
        return profile_wrong(place, key, "is no token id");
    *id = (int32_t)number;
    return PONDER_OK;
}

static int take_name(const struct place *place, const char *key, const json_t *value,
                     const char *const *names, int count, const char *list, int *out)
{
    const char *text = json_string_value(value);
    for (int i = 0; text && i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return PONDER_OK;
        }
    return profile_wrong(place, key, list);
}

static int take_kind(const struct place *place, const json_t *value, struct verifier_profile *out)
{
    static const char *const names[] = {"tag", "turn", "judge"};
    int kind = 0, status = take_name(place, "kind", value, names, 3, "is none of tag, turn and judge", &kind);
    out->kind = (enum verifier_kind)kind;
    return status;
}

static int take_server(const struct place *place, const json_t *value, struct verifier_profile *out)
{
    static const char *const names[] = {"auto", "pooling", "completions", "llama", "classify"};
    int server = 0,
        status = take_name(place, "server", value, names, 5,
                           "is none of auto, pooling, completions, llama and classify; a model that "
                           "scores pairs of texts (/score) is no verifier here",
                           &server);
    out->server = (enum verifier_server)server;
    return status;
}

static int take_aggregate(const struct place *place, const json_t *value, struct verifier_profile *out)
{
    const char *text = json_string_value(value);
    if (!text || verifier_aggregate_parse(text, &out->aggregate, NULL))
        return profile_wrong(place, "aggregate", "is none of last, min, prod and mean");
    return PONDER_OK;
}

static int take_flag(const struct place *place, const char *key, const json_t *value, bool *out)
{
    *out = json_is_true(value);
    return json_is_boolean(value) ? PONDER_OK : profile_wrong(place, key, "is neither true nor false");
}

static int take_class(const struct place *place, const json_t *value, struct verifier_profile *out)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > 4095)
        return profile_wrong(place, "class", "is to be a number from 0 to 4095");
    out->class = (int)number;
    return PONDER_OK;
}

static int no_key(const struct place *place, const char *key)
{
    return err_set(place->err, PONDER_E_FORMAT, "%s: there is no key '%.60s' in a verifier's profile",
                   place->path, key);
}

static int profile_take(const struct place *place, const char *key, const json_t *value,
                        struct verifier_profile *out);

static int take_probe(const struct place *place, const json_t *value, struct verifier_profile *out)
{
    static const char *const keys[][2] = {
        {"question", "probe.question"}, {"right", "probe.right"}, {"wrong", "probe.wrong"}};
    int status = json_object_size(value) == 3
                     ? PONDER_OK
                     : profile_wrong(place, "probe", "is to have question, right and wrong");
    for (int i = 0; i < 3 && !status; i++) {
        const char *text = json_string_value(json_object_get(value, keys[i][0]));
        status = text && *text ? profile_take(place, keys[i][1], json_object_get(value, keys[i][0]), out)
                               : profile_wrong(place, keys[i][1], "is to be a text that is not empty");
    }
    return status;
}

static int profile_take(const struct place *place, const char *key, const json_t *value,
                        struct verifier_profile *out)
{
    if (strcmp(key, "between") == 0 && json_string_length(value) == 0)
        out->joined = json_is_string(value);
    for (size_t i = 0; i < sizeof text_keys / sizeof *text_keys; i++)
        if (strcmp(key, text_keys[i].key) == 0)
            return take_text(place, key, value, (char *)out + text_keys[i].offset, text_keys[i].size);
    if (strcmp(key, "tag") == 0)
        return take_token(place, key, value, &out->tag, out->tag_text, sizeof out->tag_text);
    if (strcmp(key, "good") == 0)
        return take_token(place, key, value, &out->good, out->good_text, sizeof out->good_text);
    if (strcmp(key, "bad") == 0)
        return take_token(place, key, value, &out->bad, out->bad_text, sizeof out->bad_text);
    if (strcmp(key, "kind") == 0)
        return take_kind(place, value, out);
    if (strcmp(key, "server") == 0)
        return take_server(place, value, out);
    if (strcmp(key, "aggregate") == 0)
        return take_aggregate(place, value, out);
    if (strcmp(key, "strip") == 0)
        return take_flag(place, key, value, &out->strip);
    if (strcmp(key, "outcome") == 0)
        return take_flag(place, key, value, &out->outcome);
    if (strcmp(key, "class") == 0)
        return take_class(place, value, out);
    if (strcmp(key, "probe") == 0)
        return take_probe(place, value, out);
    return no_key(place, key);
}

static int profile_check(const struct place *place, const struct verifier_profile *profile)
{
    bool judge = profile->kind == VERIFIER_JUDGE, tag = profile->tag >= 0 || *profile->tag_text;
    /* Some have classes instead. */
    bool labels = profile->server != VERIFIER_POOLING && profile->server != VERIFIER_CLASSIFY;
    const char *question = strstr(profile->template, "{question}"),
               *solution = strstr(profile->template, "{solution}");
    if (!question)
        return profile_wrong(place, "template", "has no {question}");
    if (judge != (solution != NULL))
        return profile_wrong(place, "template",
                             judge ? "of a judge has no {solution}"
                                   : "has a {solution}, which is for the kind judge");
    if (solution && solution < question)
        return profile_wrong(place, "template", "is to have the {solution} behind the {question}");
    if (!*profile->separator)
        return profile_wrong(place, "separator", "is empty");
    if (profile->kind == VERIFIER_TAG && !tag)
        return profile_wrong(place, "tag", "is missing: the token behind each step");
    if (profile->kind == VERIFIER_TURN && !*profile->turn)
        return profile_wrong(place, "turn", "is missing: what stands between a step and its score");
    if (profile->server == VERIFIER_CLASSIFY && !judge && !profile->outcome)
        return profile_wrong(place, "server",
                             "is classify, which judges whole solutions: add \"outcome\": true");
    if (labels && profile->good < 0 && !*profile->good_text)
        return profile_wrong(place, "good", "is missing: the token that says right");
    if (labels && profile->bad < 0 && !*profile->bad_text)
        return profile_wrong(place, "bad", "is missing: the token that says wrong");
    return PONDER_OK;
}

int verifier_profile_parse(struct verifier_profile *out, const char *text, size_t len, const char *path,
                           struct ponder_err *err)
{
    struct place place = {path, err};
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    *out = (struct verifier_profile){
        .separator = "\n", .tag = -1, .good = -1, .bad = -1, .aggregate = VERIFIER_MIN, .class = -1};
    int status = PONDER_OK;
    if (!json_is_object(root))
        status = err_set(err, PONDER_E_FORMAT, "%s:%d: no profile of a verifier: %s", path,
                         root ? 1 : error.line, root ? "it is to be one JSON object" : error.text);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (!status)
            status = strchr(key, '.') ? no_key(&place, key) : profile_take(&place, key, value, out);
    }
    json_decref(root);
    return status ? status : profile_check(&place, out);
}
