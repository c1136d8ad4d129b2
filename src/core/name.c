#include "core/name.h"

#include <string.h>

static char name_letter(char c)
{
    return c == '-' ? '_' : c;
}

bool name_is(const char *typed, size_t len, const char *name)
{
    bool same = strlen(name) == len;
    for (size_t i = 0; i < len && same; i++)
        same = name_letter(typed[i]) == name_letter(name[i]);
    return same;
}
