// Recurrent layers and cells.
// Sources: Elman, Cognitive Science 14 (1990); Hochreiter and Schmidhuber, Neural Computation 9
// (1997); Cho et al., EMNLP 2014; Sak et al., arXiv:1402.1128 (projections).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wengert/nn/module.h"
#include "wengert/nn/packed_sequence.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct LSTMOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;  // batches are (N, steps, features) instead of (steps, N, features)
  double dropout = 0;        // of the outputs between layers, in training
  bool bidirectional = false;
  int64_t proj_size = 0;  // the size to which the state is projected; 0: it is not
  std::optional<DType> dtype = {};
};
struct GRUOptions {
  int64_t num_layers = 1;
  bool bias = true, batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  std::optional<DType> dtype = {};
};
struct RNNOptions {
  int64_t num_layers = 1;
  std::string nonlinearity = "tanh";  // or "relu"
  bool bias = true, batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  std::optional<DType> dtype = {};
};

// What they have in common. Parameters of layer k: weight_ih_lk (gates * hidden, in), weight_hh_lk
// (gates * hidden, out), with bias bias_ih_lk and bias_hh_lk (gates * hidden), with a projection
// weight_hr_lk (out, hidden); those of the other direction end in _reverse. All begin as
// U(-1 / sqrt(hidden), 1 / sqrt(hidden)).
class WENGERT_API RNNBase : public Module {
 public:
  void reset_parameters();
  std::string extra_repr() const override;
  const std::string mode;  // "LSTM", "GRU", "RNN_TANH" or "RNN_RELU"
  const int64_t input_size, hidden_size;
  const LSTMOptions options;
  // In the order of layers, and of directions within them.
  const std::vector<Tensor>& weights() const { return weights_; }
  // Of the parameters above, which helpers may compute: parametrizations::weight_norm(lstm,
  // "weight_hh_l0").
  Tensor* variable(const std::string& name) override;

 protected:
  RNNBase(std::string mode, int64_t input_size, int64_t hidden_size, const LSTMOptions& options);
  using States = std::vector<Tensor>;  // one, or the two of an LSTM
  // The outputs of all steps and the last states; `first` is empty for zeros.
  std::pair<Tensor, States> run(const Tensor& input, States first) const;
  std::pair<PackedSequence, States> run(const PackedSequence& input, States first) const;

 private:
  void check_input(const Tensor& input, int64_t dims) const;
  void check_states(const States& states, int64_t batch) const;
  std::pair<Tensor, States> compute(const Tensor& input, const std::vector<int64_t>* sizes,
                                    const States& first) const;
  std::vector<Tensor> weights_;
  std::vector<std::string> names_;  // of the weights
};

