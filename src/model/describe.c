/* describe.c - what is in a GGUF file, as JSON. */
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "gguf/gguf.h"
#include "ponder/model.h"

enum { ELEMENTS_SHOWN = 8 };

static json_t *element_json(const struct gguf_file *file, const struct gguf_value *value, uint64_t index)
{
    enum gguf_type type = value->type == GGUF_ARRAY ? value->element : value->type;
    if (type == GGUF_STRING) {
        struct gguf_string text = gguf_string_at(file, value, index);
        return json_from_text(text.data, text.len);
    }
    double number = gguf_number_at(file, value, index);
    if (type == GGUF_BOOL)
        return json_boolean(number != 0);
    if (type == GGUF_F32 || type == GGUF_F64)
        return json_from_real(number);
    return json_integer((json_int_t)number);
}

static json_t *value_json(const struct gguf_file *file, const struct gguf_value *value)
{
    if (value->type != GGUF_ARRAY)
        return element_json(file, value, 0);
    uint64_t shown = value->count <= ELEMENTS_SHOWN ? value->count : ELEMENTS_SHOWN;
    json_t *items = json_array();
    for (uint64_t i = 0; i < shown; i++)
        json_array_append_new(items, element_json(file, value, i));
    if (shown == value->count)
        return items;
    return json_pack("{s:s, s:I, s:o}", "type", gguf_type_name(value->element), "count",
                     (json_int_t)value->count, "first", items);
}

static json_t *metadata_json(const struct gguf_file *file)
{
    json_t *metadata = json_object();
    for (size_t i = 0; i < gguf_value_count(file); i++) {
        const struct gguf_value *value = gguf_value_at(file, i);
        json_t *key = json_from_text(value->key.data, value->key.len);
        if (key)
            json_object_set_new(metadata, json_string_value(key), value_json(file, value));
        json_decref(key);
    }
    return metadata;
}

static json_t *tensors_json(const struct gguf_file *file, uint64_t *parameters, uint64_t *bytes)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const struct gguf_tensor *tensor = gguf_tensor_at(file, i);
        json_t *shape = json_array();
        uint64_t elements = 1;
        for (int d = 0; d < tensor->n_dims; d++) {
            json_array_append_new(shape, json_integer((json_int_t)tensor->dims[d]));
            elements *= tensor->dims[d];
        }
        *parameters += elements;
        *bytes += tensor->bytes;
        json_array_append_new(rows, json_pack("{s:o, s:s, s:o, s:I}", "name", json_from_string(tensor->name),
                                              "type", gguf_tensor_type_name(tensor->type), "shape", shape,
                                              "bytes", (json_int_t)tensor->bytes));
    }
    return rows;
}

int ponder_model_describe(const char *path, char **json, struct ponder_err *err)
{
    *json = NULL;
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    uint64_t parameters = 0, bytes = 0;
    json_t *tensors = tensors_json(file, &parameters, &bytes);
    json_t *root = json_pack("{s:o, s:I, s:I, s:o, s:o}", "path", json_from_string(path), "parameters",
                             (json_int_t)parameters, "tensor_bytes", (json_int_t)bytes, "metadata",
                             metadata_json(file), "tensors", tensors);
    gguf_release(file);
    return json_print(root, json, err);
}
