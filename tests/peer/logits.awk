# logits.awk: `ponder logits --json`, without its "text" and split at "{", to lines "TEXT POSITION ID LOGPROB":
# at each position the token that does follow, then those listed as most probable. TEXT is the variable `text`.
BEGIN { position = -1 }
{ split($0, field, /[:,}]/) }
field[3] == "\"next_logprob\"" {
  if (position >= 0)
    print text, position, field[2], next_logprob
  position++
  next_logprob = field[4]
}
field[3] == "\"logprob\"" { print text, position, field[2], field[4] }
