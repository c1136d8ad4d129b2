#include "core/cpu.h"

#include <stdio.h>
#include <string.h>

/* A line "model name : AMD EPYC" of the system's list; other systems have none. */
static void read_name(char *name, size_t bytes)
{
    char line[256];
    FILE *list = fopen("/proc/cpuinfo", "re");
    snprintf(name, bytes, "unknown");
    while (list && fgets(line, sizeof line, list)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(name, bytes, "%s", colon + 1 + strspn(colon + 1, " \t"));
        break;
    }
    if (list)
        fclose(list);
}

void cpu_describe(char *text, size_t bytes)
{
    char name[128];
    read_name(name, sizeof name);
    snprintf(text, bytes, "%s", name);
#ifdef __x86_64__
    const struct {
        const char *name;
        int there;
    } extensions[] = {{"avx2", __builtin_cpu_supports("avx2")},
                      {"avx512f", __builtin_cpu_supports("avx512f")},
                      {"avx512_bf16", __builtin_cpu_supports("avx512bf16")}};
    const char *before = ", ";
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        size_t len = strlen(text);
        if (!extensions[i].there)
            continue;
        snprintf(text + len, bytes - len, "%s%s", before, extensions[i].name);
        before = " ";
    }
#endif
}
