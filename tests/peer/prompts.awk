# prompts.awk: JSONL of `ponder task pocket` on standard input to dir/NN.question, the prompt in the form of the shipped
# model's template, and dir/NN.text, the same with the solution behind it.
function value(key,   at, text, c) {
  at = index($0, "\"" key "\": \"")
  if (!at)
    return ""
  for (at += length(key) + 5; at <= length($0) && (c = substr($0, at, 1)) != "\""; at++) {
    if (c == "\\") {
      c = substr($0, ++at, 1)
      if (c == "n")
        c = "\n"
    }
    text = text c
  }
  return text
}
{
  name = sprintf("%s/%02d", dir, NR)
  prompt = "Q: " value("problem") "\nA:\n"
  printf "%s", prompt >(name ".question")
  printf "%s%s", prompt, value("solution") >(name ".text")
  close(name ".question")
  close(name ".text")
}
