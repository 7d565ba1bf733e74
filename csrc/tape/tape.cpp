// The public faces of recorder and player.
#include "wengert/tape.h"

#include <algorithm>

#include "tape/apply.h"
#include "tape/capture.h"
#include "tape/describe.h"
#include "tape/order.h"
#include "tape/replay.h"
#include "tape/splice.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {
thread_local constinit TapeRecording* current_recording = nullptr;
}

TapeRecording::TapeRecording(TensorList inputs, std::function<std::string()> where)
    : recorder_(std::make_unique<tape::Recorder>(inputs, std::move(where))),
      outer_(std::exchange(current_recording, this)) {}

TapeRecording::~TapeRecording() { close(); }

void TapeRecording::close() {
  if (!recorder_) return;
  recorder_.reset();
  current_recording = outer_;
}

TapeRecording* TapeRecording::current() { return current_recording; }
void TapeRecording::add_state(const Tensor& t) { recorder_->add_state(t); }
void TapeRecording::add_constant(const Tensor& t) { recorder_->add_constant(t); }
void TapeRecording::pause(bool paused) {
  if (recorder_) recorder_->pause(paused);
}
void TapeRecording::keep_host_numbers() { recorder_->keep_host_numbers(); }
TapeValue::Kind TapeRecording::origin(const Tensor& t) const { return recorder_->origin(t); }
int64_t TapeRecording::size() const { return recorder_->size(); }
Tape TapeRecording::finish(TensorList outputs) {
  WG_CHECK(recorder_, Error, "tape: the recording has ended");
  tape::Program program = recorder_->finish(outputs);
  close();
  return Tape(std::make_shared<tape::Player>(std::move(program)));
}

Tape Tape::record(const std::function<std::vector<Tensor>(TensorList)>& f, TensorList inputs) {
  TapeRecording recording(inputs);
  return recording.finish(f(inputs));
}

std::string Tape::run(TensorList inputs, std::vector<Tensor>& outputs) const {
  for (const Tensor& t : inputs)
    WG_CHECK(t.defined(), ValueError, "tape: expected tensors, but got an undefined one");
  const auto refusal = player_->run(inputs, outputs);
  return refusal ? refusal->why : std::string();
}

std::vector<Tensor> Tape::operator()(TensorList inputs) const {
  std::vector<Tensor> outputs;
  const std::string why = run(inputs, outputs);
  WG_CHECK(why.empty(), Error, "tape: the program does not fit what it is given: ", why,
           "; record it again");
  return outputs;
}

std::string Tape::to_string() const { return tape::to_text(player_->program()); }

TapeStats Tape::stats() const {
  TapeStats s = tape::count(player_->program());
  s.peak_bytes = player_->planned_bytes();
  s.allocations = player_->allocations();
  return s;
}

int64_t Tape::size() const { return static_cast<int64_t>(player_->program().steps.size()); }

const tape::Step& Tape::step_of(int64_t i) const {
  WG_CHECK(i >= 0 && i < size(), IndexError, "tape: there are ", size(), " steps, but got ", i);
  return player_->program().steps[static_cast<size_t>(i)];
}
TapeStep Tape::step(int64_t i) const { return tape::describe(step_of(i)); }

std::vector<TapeValue> Tape::values() const { return tape::describe_values(player_->program()); }

namespace {
std::vector<int64_t> wide(const std::vector<int>& v) { return {v.begin(), v.end()}; }
}  // namespace
std::vector<int64_t> Tape::arguments() const { return wide(player_->program().inputs); }
std::vector<int64_t> Tape::results() const { return wide(player_->program().outputs); }

std::vector<Tensor> Tape::apply(int64_t i, const std::vector<Tensor>& inputs) const {
  return tape::apply_step(player_->program(), step_of(i), inputs);
}

std::vector<Tensor> Tape::apply(int64_t i, const std::vector<Tensor>& inputs,
                                const std::map<std::string, int64_t>& attributes) const {
  return tape::apply_variant(step_of(i), inputs, attributes);
}

std::vector<int64_t> Tape::changed() const {
  std::vector<int64_t> all;
  for (const tape::Step& s : player_->program().steps) {
    for (const int v : s.changed()) {
      if (v >= 0 && !s.dead) all.push_back(v);
    }
  }
  for (const int v : player_->program().outputs) {
    if (v >= 0) all.push_back(v);
  }
  for (const tape::LeafGradient& g : player_->program().gradients) {
    if (g.end >= 0) all.push_back(g.end);
  }
  return all;
}

std::vector<int64_t> Tape::added_to(int64_t i) const {
  const tape::Step& s = step_of(i);
  return s.kind == tape::StepKind::rule ? wide(s.changed()) : std::vector<int64_t>();
}

std::vector<std::vector<int64_t>> Tape::dependencies() const {
  std::vector<std::vector<int64_t>> all;
  for (const std::vector<int>& b : tape::dependencies(player_->program())) all.push_back(wide(b));
  return all;
}

bool Tape::is_unused(int64_t i) const { return step_of(i).dead; }

Tape Tape::with_parts(const std::vector<TapePart>& parts, std::vector<int64_t>* kept) const {
  std::vector<tape::Part> programs;
  for (const TapePart& part : parts) {
    std::vector<size_t> steps;
    step_of(part.step);
    steps.push_back(static_cast<size_t>(part.step));
    for (const int64_t i : part.also) {
      step_of(i);
      steps.push_back(static_cast<size_t>(i));
    }
    programs.push_back({std::move(steps), &part.tape.player_->program()});
  }
  std::vector<int> steps, states;
  auto player =
      std::make_shared<tape::Player>(tape::splice(player_->program(), programs, steps, states));
  if (kept) *kept = wide(steps);
  const std::vector<std::string>& names = player_->names;
  if (!names.empty()) {
    size_t next = 0;
    for (const int s : states) {
      std::string name = s < 0 ? "" : names[static_cast<size_t>(s)];
      while (name.empty()) {
        name = "s" + std::to_string(next++);
        if (std::find(names.begin(), names.end(), name) != names.end()) name.clear();
      }
      player->names.push_back(std::move(name));
    }
  }
  return Tape(std::move(player));
}

std::vector<int64_t> Tape::state_values() const {
  std::vector<int64_t> all;
  for (const tape::State& s : player_->program().states) all.push_back(s.value);
  return all;
}

std::vector<Tensor> Tape::states() const { return player_->states(); }

std::vector<std::string> Tape::state_names() const { return player_->names; }
void Tape::set_state_names(std::vector<std::string> names) {
  WG_CHECK(names.empty() || names.size() == player_->program().states.size(), ValueError,
           "tape: expected a name for each of the ", player_->program().states.size(),
           " states, but got ", names.size());
  player_->names = std::move(names);
}

double* Tape::number(int64_t step, const std::string& name) const {
  WG_CHECK(step >= 0 && step < size(), IndexError, "tape: there are ", size(), " steps, but got ",
           step);
  return player_->number(static_cast<size_t>(step), name);
}

WENGERT_NAMESPACE_END
