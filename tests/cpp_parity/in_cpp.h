// Trains the rows of the table from C++; the same steps as in_python.py.
#pragma once

#include <wengert/wengert.h>

#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace cpp_parity {

using wengert::Tensor;
using wengert::TensorMap;
using Tensors = std::vector<Tensor>;

// ---- the tensors in pairs, tuples and vectors, without those that are undefined
inline void append(Tensors& to, const Tensor& t) {
  if (t.defined()) to.push_back(t);
}
template <class T>
void append(Tensors& to, const std::vector<T>& list);
template <class... T>
void append(Tensors& to, const std::tuple<T...>& parts);
template <class A, class B>
void append(Tensors& to, const std::pair<A, B>& both) {
  append(to, both.first);
  append(to, both.second);
}
template <class T>
void append(Tensors& to, const std::vector<T>& list) {
  for (const T& t : list) append(to, t);
}
template <class... T>
void append(Tensors& to, const std::tuple<T...>& parts) {
  std::apply([&](const T&... t) { (append(to, t), ...); }, parts);
}
template <class T>
Tensors flat(const T& output) {
  Tensors all;
  append(all, output);
  return all;
}

// A row in one dtype.
class Run {
 public:
  static constexpr uint64_t kSeed = 20, kOtherSeed = 21;

  // `prefix` is that of the row's files.
  explicit Run(std::string prefix);

  // An undefined tensor for those that the row has not.
  Tensor input(const std::string& name) const;

  // Everything about one model, which exists; `step` is called after each optimizer step.
  struct Steps {
    std::function<Tensors()> outputs;
    std::function<void()> zero_grad, step;
    int count;
  };
  void note_initial(wengert::nn::Module& model);
  void train(wengert::nn::Module& model, const Steps& steps);
  // A new model loads the state that Python has written.
  void take_over(wengert::nn::Module& model, const std::function<Tensors()>& outputs);
  // A copy of the model computes the same.
  template <class M, class F>
  void evaluate_copy(const M& model, const F& call) {
    const auto copy = wengert::nn::clone(model);
    evaluate(*copy, [&] { return call(*copy); }, "of_copy.");
  }
  void save() const;

 private:
  void evaluate(wengert::nn::Module& model, const std::function<Tensors()>& outputs,
                const std::string& prefix);

  std::string prefix_;
  TensorMap inputs_, noted_, state_;
};

using Row = void (*)(Run&);
struct NamedRow {
  const char* name;
  Row run;
};

}  // namespace cpp_parity
