// Recorded programs from files. What loads them keeps every operation in the program that calls it.
#include "wengert/tape.h"

#include "capi/call.h"
#include "capi/map.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;
using wg::capi::handle;

struct wg_tape {
  wg::Tape tape;
  std::map<std::string, std::string> metadata;  // that Python has left for itself
  std::vector<wg::TapeValue> values = tape.values();
  std::vector<int64_t> arguments = tape.arguments(), results = tape.results();
};

namespace {

void describe(const Call& c, const wg_tape& tape, const std::vector<int64_t>& of, const char* what,
              int64_t number, wg_dtype* dtype, const int64_t** shape, const int64_t** strides,
              int64_t* ndim) {
  const auto count = static_cast<int64_t>(of.size());
  WG_CHECK(number >= 0 && number < count, wg::IndexError, c.function, ": there are ", count, " ",
           what, ", but no number ", number);
  const int64_t v = of[static_cast<size_t>(number)];
  const wg::TapeValue* const value = v < 0 ? nullptr : &tape.values[static_cast<size_t>(v)];
  if (dtype) *dtype = value ? static_cast<wg_dtype>(value->dtype) : -1;
  if (shape) *shape = value ? value->shape.data() : nullptr;
  if (strides) *strides = value ? value->strides.data() : nullptr;
  if (ndim) *ndim = value ? static_cast<int64_t>(value->shape.size()) : 0;
}

// Of the steps of optimizers, which change tensors and give no results: their numbers may be any.
double& number_of(const Call& c, const wg_tape& tape, const char* name, int64_t number) {
  c.pointer(name, "name");
  int64_t seen = 0;
  for (int64_t i = 0; i < tape.tape.size(); ++i) {
    double* const found = tape.tape.number(i, name);
    if (!found) continue;
    const wg::TapeStep step = tape.tape.step(i);
    if (step.kind != wg::TapeStep::Kind::change || !step.outputs.empty()) continue;
    if (seen++ == number) return *found;
  }
  wg::fail<wg::IndexError>(c.function, ": there are ", seen, " steps of optimizers with a '", name,
                           "', but no number ", number);
}

}  // namespace

wg_status wg_tape_load(const char* path, wg_tape** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    std::map<std::string, std::string> metadata;
    wg::Tape tape = wg::Tape::load(&c.pointer(path, "path"), &metadata);
    *out = new wg_tape{std::move(tape), std::move(metadata)};
  });
}
wg_status wg_tape_release(wg_tape* tape) {
  delete tape;
  return WG_OK;
}
wg_status wg_tape_save(wg_tape* tape, const char* path) {
  return guard(__func__, [&](const Call& c) {
    const wg_tape& t = c.pointer(tape, "tape");
    t.tape.save(&c.pointer(path, "path"), {}, t.metadata);
  });
}
wg_status wg_tape_text(wg_tape* tape, char* text, uint64_t capacity, uint64_t* length) {
  return guard(__func__, [&](const Call& c) {
    c.give(text, capacity, length, c.pointer(tape, "tape").tape.to_string());
  });
}

wg_status wg_tape_arguments(wg_tape* tape, int64_t* count) {
  return guard(__func__, [&](const Call& c) {
    c.give(count, static_cast<int64_t>(c.pointer(tape, "tape").arguments.size()));
  });
}
wg_status wg_tape_results(wg_tape* tape, int64_t* count) {
  return guard(__func__, [&](const Call& c) {
    c.give(count, static_cast<int64_t>(c.pointer(tape, "tape").results.size()));
  });
}
wg_status wg_tape_argument(wg_tape* tape, int64_t number, wg_dtype* dtype, const int64_t** shape,
                           const int64_t** strides, int64_t* ndim) {
  return guard(__func__, [&](const Call& c) {
    const wg_tape& t = c.pointer(tape, "tape");
    describe(c, t, t.arguments, "arguments", number, dtype, shape, strides, ndim);
  });
}
wg_status wg_tape_result(wg_tape* tape, int64_t number, wg_dtype* dtype, const int64_t** shape,
                         const int64_t** strides, int64_t* ndim) {
  return guard(__func__, [&](const Call& c) {
    const wg_tape& t = c.pointer(tape, "tape");
    describe(c, t, t.results, "results", number, dtype, shape, strides, ndim);
  });
}
wg_status wg_tape_run(wg_tape* tape, wg_tensor* const* inputs, int64_t n_inputs,
                      wg_tensor** results, int64_t n_results) {
  return guard(__func__, [&](const Call& c) {
    const wg_tape& t = c.pointer(tape, "tape");
    const wg::TensorList in = c.list(inputs, n_inputs, "inputs");
    c.array(results, n_results, "results");
    WG_CHECK(in.size() == t.arguments.size(), wg::ValueError, c.function, ": the program takes ",
             t.arguments.size(), " arguments, but got ", in.size());
    WG_CHECK(n_results == static_cast<int64_t>(t.results.size()), wg::ValueError, c.function,
             ": the program gives ", t.results.size(), " results, but there is room for ",
             n_results);
    std::vector<wg::Tensor> out;
    const std::string why = t.tape.run(in, out);
    WG_CHECK(why.empty(), wg::Error, c.function,
             ": the program does not fit what it is given: ", why);
    for (wg::Tensor& r : out) *results++ = handle(std::move(r));
  });
}

wg_status wg_tape_states(wg_tape* tape, wg_map** out) {
  return guard(__func__, [&](const Call& c) {
    const wg_tape& t = c.pointer(tape, "tape");
    c.pointer(out, "output");
    const std::vector<std::string> names = t.tape.state_names();
    const std::vector<wg::Tensor> states = t.tape.states();
    wg::TensorMap map;
    for (size_t i = 0; i < states.size(); ++i) map.emplace(names[i], states[i]);
    *out = new wg_map{{std::move(map), {}}};
  });
}
wg_status wg_tape_set_states(wg_tape* tape, wg_map* states) {
  return guard(__func__, [&](const Call& c) {
    const wg_tape& t = c.pointer(tape, "tape");
    const std::vector<std::string> names = t.tape.state_names();
    const std::vector<wg::Tensor> all = t.tape.states();
    std::vector<std::pair<wg::Tensor, wg::Tensor>> copies;
    for (const auto& [name, value] : c.pointer(states, "map").file.tensors) {
      const auto at = std::find(names.begin(), names.end(), name);
      WG_CHECK(at != names.end(), wg::ValueError, c.function, ": the program has no tensor '", name,
               "'; wg_tape_states lists them");
      const wg::Tensor& state = all[static_cast<size_t>(at - names.begin())];
      WG_CHECK(value.dtype() == state.dtype() && value.shape() == state.shape(), wg::ValueError,
               c.function, ": '", name, "' has dtype ", state.dtype(), " and shape ", state.shape(),
               ", but got ", value.dtype(), " and ", value.shape());
      copies.emplace_back(state, value);
    }
    const wg::NoGradGuard no_grad;
    for (auto& [state, value] : copies) copy_(state, value);
  });
}

wg_status wg_tape_number(wg_tape* tape, const char* name, int64_t number, double* value) {
  return guard(__func__, [&](const Call& c) {
    c.give(value, number_of(c, c.pointer(tape, "tape"), name, number));
  });
}
wg_status wg_tape_set_number(wg_tape* tape, const char* name, int64_t number, double value) {
  return guard(__func__,
               [&](const Call& c) { number_of(c, c.pointer(tape, "tape"), name, number) = value; });
}
