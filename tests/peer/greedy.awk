# greedy.awk OURS THEIRS: greedy texts compared, a token of THEIRS being right where its bytes are the next ones of
# OURS. OURS has a line of bytes per prompt, as `ponder generate` printed them with `options`; THEIRS is what
# `peer_check greedy` writes. Texts may part only where the peer's two best tokens are closer than `limit`.
#
# `ponder generate` prints a line end behind a text that has none, so the peer's text is given one too.
function judge(prompt, gap_after,   own, count, k, gap_here) {
  count = split(ours[prompt], own)
  if (!n || byte[n] != 10) {
    byte[++n] = 10
    gap[n] = gap_after
  }
  for (k = 1; k <= n && k <= count && byte[k] == own[k]; k++)
    ;
  if (k > n && k > count) {
    equal++
    return
  }
  gap_here = k > n ? gap_after : gap[k]
  if (gap_here < limit)
    ties++
  else
    different++
  printf "%s: text %d parts at byte %d, where the peer's best two are %.4f apart\n", options, prompt, k, gap_here
}
function note(distance) {
  steps++
  close_steps += distance < limit
  if (least == "" || distance < least)
    least = distance
}
NR == FNR { ours[FNR] = $0; next }
$2 == "step" {
  note($3)
  for (k = 4; k <= NF; k++) {
    byte[++n] = $k
    gap[n] = $3
  }
  next
}
{
  if ($2 == "end")
    note($3)
  judge($1, $2 == "end" ? $3 : 1e9)
  n = 0
}
END {
  printf "%s: %d texts equal, %d part at a near tie, %d differ; ", options, equal, ties, different
  printf "%d steps, %d of them near ties, the closest %.4f\n", steps, close_steps, least
  exit different > 0 || equal + ties != wanted
}
