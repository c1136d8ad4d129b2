// stream.cc - follow a search while it runs, from C++.
//
//   c++ stream.cc $(pkg-config --cflags --libs ponder) -o stream && ./stream "What is 17 * 23?"
//
// Each step is shown as it is judged, marked where the search goes on from it or gives it up.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <ponder.h>

namespace
{

void show(const ponder_event *event, void *)
{
    static const char *const marks[] = {"  step", "+ kept", "- pruned", "= solution", "  text", "done"};
    std::string text(event->text ? event->text : "", event->len);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    std::printf("%-10s", marks[event->kind]);
    if (event->kind == PONDER_EVENT_KEPT || event->kind == PONDER_EVENT_PRUNED)
        std::printf(" step %lld", static_cast<long long>(event->node));
    else if (event->kind != PONDER_EVENT_DONE)
        std::printf(" %lld behind %lld, score %.2f: %s", static_cast<long long>(event->node),
                    static_cast<long long>(event->parent), event->score, text.c_str());
    if (event->answer && event->kind >= PONDER_EVENT_SOLUTION)
        std::printf("  [so far: %s]", event->answer);
    std::printf("\n");
}

template <auto release> struct releaser {
    template <typename object> void operator()(object *o) const
    {
        release(o);
    }
};

int fail(const ponder_err &err)
{
    std::fprintf(stderr, "%s\n", err.message);
    return EXIT_FAILURE;
}

} // namespace

int main(int argc, char **argv)
{
    const char *question = argc > 1 ? argv[1] : "What is 17 * 23?";
    ponder_err err = {};
    char *path = nullptr;
    ponder_model *opened = nullptr;
    ponder_session *begun = nullptr;
    ponder_solution *taken = nullptr;
    ponder_plan plan;
    uint64_t id;

    if (ponder_model_find(&path, &err))
        return fail(err);
    std::unique_ptr<char, releaser<std::free>> owned_path(path);
    if (ponder_model_open(&opened, path, &err))
        return fail(err);
    std::unique_ptr<ponder_model, releaser<ponder_model_release>> model(opened);
    if (ponder_plan_default(&plan, &err))
        return fail(err);
    plan.sampling.n = 4;
    plan.search.name = "beam";
    if (ponder_session_open(&begun, model.get(), &plan.sampling, &err))
        return fail(err);
    std::unique_ptr<ponder_session, releaser<ponder_session_close>> session(begun);
    const ponder_listener listener = {sizeof listener, show, nullptr, 0};
    if (ponder_session_ask(session.get(), question, &plan, &listener, &id, &err) ||
        ponder_session_wait(session.get(), id, &taken, &err))
        return fail(err);
    std::unique_ptr<ponder_solution, releaser<ponder_solution_release>> solution(taken);
    std::printf("%s\n", solution->answer ? solution->answer : "no answer");
    return EXIT_SUCCESS;
}
