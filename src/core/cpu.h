/* cpu.h - what this machine computes with, for the record of a run. */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <stddef.h>

/* The processor's name and those of its vector extensions that change results, e.g. "AMD EPYC, avx2 avx512f
 * avx512_bf16"; cut at `bytes`. */
void cpu_describe(char *text, size_t bytes);

#endif
