#include "verifier/calibration.h"

#include <math.h>

#include "core/json.h"

/* Scores are single precision: no logarithm of less than its last digit. */
static double log_of(double p)
{
    return log(p > 1e-7 ? p : 1e-7);
}

void calibration_add(struct ponder_calibration *c, double score, double label)
{
    int at = (int)(score * PONDER_CALIBRATION_BINS);
    struct ponder_calibration_bin *bin =
        &c->bins[at < 0                          ? 0
                 : at >= PONDER_CALIBRATION_BINS ? PONDER_CALIBRATION_BINS - 1
                                                 : at];
    c->count++;
    c->loss -= label * log_of(score) + (1 - label) * log_of(1 - score);
    bin->count++;
    bin->score += score;
    bin->label += label;
}

void calibration_end(struct ponder_calibration *c)
{
    double off = 0;
    for (int i = 0; i < PONDER_CALIBRATION_BINS; i++) {
        struct ponder_calibration_bin *bin = &c->bins[i];
        off += fabs(bin->score - bin->label);
        bin->score = bin->count ? bin->score / (double)bin->count : NAN;
        bin->label = bin->count ? bin->label / (double)bin->count : NAN;
    }
    c->ece = c->count ? off / (double)c->count : NAN;
    c->loss = c->count ? c->loss / (double)c->count : NAN;
}

json_t *calibration_json(const struct ponder_calibration *c)
{
    json_t *bins = json_array();
    for (int i = 0; i < PONDER_CALIBRATION_BINS; i++)
        json_array_append_new(bins, json_pack("{s:I, s:o, s:o}", "count", (json_int_t)c->bins[i].count,
                                              "score", json_from_real(c->bins[i].score), "label",
                                              json_from_real(c->bins[i].label)));
    return json_pack("{s:I, s:o, s:o, s:o}", "count", (json_int_t)c->count, "loss", json_from_real(c->loss),
                     "ece", json_from_real(c->ece), "bins", bins);
}
