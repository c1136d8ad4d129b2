/* figure_options.c - the option table of struct ponder_figure_settings. */
#include "ponder/figure.h"

#define OPTION_FIELD(field) offsetof(struct ponder_figure_settings, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_figure_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("data", data, "SET", NULL, "the questions; else those of the newest samples"),
        ROW_TEXT("chosen-on", chosen_on, "SET", NULL, "questions that choose each method's temperature"),
        ROW_REAL("temperature", temperature, "T", "auto", 0, 10,
                 "a second panel with all methods at this one"),
        PONDER_OPTION_END};
    return table;
}
