/* comma_locale.h - a locale whose decimal point is a comma, for the whole process.
 *
 * One that is installed, else one made by localedef in a folder that is gone at exit. */
#ifndef COMMA_LOCALE_H
#define COMMA_LOCALE_H

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char comma_folder[] = "/tmp/ponder_locale_XXXXXX";

static bool comma_chosen(const char *name)
{
    return setlocale(LC_ALL, name) && *localeconv()->decimal_point == ',';
}

static void comma_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", comma_folder);
    if (system(command) != 0)
        fprintf(stderr, "# %s is left\n", comma_folder);
}

static bool comma_made(void)
{
    char command[256];
    if (!mkdtemp(comma_folder))
        return false;
    atexit(comma_remove);
    snprintf(command, sizeof command,
             "localedef --no-archive -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", comma_folder);
    /* It warns by its exit status too: what counts is whether the locale can be chosen. */
    return system(command) != -1 && setenv("LOCPATH", comma_folder, 1) == 0 && comma_chosen("de_DE.UTF-8");
}

/* False: there is none, and none could be made; the locale is "C" then. */
static bool comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "fr_FR.UTF-8", "es_ES.UTF-8",
                                        "it_IT.UTF-8", "pl_PL.UTF-8", "pt_BR.UTF-8", "ru_RU.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (comma_chosen(names[i]))
            return true;
    if (comma_made())
        return true;
    setlocale(LC_ALL, "C");
    return false;
}

#endif
