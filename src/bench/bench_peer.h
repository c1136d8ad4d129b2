/* bench_peer.h - llama.cpp at the work of `ponder bench decode`, on the same file.
 *
 * A small program (bench/peer_decode.c, which ponder holds as text) is compiled against libllama by
 * DIR/bin/cc-llama OUT FILE.c and run as a process of its own, once for each repeat: it opens the file, warms
 * up, and measures one. */
#ifndef BENCH_BENCH_PEER_H
#define BENCH_BENCH_PEER_H

#include "bench/bench_engine.h"

struct bench_peer;

/* Compiles the program into a temporary folder. Where settings->model is NULL, the random weights are written
 * into a file (in that folder, unless settings->save_model names another place) and settings->model becomes
 * its name, which lives as long as the peer. A program that runs when the loop's watch says so is ended:
 * PONDER_E_CANCELLED. */
int bench_peer_open(struct bench_peer **out, struct ponder_bench_settings *settings,
                    const struct bench_work_size *size, struct bench_loop *loop,
                    struct ponder_err *err) PONDER_USE;
/* Finds out, by a few tokens of each branch, which of llama.cpp's ways to keep keys and values is the
 * fastest: before the first turn. It and every turn move the loop's progress on. */
int bench_peer_choose(struct bench_peer *peer, struct ponder_err *err) PONDER_USE;
/* Steps of progress that choosing and all turns are. */
int bench_peer_runs(const struct ponder_bench_settings *settings);
/* One repeat of all branches from prompt to last token, in the way that was chosen. */
int bench_peer_turn(struct bench_peer *peer, struct ponder_err *err) PONDER_USE;
/* Fills in the median of the turns, and how many times as fast out->tokens_per_s is. */
void bench_peer_report(struct bench_peer *peer, struct ponder_bench *out);
void bench_peer_close(struct bench_peer *peer); /* NULL is none */

#endif
