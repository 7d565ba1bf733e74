// Text and copies of recurrent layers.
#include "nn/text.h"
#include "wengert/nn/recurrent.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

std::string RNNBase::extra_repr() const {
  const LSTMOptions& o = options;
  return Text()
      .add(input_size)
      .add(hidden_size)
      .add_unless(int64_t{0}, "proj_size", o.proj_size)
      .add_unless(int64_t{1}, "num_layers", o.num_layers)
      .add_unless(true, "bias", o.bias)
      .add_unless(false, "batch_first", o.batch_first)
      .add_unless(0.0, "dropout", o.dropout)
      .add_unless(false, "bidirectional", o.bidirectional);
}

std::shared_ptr<Module> RNN::make_like() const {
  const LSTMOptions& o = options;
  return make<RNN>(input_size, hidden_size,
                   RNNOptions{.num_layers = o.num_layers,
                              .nonlinearity = mode == "RNN_RELU" ? "relu" : "tanh",
                              .bias = o.bias,
                              .batch_first = o.batch_first,
                              .dropout = o.dropout,
                              .bidirectional = o.bidirectional});
}
std::shared_ptr<Module> GRU::make_like() const {
  const LSTMOptions& o = options;
  return make<GRU>(input_size, hidden_size,
                   GRUOptions{.num_layers = o.num_layers,
                              .bias = o.bias,
                              .batch_first = o.batch_first,
                              .dropout = o.dropout,
                              .bidirectional = o.bidirectional});
}

namespace {
std::string cell_text(const RNNCellBase& cell) {
  return Text()
      .add(cell.input_size)
      .add(cell.hidden_size)
      .add_unless(true, "bias", cell.bias_ih.defined());
}
}  // namespace

std::string RNNCell::extra_repr() const {
  const std::string text = cell_text(*this);
  return options.nonlinearity == "tanh" ? text : text + ", nonlinearity=" + options.nonlinearity;
}
std::string GRUCell::extra_repr() const { return cell_text(*this); }
std::string LSTMCell::extra_repr() const { return cell_text(*this); }

}  // namespace nn
WENGERT_NAMESPACE_END
