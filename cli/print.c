/* print.c - what goes to the terminal, and what comes from files. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

int cli_fail(const struct ponder_err *err)
{
    char *message = ponder_text_escape(err->message, strlen(err->message), false);
    fprintf(stderr, "ponder: %s\n", message ? message : err->message);
    free(message);
    return err->status == PONDER_E_ARGUMENT ? CLI_WRONG_USE : CLI_FAILED;
}

void cli_print_text(FILE *out, const char *text, size_t len, bool lines)
{
    char *escaped = ponder_text_escape(text, len, lines);
    fputs(escaped ? escaped : "(out of memory)", out);
    free(escaped);
}

bool cli_has_colour(FILE *out)
{
    const char *terminal = getenv("TERM"), *no_color = getenv("NO_COLOR");
    return isatty(fileno(out)) && !(no_color && *no_color) && !(terminal && strcmp(terminal, "dumb") == 0);
}

void cli_style(FILE *out, const char *code)
{
    if (cli_has_colour(out))
        fprintf(out, "\x1b[%sm", code);
}

/* By the environment, as setlocale() would find it; its data need not be installed for that. */
static bool is_utf8_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

struct ponder_look cli_look(FILE *out)
{
    struct ponder_look look = {.columns = 80, .colour = cli_has_colour(out), .ascii = !is_utf8_locale()};
    struct winsize size;
    if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        look.columns = size.ws_col;
    return look;
}

void cli_ledger_text(const struct ponder_ledger *ledger, char text[CLI_LEDGER_BYTES])
{
    char a[32], b[32], c[32], d[32], verifier[64] = "", again[64] = "", flops[48] = "";
    if (ledger->verifier_tokens)
        snprintf(verifier, sizeof verifier, "%s verifier tokens, ",
                 cli_thousands(a, ledger->verifier_tokens));
    if (ledger->recomputed_tokens)
        snprintf(again, sizeof again, "%s recomputed tokens, ", cli_thousands(a, ledger->recomputed_tokens));
    if (ledger->flops > 0)
        snprintf(flops, sizeof flops, "%sFLOP, ", cli_scaled(d, ledger->flops));
    snprintf(text, CLI_LEDGER_BYTES, "%s generations, %s prompt and %s generated tokens, %s%s%s%.2f s",
             cli_thousands(a, ledger->generations), cli_thousands(b, ledger->prompt_tokens),
             cli_thousands(c, ledger->generated_tokens), verifier, again, flops, ledger->seconds);
}

void cli_print_start(const struct ponder_start *start)
{
    char a[32], b[32], c[32];
    if (start->requests)
        printf("before that, to learn what the server can do: %s requests, %s prompt and %s generated "
               "tokens, %.2f s\n",
               cli_thousands(a, start->requests), cli_thousands(b, start->prompt_tokens),
               cli_thousands(c, start->generated_tokens), start->seconds);
}

void cli_print_wrapped(const char *text, int64_t columns, int64_t used)
{
    while (*text) {
        size_t word = strcspn(text, " ");
        if (used > 0 && used + 1 + (int64_t)word > columns) {
            putchar('\n');
            used = 0;
        }
        printf(" %.*s", (int)word, text);
        used += 1 + (int64_t)word;
        text += word + strspn(text + word, " ");
    }
    putchar('\n');
}

char *cli_thousands(char *text, long long number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", number), to = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            text[to++] = ',';
        text[to++] = digits[i];
    }
    text[to] = '\0';
    return text;
}

char *cli_scaled(char *text, double number)
{
    static const char prefixes[] = " kMGTPE";
    size_t i = 0;
    while (number >= 999.5 && i + 2 < sizeof prefixes) {
        number /= 1000;
        i++;
    }
    snprintf(text, 32, i ? "%.3g %c" : "%.3g ", number, prefixes[i]);
    return text;
}

void cli_print_interval(const struct ponder_interval *interval)
{
    if (isnan(interval->value))
        printf("  %-17s", "-");
    else
        printf("  %5.3f %4.3f-%4.3f", interval->value, interval->low, interval->high);
}

int cli_finish(int exit_status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_status;
    fprintf(stderr, "ponder: writing to standard output failed: %s\n", strerror(errno));
    return CLI_FAILED;
}

static int read_all(FILE *file, const char *name, size_t bytes_max, char **text, size_t *len,
                    struct ponder_err *err)
{
    size_t cap = 4096, used = 0;
    char *data = malloc(cap + 1);
    while (data && used <= bytes_max) {
        size_t n = fread(data + used, 1, cap - used, file);
        used += n;
        if (n == 0)
            break;
        if (used == cap) {
            char *more = realloc(data, cap * 2 + 1);
            if (!more)
                free(data);
            data = more;
            cap *= 2;
        }
    }
    err->status = !data              ? PONDER_E_MEMORY
                  : ferror(file)     ? PONDER_E_IO
                  : used > bytes_max ? PONDER_E_LIMIT
                                     : 0;
    if (err->status) {
        if (err->status == PONDER_E_LIMIT)
            snprintf(err->message, sizeof err->message, "%s: more than %zu bytes", name, bytes_max);
        else
            snprintf(err->message, sizeof err->message, "%s: reading failed: %s", name, strerror(errno));
        free(data);
        return err->status;
    }
    data[used] = '\0';
    *text = data;
    *len = used;
    return PONDER_OK;
}

int cli_read(const char *path, size_t bytes_max, char **text, size_t *len, struct ponder_err *err)
{
    bool standard_input = strcmp(path, "-") == 0;
    FILE *file = standard_input ? stdin : fopen(path, "rb");
    if (!file) {
        snprintf(err->message, sizeof err->message, "%s: cannot open: %s", path, strerror(errno));
        return err->status = PONDER_E_IO;
    }
    int status = read_all(file, standard_input ? "standard input" : path, bytes_max, text, len, err);
    if (!standard_input)
        fclose(file);
    return status;
}

int cli_check_writable(const char *option, const char *path, struct ponder_err *err)
{
    if (!path)
        return PONDER_OK;
    const char *slash = strrchr(path, '/');
    char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    struct stat at;
    bool there = stat(path, &at) == 0, is_folder = there && S_ISDIR(at.st_mode);
    bool is_other = there && !is_folder && !S_ISREG(at.st_mode); /* it would be replaced by a file */
    errno = is_folder ? EISDIR : 0;
    bool fine = folder && !is_folder && !is_other && access(folder, W_OK | X_OK) == 0 && *path &&
                (!slash || slash[1]);
    if (!fine) {
        snprintf(err->message, sizeof err->message,
                 "--%s: cannot write %s: %s; name a file in a folder you may write to", option, path,
                 errno      ? strerror(errno)
                 : is_other ? "it is no ordinary file"
                            : "it names a folder");
        err->status = PONDER_E_IO;
    }
    free(folder);
    return fine ? PONDER_OK : PONDER_E_IO;
}
