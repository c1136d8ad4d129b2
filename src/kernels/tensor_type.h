/* tensor_type.h - how the numbers of a tensor are packed. Source: the ggml project, ggml/include/ggml.h. */
#ifndef KERNELS_TENSOR_TYPE_H
#define KERNELS_TENSOR_TYPE_H

/* Tensor types, by their numbers in the file: X(name, number, elements per block, bytes per block). */
#define GGUF_TENSOR_TYPES(X)                                                                                 \
    X(F32, 0, 1, 4)                                                                                          \
    X(F16, 1, 1, 2)                                                                                          \
    X(Q4_0, 2, 32, 18)                                                                                       \
    X(Q4_1, 3, 32, 20)                                                                                       \
    X(Q5_0, 6, 32, 22)                                                                                       \
    X(Q5_1, 7, 32, 24)                                                                                       \
    X(Q8_0, 8, 32, 34)                                                                                       \
    X(Q4_K, 12, 256, 144)                                                                                    \
    X(Q5_K, 13, 256, 176)                                                                                    \
    X(Q6_K, 14, 256, 210)                                                                                    \
    X(BF16, 30, 1, 2)
enum gguf_tensor_type {
#define X(name, number, elements, bytes) GGUF_TENSOR_##name = (number),
    GGUF_TENSOR_TYPES(X)
#undef X
};

#endif