// h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh) with f = tanh or relu, and
// h_t = (1 - z) * n + z * h_(t-1) with n = tanh(W_in x + b_in + r * (W_hn h_(t-1) + b_hn)); the
// rows of a GRU's weights stand in the order r, z, n.
//
// Inputs are (steps, N, in), (steps, in) or a PackedSequence, first states hx
// (layers * directions, N, hidden), zeros if undefined. The results are the outputs for every step,
// in the form of the input, and the last states.
#define WENGERT_RECURRENT(Name)                                                                    \
  class WENGERT_API Name : public RNNBase {                                                        \
   public:                                                                                         \
    Name(int64_t input_size, int64_t hidden_size, const Name##Options& options = {});              \
    using Module::forward;                                                                         \
    std::pair<Tensor, Tensor> forward(const Tensor& input, const Tensor& hx);                      \
    std::pair<PackedSequence, Tensor> forward(const PackedSequence& input, const Tensor& hx = {}); \
    std::pair<Tensor, Tensor> operator()(const Tensor& input, const Tensor& hx = {});              \
    std::pair<PackedSequence, Tensor> operator()(const PackedSequence& input,                      \
                                                 const Tensor& hx = {});                           \
    std::shared_ptr<Module> make_like() const override;                                            \
  };
WENGERT_RECURRENT(RNN)
WENGERT_RECURRENT(GRU)
#undef WENGERT_RECURRENT

// States h and c, each (layers * directions, N, features); both undefined for zeros.
struct LSTMState {
  Tensor h, c;
};
// c_t = f * c_(t-1) + i * g and h_t = o * tanh(c_t); the rows of the weights stand in the order i,
// f, g, o. With a projection h_t is multiplied by W_hr.
class WENGERT_API LSTM : public RNNBase {
 public:
  LSTM(int64_t input_size, int64_t hidden_size, const LSTMOptions& options = {});
  using Module::forward;
  std::pair<Tensor, LSTMState> forward(const Tensor& input, const LSTMState& hx);
  std::pair<PackedSequence, LSTMState> forward(const PackedSequence& input,
                                               const LSTMState& hx = {});
  std::pair<Tensor, LSTMState> operator()(const Tensor& input, const LSTMState& hx = {});
  std::pair<PackedSequence, LSTMState> operator()(const PackedSequence& input,
                                                  const LSTMState& hx = {});
  std::shared_ptr<Module> make_like() const override {
    return make<LSTM>(input_size, hidden_size, options);
  }
};

// ---- one step

struct GRUCellOptions {
  bool bias = true;
  std::optional<DType> dtype = {};
};
using LSTMCellOptions = GRUCellOptions;
struct RNNCellOptions {
  bool bias = true;
  std::string nonlinearity = "tanh";  // or "relu"
  std::optional<DType> dtype = {};
};

// weight_ih (gates * hidden, in), weight_hh (gates * hidden, hidden) and with a bias bias_ih and
// bias_hh (gates * hidden), drawn as those of the layers.
class WENGERT_API RNNCellBase : public Module {
 public:
  void reset_parameters();
  const int64_t input_size, hidden_size;
  Tensor weight_ih, weight_hh, bias_ih, bias_hh;

 protected:
  RNNCellBase(const char* layer, int64_t input_size, int64_t hidden_size, bool bias, int64_t gates,
              std::optional<DType> dtype);
  void check_dims(const char* what, const Tensor& t) const;
  Tensor zeros_for(const Tensor& input) const;
  const char* const layer_;
};

// The state (N, hidden) or (hidden) after an input (N, in) or (in); undefined: zeros.
#define WENGERT_RECURRENT(Name)                                                       \
  class WENGERT_API Name : public RNNCellBase {                                       \
   public:                                                                            \
    Name(int64_t input_size, int64_t hidden_size, const Name##Options& options = {}); \
    using Module::forward;                                                            \
    Tensor forward(const Tensor& input, const Tensor& hx);                            \
    Tensor operator()(const Tensor& input, const Tensor& hx = {});                    \
    std::string extra_repr() const override;                                          \
    std::shared_ptr<Module> make_like() const override {                              \
      return make<Name>(input_size, hidden_size, options);                            \
    }                                                                                 \
    const Name##Options options;                                                      \
  };
WENGERT_RECURRENT(RNNCell)
WENGERT_RECURRENT(GRUCell)
#undef WENGERT_RECURRENT

class WENGERT_API LSTMCell : public RNNCellBase {
 public:
  LSTMCell(int64_t input_size, int64_t hidden_size, const LSTMCellOptions& options = {});
  using Module::forward;
  LSTMState forward(const Tensor& input, const LSTMState& hx);
  LSTMState operator()(const Tensor& input, const LSTMState& hx = {});
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<LSTMCell>(input_size, hidden_size, LSTMCellOptions{.bias = bias_ih.defined()});
  }
};

inline Tensor& first_of(LSTMState& s) { return s.h; }
inline Tensor& first_of(PackedSequence& s) { return s.data; }

}  // namespace nn
WENGERT_NAMESPACE_END
