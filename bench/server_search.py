"""Beam search through two llama-servers, the way programs around such servers do it, for bench/search-peer.

A proposer and a verifier answer POST /completion. Each round every candidate's whole prefix is sent to the proposer
and its whole solution to the verifier, as many requests at a time as there are slots; what servers remember of
them is their prompt cache's matter. The rules are those of src/search/beam.c: N first steps, the N/M best kept and
each extended M times, a solution that has ended holds its beam.

Only the standard library, one thread: a connection of asyncio for each slot."""

import asyncio
import json
import time


class Server:
    """Connections to a llama-server, kept open; as many requests are under way at a time."""

    def __init__(self, port, slots):
        self.port, self.slots = port, slots
        self.idle = asyncio.Queue()
        self.prompt_tokens = self.cached_tokens = self.generated_tokens = 0

    async def connect(self):
        for _ in range(self.slots):
            self.idle.put_nowait(await asyncio.open_connection("127.0.0.1", self.port))

    async def close(self):
        while not self.idle.empty():
            self.idle.get_nowait()[1].close()

    async def post(self, connection, body):
        """A connection that the server has closed meanwhile (it does after seconds of rest, and after so many
        requests) is opened anew."""
        reader, writer = connection
        for _ in range(2):
            writer.write(b"POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                break
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        return head, json.loads(await reader.readexactly(length)), (reader, writer)

    async def complete(self, request):
        request["response_fields"] = [
            "content", "stop_type", "tokens", "tokens_predicted", "timings", "completion_probabilities"]
        body = json.dumps(request).encode()
        connection = await self.idle.get()
        try:
            head, answer, connection = await self.post(connection, body)
        finally:
            self.idle.put_nowait(connection)
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"the server says {answer}")
        self.prompt_tokens += answer["timings"]["prompt_n"]
        self.cached_tokens += answer["timings"]["cache_n"]
        self.generated_tokens += answer["tokens_predicted"]
        return answer


class Candidate:
    def __init__(self, steps=(), tokens=0, ended=False):
        self.steps, self.tokens, self.ended, self.score = steps, tokens, ended, 0.0


class TextPair:
    """Steps are lines of text."""

    def __init__(self, template, verifier_template, marks, max_tokens):
        self.template, self.verifier_template, self.max_tokens = template, verifier_template, max_tokens
        self.tag, self.good, self.bad = marks

    def ask(self, question, parent):
        return {"prompt": self.template.replace("{question}", question) + "".join(parent.steps),
                "n_predict": self.max_tokens - parent.tokens, "stop": ["\n"]}

    def extended(self, parent, answer):
        tokens = parent.tokens + answer["tokens_predicted"]
        if answer["stop_type"] == "word" and tokens < self.max_tokens:
            return Candidate(parent.steps + (answer["content"] + "\n",), tokens)
        return Candidate(parent.steps + (answer["content"],), tokens, True)

    def solution(self, question, candidate):
        """The tag stands between a line and its end."""
        prompt = [self.verifier_template.replace("{question}", question)]
        for step in candidate.steps:
            line = step.rstrip("\n")
            prompt += [line, self.tag, "\n"] if line else ["\n"]
        while prompt[-1] != self.tag and len(prompt) > 1:
            prompt.pop()
        return prompt


class FixedPair:
    """Steps are so many tokens, sent back as ids: weights that are random end neither lines nor texts."""

    def __init__(self, step_tokens, marks):
        self.step_tokens = step_tokens
        self.tag, self.good, self.bad = marks

    def ask(self, question, parent):
        return {"prompt": sum(parent.steps, question), "n_predict": self.step_tokens, "ignore_eos": True,
                "return_tokens": True}

    def extended(self, parent, answer):
        return Candidate(parent.steps + (answer["tokens"],), parent.tokens + answer["tokens_predicted"])

    def solution(self, question, candidate):
        return sum((step + [self.tag] for step in candidate.steps), question)


class Beams:
    """A question under way."""

    def __init__(self, question, seed, n, width):
        self.question, self.seed, self.width = question, seed, width
        self.left, self.front, self.found = n // width, [Candidate()] * n, []
        self.rounds = self.tokens = 0

    def keep(self):
        kept = sorted(self.found, key=lambda one: -one.score)[:self.left]
        self.left -= sum(one.ended for one in kept)
        self.front = [one for one in kept if not one.ended for _ in range(self.width)]


class Search:
    def __init__(self, proposer, verifier, pair, n, width, rounds, temperature):
        self.proposer, self.verifier, self.pair = proposer, verifier, pair
        self.n, self.width, self.rounds, self.temperature = n, width, rounds, temperature

    async def propose(self, question, parent, seed):
        request = self.pair.ask(question, parent)
        request.update(temperature=self.temperature, samplers=["temperature"], cache_prompt=True, seed=seed)
        return self.pair.extended(parent, await self.proposer.complete(request))

    async def judge(self, question, candidate):
        """The two tokens are lifted above all others, so what is left of the softmax is theirs."""
        answer = await self.verifier.complete({
            "prompt": self.pair.solution(question, candidate), "n_predict": 1, "n_probs": 2, "cache_prompt": True,
            "logit_bias": [[self.pair.good, 100], [self.pair.bad, 100]], "post_sampling_probs": True,
            "temperature": 1, "samplers": ["temperature"]})
        top = answer["completion_probabilities"][0]["top_probs"]
        candidate.score = sum(one["prob"] for one in top if one["id"] == self.pair.good)

    async def extend(self, beams):
        beams.rounds += 1
        before = sum(parent.tokens for parent in beams.front)
        beams.found = await asyncio.gather(
            *(self.propose(beams.question, parent, (beams.seed + (beams.rounds << 12) + i) % (1 << 32))
              for i, parent in enumerate(beams.front)))
        beams.tokens += sum(one.tokens for one in beams.found) - before

    async def score(self, beams):
        await asyncio.gather(*(self.judge(beams.question, one) for one in beams.found))
        beams.keep()

    async def run(self, questions, seed):
        """Questions in step: both servers have the cores to themselves in turn, which is much faster than letting one
        question's verifier and another's proposer work at the same time. Returns what it took."""
        start = time.monotonic()
        every = [Beams(question, seed + (i << 20), self.n, self.width) for i, question in enumerate(questions)]
        for _ in range(self.rounds):
            open_ones = [beams for beams in every if beams.front]
            await asyncio.gather(*map(self.extend, open_ones))
            await asyncio.gather(*map(self.score, open_ones))
        return {"seconds": time.monotonic() - start, "rounds": max(beams.rounds for beams in every),
                "generated_tokens": sum(beams.tokens for beams in every)}


async def run_all(search, questions, at_once, seed):
    """All questions, one after another or at once; what it took, and in the first case what each of them did."""
    for server in (search.proposer, search.verifier):
        server.prompt_tokens = server.cached_tokens = server.generated_tokens = 0
    cpu, start = time.process_time(), time.monotonic()
    groups = [questions] if at_once else [[question] for question in questions]
    each = [await search.run(group, seed + (i << 20)) for i, group in enumerate(groups)]
    return {"seconds": time.monotonic() - start, "client_cpu_seconds": time.process_time() - cpu,
            "generated_tokens": sum(one["generated_tokens"] for one in each),
            "rounds": sum(one["rounds"] for one in each),
            "proposer_prompt_tokens": search.proposer.prompt_tokens,
            "proposer_cached_tokens": search.proposer.cached_tokens,
            "verifier_tokens": search.verifier.prompt_tokens,
            "verifier_cached_tokens": search.verifier.cached_tokens, "questions": [] if at_once else each}
